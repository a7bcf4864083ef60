/**
 * What is in flight, and what may leave: one request at a time to an endpoint, so many in the whole node, so many a
 * second. Round trips are measured for each endpoint and for all together; the timeout of the next request follows.
 */
import type { AddressRules, Endpoint } from '../contact.ts';
import { appended, withoutAt } from '../lists.ts';
import type { Instant } from '../machine.ts';
import { get, hashOf, NEVER, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import { NONE } from '../none.ts';
import type { Surroundings } from '../query/surroundings.ts';
import type { QueryEffect } from '../query/types.ts';
import { levelAfter } from '../responder/limiter.ts';
import { remembering, sampled, timeoutFrom, tripsTo } from './round-trips.ts';
import type { PoolEffect, PoolState } from './types.ts';

/** A pool's state while one step is under way, and what the step may ask. */
export type Draft<P extends Protocol> = { -readonly [K in keyof PoolState<P>]: PoolState<P>[K] };
export type Effects<P extends Protocol> = PoolEffect<P>[];

/** Written out: a spread of so many fields costs more than what is done with them. */
export function draftOf<P extends Protocol>(state: PoolState<P>): Draft<P> {
  return {
    config: state.config,
    running: state.running,
    lanes: state.lanes,
    nextLane: state.nextLane,
    queue: state.queue,
    parked: state.parked,
    inFlight: state.inFlight,
    flying: state.flying,
    roundTrips: state.roundTrips,
    byEndpoint: state.byEndpoint,
    sendLevel: state.sendLevel,
    releaseAt: state.releaseAt,
    shed: state.shed,
    unowed: state.unowed,
  };
}

/** What holds during one step, and what has landed in it: only for that may something parked leave. */
export interface PoolTurn extends AddressRules, Surroundings {
  readonly freed: Endpoint[];
}

/** Requests a lookup can number: more than it can have candidates (at most 65,536, each asked once). */
export const LANE = 131_072;

/** Why a request to this endpoint cannot leave now, if it cannot. */
export function obstacle<P extends Protocol>(
  draft: Draft<P>,
  endpoint: Endpoint,
  rules: AddressRules,
  now: Instant,
): 'endpoint' | 'pool' | undefined {
  const { config } = draft;
  const there = get(draft.inFlight, endpoint);
  if (there !== undefined && there.length >= config.maxPerEndpoint) return 'endpoint';
  if (draft.flying >= config.maxInFlight) return 'pool';
  if (config.maxRate === 'off' || rules.isExempt(endpoint)) return undefined;
  return levelAfter(draft.sendLevel, config.maxRate, 1, now) === undefined ? 'pool' : undefined;
}

/** When the budget of requests a second has room again for what is parked; `undefined` when it has room now. */
export function nextRelease<P extends Protocol>(draft: Draft<P>, now: Instant): Instant | undefined {
  const { parked, config, sendLevel } = draft;
  if (parked.length === 0 || config.maxRate === 'off' || sendLevel === undefined) return undefined;
  if (levelAfter(sendLevel, config.maxRate, 1, now) !== undefined) return undefined;
  const unit = 1_000 / config.maxRate.perSecond;
  const at = sendLevel + unit - config.maxRate.burst * unit;
  const whole = Math.floor(at);
  return whole < at ? whole + 1 : whole;
}

export function takeOff<P extends Protocol>(
  draft: Draft<P>,
  { request, to }: Extract<QueryEffect<P>, { type: 'send' }>,
  rules: AddressRules,
  now: Instant,
): void {
  const hash = hashOf(to.endpoint);
  const there = appended(get(draft.inFlight, to.endpoint, hash) ?? NONE, request);
  draft.inFlight = set(draft.inFlight, to.endpoint, there, NEVER, hash);
  draft.flying++;
  if (draft.config.maxRate === 'off' || rules.isExempt(to.endpoint)) return;
  draft.sendLevel = levelAfter(draft.sendLevel, draft.config.maxRate, 1, now) ?? draft.sendLevel;
}

/** A request is not in flight any more, if it was. */
export function land<P extends Protocol>(
  draft: Draft<P>,
  request: number,
  endpoint: Endpoint,
  { freed }: PoolTurn,
): void {
  const hash = hashOf(endpoint);
  const there = get(draft.inFlight, endpoint, hash);
  const at = there === undefined ? -1 : there.indexOf(request);
  if (there === undefined || at < 0) return;
  if (draft.parked.length > 0) freed.push(endpoint);
  draft.inFlight =
    there.length === 1
      ? remove(draft.inFlight, endpoint, hash)
      : set(draft.inFlight, endpoint, withoutAt(there, at), NEVER, hash);
  draft.flying--;
}

/** A request was answered `ms` after it was sent. */
export function measured<P extends Protocol>(draft: Draft<P>, endpoint: Endpoint, ms: Instant, now: Instant): void {
  draft.roundTrips = sampled(draft.roundTrips, ms);
  if (draft.config.adaptiveTimeout === 'off') return;
  draft.byEndpoint = remembering(draft.byEndpoint, endpoint, ms, now, draft.config.maxRemembered);
}

/** The round trip to an endpoint in whole ms, where it was measured of late. */
export function roundTripTo<P extends Protocol>({ byEndpoint }: PoolState<P>, endpoint: Endpoint): Instant | undefined {
  const trips = tripsTo(byEndpoint, endpoint);
  return trips?.status === 'measured' ? Math.floor(trips.smoothed) : undefined;
}

/** A pool to which these round trips are known, from a former run. */
export function withRoundTrips<P extends Protocol>(
  pool: PoolState<P>,
  known: readonly { readonly endpoint: Endpoint; readonly roundTrip?: Instant }[],
  now: Instant,
): PoolState<P> {
  const draft = draftOf(pool);
  for (const { endpoint, roundTrip } of known) if (roundTrip !== undefined) measured(draft, endpoint, roundTrip, now);
  return draft;
}

/** A step begins; what its lookups may ask of the pool is part of it. */
export function turnOf<P extends Protocol>(draft: Draft<P>, { groupOf, isExempt }: AddressRules): PoolTurn {
  const bounds = draft.config.adaptiveTimeout;
  return {
    freed: [],
    groupOf,
    isExempt,
    timeoutOf: (endpoint, otherwise) =>
      bounds === 'off'
        ? otherwise
        : timeoutFrom(tripsTo(draft.byEndpoint, endpoint) ?? draft.roundTrips, otherwise, bounds),
  };
}
