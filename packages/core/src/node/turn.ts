/**
 * One step of a node under way: the only place where a state's fields are assigned, and it never outlives the step.
 * What the pool is to be told waits in a queue, so that nothing recurses on what strangers say.
 */
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';
import type { PoolEvent } from '../pool/types.ts';
import type { Profile } from '../profile.ts';
import type { QueryKind, QuerySettings } from '../query/config.ts';
import { closest } from '../table/closest.ts';
import type { AskEvent, Counters, LookupEvent, NodeEffect, NodeState } from './types.ts';

export interface Turn<P extends Protocol, C, S> {
  readonly profile: Profile<P, C, S>;
  readonly now: Instant;
  readonly state: { -readonly [K in keyof NodeState<P, C, S>]: NodeState<P, C, S>[K] };
  readonly effects: NodeEffect<P>[];
  /** What the pool is still to be told in this step, in order. */
  readonly forPool: PoolEvent<P>[];
}

export function count<P extends Protocol, C, S>({ state }: Turn<P, C, S>, name: keyof Counters): void {
  state.counters = { ...state.counters, [name]: state.counters[name] + 1 };
}

/** Adds an iterative lookup that begins at our closest contacts. */
export function addLookup<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  id: string,
  { kind, target, request, settings }: Omit<LookupEvent<P>, 'type' | 'id'>,
): void {
  const config = queryConfig(turn, kind, target, request, settings);
  const seeds = closest(turn.state.table, target, config.k);
  const held = kind === 'closest' ? [] : turn.profile.server.held(turn.state.server, request);
  const priority = id.startsWith('join:') ? 'background' : 'user';
  turn.forPool.push({ type: 'add', id, priority, config, seeds, held });
}

/** Adds a lookup that asks each of a list once. */
export function addAsk<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  id: string,
  { seeds, request, settings }: Omit<AskEvent<P>, 'type' | 'id'>,
): void {
  const config = queryConfig(turn, 'each', turn.state.config.self, request, settings);
  turn.forPool.push({ type: 'add', id, priority: id.startsWith('check:') ? 'background' : 'user', config, seeds });
}

export function queryConfig<P extends Protocol, C, S>(
  { state, profile }: Turn<P, C, S>,
  kind: QueryKind,
  target: Id,
  request: P['outRequest'],
  settings?: Partial<QuerySettings>,
): Extract<PoolEvent<P>, { type: 'add' }>['config'] {
  const { self, query } = state.config;
  return { ...query, ...settings, kind, target, self, identity: profile.identity, request };
}
