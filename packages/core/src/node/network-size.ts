/**
 * How large the network seems. The i-th closest of n nodes to a random target lies at i / (n + 1) of the id space on
 * average; the least squares fit over what lookups found is n = sum of i^2 / sum of i x d_i, d in parts of the id space.
 *
 * The gaps between neighbours are exponential, so the sum below is one of exponentials with known weights: that gives
 * the estimate's variance, and the factor by which the fit is too large on average.
 */

import type { Contact } from '../contact.ts';
import { fractionOf, type Id } from '../id.ts';

/** What one lookup says: sums over the i-th closest node, at distance d. */
export interface SizeSample {
  /** Of i x i. */
  readonly squares: number;
  /** Of i x d. */
  readonly weighted: number;
  /** Of the squared weights: by its gap, each distance enters those of all that lie farther. */
  readonly spread: number;
}

/** Nodes of the network, ourselves included; `error`: one standard deviation, relative. */
export interface NetworkSize {
  readonly estimate: number;
  readonly error: number;
  readonly lookups: number;
}

/** Contacts a lookup must have found to say anything. */
const LEAST = 3;
const REMEMBERED = 16;

/** The samples with what a lookup that converged found, nearest first. */
export function withSample(
  samples: readonly SizeSample[],
  target: Id,
  closest: readonly Contact[],
): readonly SizeSample[] {
  if (closest.length < LEAST) return samples;
  let squares = 0;
  let weighted = 0;
  let spread = 0;
  const all = closest.length * (closest.length + 1);
  closest.forEach(({ id }, index) => {
    const weight = (all - index * (index + 1)) / 2;
    squares += (index + 1) * (index + 1);
    weighted += (index + 1) * fractionOf(target, id);
    spread += weight * weight;
  });
  return [...samples, { squares, weighted, spread }].slice(-REMEMBERED);
}

/** `undefined` while no lookup has said anything. */
export function networkSize(samples: readonly SizeSample[]): NetworkSize | undefined {
  let squares = 0;
  let weighted = 0;
  let spread = 0;
  for (const sample of samples) {
    squares += sample.squares;
    weighted += sample.weighted;
    spread += sample.spread;
  }
  if (weighted === 0) return undefined;
  const variance = spread / (squares * squares);
  const estimate = Math.floor((squares / weighted) * (1 - variance)) + 1;
  return { estimate, error: Math.sqrt(variance), lookups: samples.length };
}
