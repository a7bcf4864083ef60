/**
 * What a step of a node did to the machines inside it. Their own steps cannot be seen from outside, but where each was
 * and where it is can: there must be a way from one to the other on its chart.
 */
import { maps, type PoolState, type Protocol, pathsOf, runningQueries, type Searching } from '@xorrery/core';
import { bootstrapLaw } from './bootstrap.ts';
import { broadcastLaw } from './broadcast.ts';
import type { Chart } from './chart.ts';
import { ConformanceError } from './conform.ts';
import { includeLaw } from './include.ts';
import type { Drawn } from './law.ts';
import type { AnyNodeState } from './node.ts';
import { poolLaw } from './pool.ts';
import { probeLaw } from './probe.ts';
import { refreshLaw } from './refresh.ts';
import { scheduleLaw } from './schedule.ts';
import { candidateDrawn, isSame, requestDrawn } from './trail.ts';

/** Throws `ConformanceError` when a child of the node is where no way of its chart leads. */
export function checkChildren(before: AnyNodeState, after: AnyNodeState): void {
  const [was, is] = [before.routing, after.routing];
  check(bootstrapLaw, was.bootstrap.status, is.bootstrap.status);
  check(includeLaw, was.include.status, is.include.status);
  check(probeLaw, was.probe.status, is.probe.status);
  check(refreshLaw, was.refresh.status, is.refresh.status);
  check(scheduleLaw, before.schedule.status, after.schedule.status);
  check(poolLaw, poolLaw.statusOf(before.pool), poolLaw.statusOf(after.pool));
  for (const { key, value } of maps.entries(after.publishing)) {
    const from = maps.get(before.publishing, key)?.broadcast.status ?? broadcastLaw.chart.initial;
    check(broadcastLaw, from, value.broadcast.status);
  }
  checkLookups(before.pool, after.pool);
}

/** The same of the lookups in a pool. */
export function checkLookups(before: PoolState<Protocol>, after: PoolState<Protocol>): void {
  const old = new Map(searchesOf(before).map((it) => [it.firstRequest, it]));
  for (const search of searchesOf(after)) {
    const was = old.get(search.firstRequest);
    if (was !== undefined && was !== search) checkSearch(was, search);
  }
}

function searchesOf(pool: PoolState<Protocol>): Searching<Protocol>[] {
  return runningQueries(pool).flatMap(({ query }) => pathsOf(query));
}

function checkSearch(before: Searching<Protocol>, after: Searching<Protocol>): void {
  const left = new Set(before.candidates);
  for (const candidate of after.candidates) {
    const was = before.candidates.find((it) => left.has(it) && isSame(it, candidate));
    if (was !== undefined) left.delete(was);
    check(candidateDrawn, was?.status ?? 'unheard', candidate.status);
  }
  for (const gone of left) check(candidateDrawn, gone.status, 'dropped');
  const phases = new Map(before.open.map((it) => [it.request, it.phase]));
  for (const { request, phase } of after.open) check(requestDrawn, phases.get(request) ?? 'unsent', phase);
}

function check({ title, chart }: Drawn, from: string, to: string): void {
  if (from !== to && !reachedFrom(chart, from).has(to)) {
    throw new ConformanceError(`${title}: no way on the chart leads from ${from} to ${to}`);
  }
}

const reached = new WeakMap<Chart, Map<string, ReadonlySet<string>>>();

/** Every status that edges lead to from here, by any number of them. */
function reachedFrom(chart: Chart, from: string): ReadonlySet<string> {
  const known = reached.get(chart) ?? new Map<string, ReadonlySet<string>>();
  reached.set(chart, known);
  const before = known.get(from);
  if (before !== undefined) return before;
  const found = new Set<string>();
  const next = [from];
  for (let status = next.pop(); status !== undefined; status = next.pop()) {
    for (const { from: source, to } of chart.edges) {
      if (source !== status || found.has(to)) continue;
      found.add(to);
      next.push(to);
    }
  }
  known.set(from, found);
  return found;
}
