/** What comes from the wire and goes to it: requests are answered through the profile, answers are tied to requests. */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import { withoutAt } from '../lists.ts';
import type { Answer, OutMessage, Protocol, SignatureCheck } from '../message.ts';
import { NONE } from '../none.ts';
import type { Asker, ServerAnswer } from '../profile.ts';
import { charged, levelAfter, type Rate } from '../responder/limiter.ts';
import { tableOf } from '../routing/routing.ts';
import { closest } from '../table/closest.ts';
import { hasRoomFor, isMember } from '../table/table.ts';
import { isSameText } from '../text.ts';
import { advanceWire, type WireEffect, type WireEvent } from '../wire/wire.ts';
import { type Asked, overdueJobs, withoutJob, withReply, withRequest } from './checks.ts';
import { fitContacts, hearOfUs, isUnfit } from './identity.ts';
import { tellSchedule } from './publishing.ts';
import { count, isBlocked, type Turn } from './turn.ts';
import type { AnomalyCause, NodeEvent } from './types.ts';
import { noteOutcome, tellRouting } from './upkeep.ts';

/** Bytes a reply may have where nothing limits it. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** A request that cannot be what it says it is (BEP 5). */
const PROTOCOL_ERROR = 203;

export function receive<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  { from, message, bytes }: Extract<NodeEvent<P>, { type: 'received' }>,
): void {
  if (isBlocked(turn, from)) return count(turn, 'blocked');
  if (message.type === 'request')
    return serve(turn, bytes === undefined ? { from, message } : { from, message, bytes });
  count(turn, message.type === 'reply' ? 'replies' : 'errors');
  stepWire(turn, { type: 'answer', from, message });
}

/** A packet that was no message: counted, and answered where its sender is owed an error. */
export function rebuff<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  { from, answer }: Extract<NodeEvent<P>, { type: 'malformed' }>,
): void {
  count(turn, 'malformed');
  if (answer === undefined || turn.state.config.readOnly || isBlocked(turn, from) || !admits(turn, from)) return;
  respond(turn, from, answer.tid, { type: 'error', code: answer.code, text: answer.text }, UNLIMITED);
}

export function stepWire<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: WireEvent<P>): void {
  const step = advanceWire(turn.state.wire, event);
  turn.state.wire = step.state;
  for (const effect of step.effects) take(turn, effect);
}

/** A stranger that might be worth a place, if there is one. */
function consider<P extends Protocol, C, S>(turn: Turn<P, C, S>, id: Id, endpoint: Endpoint): void {
  if (!hasRoomFor(tableOf(turn.state.routing), id)) return;
  tellRouting(turn, { type: 'candidate', stranger: { id, endpoint } });
}

function serve<P extends Protocol, C, S>(turn: Turn<P, C, S>, asked: Asked<P>): void {
  const { from, message } = asked;
  const { self, readOnly } = turn.state.config;
  if (message.sender === self) return noteAnomaly(turn, from, 'own-id');
  count(turn, 'requests');
  if (readOnly) return;
  if (!admits(turn, from)) return;
  if (!isUnfit(turn, message.sender, from)) return answer(turn, asked);
  noteAnomaly(turn, from, 'unfit-id');
  respond(turn, from, message.tid, { type: 'error', code: PROTOCOL_ERROR, text: 'invalid node ID' }, UNLIMITED);
}

function answer<P extends Protocol, C, S>(turn: Turn<P, C, S>, asked: Asked<P>, signature?: 'valid' | 'invalid'): void {
  const { state, profile } = turn;
  const { from, message, bytes } = asked;
  const { responder } = state.config;
  const { amplification } = responder;
  const isLimited = amplification !== 'off' && bytes !== undefined;
  const isKnown = isLimited && isMember(tableOf(state.routing), { id: message.sender, endpoint: from });
  const room = isLimited && !isKnown ? amplification * bytes : UNLIMITED;
  const asker = askerOf(turn, message.sender, from, room);
  const [server, answered] = profile.server.answer(
    state.server,
    message.request,
    signature === undefined ? asker : { ...asker, signature },
    turn.now,
  );
  state.server = server;
  if (answered.type === 'verify') {
    // Judged once already: whatever else it wants to know, it has had its share.
    if (signature !== undefined) return count(turn, 'unchecked');
    return verifyFirst(turn, asked, answered.check);
  }
  respond(
    turn,
    from,
    message.tid,
    answered,
    answered.type === 'reply' && answered.verified === true ? UNLIMITED : room,
  );
  if (answered.type === 'reply' && answered.stored !== undefined) {
    const { key: target, by } = answered.stored;
    tellSchedule(turn, { type: 'stored-by-other', target, by });
  }
  if (!message.readOnly) consider(turn, message.sender, from);
}

function verifyFirst<P extends Protocol, C, S>(turn: Turn<P, C, S>, asked: Asked<P>, check: SignatureCheck): void {
  const { state, rules, now } = turn;
  const { checks } = state.config.responder;
  const job = state.checks.nextJob;
  const waiting = withRequest(state.checks, asked, checks, rules.isExempt(asked.from), now);
  if (waiting === undefined) return count(turn, 'unchecked');
  state.checks = waiting;
  turn.effects.push({ type: 'verify', job, check });
}

/** A signature was judged: the request is answered, or the reply taken in with its values or without. */
export function takeVerdict<P extends Protocol, C, S>(turn: Turn<P, C, S>, job: number, valid: boolean): void {
  const { state, asked, answered } = withoutJob(turn.state.checks, job);
  turn.state.checks = state;
  if (asked !== undefined) answer(turn, asked, valid ? 'valid' : 'invalid');
  if (answered === undefined) return;
  const { request, from, answer: told } = answered;
  learn(turn, request, from, valid ? told : { ...told, values: NONE });
}

/** Verdicts that nobody waits for any more. */
export function dropOverdue<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  for (const job of overdueJobs(turn.state.checks, turn.now)) {
    const { state, answered } = withoutJob(turn.state.checks, job);
    turn.state.checks = state;
    count(turn, 'unchecked');
    if (answered !== undefined) learn(turn, answered.request, answered.from, { ...answered.answer, values: NONE });
  }
}

/** Whether the asker's host and network have asked little enough; charges them. */
function admits<P extends Protocol, C, S>(turn: Turn<P, C, S>, from: Endpoint): boolean {
  const { state, profile, now } = turn;
  const { perHost, perNetwork } = state.config.responder.limiter;
  if (perHost === 'off' && perNetwork === 'off') return true;
  const group = profile.groupOf(from);
  if (state.config.exemptLocal && group?.local === true) return true;
  const limiter = charged(state.limiter, group ?? { host: from, network: from }, now);
  if (limiter === undefined) count(turn, 'limited');
  else state.limiter = limiter;
  return limiter !== undefined;
}

function askerOf<P extends Protocol, C, S>({ state }: Turn<P, C, S>, id: Id, endpoint: Endpoint, room: number): Asker {
  const table = tableOf(state.routing);
  const { replySize } = state.config;
  return {
    id,
    endpoint,
    room,
    closest: (target: Id): readonly Contact[] => {
      const found = closest(table, target, replySize + 1);
      // Who asks knows itself: it gives its place to the one behind.
      for (let i = 0; i < found.length; i++) {
        if (isSameText((found[i] as Contact).endpoint, endpoint)) return withoutAt(found, i);
      }
      if (found.length > replySize) found.pop();
      return found;
    },
  };
}

function respond<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  to: Endpoint,
  tid: string,
  answer: Exclude<ServerAnswer<P>, { type: 'verify' }>,
  room: number,
): void {
  const { state, profile } = turn;
  const { self: sender, responder } = state.config;
  if (answer.type === 'error') count(turn, 'refused');
  const message: OutMessage<P> =
    answer.type === 'error'
      ? { tid, type: 'error', code: answer.code, text: answer.text }
      : { type: 'reply', tid, sender, reply: answer.reply };
  const isLimited = responder.maxRate !== 'off' && !turn.rules.isExempt(to);
  const size = room < UNLIMITED || isLimited ? profile.sizeOf(message) : 0;
  if (size > room) return count(turn, 'oversized');
  if (isLimited) {
    const rate = answer.type === 'error' ? forErrors(responder.maxRate) : responder.maxRate;
    const level = levelAfter(state.replyLevel, rate, size, turn.now);
    if (level === undefined) return count(turn, 'shed');
    state.replyLevel = level;
  }
  turn.effects.push({ type: 'transmit', to, message });
}

/** Errors leave half of what is saved up to replies: strangers who are refused, however many, take no answer from others. */
function forErrors({ perSecond, burst }: Rate): Rate {
  return { perSecond, burst: burst / 2 };
}

function take<P extends Protocol, C, S>(turn: Turn<P, C, S>, effect: WireEffect<P>): void {
  switch (effect.type) {
    case 'transmit':
    case 'entropy-needed':
      turn.effects.push(effect);
      return;
    case 'answered': {
      const { request, from, endpoint, reply, payload } = effect;
      noteOutcome(turn, true);
      const unfit = isUnfit(turn, from, endpoint);
      if (unfit) noteAnomaly(turn, endpoint, 'unfit-id');
      else if (from !== turn.state.config.self)
        tellRouting(turn, { type: 'answered', contact: { id: from, endpoint } });
      const told = turn.profile.read(reply, payload);
      if (told.check === undefined) learn(turn, request, from, told);
      else learnOnce(turn, request, from, told);
      if (told.seenAs !== undefined && !unfit) hearOfUs(turn, endpoint, told.seenAs);
      return;
    }
    case 'failed': {
      const { request, endpoint, cause, expected, claimed, refusal } = effect;
      if (claimed !== undefined) {
        noteAnomaly(turn, endpoint, 'wrong-id');
        tellRouting(turn, { type: 'impostor', endpoint, claimed });
      } else if (cause === 'unsent') {
        noteOutcome(turn, false);
        if (expected !== undefined) tellRouting(turn, { type: 'fell-silent', id: expected, endpoint });
      }
      turn.forPool.push({ type: 'query', event: { type: 'failure', request, cause, refusal } });
      return;
    }
    case 'anomaly':
      return noteAnomaly(turn, effect.from, effect.cause);
  }
}

/** What a reply teaches goes to the lookup that asked. */
function learn<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  request: number,
  from: Id,
  answer: Answer<P['value']>,
): void {
  const known = fitContacts(turn, answer.contacts);
  const contacts = turn.state.config.blocked.length === 0 ? known : known.filter((it) => !isBlocked(turn, it.endpoint));
  const allowed = contacts === answer.contacts ? answer : { ...answer, contacts };
  turn.forPool.push({ type: 'query', event: { type: 'response', request, from, answer: allowed } });
}

/** As `learn`, once its signature has been judged; beyond what may wait for that, without its values. */
function learnOnce<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  request: number,
  from: Id,
  { check, ...answer }: Answer<P['value']>,
): void {
  const { state, now } = turn;
  const job = state.checks.nextJob;
  const waiting = withReply(state.checks, { request, from, answer }, state.config.responder.checks, now);
  if (waiting === undefined || check === undefined) {
    count(turn, 'unchecked');
    return learn(turn, request, from, { ...answer, values: NONE });
  }
  state.checks = waiting;
  turn.effects.push({ type: 'verify', job, check });
}

const COUNTERS = {
  'unknown-transaction': 'unknownTransaction',
  'wrong-source': 'wrongSource',
  'wrong-id': 'wrongId',
  'own-id': 'ownId',
  'unfit-id': 'unfit',
} as const;

function noteAnomaly<P extends Protocol, C, S>(turn: Turn<P, C, S>, from: Endpoint, cause: AnomalyCause): void {
  count(turn, COUNTERS[cause]);
  turn.effects.push({ type: 'anomaly', from, cause });
}
