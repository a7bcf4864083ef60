/** What comes from the wire and goes to it: requests are answered through the profile, answers are tied to requests. */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { InMessage, Protocol } from '../message.ts';
import type { ServerAnswer } from '../profile.ts';
import { closest } from '../table/closest.ts';
import { advanceWire, type WireEffect, type WireEvent } from '../wire/wire.ts';
import { count, type Turn } from './turn.ts';
import type { AnomalyCause, NodeEvent } from './types.ts';
import { consider, distrust, meet, suspect } from './upkeep.ts';

export function receive<P extends Protocol, C, S>(turn: Turn<P, C, S>, from: Endpoint, message: InMessage<P>): void {
  if (message.type === 'request') return serve(turn, from, message);
  count(turn, message.type === 'reply' ? 'replies' : 'errors');
  stepWire(turn, { type: 'answer', from, message });
}

/** A packet that was no message: counted, and answered where its sender is owed an error. */
export function rebuff<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  { from, answer }: Extract<NodeEvent<P>, { type: 'malformed' }>,
): void {
  count(turn, 'malformed');
  if (answer === undefined || turn.state.config.readOnly) return;
  respond(turn, from, answer.tid, { type: 'error', code: answer.code, text: answer.text });
}

export function stepWire<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: WireEvent<P>): void {
  const step = advanceWire(turn.state.wire, event);
  turn.state.wire = step.state;
  for (const effect of step.effects) take(turn, effect);
}

function serve<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  from: Endpoint,
  message: Extract<InMessage<P>, { type: 'request' }>,
): void {
  const { state, profile } = turn;
  const { self, readOnly, replySize } = state.config;
  if (message.sender === self) return noteAnomaly(turn, from, 'own-id');
  count(turn, 'requests');
  if (readOnly) return;
  const { table } = state;
  const asker = {
    id: message.sender,
    endpoint: from,
    closest: (target: Id): readonly Contact[] => {
      const found = closest(table, target, replySize + 1).filter((it) => it.endpoint !== from);
      return found.length > replySize ? found.slice(0, replySize) : found;
    },
  };
  const [server, answer] = profile.server.answer(state.server, message.request, asker, turn.now);
  state.server = server;
  respond(turn, from, message.tid, answer);
  if (!message.readOnly) consider(turn, message.sender, from);
}

function respond<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  to: Endpoint,
  tid: string,
  answer: ServerAnswer<P>,
): void {
  if (answer.type === 'reply') {
    const { self: sender } = turn.state.config;
    turn.effects.push({ type: 'transmit', to, message: { type: 'reply', tid, sender, reply: answer.reply } });
  } else {
    count(turn, 'refused');
    turn.effects.push({ type: 'transmit', to, message: { tid, ...answer } });
  }
}

function take<P extends Protocol, C, S>(turn: Turn<P, C, S>, effect: WireEffect<P>): void {
  switch (effect.type) {
    case 'transmit':
    case 'entropy-needed':
      turn.effects.push(effect);
      return;
    case 'answered': {
      const { request, from, endpoint, reply } = effect;
      if (from !== turn.state.config.self) meet(turn, { id: from, endpoint });
      const answer = turn.profile.read(reply);
      turn.forPool.push({ type: 'query', event: { type: 'response', request, from, answer } });
      return;
    }
    case 'failed': {
      const { request, endpoint, cause, expected, claimed } = effect;
      if (claimed !== undefined) {
        noteAnomaly(turn, endpoint, 'wrong-id');
        distrust(turn, endpoint, claimed);
      } else if (cause === 'unsent') suspect(turn, expected, endpoint);
      turn.forPool.push({ type: 'query', event: { type: 'failure', request, cause } });
      return;
    }
    case 'anomaly':
      return noteAnomaly(turn, effect.from, effect.cause);
  }
}

const COUNTERS = {
  'unknown-transaction': 'unknownTransaction',
  'wrong-source': 'wrongSource',
  'wrong-id': 'wrongId',
  'own-id': 'ownId',
} as const;

function noteAnomaly<P extends Protocol, C, S>(turn: Turn<P, C, S>, from: Endpoint, cause: AnomalyCause): void {
  count(turn, COUNTERS[cause]);
  turn.effects.push({ type: 'anomaly', from, cause });
}
