/** Runs a pool over a model, under a schedule, with only its deadlines to wake it; every step is checked. */
import {
  advancePool,
  type Instant,
  initPool,
  nextPoolDeadline,
  type PoolConfig,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  type QueryReport,
} from '@xorrery/core';
import type { Model, Plain } from './model.ts';
import { checkPoolState } from './pool-invariants.ts';
import { checkReport } from './query-invariants.ts';
import { answersTo, eventOf, type Move, type Pending } from './schedule.ts';
import { claim } from './violation.ts';

export type Addition = Extract<PoolEvent<Plain>, { type: 'add' }>;

export type PoolMove =
  | Move
  /** One of the lookups is added (again: a duplicate, unless it has ended). */
  | { readonly move: 'add'; readonly which: number }
  /** One of the lookups is cancelled, running or not. */
  | { readonly move: 'drop'; readonly which: number }
  | { readonly move: 'close' };

export interface PoolDrive {
  readonly config: PoolConfig;
  readonly model: Model;
  /** Added at the start, in this order. */
  readonly additions: readonly Addition[];
  readonly schedule?: readonly PoolMove[];
  /** What becomes of requests once the schedule is over. Default `silence`. */
  readonly afterwards?: 'silence' | 'answers';
  /** Each state passes through this before it is used again, e.g. a codec. */
  readonly carry?: (state: PoolState<Plain>) => PoolState<Plain>;
  readonly onStep?: (state: PoolState<Plain>, now: Instant) => void;
}

export interface PoolRun {
  readonly state: PoolState<Plain>;
  /** Reports in the order in which they came. */
  readonly reports: readonly { readonly id: string; readonly at: Instant; readonly report: QueryReport<Plain> }[];
  readonly accepted: number;
  readonly rejected: number;
  readonly log: readonly (readonly PoolEffect<Plain>[])[];
  readonly now: Instant;
}

const MAX_STEPS = 100_000;

export function drivePool({
  config,
  model,
  additions,
  schedule = [],
  afterwards = 'silence',
  carry = (it) => it,
  onStep,
}: PoolDrive): PoolRun {
  const pending = new Map<number, Pending & { readonly id: string }>();
  const targets = new Map(additions.map((it) => [it.id, it.config.target]));
  const alive = new Set<string>();
  const reports: PoolRun['reports'][number][] = [];
  const log: PoolRun['log'][number][] = [];
  let state: PoolState<Plain> = initPool(config);
  let now: Instant = 0;
  let accepted = 0;
  let rejected = 0;

  const step = (event: PoolEvent<Plain>): void => {
    const taken = advancePool(carry(state), event, now);
    state = taken.state;
    log.push(taken.effects);
    if (event.type === 'add') {
      const refused = taken.effects.some((it) => it.type === 'rejected' && it.id === event.id);
      claim(
        !refused || !taken.effects.some((it) => it.type === 'query' && it.id === event.id && !alive.has(it.id)),
        'F08: a refused lookup says nothing',
      );
      if (refused) rejected++;
      else {
        claim(!alive.has(event.id), 'F08: a duplicate is refused', () => event.id);
        accepted++;
        alive.add(event.id);
      }
    }
    if (event.type === 'query' && event.event.type !== 'timeout') pending.delete(event.event.request);
    for (const envelope of taken.effects) if (envelope.type === 'query') note(envelope.id, envelope.effect);
    checkPoolState(state, now);
    onStep?.(state, now);
  };
  const note = (id: string, effect: Extract<PoolEffect<Plain>, { type: 'query' }>['effect']): void => {
    claim(alive.has(id), 'F09: nothing is said of a lookup that has ended', () => ({ id, effect }));
    if (effect.type === 'send') {
      claim(!pending.has(effect.request), 'request numbers are unique', () => effect.request);
      const target = targets.get(id);
      claim(target !== undefined, 'only what was added runs');
      pending.set(effect.request, { id, request: effect.request, endpoint: effect.to.endpoint, target });
    } else if (effect.type === 'abandon') {
      claim(pending.delete(effect.request), 'G16: only what is open is abandoned, once', () => effect);
    } else if (effect.type === 'finished') {
      const left = [...pending.values()].filter((it) => it.id === id);
      claim(left.length === 0, 'R06: nothing is open once a lookup has ended', () => left);
      checkReport(effect.report);
      reports.push({ id, at: now, report: effect.report });
      alive.delete(id);
    }
  };

  for (const addition of additions) step(addition);
  for (const move of schedule) {
    if (move.move === 'wait') now = nextPoolDeadline(state) ?? now;
    if (move.move === 'pass') now += move.ms;
    const event = poolEventOf(move, [...pending.values()], model, additions);
    if (event !== undefined) step(event);
  }
  for (let steps = 0; alive.size > 0; steps++) {
    claim(steps < MAX_STEPS, 'U01: lookups end', () => [...alive]);
    const [event] = afterwards === 'answers' ? [...pending.values()].flatMap((it) => answersTo(it, model)) : [];
    if (event !== undefined) {
      step({ type: 'query', event });
      continue;
    }
    const deadline = nextPoolDeadline(state);
    claim(deadline !== undefined, 'F03: who is not done wants to be woken', () => [...alive]);
    now = deadline;
    step({ type: 'tick' });
  }
  claim(reports.length === accepted, 'U01: each accepted lookup has exactly one report', () => reports.length);
  claim(nextPoolDeadline(state) === undefined, 'F45: no deadline is left over');
  const { running, queue, parked, inFlight, flying, lanes } = state;
  const rest = running.size + queue.length + parked.length + inFlight.size + flying + lanes.size;
  claim(rest === 0, 'G13: nothing is left of lookups that have ended', () => state);
  return { state, reports, accepted, rejected, log, now };
}

function poolEventOf(
  move: PoolMove,
  pending: readonly Pending[],
  model: Model,
  additions: readonly Addition[],
): PoolEvent<Plain> | undefined {
  switch (move.move) {
    case 'wait':
    case 'pass':
      return { type: 'tick' };
    case 'close':
      return { type: 'close' };
    case 'add':
      return additions[move.which % Math.max(1, additions.length)];
    case 'drop': {
      const addition = additions[move.which % Math.max(1, additions.length)];
      return addition && { type: 'cancel', id: addition.id };
    }
  }
  const event = eventOf(move, pending, model);
  if (event?.type !== 'response' && event?.type !== 'timeout' && event?.type !== 'failure') return undefined;
  return { type: 'query', event };
}
