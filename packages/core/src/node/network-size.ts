/**
 * How large the network seems. The i-th closest of n nodes to a random target lies at i / (n + 1) of the id space on
 * average; the least squares fit over what lookups found is n = sum of i^2 / sum of i x d_i, d in parts of the id space.
 */

import type { Contact } from '../contact.ts';
import { fractionOf, type Id } from '../id.ts';

/** What one lookup says: sums over the i-th closest node, at distance d. */
export interface SizeSample {
  /** Of i x i. */
  readonly squares: number;
  /** Of i x d. */
  readonly weighted: number;
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
/** Relative standard deviation of an estimate from one lookup, as published: about 0.281 x lookups^-0.529. */
const SPREAD = 0.281;

/** The samples with what a lookup that converged found, nearest first. */
export function withSample(
  samples: readonly SizeSample[],
  target: Id,
  closest: readonly Contact[],
): readonly SizeSample[] {
  if (closest.length < LEAST) return samples;
  let squares = 0;
  let weighted = 0;
  closest.forEach(({ id }, index) => {
    squares += (index + 1) * (index + 1);
    weighted += (index + 1) * fractionOf(target, id);
  });
  return [...samples, { squares, weighted }].slice(-REMEMBERED);
}

/** `undefined` while no lookup has said anything. */
export function networkSize(samples: readonly SizeSample[]): NetworkSize | undefined {
  let squares = 0;
  let weighted = 0;
  for (const sample of samples) {
    squares += sample.squares;
    weighted += sample.weighted;
  }
  if (weighted === 0) return undefined;
  const estimate = Math.floor(squares / weighted) + 1;
  return { estimate, error: SPREAD / Math.sqrt(samples.length), lookups: samples.length };
}
