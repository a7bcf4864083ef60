/** The vocabulary of the pool: its own few words, and its lookups' words in envelopes. */

import type { Endpoint } from '../contact.ts';
import { ConfigError, checkInteger } from '../errors.ts';
import type { Instant } from '../machine.ts';
import type { PersistentMap } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { QueryConfig } from '../query/config.ts';
import type { Running } from '../query/lookup.ts';
import type { QueryEffect, QueryEvent, Seed } from '../query/types.ts';
import { checkRate, type Rate } from '../responder/limiter.ts';
import type { RememberedTrips, RoundTrips } from './round-trips.ts';

export interface PoolConfig {
  /** Lookups that run at once. */
  readonly maxQueries: number;
  /** Lookups that wait for one to end; further ones are rejected. */
  readonly maxQueued: number;
  /** Requests in flight over all lookups. */
  readonly maxInFlight: number;
  /** Requests in flight to one endpoint. */
  readonly maxPerEndpoint: number;
  /** Requests a second over all lookups; what is beyond waits. */
  readonly maxRate: Rate | 'off';
  /** Bounds of the adaptive request timeout in ms; `off`: each lookup's own `requestTimeout` holds. */
  readonly adaptiveTimeout: { readonly min: Instant; readonly max: Instant } | 'off';
  /** Endpoints whose round trips are remembered, at most: half of them as the recent ones, half as the former. */
  readonly maxRemembered: number;
}

export const DEFAULT_POOL: PoolConfig = {
  maxQueries: 16,
  maxQueued: 256,
  maxInFlight: 256,
  maxPerEndpoint: 1,
  maxRate: 'off',
  adaptiveTimeout: { min: 1_000, max: 4_000 },
  maxRemembered: 512,
};

/** Throws `ConfigError` naming the first field that is out of range. */
export function checkPoolConfig(config: PoolConfig): void {
  checkInteger('pool.maxQueries', config.maxQueries, 1, 4_096);
  checkInteger('pool.maxQueued', config.maxQueued, 0, 65_536);
  checkInteger('pool.maxInFlight', config.maxInFlight, 1, 65_536);
  checkInteger('pool.maxPerEndpoint', config.maxPerEndpoint, 1, 1_024);
  checkRate('pool.maxRate', config.maxRate);
  checkInteger('pool.maxRemembered', config.maxRemembered, 0, 65_536);
  if (config.adaptiveTimeout === 'off') return;
  if (typeof config.adaptiveTimeout !== 'object')
    throw new ConfigError('pool.adaptiveTimeout', "must be {min, max} or 'off'");
  checkInteger('pool.adaptiveTimeout.min', config.adaptiveTimeout.min, 1, 60_000);
  checkInteger('pool.adaptiveTimeout.max', config.adaptiveTimeout.max, config.adaptiveTimeout.min, 60_000);
}

/** Whose lookup goes first where there is not room for all: a user's before the node's own upkeep. */
export type Priority = 'user' | 'background';

/** What of a lookup's own vocabulary reaches it from outside; the rest is said by the pool. */
export type Reply<P extends Protocol> = Extract<QueryEvent<P>, { type: 'response' | 'timeout' | 'failure' }>;

export type PoolEvent<P extends Protocol> =
  | {
      readonly type: 'add';
      readonly id: string;
      readonly priority: Priority;
      readonly config: QueryConfig<P>;
      readonly seeds: readonly Seed<P>[];
      /** Values we hold ourselves. */
      readonly held?: readonly P['value'][];
    }
  | { readonly type: 'cancel'; readonly id: string }
  /** End every lookup (reason `closed`), and start none in its place. */
  | { readonly type: 'close' }
  /** The request number says whose it is. */
  | { readonly type: 'query'; readonly event: Reply<P> }
  | { readonly type: 'tick' };

export type RejectReason = 'duplicate' | 'full' | 'invalid';

export type PoolEffect<P extends Protocol> =
  | { readonly type: 'query'; readonly id: string; readonly effect: QueryEffect<P> }
  | { readonly type: 'rejected'; readonly id: string; readonly reason: RejectReason };

/** A lookup that runs. */
export interface Child<P extends Protocol> {
  readonly id: string;
  readonly priority: Priority;
  readonly query: Running<P>;
}

/** A lookup that waits to be started; it may expire before. */
export interface Queued<P extends Protocol> {
  readonly id: string;
  readonly priority: Priority;
  readonly config: QueryConfig<P>;
  readonly seeds: readonly Seed<P>[];
  readonly held: readonly P['value'][];
  readonly expiresAt: Instant;
}

/** A send that waits for its endpoint, or for room. */
export interface Parked<P extends Protocol> {
  readonly priority: Priority;
  /** What it waits for: its own endpoint, or room in the pool. */
  readonly by: 'endpoint' | 'pool';
  readonly endpoint: Endpoint;
  readonly effect: Extract<QueryEffect<P>, { type: 'send' }>;
}

export interface PoolState<P extends Protocol> {
  readonly config: PoolConfig;
  /** By lane, due when the lookup is. A lane is the number that makes a lookup's request numbers its own. */
  readonly running: PersistentMap<Child<P>>;
  /** By id: the lane of a running lookup, or -1 for a queued one. */
  readonly lanes: PersistentMap<number>;
  readonly nextLane: number;
  /** In order of priority, then arrival. */
  readonly queue: readonly Queued<P>[];
  /** In order of priority, then arrival. Bounded by what the lookups may have parked. */
  readonly parked: readonly Parked<P>[];
  /** By endpoint: the numbers of the requests in flight to it. */
  readonly inFlight: PersistentMap<readonly number[]>;
  /** How many requests are in flight, to all endpoints together. */
  readonly flying: number;
  /** Of all endpoints together. */
  readonly roundTrips: RoundTrips;
  /** Of each that was measured of late. */
  readonly byEndpoint: RememberedTrips;
  /** When the budget of requests a second is level again. */
  readonly sendLevel: Instant | undefined;
  /** When it has room again for what is parked, if that is what parked sends wait for. */
  readonly releaseAt: Instant | undefined;
  /** Background lookups that waited and had to make room for a user's. */
  readonly shed: number;
  /** Answers for lookups that had ended. */
  readonly unowed: number;
}
