/**
 * What must hold of a lookup after every step, whatever happened to it. Each check throws `ViolationError` with the
 * promise that was broken. Everything is worked out from the state and the effects, in the plainest way.
 */
import {
  type Candidate,
  countsOf,
  type Instant,
  nextQueryDeadline,
  type OpenRequest,
  type Protocol,
  type QueryEffect,
  type QueryEvent,
  type QueryReport,
  type QueryState,
  type Searching,
  type Step,
} from '@xorrery/core';
import { awayOf } from './model.ts';
import { claim } from './violation.ts';

/** Checks a state by itself: its limits, its order, and that its parts agree. */
export function checkQueryState<P extends Protocol>(state: QueryState<P>, now: Instant): void {
  if (state.status === 'ended') checkReport(state.report);
  if (state.status !== 'searching') return;
  checkLimits(state);
  checkShortlist(state);
  checkOpen(state);
  const { requests, answered, failed, silent, abandoned, late } = countsOf(state);
  claim(answered + failed + silent + abandoned === requests, 'F10: the counts add up', () => countsOf(state));
  claim(late <= answered, 'F10: a late answer is an answer', () => countsOf(state));
  claim(nextQueryDeadline(state) > now, 'F02: the next deadline is later than now', () => [now, state.open]);
  claim(new Set(state.values.map((it) => it.key)).size === state.values.length, 'a value is kept once');
}

/** Checks a report: at most k, nearest first, only responders, never ourselves, and counts that add up. */
export function checkReport<P extends Protocol>(report: QueryReport<P>, k?: number): void {
  const { closest, asked, counts, target, kind } = report;
  const responders = asked.filter((it) => it.result === 'answered').map((it) => `${it.id} ${it.endpoint}`);
  claim(k === undefined || kind === 'each' || closest.length <= k, 'T09: at most k in the result', () => closest);
  for (const { id, endpoint } of closest) {
    claim(responders.includes(`${id} ${endpoint}`), 'T09: only responders in the result', () => endpoint);
  }
  claim(
    new Set(closest.map((it) => `${it.id} ${it.endpoint}`)).size === closest.length,
    'T09: nobody twice in the result',
    () => closest,
  );
  if (kind !== 'each') {
    for (let i = 1; i < closest.length; i++) {
      const [a, b] = [closest[i - 1], closest[i]];
      claim(a !== undefined && b !== undefined && awayOf(a.id, target) <= awayOf(b.id, target), 'T09: nearest first');
    }
  }
  const { requests, answered, failed, silent, abandoned } = counts;
  claim(answered + failed + silent + abandoned === requests, 'F10: the counts of the report add up', () => counts);
  claim(asked.length === requests, 'D22: everybody asked is reported, and was asked once', () => counts);
  for (const result of ['answered', 'failed', 'silent', 'abandoned'] as const) {
    const named = asked.filter((it) => it.result === result).length;
    claim(named === counts[result], `F11: the outcomes named agree with the count of ${result}`, () => counts);
  }
  claim(
    asked.every((it) => (it.cause !== undefined) === (it.result === 'failed')),
    'F11: each failure has a cause',
  );
}

/** Checks one step: what it yielded fits what happened, and the end comes once, last, and for good. */
export function checkQueryStep<P extends Protocol>(
  before: QueryState<P>,
  event: QueryEvent<P>,
  { state, effects }: Step<QueryState<P>, QueryEffect<P>>,
  now: Instant,
): void {
  checkQueryState(state, now);
  const ends = effects.filter((it) => it.type === 'finished').length;
  claim(ends <= 1, 'F09: one report', () => effects);
  claim(ends === 0 || effects.at(-1)?.type === 'finished', 'R06: nothing after the report', () => effects);
  claim((ends === 1) === (before.status !== 'ended' && state.status === 'ended'), 'F09: the report is the end');
  if (before.status === 'ended') claim(effects.length === 0, 'F09: nothing after the end', () => effects);
  checkEndings(before, event, state, effects);
  const sends = effects.filter((it) => it.type === 'send');
  if (state.status !== 'searching' || sends.length === 0) return;
  const { alpha, k, kind, stall } = state.config;
  const most = kind === 'each' ? alpha : Math.max(alpha, k);
  const width = stall === 'widen' && state.unproductive >= alpha ? most : alpha;
  const prompt = inFlightOf(state).filter((it) => it.phase !== 'slow').length;
  claim(prompt <= width, `R09: after sending, requests not yet slow are within ${width}`, () => state.open);
}

/** Requests that occupy a slot: not listened to, not waiting for a busy endpoint, nor for a slot. */
export function inFlightOf<P extends Protocol>(state: Searching<P>): Searching<P>['open'] {
  const isWaiting = (it: OpenRequest): boolean =>
    it.phase === 'ready' || it.phase === 'listening' || (it.phase === 'parked' && it.by === 'endpoint');
  return state.open.filter((it) => !isWaiting(it));
}

/** Checks how many requests a lookup has in flight (T16, R09). */
export function checkInFlight<P extends Protocol>(state: Searching<P>): void {
  const { alpha, k, kind, stall, slowAfter } = state.config;
  const hard = kind === 'each' || (stall === 'off' && slowAfter === 'off') ? alpha : Math.max(alpha, k);
  claim(inFlightOf(state).length <= hard, `T16 R09: at most ${hard} in flight`, () => state.open);
}

function checkLimits<P extends Protocol>(state: Searching<P>): void {
  const { maxCandidates, maxListening, maxValues } = state.config;
  const listening = state.open.filter((it) => it.phase === 'listening').length;
  claim(listening <= maxListening, `at most ${maxListening} listening`, () => state.open);
  claim(state.candidates.length <= maxCandidates, `at most ${maxCandidates} candidates`, () => state.candidates.length);
  claim(state.values.length <= maxValues, `at most ${maxValues} values`, () => state.values.length);
}

function checkShortlist<P extends Protocol>({ config, candidates, known }: Searching<P>): void {
  claim(!candidates.some((it) => it.id === config.self), 'J13: we are no candidate', () => candidates);
  // Whoever is given is asked, even if two turn out to be one.
  if (config.kind === 'each') return;
  const keyOf = (it: Candidate<P>): string => (config.identity === 'id' && it.id !== undefined ? it.id : it.endpoint);
  claim(
    new Set(candidates.map(keyOf)).size === candidates.length,
    'T09: each candidate is known once',
    () => candidates,
  );
  // Identified by its id, a candidate is found at its place in the list; the others are noted by their keys.
  const noted = candidates.filter((it) => config.identity !== 'id' || it.id === undefined);
  claim(known.size === noted.length, 'the keys are those of the candidates', () => [known.size, candidates]);
  for (let i = 1; i < candidates.length; i++) {
    const [a, b] = [candidates[i - 1] as Candidate<P>, candidates[i] as Candidate<P>];
    claim(inOrder(a, b, config.target), 'T15: the shortlist is in order', () => [a, b]);
  }
}

function inOrder<P extends Protocol>(a: Candidate<P>, b: Candidate<P>, target: QueryReport<P>['target']): boolean {
  if (a.id === undefined) return b.id === undefined && a.endpoint < b.endpoint;
  if (b.id === undefined) return true;
  const [near, far] = [awayOf(a.id, target), awayOf(b.id, target)];
  return near < far || (near === far && a.endpoint < b.endpoint);
}

/** Each open request has exactly the one candidate that says so, and the other way round. */
function checkOpen<P extends Protocol>({ candidates, open, firstRequest, nextRequest }: Searching<P>): void {
  const asked = candidates.flatMap((it) => (it.status === 'asked' ? [it.request] : []));
  const silent = candidates.flatMap((it) => (it.status === 'silent' ? [it.request] : []));
  claim(new Set([...asked, ...silent]).size === asked.length + silent.length, 'T16: one request a candidate');
  const slots = open.filter((it) => it.phase !== 'listening').map((it) => it.request);
  const listening = open.filter((it) => it.phase === 'listening').map((it) => it.request);
  claim(sameSet(slots, asked), 'T16: asked candidates are those with a request in flight', () => [slots, asked]);
  claim(
    listening.every((it) => silent.includes(it)),
    'R08: only the silent are listened to',
    () => [listening, silent],
  );
  claim(
    open.every((it) => it.request >= firstRequest && it.request < nextRequest),
    'requests are numbered in order',
  );
}

/** G16: whatever was open and is no more, ended in exactly one way. */
function checkEndings<P extends Protocol>(
  before: QueryState<P>,
  event: QueryEvent<P>,
  after: QueryState<P>,
  effects: readonly QueryEffect<P>[],
): void {
  const stillOpen = after.status === 'searching' ? after.open.map((it) => it.request) : [];
  const wasOpen = before.status === 'searching' ? before.open.map((it) => it.request) : [];
  const sent = effects.flatMap((it) => (it.type === 'send' ? [it.request] : []));
  const endings: number[] = effects.flatMap((it) =>
    it.type === 'progressed' || it.type === 'abandon' ? [it.request] : [],
  );
  const judged = (event.type === 'response' || event.type === 'failure') && hadLeft(before, event.request);
  // A failure, or an answer that was a misfit, ends its request without an effect of its own.
  if (judged && !endings.includes(event.request)) endings.push(event.request);
  const gone = [...new Set([...wasOpen, ...sent])].filter((it) => !stillOpen.includes(it));
  claim(sameSet(gone, endings), 'G16: each send ends in exactly one way', () => ({ gone, endings, event, effects }));
}

/** Whether a request was open and had really left: one that is parked, or waits for a slot, cannot be answered. */
function hadLeft<P extends Protocol>(before: QueryState<P>, request: number): boolean {
  const open = before.status === 'searching' ? before.open : [];
  return open.some((it) => it.request === request && it.phase !== 'parked' && it.phase !== 'ready');
}

function sameSet(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && new Set(a).size === a.length && a.every((it) => b.includes(it));
}
