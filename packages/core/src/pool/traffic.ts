/**
 * What is in flight, and what may leave: one request at a time to an endpoint, so many in the whole node, so many a
 * second. Round trips are measured for each endpoint and for all together; the timeout of the next request follows.
 */
import { type AddressRules, type Endpoint, OPEN_RULES } from '../contact.ts';
import type { Instant } from '../machine.ts';
import { get, remove, set, withoutFirst } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { Surroundings } from '../query/surroundings.ts';
import type { QueryEffect } from '../query/types.ts';
import { levelAfter } from '../responder/limiter.ts';
import { NO_ROUND_TRIPS, sampled, timeoutFrom } from './round-trips.ts';
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
    busy: state.busy,
    roundTrips: state.roundTrips,
    byEndpoint: state.byEndpoint,
    sendLevel: state.sendLevel,
    releaseAt: state.releaseAt,
    shed: state.shed,
    unowed: state.unowed,
  };
}

/** What holds during one step, and what has landed in it: only for that may something parked leave. */
export interface PoolTurn extends AddressRules {
  readonly freed: Endpoint[];
}

/** Requests a lookup can number: more than it can have candidates (at most 65,536, each asked once). */
export const LANE = 131_072;

/** ms for which an endpoint's round trips are remembered after the last. Swept in passing; nothing wakes up for it. */
const REMEMBERED = 60_000;

/** Why a request to this endpoint cannot leave now, if it cannot. */
export function obstacle<P extends Protocol>(
  draft: Draft<P>,
  endpoint: Endpoint,
  rules: AddressRules,
  now: Instant,
): 'endpoint' | 'pool' | undefined {
  const { config } = draft;
  if ((get(draft.busy, endpoint) ?? 0) >= config.maxPerEndpoint) return 'endpoint';
  if (draft.inFlight.size >= config.maxInFlight) return 'pool';
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
  draft.inFlight = set(draft.inFlight, request, to.endpoint);
  draft.busy = set(draft.busy, to.endpoint, (get(draft.busy, to.endpoint) ?? 0) + 1);
  if (draft.config.maxRate === 'off' || rules.isExempt(to.endpoint)) return;
  draft.sendLevel = levelAfter(draft.sendLevel, draft.config.maxRate, 1, now) ?? draft.sendLevel;
}

export function land<P extends Protocol>(draft: Draft<P>, request: number, { freed }: PoolTurn): void {
  const endpoint = get(draft.inFlight, request);
  if (endpoint === undefined) return;
  if (draft.parked.length > 0) freed.push(endpoint);
  draft.inFlight = remove(draft.inFlight, request);
  const left = (get(draft.busy, endpoint) as number) - 1;
  draft.busy = left === 0 ? remove(draft.busy, endpoint) : set(draft.busy, endpoint, left);
}

/** A request was answered `ms` after it was sent. */
export function measured<P extends Protocol>(draft: Draft<P>, endpoint: Endpoint, ms: Instant, now: Instant): void {
  draft.roundTrips = sampled(draft.roundTrips, ms);
  if (draft.config.adaptiveTimeout === 'off') return;
  let { byEndpoint } = draft;
  for (let swept = 0; swept < 2 && byEndpoint.due <= now; swept++) byEndpoint = withoutFirst(byEndpoint);
  byEndpoint = set(byEndpoint, endpoint, sampled(get(byEndpoint, endpoint) ?? NO_ROUND_TRIPS, ms), now + REMEMBERED);
  draft.byEndpoint = byEndpoint.size > draft.config.maxRemembered ? withoutFirst(byEndpoint) : byEndpoint;
}

/** The round trip to an endpoint in whole ms, where it was measured of late. */
export function roundTripTo<P extends Protocol>({ byEndpoint }: PoolState<P>, endpoint: Endpoint): Instant | undefined {
  const trips = get(byEndpoint, endpoint);
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

/** What the pool's lookups may ask of it during a step. */
export function surroundings<P extends Protocol>(draft: Draft<P>, rules: AddressRules = OPEN_RULES): Surroundings {
  const bounds = draft.config.adaptiveTimeout;
  return {
    groupOf: rules.groupOf,
    timeoutOf: (endpoint, otherwise) =>
      bounds === 'off'
        ? otherwise
        : timeoutFrom(get(draft.byEndpoint, endpoint) ?? draft.roundTrips, otherwise, bounds),
  };
}
