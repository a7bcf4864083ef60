/**
 * One step of a node under way: the only place where a state's fields are assigned, and it never outlives the step.
 * What the pool is to be told waits in a queue, so that nothing recurses on what strangers say.
 */
import type { AddressRules, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';
import type { PoolEvent, Priority } from '../pool/types.ts';
import type { Profile } from '../profile.ts';
import { configOf, type QueryConfig, type QueryKind, type QuerySettings } from '../query/config.ts';
import type { Seed } from '../query/types.ts';
import { tableOf } from '../routing/routing.ts';
import { closest } from '../table/closest.ts';
import type { AskEvent, Counters, LookupEvent, NodeEffect, NodeState } from './types.ts';

type Draft<P extends Protocol, C, S> = { -readonly [K in keyof NodeState<P, C, S>]: NodeState<P, C, S>[K] };

export interface Turn<P extends Protocol, C, S> {
  readonly profile: Profile<P, C, S>;
  readonly rules: AddressRules;
  readonly now: Instant;
  readonly state: Draft<P, C, S>;
  readonly effects: NodeEffect<P>[];
  /** What the pool is still to be told in this step, in order. */
  forPool: PoolEvent<P>[];
}

/* What is copied in nearly every step is written out: a spread costs more than what is done with the copy. */

export function draftOf<P extends Protocol, C, S>(state: NodeState<P, C, S>, now: Instant): Draft<P, C, S> {
  return {
    phase: state.phase,
    config: state.config,
    at: now,
    wakeAt: state.wakeAt,
    random: state.random,
    seeds: state.seeds,
    wire: state.wire,
    pool: state.pool,
    routing: state.routing,
    joins: state.joins,
    restored: state.restored,
    limiter: state.limiter,
    replyLevel: state.replyLevel,
    checks: state.checks,
    recent: state.recent,
    votes: state.votes,
    sizes: state.sizes,
    schedule: state.schedule,
    kept: state.kept,
    caching: state.caching,
    publishing: state.publishing,
    waiting: state.waiting,
    server: state.server,
    counters: state.counters,
  };
}

export function count<P extends Protocol, C, S>({ state }: Turn<P, C, S>, name: keyof Counters): void {
  const counters = copyOf(state.counters);
  counters[name]++;
  state.counters = counters;
}

function copyOf(counters: Counters): Record<keyof Counters, number> {
  return {
    requests: counters.requests,
    replies: counters.replies,
    errors: counters.errors,
    malformed: counters.malformed,
    refused: counters.refused,
    unknownTransaction: counters.unknownTransaction,
    wrongSource: counters.wrongSource,
    wrongId: counters.wrongId,
    ownId: counters.ownId,
    unsent: counters.unsent,
    limited: counters.limited,
    oversized: counters.oversized,
    shed: counters.shed,
    unchecked: counters.unchecked,
    blocked: counters.blocked,
    unfit: counters.unfit,
  };
}

/** How a node's limits apply to addresses; `exemptLocal`: not to local ones (R15). */
export function rulesOf<P extends Protocol, C, S>(profile: Profile<P, C, S>, exemptLocal: boolean): AddressRules {
  return {
    groupOf: (endpoint) => {
      const group = profile.groupOf(endpoint);
      return exemptLocal && group?.local === true ? undefined : group;
    },
    isExempt: (endpoint) => exemptLocal && profile.groupOf(endpoint)?.local === true,
  };
}

/** Whether the configuration forbids any dealings with this endpoint. */
export function isBlocked<P extends Protocol, C, S>({ state, profile }: Turn<P, C, S>, endpoint: Endpoint): boolean {
  const { blocked } = state.config;
  if (blocked.length === 0) return false;
  const group = profile.groupOf(endpoint) ?? { host: endpoint, network: endpoint };
  return blocked.includes(group.host) || blocked.includes(group.network);
}

/** Adds an iterative lookup that begins at our closest contacts, and at `more`. */
export function addLookup<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  id: string,
  priority: Priority,
  { kind, target, request, settings }: Pick<LookupEvent<P>, 'kind' | 'target' | 'request' | 'settings'>,
  more: readonly Seed<P>[] = [],
): void {
  const config = queryConfig(turn, kind, target, request, settings);
  const known = closest(tableOf(turn.state.routing), target, config.k * config.paths);
  const held = kind === 'closest' ? [] : turn.profile.server.held(turn.state.server, request, turn.now);
  const seeds = more.length === 0 ? known : [...known, ...more];
  turn.forPool.push({ type: 'add', id, priority, config, seeds, held });
}

/** Adds a lookup that asks each of a list once. */
export function addAsk<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  id: string,
  priority: Priority,
  { seeds, request, settings }: Pick<AskEvent<P>, 'seeds' | 'request' | 'settings'>,
): void {
  const config = queryConfig(turn, 'each', turn.state.config.self, request, settings);
  turn.forPool.push({ type: 'add', id, priority, config, seeds });
}

export function queryConfig<P extends Protocol, C, S>(
  { state, profile }: Turn<P, C, S>,
  kind: QueryKind,
  target: Id,
  request: P['outRequest'],
  settings?: Partial<QuerySettings>,
): QueryConfig<P> {
  const { self, query } = state.config;
  const chosen = settings === undefined ? query : { ...query, ...settings };
  return configOf(chosen, kind, target, self, profile.identity, request);
}
