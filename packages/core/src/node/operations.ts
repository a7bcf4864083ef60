/** What the user asks for: lookups, pings, publishing. Each is refused at once, or ends in exactly one report. */
import { has } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { QueryConfig } from '../query/config.ts';
import { advanceQuery, initQuery } from '../query/query.ts';
import { tableOf } from '../routing/routing.ts';
import { tableSize } from '../table/table.ts';
import { beginPublish, endPublish, hasRoomToKeep, storeSetOf } from './publishing.ts';
import { addAsk, addLookup, queryConfig, type Turn } from './turn.ts';
import type { NodeEffect, NodeEvent, OperationEvent } from './types.ts';

/** Begins an operation, lets it wait for the join, or refuses it. */
export function operate<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: OperationEvent<P>): void {
  const { state } = turn;
  const reject = (reason: Extract<NodeEffect<P>, { type: 'rejected' }>['reason']): void => {
    turn.effects.push({ type: 'rejected', id: event.id, reason });
  };
  const isEmpty = tableSize(tableOf(state.routing)) === 0;
  if (event.type !== 'ask' && state.config.whenEmpty === 'refuse' && isEmpty) reject('isolated');
  else if (isKnown(turn, event.id)) reject('duplicate');
  else if (!isValid(configOf(turn, event))) reject('invalid');
  else if (event.type === 'publish' && !hasRoomToKeep(turn, event)) reject('full');
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
function isSettled<P extends Protocol, C, S>({ state }: Turn<P, C, S>): boolean {
  const { said, status } = state.routing.bootstrap;
  return said !== 'nothing' || status === 'filling' || status === 'settled';
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
  else endPublish(turn, event, effect.report);
}

function isKnown<P extends Protocol, C, S>({ state }: Turn<P, C, S>, id: string): boolean {
  return has(state.pool.lanes, `user:${id}`) || has(state.publishing, id) || state.waiting.some((it) => it.id === id);
}

function begin<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: OperationEvent<P>): void {
  if (event.type === 'publish') return beginPublish(turn, event);
  if (event.type === 'ask') return addAsk(turn, `user:${event.id}`, 'user', event);
  if (event.cacheOnPath === true) turn.state.caching = [...turn.state.caching, event.id];
  addLookup(turn, `user:${event.id}`, 'user', event);
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
