/**
 * Looking into quiet parts of the id space, so that the table stays full where nobody's lookups lead. Depth i stands
 * for the ids that share exactly i leading bits with ours: a bucket of the table. A depth into which no lookup of ours
 * went for its interval gets one; the deeper, the more often, because few others will do it for us (zikade's schedule):
 *
 *     interval(i) = interval + (deepest - i) x interval x multiplier, plus at most 5 % by chance
 *
 * It refuses to: choose ids (the node does, exactly, at any depth), run lookups, or start two at one depth.
 */

import { ConfigError, checkInteger } from '../errors.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { NEVER } from '../map.ts';
import { NONE } from '../none.ts';
import { nextBelow, type Random, seedRandom } from '../random.ts';

export interface RefreshConfig {
  /** ms without a lookup after which the deepest bucket is looked into. */
  readonly interval: Instant;
  /** How much more seldom each shallower one is: 1 adds one interval a level. 0 to 10. */
  readonly multiplier: number;
  /** Least ms between two starts. */
  readonly gap: Instant;
  /** Depths beyond this one are not looked into. */
  readonly maxDepth: number;
  /** Lookups at once. */
  readonly maxRunning: number;
  readonly seed: number;
}

export const DEFAULT_REFRESH: Omit<RefreshConfig, 'seed'> = {
  interval: 3_600_000,
  multiplier: 1,
  gap: 500,
  maxDepth: 32,
  maxRunning: 3,
};

export type RefreshEvent =
  /** The deepest bucket that anybody is in, -1 when the table is empty. */
  | { readonly type: 'deepest'; readonly depth: number }
  /** A lookup of ours, for whatever reason, has a target at this depth. */
  | { readonly type: 'looked-into'; readonly depth: number }
  | { readonly type: 'lookup-ended'; readonly lookup: number }
  | { readonly type: 'tick' };

export type RefreshEffect =
  | { readonly type: 'look-into'; readonly lookup: number; readonly depth: number }
  | { readonly type: 'refreshed'; readonly depth: number };

/**
 * - `idle`: no lookup runs. `refreshing`: at least one does, with room for another. `busy`: as many as may be run.
 */
export interface RefreshState {
  readonly status: 'idle' | 'refreshing' | 'busy';
  readonly config: RefreshConfig;
  readonly random: Random;
  /** By depth: when it is looked into if no lookup leads there before. As many as there are depths. */
  readonly due: readonly Instant[];
  readonly running: readonly { readonly lookup: number; readonly depth: number }[];
  readonly nextLookup: number;
  /** The least instant of the next start. */
  readonly startFrom: Instant;
}

export type RefreshMachine = Machine<RefreshConfig, RefreshState, RefreshEvent, RefreshEffect>;

export function checkRefreshConfig(config: Omit<RefreshConfig, 'seed'>): void {
  checkInteger('refresh.interval', config.interval, 1, 86_400_000 * 30);
  if (!(config.multiplier >= 0 && config.multiplier <= 10)) {
    throw new ConfigError('refresh.multiplier', `must be from 0 to 10, got ${config.multiplier}`);
  }
  checkInteger('refresh.gap', config.gap, 0, 86_400_000);
  checkInteger('refresh.maxDepth', config.maxDepth, 0, 511);
  checkInteger('refresh.maxRunning', config.maxRunning, 1, 64);
}

export function initRefresh(config: RefreshConfig): RefreshState {
  checkRefreshConfig(config);
  const random = seedRandom(config.seed);
  return { status: 'idle', config, random, due: NONE, running: NONE, nextLookup: 0, startFrom: 0 };
}

export function advanceRefresh(
  before: RefreshState,
  event: RefreshEvent,
  now: Instant,
): Step<RefreshState, RefreshEffect> {
  const effects: RefreshEffect[] = [];
  let state = absorb(before, effects, event, now);
  const due = nextRefreshDeadline(state);
  if (due !== undefined && now >= due) state = start(state, effects, now);
  return { state, effects: effects.length === 0 ? NO_EFFECTS : effects };
}

/** When the next depth falls due, not before the gap is over; `undefined` while no lookup could start. O(depths). */
export function nextRefreshDeadline(state: RefreshState): Instant | undefined {
  const depth = nextDepth(state);
  return depth < 0 ? undefined : Math.max(state.due[depth] as Instant, state.startFrom);
}

export const refreshMachine: RefreshMachine = {
  init: initRefresh,
  advance: advanceRefresh,
  nextDeadline: nextRefreshDeadline,
};

function absorb(state: RefreshState, effects: RefreshEffect[], event: RefreshEvent, now: Instant): RefreshState {
  switch (event.type) {
    case 'deepest':
      return withDepths(state, Math.min(event.depth, state.config.maxDepth) + 1, now);
    case 'looked-into':
      return event.depth < 0 || event.depth >= state.due.length
        ? state
        : postponed(state, state.due.slice(), event.depth, event.depth + 1, now);
    case 'lookup-ended': {
      const ended = state.running.find((it) => it.lookup === event.lookup);
      if (ended === undefined) return state;
      effects.push({ type: 'refreshed', depth: ended.depth });
      return withRunning(
        state,
        state.running.filter((it) => it !== ended),
      );
    }
    case 'tick':
      return state;
  }
}

/** A new deepest bucket moves what is due elsewhere: an interval depends on how far above the deepest one it is. */
function withDepths(state: RefreshState, depths: number, now: Instant): RefreshState {
  const known = state.due.length;
  if (depths === known) return state;
  const { interval, multiplier } = state.config;
  const shift = Math.floor((depths - known) * interval * multiplier);
  const due: Instant[] = [];
  for (let depth = 0; depth < depths; depth++) due.push(depth < known ? (state.due[depth] as Instant) + shift : now);
  return postponed(state, due, known, depths, now);
}

/** The depths from `first` to below `end` are quiet from now on. `due` is taken over. */
function postponed(state: RefreshState, due: Instant[], first: number, end: number, now: Instant): RefreshState {
  const { status, config, running, nextLookup, startFrom } = state;
  let { random } = state;
  for (let depth = first; depth < end; depth++) {
    const quiet = config.interval + Math.floor((due.length - 1 - depth) * config.interval * config.multiplier);
    const [jitter, after] = nextBelow(random, Math.floor(quiet / 20) + 1);
    due[depth] = now + quiet + jitter;
    random = after;
  }
  // Written out: it happens after every lookup, and a spread of what a spread has made is slow.
  return { status, config, random, due, running, nextLookup, startFrom };
}

/** One start at a time: the next has to wait for the gap. */
function start(state: RefreshState, effects: RefreshEffect[], now: Instant): RefreshState {
  const depth = nextDepth(state);
  const lookup = state.nextLookup;
  effects.push({ type: 'look-into', lookup, depth });
  const begun = {
    ...postponed(state, state.due.slice(), depth, depth + 1, now),
    nextLookup: lookup + 1,
    startFrom: now + Math.max(state.config.gap, 1),
  };
  return withRunning(begun, [...state.running, { lookup, depth }]);
}

function withRunning(state: RefreshState, running: RefreshState['running']): RefreshState {
  const status = running.length === 0 ? 'idle' : running.length < state.config.maxRunning ? 'refreshing' : 'busy';
  return { ...state, status, running };
}

function isRunning({ running }: RefreshState, depth: number): boolean {
  for (let i = 0; i < running.length; i++) if (running[i]?.depth === depth) return true;
  return false;
}

/** The depth that falls due first, the deepest of several, -1 while none could be looked into. */
function nextDepth(state: RefreshState): number {
  if (state.status === 'busy') return -1;
  let found = -1;
  let first: Instant = NEVER;
  for (let depth = state.due.length - 1; depth >= 0; depth--) {
    const due = state.due[depth] as Instant;
    if (due >= first || isRunning(state, depth)) continue;
    first = due;
    found = depth;
  }
  return found;
}
