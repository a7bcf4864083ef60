/**
 * What must hold in every world of an exploration, beyond the invariants of lookup and pool: the rules of the lookup
 * said once more, in the plainest way, so that two tellings must agree.
 */
import {
  type Candidate,
  type Id,
  type Instant,
  maps,
  type OpenRequest,
  type PoolState,
  pathsOf,
  type QueryReport,
  type QuerySettings,
  runningQueries,
  type Searching,
  type WireState,
} from '@xorrery/core';
import { awayOf, type Model, rankContacts } from '../model.ts';
import { checkPoolState } from '../pool-invariants.ts';
import { checkInFlight, checkReport, inFlightOf } from '../query-invariants.ts';
import { claim } from '../violation.ts';
import type { Talk } from './small-net.ts';
import type { World } from './world.ts';

/** Checks the pool after each of its steps. */
export function judgePool(pool: PoolState<Talk>, deadline: Instant | undefined, now: Instant): void {
  checkPoolState(pool, now);
  for (const path of runningPaths(pool)) {
    checkInFlight(path);
    judgeWindow(path);
    judgeSlots(path);
  }
  for (const at of instantsOf(pool)) {
    claim(at > now, 'F04: whose time has come has moved on', () => [at, now]);
    claim(deadline !== undefined && deadline <= at, 'F03: nobody is woken too late', () => [deadline, at]);
  }
}

/** Each lookup that runs, or each of its disjoint paths. */
function runningPaths(pool: PoolState<Talk>): readonly Searching<Talk>[] {
  return runningQueries(pool).flatMap(({ query }) => pathsOf(query));
}

/** R06: the k closest that are neither failed nor silent; once they have all answered, the lookup is over. */
function judgeWindow({ config, candidates }: Searching<Talk>): void {
  const usable = candidates.filter((it) => it.status !== 'failed' && it.status !== 'silent');
  const window = config.kind === 'each' ? usable : usable.slice(0, config.k);
  const open = window.filter((it) => it.status !== 'answered');
  claim(open.length > 0, 'R06: a lookup whose window has answered is over', () => candidates.map(briefly));
}

/** R04: no slot stays free while somebody in the window is fresh, or may be sent what was parked. */
function judgeSlots(query: Searching<Talk>): void {
  const { config, candidates, open, unproductive } = query;
  const { alpha, k, kind, stall } = config;
  const most = kind === 'each' ? alpha : Math.max(alpha, k);
  const width = stall === 'widen' && unproductive >= alpha ? most : alpha;
  const inFlight = inFlightOf(query);
  const prompt = inFlight.filter((it) => it.phase !== 'slow').length;
  if (prompt >= width || inFlight.length >= most) return;
  claim(!open.some((it) => it.phase === 'ready'), 'R04: what was parked goes as soon as there is a slot', () => open);
  const parked = open.filter((it) => it.phase === 'parked').length;
  if (parked >= Math.max(most, k)) return;
  const usable = candidates.filter((it) => it.status !== 'failed' && it.status !== 'silent');
  const window = kind === 'each' ? usable : usable.slice(0, k);
  const idle = window.filter((it) => it.status === 'fresh').map(briefly);
  claim(idle.length === 0, 'R04: a free slot is filled in the step that freed it', () => ({ idle, open }));
}

/** When each thing in the pool moves on by itself. */
function instantsOf(pool: PoolState<Talk>): Instant[] {
  const lookups = runningPaths(pool);
  return [
    ...(pool.releaseAt === undefined ? [] : [pool.releaseAt]),
    ...pool.queue.map((it) => it.expiresAt),
    ...lookups.map((it) => it.startedAt + it.config.deadline),
    ...lookups.flatMap((it) => it.open.flatMap(instantOf)),
  ];
}

function instantOf(request: OpenRequest): Instant[] {
  if (request.phase === 'asked') return [request.slowAt, request.deadline];
  if (request.phase === 'slow') return [request.deadline];
  return request.phase === 'listening' ? [request.until] : [];
}

/** Checks how a lookup ended. `heard`: whom it knew of in that very step. */
export function judgeEnd(
  report: QueryReport<Talk>,
  heard: readonly { readonly id?: Id | undefined; readonly endpoint: string }[],
  { k, deadline, quorum, paths }: QuerySettings,
): void {
  // Each disjoint path brings k.
  checkReport(report, paths * k);
  const { reason, closest, asked, target, kind, values, elapsed, counts } = report;
  claim(elapsed <= deadline, 'U01: a lookup ends in time', () => elapsed);
  const isInTime = reason !== 'expired' || elapsed === deadline || counts.requests === 0;
  claim(isInTime, 'U01: a lookup expires at its deadline, or before it began', () => elapsed);
  claim(reason !== 'found' || (kind === 'first' && values.length > 0), 'T06: found is a value', () => report);
  const givers = asked.filter((it) => it.gave).length;
  claim(reason !== 'quorum' || (kind === 'quorum' && givers >= quorum), 'R03: a quorum is enough nodes', () => report);
  claim(new Set(asked.map((it) => it.endpoint)).size === asked.length, 'T16: nobody is asked twice', () => asked);
  if (paths > 1 || (reason !== 'converged' && reason !== 'exhausted')) return;
  claim(
    reason === 'exhausted' || kind === 'each' || closest.length === k,
    'R06 F33: convergence takes k answers',
    () => closest,
  );
  const settled = new Set(asked.filter((it) => it.result !== 'abandoned').map((it) => it.endpoint));
  const edge = closest.at(-1);
  // Who has no known id has no distance, and comes after all others.
  const isNearer = (id?: Id): boolean => {
    if (reason === 'exhausted' || kind === 'each' || edge === undefined) return true;
    return id !== undefined && awayOf(id, target) < awayOf(edge.id, target);
  };
  const left = heard.filter((it) => isNearer(it.id) && !settled.has(it.endpoint));
  claim(left.length === 0, 'R06 F33: nobody nearer, or in reach, is left without an answer', () => ({ reason, left }));
}

/** D19: where everybody knows everybody and nobody failed, the result is the truth. */
export function judgeTruth(report: QueryReport<Talk>, model: Model, self: Id, k: number): void {
  const { reason, counts, closest, target, kind } = report;
  if (kind === 'each' || (reason !== 'converged' && reason !== 'exhausted')) return;
  if (counts.silent + counts.failed > 0 || closest.length === 0) return;
  const others = model.nodes.map((it) => it.contact).filter((it) => it.id !== self);
  const truth = rankContacts(others, target)
    .slice(0, k)
    .map((it) => it.endpoint);
  // Disjoint paths bring more.
  const found = closest.slice(0, k).map((it) => it.endpoint);
  claim(found.join() === truth.join(), 'D19: where nobody failed, the k closest are the true ones', () => [
    found,
    truth,
  ]);
}

/** F19: the book, the lookups and the wire know the same requests. */
export function judgeBooks({ owed, pool, wire, packets }: World): void {
  const book = owed.map((it) => it.request);
  const left = (it: OpenRequest): boolean => it.phase !== 'parked' && it.phase !== 'ready';
  const lookups = runningPaths(pool).flatMap((path) => path.open.filter(left).map((it) => it.request));
  claim(same(book, lookups), 'G16: what is open is what the lookups await', () => ({ book, lookups }));
  const tied = maps.entries(wire.open).map((it) => it.value.request);
  const held = wire.held.map((it) => it.request);
  claim(same(book, [...tied, ...held]), 'F19: what is open is what the wire has open', () => ({ book, tied, held }));
  const isComing = packets.some((it) => it.kind === 'entropy');
  claim(held.length === 0 || isComing, 'F03: what is held waits for entropy that is on its way', () => held);
  claim(wire.tids.size === tied.length, 'F19: each open transaction is known by its request', () => wire.tids.size);
}

/** Checks a world in which nothing is under way any more. */
export function judgeRest(pool: PoolState<Talk>, wire: WireState<Talk>, deadline: Instant | undefined): void {
  const { running, queue, parked, inFlight, flying, lanes } = pool;
  const rest = [running.size, queue.length, parked.length, inFlight.size, flying, lanes.size];
  claim(
    rest.every((it) => it === 0),
    'G13: nothing is left of lookups that have ended',
    () => rest,
  );
  claim(wire.open.size + wire.tids.size + wire.held.length === 0, 'F19: nothing is left in the wire', () => wire);
  claim(deadline === undefined, 'F45: no deadline is left over', () => deadline);
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && new Set(a).size === a.length && a.every((it) => b.includes(it));
}

function briefly(it: Candidate<Talk>): string {
  return `${it.endpoint} ${it.status}`;
}
