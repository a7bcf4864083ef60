/**
 * What a run comes to: the figures that are the same wherever it runs, in one plain object. Times and memory of the host
 * are not among them.
 */
import { networkSize, tableOf } from '@xorrery/core';
import type { Harm } from './harm.ts';
import type { Violation } from './judge.ts';
import { type Scores, scoresOf } from './score.ts';
import type { Simulation } from './simulation.ts';
import type { Sample } from './simulation-types.ts';
import type { Traffic } from './wires.ts';

export interface Result extends Scores {
  readonly nodes: number;
  readonly lookups: number;
  readonly seed: number;
  readonly k: number;
  readonly alpha: number;
  readonly joined: number;
  readonly events: number;
  /** Simulated ms. */
  readonly virtualMs: number;
  readonly traffic: Traffic;
  readonly harm: Harm;
  /** Lookups whose asker left, and those that were not accepted. */
  readonly orphaned: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** By depth: the mean number of members in that bucket, of the nodes that are up. */
  readonly occupancy: readonly number[];
  /** What nodes think the size of the network is, on average, of those that think anything. */
  readonly sizeEstimate: number;
  readonly series: readonly Sample[];
  readonly stateHash: string | undefined;
  /** Promises that were broken: at most one, for a run ends there. */
  readonly violations: number;
  readonly violation: Violation | undefined;
}

export function resultOf(simulation: Simulation): Result {
  const { scenario, lookups, events, now, wires, harm, violation, town, joined, series } = simulation;
  const { nodes, seed, k, alpha } = scenario;
  return {
    nodes,
    lookups: lookups.outcomes.length,
    seed,
    k,
    alpha,
    ...scoresOf(lookups.outcomes),
    joined: town.tables === undefined ? joined : town.honest,
    events,
    virtualMs: now,
    traffic: { ...wires.traffic },
    harm: { ...harm },
    orphaned: lookups.orphaned,
    rejected: Object.fromEntries([...lookups.rejected].sort()),
    occupancy: occupancyOf(simulation),
    sizeEstimate: sizeEstimateOf(simulation),
    series,
    stateHash: simulation.stateHash(),
    violations: violation === undefined ? 0 : 1,
    violation,
  };
}

function occupancyOf({ town }: Simulation): readonly number[] {
  const sums: number[] = [];
  let nodes = 0;
  for (const { state } of town.residents) {
    if (state === undefined) continue;
    nodes++;
    tableOf(state.routing).buckets.forEach(({ members }, depth) => {
      sums[depth] = (sums[depth] ?? 0) + members.length;
    });
  }
  return Array.from(sums, (sum = 0) => sum / nodes);
}

function sizeEstimateOf({ town }: Simulation): number {
  let sum = 0;
  let nodes = 0;
  for (const { state } of town.residents) {
    const size = state === undefined ? undefined : networkSize(state.sizes);
    if (size === undefined) continue;
    sum += size.estimate;
    nodes++;
  }
  return nodes === 0 ? 0 : sum / nodes;
}
