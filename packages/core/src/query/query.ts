/**
 * The iterative lookup: asks ever closer nodes until the k closest it knows of have answered (stop.ts says when).
 *
 * Each step has three beats. *Expire*: every request whose time has come moves on, not just the first. *Absorb*: the
 * event is taken in; an answer counts only if it is owed. *Proceed*: stop, or fill the free slots with the closest
 * fresh candidates of the window, in the same step in which a slot became free. Requests are made in `fill` and nowhere
 * else. There are no rounds: a slow node never holds up a fast one.
 *
 * It refuses to: open sockets, choose transaction ids, judge tokens or values, retry a node, or ask one twice.
 * Remote input cannot throw here; what is not owed is counted.
 */

import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { emptyMap } from '../map.ts';
import type { Protocol } from '../message.ts';
import { absorb } from './absorb.ts';
import { checkQueryConfig, type QueryConfig } from './config.ts';
import { type Draft, draftOf, type Effects } from './draft.ts';
import { expire, movesOnAt } from './expire.ts';
import { fill } from './fill.ts';
import { introduce } from './learn.ts';
import { reportOf } from './report.ts';
import { verdict } from './stop.ts';
import { ALONE, type Surroundings } from './surroundings.ts';
import type { Dropped, FinishReason, QueryEffect, QueryEvent, QueryState, Searching, Seed } from './types.ts';

const NOTHING_DROPPED: Dropped = { candidates: 0, values: 0, unowed: 0 };

/** The lookup for one protocol's types. */
export type QueryMachine<P extends Protocol> = Machine<QueryConfig<P>, QueryState<P>, QueryEvent<P>, QueryEffect<P>>;

export function initQuery<P extends Protocol>(config: QueryConfig<P>): QueryState<P> {
  checkQueryConfig(config);
  return { status: 'idle', config };
}

export function advanceQuery<P extends Protocol>(
  state: QueryState<P>,
  event: QueryEvent<P>,
  now: Instant,
  around: Surroundings = ALONE,
): Step<QueryState<P>, QueryEffect<P>> {
  if (state.status === 'ended') {
    if (event.type !== 'response' && event.type !== 'failure') return { state, effects: NO_EFFECTS };
    return { state: { ...state, unowed: state.unowed + 1 }, effects: NO_EFFECTS };
  }
  if (state.status === 'searching') {
    if (event.type === 'tick' && now < nextQueryDeadline(state)) return { state, effects: NO_EFFECTS };
    return run(draftOf(state), event, now, around);
  }
  if (event.type !== 'start' && event.type !== 'cancel') return { state, effects: NO_EFFECTS };
  if (event.type === 'cancel') return run(begin(state.config, [], 0, now, around), event, now, around);
  return run(begin(state.config, event.seeds, event.firstRequest, now, around), event, now, around);
}

/** The earliest instant at which a request or the lookup itself moves on without being told; later than the last step. */
export function nextQueryDeadline<P extends Protocol>(state: Searching<P>): Instant {
  let next = state.startedAt + state.config.deadline;
  for (const request of state.open) next = Math.min(next, movesOnAt(request));
  return next;
}

/** The machine, for one protocol's types. */
export function queryMachine<P extends Protocol>(): QueryMachine<P> {
  return {
    init: initQuery,
    advance: (state, event, now) => advanceQuery(state, event, now),
    nextDeadline: (state) => (state.status === 'searching' ? nextQueryDeadline(state) : undefined),
  };
}

function run<P extends Protocol>(
  draft: Draft<P>,
  event: QueryEvent<P>,
  now: Instant,
  around: Surroundings,
): Step<QueryState<P>, QueryEffect<P>> {
  const effects: Effects<P> = [];
  const before = draft.candidates;
  expire(draft, effects, now);
  const reason =
    now >= draft.startedAt + draft.config.deadline ? 'expired' : absorb(draft, effects, event, now, around);
  const ending = reason ?? verdict(draft);
  if (ending !== undefined) return finish(draft, effects, ending, now);
  fill(draft, effects, now, around, before);
  return { state: draft, effects };
}

function begin<P extends Protocol>(
  config: QueryConfig<P>,
  seeds: readonly Seed<P>[],
  firstRequest: number,
  now: Instant,
  around: Surroundings,
): Draft<P> {
  const draft: Draft<P> = {
    status: 'searching',
    config,
    startedAt: now,
    candidates: [],
    known: emptyMap(),
    open: [],
    firstRequest,
    nextRequest: firstRequest,
    values: [],
    valueKeys: emptyMap(),
    givers: 0,
    unproductive: 0,
    fruitless: 0,
    dropped: NOTHING_DROPPED,
  };
  introduce(draft, seeds, 0, around);
  return draft;
}

function finish<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  reason: FinishReason,
  now: Instant,
): Step<QueryState<P>, QueryEffect<P>> {
  const report = reportOf(draft, reason, now);
  for (const { request, endpoint } of draft.open) effects.push({ type: 'abandon', request, to: endpoint });
  effects.push({ type: 'finished', report });
  return { state: { status: 'ended', report, unowed: 0 }, effects };
}
