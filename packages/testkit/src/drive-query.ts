/**
 * Runs a lookup over a model, under a schedule, with only its deadlines to wake it; every step is checked against the
 * invariants. When the schedule is over, nobody answers any more, and the deadlines alone must bring the end.
 */
import {
  advanceQuery,
  type Endpoint,
  type Instant,
  initQuery,
  type QueryConfig,
  type QueryEffect,
  type QueryEvent,
  type QueryReport,
  type QueryState,
  queryMachine,
  type Seed,
} from '@xorrery/core';
import type { Model, Plain } from './model.ts';
import { checkQueryStep, checkReport } from './query-invariants.ts';
import { answersTo, eventOf, type Move, type Pending } from './schedule.ts';
import { claim } from './violation.ts';

export interface QueryRun {
  readonly state: QueryState<Plain>;
  readonly report: QueryReport<Plain>;
  /** Endpoints in the order in which they were asked. */
  readonly asked: readonly Endpoint[];
  /** All that happened, in order. */
  readonly log: readonly {
    readonly at: Instant;
    readonly event: QueryEvent<Plain>;
    readonly effects: readonly QueryEffect<Plain>[];
  }[];
  /** Reports that came, over the whole run. */
  readonly ends: number;
  readonly now: Instant;
}

export interface QueryDrive {
  readonly config: QueryConfig<Plain>;
  readonly model: Model;
  readonly seeds: readonly Seed<Plain>[];
  readonly schedule?: readonly Move[];
  /** What becomes of requests once the schedule is over: nothing (the default), or answers in order of sending. */
  readonly afterwards?: 'silence' | 'answers';
  /** Each state passes through this before it is used again, e.g. a codec. */
  readonly carry?: (state: QueryState<Plain>) => QueryState<Plain>;
  /** Checks of the test's own. */
  readonly onStep?: (state: QueryState<Plain>, now: Instant) => void;
}

const machine = queryMachine<Plain>();

/** Steps that a lookup over a small model may need: above this it does not end. */
const MAX_STEPS = 100_000;

export function driveQuery({
  config,
  model,
  seeds,
  schedule = [],
  afterwards = 'silence',
  carry = (it) => it,
  onStep,
}: QueryDrive): QueryRun {
  const log: QueryRun['log'][number][] = [];
  const asked: Endpoint[] = [];
  const keys: string[] = [];
  const numbers = new Set<number>();
  const { target, identity } = config;
  let ends = 0;
  let now: Instant = 0;
  let state: QueryState<Plain> = initQuery(config);
  let report: QueryReport<Plain> | undefined;

  const step = (event: QueryEvent<Plain>): void => {
    const before = carry(state);
    const taken = advanceQuery(before, event, now);
    checkQueryStep(before, event, taken, now);
    state = taken.state;
    log.push({ at: now, event, effects: taken.effects });
    for (const effect of taken.effects) {
      // A request that was parked is sent again under its own number; that is no second asking.
      if (effect.type === 'send' && !numbers.has(effect.request)) {
        numbers.add(effect.request);
        asked.push(effect.to.endpoint);
        keys.push(identity === 'id' ? (effect.to.id ?? effect.to.endpoint) : effect.to.endpoint);
      }
      if (effect.type === 'finished') {
        ends++;
        report = effect.report;
        checkReport(report, config.k);
      }
    }
    onStep?.(state, now);
  };
  const open = (left = false): readonly Pending[] => {
    const all = state.status === 'searching' ? state.open : [];
    const some = left ? all.filter((it) => it.phase !== 'parked' && it.phase !== 'ready') : all;
    return some.map(({ request, endpoint }) => ({ request, endpoint, target }));
  };

  step({ type: 'start', seeds, firstRequest: 0 });
  for (const move of schedule) {
    if (move.move === 'wait') now = machine.nextDeadline(state) ?? now;
    if (move.move === 'pass') now += move.ms;
    const event = eventOf(move, open(), model);
    if (event !== undefined) step(event);
  }
  for (let steps = 0; state.status === 'searching'; steps++) {
    claim(steps < MAX_STEPS, 'U01: a lookup ends', () => state);
    const [event] = afterwards === 'answers' ? open(true).flatMap((it) => answersTo(it, model)) : [];
    if (event !== undefined) {
      step(event);
      continue;
    }
    const deadline = machine.nextDeadline(state);
    claim(deadline !== undefined, 'F03: who is not done wants to be woken', () => state);
    now = deadline;
    step({ type: 'tick' });
  }
  claim(new Set(keys).size === keys.length, 'T16: nobody is asked twice', () => asked);
  claim(report !== undefined && ends === 1, 'F09: exactly one report', () => ends);
  claim(machine.nextDeadline(state) === undefined, 'F45: no deadline is left over');
  return { state, report, asked, log, ends, now };
}
