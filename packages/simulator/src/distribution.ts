/**
 * Times drawn by chance: how long a packet travels, how long a node stays. Every distribution is a function of one
 * uniform draw through the committed quantile tables, in arithmetic that is the same on every engine (`Math.pow`, `log`
 * and `exp` are not). The last quantile of either table is at 2^-16: the tails beyond it are cut.
 */
import type { Instant } from '@xorrery/core';
import type { Chance } from './chance.ts';
import { LOG_EXPONENTIAL, NORMAL, type Quantiles } from './quantiles.ts';

/** Whole milliseconds, at least 0. */
export type Duration = (chance: Chance) => Instant;

export function fixed(ms: number): Duration {
  return () => ms;
}

/** Uniform from `low` to `high`, both included. */
export function uniform(low: number, high: number): Duration {
  return (chance) => low + chance.below(high - low + 1);
}

/** `median` times e to the power of `sigma` times a normal variable. */
export function lognormal(median: number, sigma: number): Duration {
  return (chance) => Math.floor(median * exp(sigma * quantile(NORMAL, chance.fraction())) + 0.5);
}

/** Of this mean. Shape 1 is the exponential distribution; below 1 many are short and a few very long. */
export function weibull(shape: number, mean: number): Duration {
  const at = (u: number): number => exp(quantile(LOG_EXPONENTIAL, u) / shape);
  // The mean of what is drawn, tails cut, in place of the gamma function.
  let sum = 0;
  const draws = 65_536;
  for (let i = 0; i < draws; i++) sum += at((i + 0.5) / draws);
  const scale = (mean * draws) / sum;
  return (chance) => Math.floor(scale * at(chance.fraction()) + 0.5);
}

/** The quantile at `u` (0 to below 1), between the knots of the table by straight lines. */
export function quantile({ low, middle, high }: Quantiles, u: number): number {
  const steps = middle.length + 1;
  if (u * steps < 1) return between(low, u * steps);
  if (u * steps >= steps - 1) return between(high, u * steps - (steps - 1));
  return between(middle, u);
}

function between(knots: readonly number[], u: number): number {
  const at = u * (knots.length + 1);
  const below = Math.min(Math.max(Math.floor(at), 1), knots.length - 1);
  const [a, b] = [knots[below - 1] as number, knots[below] as number];
  const part = Math.min(Math.max(at - below, 0), 1);
  return (a + (b - a) * part) / 1_000_000;
}

// biome-ignore lint/suspicious/noApproximativeNumericConstant: Math has only members here that engines agree on
const LN_2 = 0.693_147_180_559_945_3;

/** e to the power of x, within a relative error of 1e-14, in additions and multiplications only. */
export function exp(x: number): number {
  const halvings = Math.floor(x / LN_2 + 0.5);
  const rest = x - halvings * LN_2;
  let sum = 1;
  for (let i = 16; i > 0; i--) sum = 1 + (sum * rest) / i;
  for (let i = 0; i < halvings; i++) sum *= 2;
  for (let i = 0; i > halvings; i--) sum /= 2;
  return sum;
}
