/**
 * When what is stored in the network is stored again. Each key we keep published has an interval of its own, lengthened
 * by chance so that keys published together drift apart; a round is skipped when somebody else has just stored the same
 * (Kademlia 2002, section 2.5), and rounds are paced: a few at once, with a gap between starts.
 *
 * It refuses to: know what is stored, or store it. The node does, and says when a round has ended.
 */

import { checkInteger } from '../errors.ts';
import type { Id } from '../id.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { emptyMap, entries, firstDue, get, has, NEVER, type PersistentMap, remove, set } from '../map.ts';
import { NONE } from '../none.ts';
import { nextBelow, type Random, seedRandom } from '../random.ts';

export interface ScheduleConfig {
  /** Keys of our own that are kept published. Further ones are refused. */
  readonly maxKept: number;
  /** ms after which what others stored here is handed on to whoever is closest then; `off`: never. */
  readonly replicate: Instant | 'off';
  /** Keys of others that are handed on. Further ones are not. */
  readonly maxReplicated: number;
  /** Rounds at once. */
  readonly maxRunning: number;
  /** Least ms between two starts. */
  readonly gap: Instant;
  readonly seed: number;
}

export const DEFAULT_SCHEDULE: Omit<ScheduleConfig, 'seed'> = {
  maxKept: 1_024,
  replicate: 'off',
  maxReplicated: 1_024,
  maxRunning: 3,
  gap: 500,
};

export type ScheduleEvent =
  /** Keep what we published under this key: it was just stored. */
  | { readonly type: 'kept'; readonly target: Id; readonly every: Instant }
  /** Keep what a former run published under this key: it is due once there is anybody to store it at. */
  | { readonly type: 'resumed'; readonly target: Id; readonly every: Instant }
  /** We have joined: what waits for that is due now. */
  | { readonly type: 'joined' }
  /** There is nothing to store any more. */
  | { readonly type: 'dropped'; readonly owner: Owner; readonly target: Id }
  /** Somebody else stored the same under this key, here: as its publisher, or as a holder who hands it on. */
  | { readonly type: 'stored-by-other'; readonly target: Id; readonly by: 'publisher' | 'holder' }
  | { readonly type: 'round-ended'; readonly owner: Owner; readonly target: Id }
  /** Our address changed: everything of our own is due now, one after the other. */
  | { readonly type: 'hasten' }
  | { readonly type: 'tick' };

export type ScheduleEffect =
  /** Store it again. */
  { readonly type: 'publish-again'; readonly owner: Owner; readonly target: Id };

/** Whether we publish it ourselves, or hand on what another published. */
export type Owner = 'own' | 'other';

interface Kept {
  readonly target: Id;
  readonly every: Instant;
  readonly owner: Owner;
}

/**
 * - `idle`: no round runs. `publishing`: at least one does, with room for another. `busy`: as many as may be run.
 */
export interface ScheduleState {
  readonly status: 'idle' | 'publishing' | 'busy';
  readonly config: ScheduleConfig;
  readonly random: Random;
  /** By owner and target, due at the next round; never while a round runs, or while it waits for the join. */
  readonly kept: PersistentMap<Kept>;
  /** How many of those are of others. */
  readonly replicated: number;
  readonly running: readonly string[];
  readonly startFrom: Instant;
}

export type ScheduleMachine = Machine<ScheduleConfig, ScheduleState, ScheduleEvent, ScheduleEffect>;

export function checkScheduleConfig(config: Omit<ScheduleConfig, 'seed'>): void {
  checkInteger('publish.maxKept', config.maxKept, 0, 1_000_000);
  if (config.replicate !== 'off') checkInteger('publish.replicate', config.replicate, 1);
  checkInteger('publish.maxReplicated', config.maxReplicated, 0, 1_000_000);
  checkInteger('publish.maxRunning', config.maxRunning, 1, 64);
  checkInteger('publish.gap', config.gap, 0, 86_400_000);
}

export function initSchedule(config: ScheduleConfig): ScheduleState {
  checkScheduleConfig(config);
  const random = seedRandom(config.seed);
  return { status: 'idle', config, random, kept: emptyMap(), replicated: 0, running: NONE, startFrom: 0 };
}

/** Whether one more key of our own can be kept. */
export function canKeep({ kept, replicated, config }: ScheduleState, target: Id): boolean {
  return has(kept, nameOf('own', target)) || kept.size - replicated < config.maxKept;
}

export function advanceSchedule(
  before: ScheduleState,
  event: ScheduleEvent,
  now: Instant,
): Step<ScheduleState, ScheduleEffect> {
  const state = absorb(before, event, now);
  const due = nextScheduleDeadline(state);
  if (due === undefined || now < due) return { state, effects: NO_EFFECTS };
  return start(state, now);
}

export function nextScheduleDeadline(state: ScheduleState): Instant | undefined {
  if (state.status === 'busy' || state.kept.due === NEVER) return undefined;
  return Math.max(state.kept.due, state.startFrom);
}

export const scheduleMachine: ScheduleMachine = {
  init: initSchedule,
  advance: advanceSchedule,
  nextDeadline: nextScheduleDeadline,
};

function absorb(state: ScheduleState, event: ScheduleEvent, now: Instant): ScheduleState {
  switch (event.type) {
    case 'kept': {
      const { target, every } = event;
      return canKeep(state, target) ? postponed(state, { target, every, owner: 'own' }, now) : state;
    }
    case 'resumed': {
      const { target, every } = event;
      if (!canKeep(state, target)) return state;
      const owner = 'own' as const;
      return { ...state, kept: set(state.kept, nameOf(owner, target), { target, every, owner }) };
    }
    case 'dropped':
      return drop(state, event.owner, event.target);
    case 'stored-by-other':
      return defer(state, event.target, event.by, now);
    case 'round-ended': {
      const name = nameOf(event.owner, event.target);
      const running = state.running.filter((it) => it !== name);
      if (running.length === state.running.length) return state;
      const kept = get(state.kept, name);
      const ended = withRunning(state, running);
      return kept === undefined ? ended : postponed(ended, kept, now);
    }
    case 'joined':
      return hastened(state, (due) => due === NEVER, now);
    case 'hasten':
      return hastened(state, () => true, now);
    case 'tick':
      return state;
  }
}

/** The round somebody else has just done need not be done again; what was never seen here is handed on from now on. */
function defer(state: ScheduleState, target: Id, by: 'publisher' | 'holder', now: Instant): ScheduleState {
  const { replicate, maxReplicated } = state.config;
  const own = get(state.kept, nameOf('own', target));
  if (own !== undefined) {
    // A copy that is handed on does not live longer for it: our own round is still to come.
    const isDone = by === 'publisher' && !state.running.includes(nameOf('own', target));
    return isDone ? postponed(state, own, now) : state;
  }
  if (replicate === 'off') return state;
  const name = nameOf('other', target);
  if (state.running.includes(name)) return state;
  if (!has(state.kept, name) && state.replicated >= maxReplicated) return state;
  return postponed(state, { target, every: replicate, owner: 'other' }, now);
}

/** What is our own and no round runs of is due now, where `which` says so of its time. */
function hastened(state: ScheduleState, which: (due: Instant) => boolean, now: Instant): ScheduleState {
  let { kept } = state;
  for (const { key, value, due } of entries(kept)) {
    const isWaiting = value.owner === 'own' && !state.running.includes(key as string);
    if (isWaiting && which(due)) kept = set(kept, key, value, now);
  }
  return { ...state, kept };
}

function drop(state: ScheduleState, owner: Owner, target: Id): ScheduleState {
  const name = nameOf(owner, target);
  if (!has(state.kept, name)) return state;
  const replicated = state.replicated - (owner === 'other' ? 1 : 0);
  return { ...state, kept: remove(state.kept, name), replicated };
}

/** Due an interval from now, and up to a twentieth later. */
function postponed(state: ScheduleState, kept: Kept, now: Instant): ScheduleState {
  const name = nameOf(kept.owner, kept.target);
  const [jitter, random] = nextBelow(state.random, Math.floor(kept.every / 20) + 1);
  const replicated = state.replicated + (kept.owner === 'other' && !has(state.kept, name) ? 1 : 0);
  return { ...state, random, replicated, kept: set(state.kept, name, kept, now + kept.every + jitter) };
}

function start(state: ScheduleState, now: Instant): Step<ScheduleState, ScheduleEffect> {
  const first = firstDue(state.kept);
  if (first === undefined) return { state, effects: NO_EFFECTS };
  const { target, owner } = first.value;
  const name = first.key as string;
  const begun = { ...state, kept: set(state.kept, name, first.value), startFrom: now + Math.max(state.config.gap, 1) };
  return {
    state: withRunning(begun, [...state.running, name]),
    effects: [{ type: 'publish-again', owner, target }],
  };
}

function nameOf(owner: Owner, target: Id): string {
  return `${owner}:${target}`;
}

function withRunning(state: ScheduleState, running: readonly string[]): ScheduleState {
  const status = running.length === 0 ? 'idle' : running.length < state.config.maxRunning ? 'publishing' : 'busy';
  return { ...state, status, running };
}
