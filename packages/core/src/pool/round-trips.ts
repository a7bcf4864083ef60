/**
 * The adaptive request timeout: smoothed round-trip time plus four times its variation, as RFC 6298 has it, for all
 * endpoints together and for each that was measured of late. Pure numbers; who samples and who asks is the pool's affair.
 */
import type { Endpoint } from '../contact.ts';
import type { Instant } from '../machine.ts';
import { emptyMap, get, hashOf, NEVER, type PersistentMap, set } from '../map.ts';

export type RoundTrips =
  | { readonly status: 'unknown' }
  /** Both in ms, fractional. */
  | { readonly status: 'measured'; readonly smoothed: number; readonly variation: number };

export const NO_ROUND_TRIPS: RoundTrips = { status: 'unknown' };

/** The estimate after one more measured round trip of `sample` ms. */
export function sampled(before: RoundTrips, sample: number): RoundTrips {
  if (before.status === 'unknown') return { status: 'measured', smoothed: sample, variation: sample / 2 };
  const variation = (3 * before.variation + Math.abs(before.smoothed - sample)) / 4;
  return { status: 'measured', smoothed: (7 * before.smoothed + sample) / 8, variation };
}

/** ms after which the recent become the former, and the former are forgotten. */
const GENERATION = 60_000;

/**
 * Round trips by endpoint, in two generations, so that forgetting takes no look at what is forgotten: an endpoint is
 * remembered for one to two minutes after its last answer, or until others have answered: as many as half the limit at
 * least, as the whole of it at most. Forgotten in passing; nothing wakes up for it.
 */
export interface RememberedTrips {
  readonly recent: PersistentMap<RoundTrips>;
  readonly former: PersistentMap<RoundTrips>;
  /** When the recent become the former. */
  readonly turnsAt: Instant;
}

export const NO_REMEMBERED_TRIPS: RememberedTrips = { recent: emptyMap(), former: emptyMap(), turnsAt: 0 };

export function tripsTo({ recent, former }: RememberedTrips, endpoint: Endpoint): RoundTrips | undefined {
  const hash = hashOf(endpoint);
  return get(recent, endpoint, hash) ?? get(former, endpoint, hash);
}

/** With one more measured round trip to an endpoint. At most `most` are remembered. */
export function remembering(
  before: RememberedTrips,
  endpoint: Endpoint,
  sample: number,
  now: Instant,
  most: number,
): RememberedTrips {
  const half = most >>> 1;
  if (half === 0) return NO_REMEMBERED_TRIPS;
  const { recent, former, turnsAt } = before;
  const hash = hashOf(endpoint);
  const known = get(recent, endpoint, hash);
  const trips = sampled(known ?? get(former, endpoint, hash) ?? NO_ROUND_TRIPS, sample);
  if (now < turnsAt && (known !== undefined || recent.size < half)) {
    return { recent: set(recent, endpoint, trips, NEVER, hash), former, turnsAt };
  }
  const left = now < turnsAt + GENERATION ? recent : emptyMap<RoundTrips>();
  return { recent: set(emptyMap(), endpoint, trips, NEVER, hash), former: left, turnsAt: now + GENERATION };
}

/** The timeout in whole ms within `min..max`, or `initial` while nothing was measured. */
export function timeoutFrom(trips: RoundTrips, initial: Instant, bounds: { min: Instant; max: Instant }): Instant {
  if (trips.status === 'unknown') return initial;
  return Math.min(bounds.max, Math.max(bounds.min, Math.floor(trips.smoothed + 4 * trips.variation) + 1));
}
