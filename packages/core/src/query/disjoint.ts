/**
 * Disjoint paths (Baumgart and Mies, S/Kademlia, 2007): several lookups towards one target, each with a shortlist of its
 * own, of which no two ask the same node. Adversaries who answer with one another can capture the paths that meet them,
 * not the others; so a value one path brings does not end the rest, and the result is what all of them found.
 *
 * It speaks a lookup's vocabulary: whoever runs it need not know. It refuses to: judge answers, or merge shortlists.
 */
import type { Contact } from '../contact.ts';
import type { Instant, Step } from '../machine.ts';
import { emptyMap, get, has, type PersistentMap, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { QueryConfig } from './config.ts';
import { advanceQuery, initQuery, nextQueryDeadline } from './query.ts';
import { compareCandidates, keyOf } from './shortlist.ts';
import type { Surroundings } from './surroundings.ts';
import type { Counts, FinishReason, Outcome, QueryEffect, QueryEvent, QueryReport, QueryState, Seed } from './types.ts';

/** Requests one path can number: what a lookup can number, divided among the most paths there may be. */
const STRIDE = 8_192;

export interface Disjoint<P extends Protocol> {
  readonly status: 'disjoint';
  readonly config: QueryConfig<P>;
  readonly startedAt: Instant;
  readonly firstRequest: number;
  readonly paths: readonly QueryState<P>[];
  /** By key of a candidate: the path that asks it. */
  readonly taken: PersistentMap<number>;
  /** Keys of the values that were told already. */
  readonly told: PersistentMap<true>;
}

type Draft<P extends Protocol> = { -readonly [K in keyof Disjoint<P>]: Disjoint<P>[K] };
type Ended<P extends Protocol> = Extract<QueryState<P>, { status: 'ended' }>;

/** Begins with the seeds dealt out among the paths, nearest first. */
export function beginDisjoint<P extends Protocol>(
  config: QueryConfig<P>,
  { seeds, held = [], firstRequest }: Extract<QueryEvent<P>, { type: 'start' }>,
  now: Instant,
  around: Surroundings,
): Step<Disjoint<P> | Ended<P>, QueryEffect<P>> {
  const d = config.paths;
  const alpha = Math.floor((config.alpha + d - 1) / d);
  const maxCandidates = Math.min(config.maxCandidates, STRIDE);
  const each = { ...config, paths: 1, alpha, maxCandidates };
  const draft: Draft<P> = {
    status: 'disjoint',
    config,
    startedAt: now,
    firstRequest,
    paths: Array.from({ length: d }, () => initQuery(each)),
    taken: emptyMap(),
    told: emptyMap(),
  };
  const effects: QueryEffect<P>[] = [];
  const inOrder = [...seeds].sort((a, b) => compareCandidates(config.target, placed(a), placed(b)));
  for (let path = 0; path < d; path++) {
    const own = inOrder.filter((_, i) => i % d === path);
    stepPath(
      draft,
      effects,
      path,
      { type: 'start', seeds: own, held, firstRequest: firstRequest + path * STRIDE },
      now,
      around,
    );
  }
  return concluded(draft, effects, now);
}

export function advanceDisjoint<P extends Protocol>(
  state: Disjoint<P>,
  event: QueryEvent<P>,
  now: Instant,
  around: Surroundings,
): Step<Disjoint<P> | Ended<P>, QueryEffect<P>> {
  const draft: Draft<P> = { ...state };
  const effects: QueryEffect<P>[] = [];
  const owner = 'request' in event ? Math.floor((event.request - state.firstRequest) / STRIDE) : -1;
  for (let path = 0; path < draft.paths.length; path++) {
    const query = draft.paths[path] as QueryState<P>;
    if (path === owner || event.type === 'cancel') stepPath(draft, effects, path, event, now, around);
    else if (query.status === 'searching' && now >= nextQueryDeadline(query)) {
      stepPath(draft, effects, path, { type: 'tick' }, now, around);
    }
  }
  return concluded(draft, effects, now);
}

export function nextDisjointDeadline<P extends Protocol>(state: Disjoint<P>): Instant {
  let next = state.startedAt + state.config.deadline;
  for (const path of state.paths) if (path.status === 'searching') next = Math.min(next, nextQueryDeadline(path));
  return next;
}

/** Steps a path, and again for each node it wanted that another path has: that one is none of its business. */
function stepPath<P extends Protocol>(
  draft: Draft<P>,
  effects: QueryEffect<P>[],
  path: number,
  event: QueryEvent<P>,
  now: Instant,
  around: Surroundings,
): void {
  const { identity } = draft.config;
  const events: QueryEvent<P>[] = [event];
  for (let next = events.shift(); next !== undefined; next = events.shift()) {
    const step = advanceQuery(draft.paths[path] as QueryState<P>, next, now, around);
    draft.paths = draft.paths.map((it, i) => (i === path ? step.state : it));
    for (const effect of step.effects) {
      if (effect.type === 'send') {
        const key = keyOf(identity, effect.to.id, effect.to.endpoint);
        const owner = get(draft.taken, key);
        if (owner !== undefined && owner !== path) {
          events.push({ type: 'failure', request: effect.request, cause: 'other-path' });
          continue;
        }
        if (owner === undefined) draft.taken = set(draft.taken, key, path);
      }
      relay(draft, effects, path, effect);
    }
  }
}

function relay<P extends Protocol>(
  draft: Draft<P>,
  effects: QueryEffect<P>[],
  path: number,
  effect: QueryEffect<P>,
): void {
  if (effect.type === 'finished') return;
  if (effect.type === 'recalled') {
    if (path === 0) effects.push(effect);
    return;
  }
  if (effect.type !== 'progressed') {
    effects.push(effect);
    return;
  }
  const values = effect.values.filter((value) => !has(draft.told, value.key));
  for (const { key } of values) draft.told = set(draft.told, key, true);
  effects.push({ ...effect, values });
}

/** Over when every path is. */
function concluded<P extends Protocol>(
  draft: Draft<P>,
  effects: QueryEffect<P>[],
  now: Instant,
): Step<Disjoint<P> | Ended<P>, QueryEffect<P>> {
  const reports: QueryReport<P>[] = [];
  for (const path of draft.paths) if (path.status === 'ended') reports.push(path.report);
  if (reports.length < draft.paths.length) return { state: draft, effects };
  const report = mergedReport(draft, reports, now - draft.startedAt);
  effects.push({ type: 'finished', report });
  return { state: { status: 'ended', report, unowed: 0 }, effects };
}

/** The reason that says most about the whole comes first. */
const REASONS: readonly FinishReason[] = [
  'closed',
  'cancelled',
  'expired',
  'found',
  'quorum',
  'converged',
  'exhausted',
];

function mergedReport<P extends Protocol>(
  { config }: Draft<P>,
  reports: readonly QueryReport<P>[],
  elapsed: Instant,
): QueryReport<P> {
  const { kind, target } = config;
  const byDistance = (a: Placed, b: Placed): number => compareCandidates(target, a, b);
  const asked = reports.flatMap((it) => it.asked.filter((outcome) => outcome.cause !== 'other-path')).sort(byDistance);
  const closest = reports.flatMap((it) => it.closest).sort(byDistance);
  const nearestFresh = reports.flatMap((it) => it.evidence.nearestFresh ?? []).sort(byDistance)[0];
  const values = new Map(reports.flatMap((it) => it.values.map((value) => [value.key, value] as const)));
  const sum = (of: (report: QueryReport<P>) => number): number => reports.reduce((total, it) => total + of(it), 0);
  return {
    kind,
    target,
    reason: REASONS.find((reason) => reports.some((it) => it.reason === reason)) as FinishReason,
    closest,
    values: [...values.values()],
    asked,
    counts: countsOfAll(reports),
    evidence: {
      window: sum((it) => it.evidence.window),
      ...(nearestFresh === undefined ? undefined : { nearestFresh }),
      open: sum((it) => it.evidence.open),
    },
    dropped: {
      candidates: sum((it) => it.dropped.candidates),
      values: sum((it) => it.dropped.values),
      unowed: sum((it) => it.dropped.unowed),
    },
    hops: hopsTo(closest[0], asked),
    elapsed,
  };
}

/** What was never sent is not counted: it failed only because another path had it. */
function countsOfAll<P extends Protocol>(reports: readonly QueryReport<P>[]): Counts {
  const total = { requests: 0, answered: 0, failed: 0, silent: 0, abandoned: 0, late: 0 };
  for (const { counts, asked } of reports) {
    const unsent = asked.filter((it) => it.cause === 'other-path').length;
    total.requests += counts.requests - unsent;
    total.failed += counts.failed - unsent;
    total.answered += counts.answered;
    total.silent += counts.silent;
    total.abandoned += counts.abandoned;
    total.late += counts.late;
  }
  return total;
}

function hopsTo(nearest: Contact | undefined, asked: readonly Outcome[]): number {
  return asked.find((it) => it.id === nearest?.id && it.result === 'answered')?.hops ?? 0;
}

interface Placed {
  readonly id: Contact['id'] | undefined;
  readonly endpoint: string;
}

function placed<P extends Protocol>({ id, endpoint }: Seed<P>): Placed {
  return { id, endpoint };
}
