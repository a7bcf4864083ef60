/**
 * What came of the lookups, beside the truth: recall, messages, hops and times, and all of it over time. Numbers only;
 * whoever prints or draws them is elsewhere.
 */
import type { Instant } from '@xorrery/core';

/** One lookup that has ended. */
export interface Outcome {
  readonly at: Instant;
  readonly reason: string;
  /** Of the true k closest alive and honest nodes, the share that was found; -1 where there were none to find. */
  readonly recall: number;
  /** Whether the nearest honest node alive was found. */
  readonly nearest: boolean;
  /** Members of the result who are not honest, as a share. */
  readonly foul: number;
  readonly messages: number;
  readonly hops: number;
  readonly elapsed: Instant;
  readonly failures: number;
}

export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

export interface Scores {
  readonly recall: { readonly mean: number; readonly exact: number };
  /** The share of lookups that found the nearest honest node alive. */
  readonly success: number;
  readonly foul: number;
  readonly messages: Spread;
  readonly hops: Spread & { readonly histogram: readonly number[] };
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly reasons: Readonly<Record<string, number>>;
  /** By tenths of recall: lookups that found so much, the last being those that found all. */
  readonly recallHistogram: readonly number[];
  /** By number of requests: lookups that sent so many. */
  readonly messagesHistogram: readonly number[];
}

export function scoresOf(outcomes: readonly Outcome[]): Scores {
  const judged = outcomes.filter((it) => it.recall >= 0);
  const reasons: Record<string, number> = {};
  for (const { reason } of outcomes) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const times = outcomes.map((it) => it.elapsed).sort((a, b) => a - b);
  return {
    recall: { mean: mean(judged.map((it) => it.recall)), exact: mean(judged.map((it) => (it.recall === 1 ? 1 : 0))) },
    success: mean(outcomes.map((it) => (it.nearest ? 1 : 0))),
    foul: mean(outcomes.map((it) => it.foul)),
    messages: spread(outcomes.map((it) => it.messages)),
    hops: { ...spread(outcomes.map((it) => it.hops)), histogram: counted(outcomes.map((it) => it.hops)) },
    latencyMs: { p50: quantileOf(times, 0.5), p95: quantileOf(times, 0.95), p99: quantileOf(times, 0.99) },
    reasons: Object.fromEntries(Object.entries(reasons).sort()),
    recallHistogram: counted(judged.map((it) => Math.floor(it.recall * 10))),
    messagesHistogram: counted(outcomes.map((it) => it.messages)),
  };
}

/** How often each whole number from 0 to the largest is there. */
function counted(values: readonly number[]): readonly number[] {
  const counts: number[] = [];
  for (const value of values) {
    while (counts.length <= value) counts.push(0);
    counts[value] = (counts[value] as number) + 1;
  }
  return counts;
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

function spread(values: readonly number[]): Spread {
  const middle = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - middle) * (value - middle);
  return { mean: middle, sd: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}

/** The value below which this share lies; `sorted` ascending. */
export function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
