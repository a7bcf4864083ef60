/** What the user asks for: lookups, pings, publishing. Each is refused at once, or ends in exactly one report. */
import { get, has, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { PoolEffect } from '../pool/types.ts';
import { advanceBroadcast, type BroadcastEvent, type BroadcastState, initBroadcast } from '../publish/broadcast.ts';
import type { QueryConfig } from '../query/config.ts';
import { advanceQuery, initQuery } from '../query/query.ts';
import type { QueryEffect } from '../query/types.ts';
import { tableSize } from '../table/table.ts';
import { addAsk, addLookup, queryConfig, type Turn } from './turn.ts';
import type { NodeEffect, NodeEvent, OperationEvent, PublishEvent, Publishing } from './types.ts';

/** Begins an operation, lets it wait for the join, or refuses it. */
export function operate<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: OperationEvent<P>): void {
  const { state } = turn;
  const reject = (reason: Extract<NodeEffect<P>, { type: 'rejected' }>['reason']): void => {
    turn.effects.push({ type: 'rejected', id: event.id, reason });
  };
  if (event.type !== 'ask' && state.config.whenEmpty === 'refuse' && tableSize(state.table) === 0) reject('isolated');
  else if (isKnown(turn, event.id)) reject('duplicate');
  else if (!isValid(configOf(turn, event))) reject('invalid');
  // Before the self-lookup has ended, a lookup would begin from next to nothing.
  else if (event.type === 'ask' || isSettled(turn)) begin(turn, event);
  else if (state.waiting.length >= state.config.maxWaiting) reject('full');
  else state.waiting = [...state.waiting, event];
}

/** An operation asked of a node that does not run. */
export function refuse<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: NodeEvent<P>): void {
  if (event.type !== 'lookup' && event.type !== 'ask' && event.type !== 'publish') return;
  turn.effects.push({ type: 'rejected', id: event.id, reason: 'not-running' });
}

/** Whether the node knows its surroundings, or knows that nobody is there. */
function isSettled<P extends Protocol, C, S>({ state: { bootstrap } }: Turn<P, C, S>): boolean {
  return bootstrap.reported || bootstrap.status === 'filling' || bootstrap.status === 'settled';
}

/** Once the join is settled, those that waited for it begin, in order. */
export function beginWaiting<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  const { waiting } = turn.state;
  if (waiting.length === 0 || !isSettled(turn)) return;
  turn.state.waiting = [];
  for (const event of waiting) begin(turn, event);
}

export function cancel<P extends Protocol, C, S>(turn: Turn<P, C, S>, id: string): void {
  const { state } = turn;
  const waiting = state.waiting.find((it) => it.id === id);
  if (waiting !== undefined) {
    state.waiting = state.waiting.filter((it) => it !== waiting);
    return endUnstarted(turn, waiting, 'cancelled');
  }
  for (const kind of ['user', 'find', 'store']) turn.forPool.push({ type: 'cancel', id: `${kind}:${id}` });
}

export function closeWaiting<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  const { waiting } = turn.state;
  turn.state.waiting = [];
  for (const event of waiting) endUnstarted(turn, event, 'closed');
}

/** One of the two lookups of a publish has ended, or was not admitted. */
export function concludePublish<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  kind: 'find' | 'store',
  id: string,
  outcome: Extract<QueryEffect<P>, { type: 'finished' }> | Extract<PoolEffect<P>, { type: 'rejected' }>,
): void {
  const publishing = get(turn.state.publishing, id);
  if (publishing === undefined) return;
  if (outcome.type === 'finished') {
    return stepBroadcast(turn, publishing, { type: kind === 'find' ? 'found' : 'stored', report: outcome.report });
  }
  turn.state.publishing = remove(turn.state.publishing, id);
  turn.effects.push({ type: 'rejected', id, reason: outcome.reason });
}

/** Nothing was sent for it and nothing is: it reports like any other, with nobody asked. */
function endUnstarted<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  event: OperationEvent<P>,
  reason: 'cancelled' | 'closed',
): void {
  const unstarted = initQuery<P>(configOf(turn, event));
  const [effect] = advanceQuery(unstarted, { type: 'cancel', reason }, turn.now).effects;
  if (effect?.type !== 'finished') return;
  if (event.type !== 'publish') turn.effects.push({ type: 'query', id: event.id, effect });
  else stepBroadcast(turn, { event, broadcast: begun(turn, event) }, { type: 'found', report: effect.report });
}

function isKnown<P extends Protocol, C, S>({ state }: Turn<P, C, S>, id: string): boolean {
  return has(state.pool.lanes, `user:${id}`) || has(state.publishing, id) || state.waiting.some((it) => it.id === id);
}

function begin<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: OperationEvent<P>): void {
  if (event.type === 'publish') beginPublish(turn, event);
  else if (event.type === 'ask') addAsk(turn, `user:${event.id}`, event);
  else addLookup(turn, `user:${event.id}`, event);
}

function beginPublish<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: PublishEvent<P>): void {
  const { target, find: request, settings } = event;
  turn.state.publishing = set(turn.state.publishing, event.id, { event, broadcast: begun(turn, event) });
  const k = storeSetOf(turn, event);
  addLookup(turn, `find:${event.id}`, { kind: 'collect', target, request, settings: { ...settings, k } });
}

/** A broadcast that has asked for its lookup. */
function begun<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: PublishEvent<P>): BroadcastState {
  const fresh = initBroadcast({ target: event.target, storeSet: storeSetOf(turn, event) });
  return advanceBroadcast(fresh, { type: 'start' }, turn.now).state;
}

function storeSetOf<P extends Protocol, C, S>({ state }: Turn<P, C, S>, { settings }: PublishEvent<P>): number {
  return settings?.k ?? state.config.storeSet;
}

/** What the operation's lookup would run with. */
function configOf<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: OperationEvent<P>): QueryConfig<P> {
  switch (event.type) {
    case 'lookup':
      return queryConfig(turn, event.kind, event.target, event.request, event.settings);
    case 'ask':
      return queryConfig(turn, 'each', turn.state.config.self, event.request, event.settings);
    case 'publish': {
      const settings = { ...event.settings, k: storeSetOf(turn, event) };
      return queryConfig(turn, 'collect', event.target, event.find, settings);
    }
  }
}

function isValid<P extends Protocol>(config: QueryConfig<P>): boolean {
  try {
    initQuery(config);
    return true;
  } catch {
    return false;
  }
}

function stepBroadcast<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  { event: operation, broadcast }: Publishing<P>,
  event: BroadcastEvent<P>,
): void {
  const { state } = turn;
  const { id, store, settings } = operation;
  const step = advanceBroadcast(broadcast, event, turn.now);
  state.publishing = set(state.publishing, id, { event: operation, broadcast: step.state });
  for (const effect of step.effects) {
    switch (effect.type) {
      case 'find':
        break;
      case 'store': {
        const seeds = effect.grants.map(({ contact, token }) => ({
          ...contact,
          request: turn.profile.granted(store, token),
        }));
        addAsk(turn, `store:${id}`, { seeds, request: store, ...(settings === undefined ? undefined : { settings }) });
        break;
      }
      case 'published':
        state.publishing = remove(state.publishing, id);
        turn.effects.push({ type: 'published', id, report: effect.report });
    }
  }
}
