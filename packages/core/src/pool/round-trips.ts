/**
 * The adaptive request timeout: smoothed round-trip time plus four times its variation, as RFC 6298 has it. Pure
 * numbers; who samples and who asks is the pool's affair.
 */
import type { Instant } from '../machine.ts';

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

/** The timeout in whole ms within `min..max`, or `initial` while nothing was measured. */
export function timeoutFrom(trips: RoundTrips, initial: Instant, bounds: { min: Instant; max: Instant }): Instant {
  if (trips.status === 'unknown') return initial;
  return Math.min(bounds.max, Math.max(bounds.min, Math.floor(trips.smoothed + 4 * trips.variation) + 1));
}
