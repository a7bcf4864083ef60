/**
 * Joining: a lookup of our own id, then a lookup in every bucket farther than our closest neighbour (Kademlia 2002,
 * section 2.3), at most a few at once. While nobody answers it tries again, ever more slowly and never together with
 * others (jitter), and never gives up. Within the join timeout it says either `joined` or `isolated`; after `isolated`
 * a later success still says `joined`.
 *
 * It refuses to: touch the table or know how a lookup is done. The node tells it what became of its lookups.
 */
import { checkInteger } from '../errors.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { nextBelow, type Random, seedRandom } from '../random.ts';

export interface BootstrapConfig {
  /** ms after which having no contact at all is reported as `isolated`. */
  readonly joinTimeout: Instant;
  /** ms before the second attempt; doubles up to `retryMax`. Each is lengthened by up to half, by chance. */
  readonly retryFirst: Instant;
  readonly retryMax: Instant;
  /** Bucket lookups at once. */
  readonly maxLookups: number;
  readonly seed: number;
}

export const DEFAULT_BOOTSTRAP: Omit<BootstrapConfig, 'seed'> = {
  joinTimeout: 3_000,
  retryFirst: 1_000,
  retryMax: 300_000,
  maxLookups: 3,
};

export type BootstrapEvent =
  /** Begin. `seeds`: how many endpoints there are to begin with; `contacts`: how many the table holds already. */
  | { readonly type: 'start'; readonly seeds: number; readonly contacts: number }
  /** The self-lookup ended. `neighbour`: the bucket of our closest contact, -1 when there is none. */
  | { readonly type: 'self-found'; readonly neighbour: number }
  | { readonly type: 'bucket-filled' }
  | { readonly type: 'contact-added' }
  | { readonly type: 'contact-removed'; readonly left: number }
  | { readonly type: 'tick' };

export type BootstrapEffect =
  | { readonly type: 'find-self' }
  | { readonly type: 'fill-bucket'; readonly index: number }
  | { readonly type: 'joined'; readonly elapsed: Instant }
  | { readonly type: 'isolated'; readonly elapsed: Instant };

interface Common {
  readonly config: BootstrapConfig;
  readonly random: Random;
  readonly seeds: number;
  /** Attempts in a row that found nobody. */
  readonly attempts: number;
  readonly startedAt: Instant;
  /** Whether anybody is in the table. */
  readonly met: boolean;
  /** Whether `isolated` or `joined` has been said since the start. */
  readonly reported: boolean;
}

/**
 * - `idle`: not started.
 * - `seeking`: the self-lookup runs.
 * - `filling`: bucket lookups run; `next` is the next bucket, `until` the first that needs none.
 * - `resting`: nobody answered; tries again at `wakeAt`, or when somebody turns up.
 * - `settled`: joined. Left when the table runs empty.
 */
export type BootstrapState =
  | (Common & { readonly status: 'idle' | 'seeking' | 'settled' })
  | (Common & { readonly status: 'filling'; readonly next: number; readonly until: number; readonly running: number })
  | (Common & { readonly status: 'resting'; readonly wakeAt: Instant | undefined });

export type BootstrapMachine = Machine<BootstrapConfig, BootstrapState, BootstrapEvent, BootstrapEffect>;

export function initBootstrap(config: BootstrapConfig): BootstrapState {
  checkInteger('bootstrap.joinTimeout', config.joinTimeout, 1);
  checkInteger('bootstrap.retryFirst', config.retryFirst, 1);
  checkInteger('bootstrap.retryMax', config.retryMax, config.retryFirst);
  checkInteger('bootstrap.maxLookups', config.maxLookups, 1, 64);
  const random = seedRandom(config.seed);
  return { status: 'idle', config, random, seeds: 0, attempts: 0, startedAt: 0, met: false, reported: false };
}

export function advanceBootstrap(
  before: BootstrapState,
  event: BootstrapEvent,
  now: Instant,
): Step<BootstrapState, BootstrapEffect> {
  const effects: BootstrapEffect[] = [];
  const state = absorb(expire(before, effects, now), effects, event, now);
  return { state, effects: effects.length === 0 ? NO_EFFECTS : effects };
}

export function nextBootstrapDeadline(state: BootstrapState): Instant | undefined {
  const reportAt = awaitsReport(state) ? state.startedAt + state.config.joinTimeout : undefined;
  const wakeAt = state.status === 'resting' ? state.wakeAt : undefined;
  if (reportAt === undefined || wakeAt === undefined) return reportAt ?? wakeAt;
  return Math.min(reportAt, wakeAt);
}

export const bootstrapMachine: BootstrapMachine = {
  init: initBootstrap,
  advance: advanceBootstrap,
  nextDeadline: nextBootstrapDeadline,
};

function awaitsReport(state: BootstrapState): boolean {
  return !state.reported && !state.met && (state.status === 'seeking' || state.status === 'resting');
}

function expire(before: BootstrapState, effects: BootstrapEffect[], now: Instant): BootstrapState {
  let state = before;
  if (awaitsReport(state) && now >= state.startedAt + state.config.joinTimeout)
    state = reportIsolated(state, effects, now);
  if (state.status === 'resting' && state.wakeAt !== undefined && now >= state.wakeAt) return seek(state, effects);
  return state;
}

function absorb(
  state: BootstrapState,
  effects: BootstrapEffect[],
  event: BootstrapEvent,
  now: Instant,
): BootstrapState {
  switch (event.type) {
    case 'start': {
      if (state.status !== 'idle') return state;
      const begun = { ...state, seeds: event.seeds, startedAt: now, met: event.contacts > 0 };
      if (event.seeds + event.contacts > 0) return seek(begun, effects);
      return rest(reportIsolated(begun, effects, now), now);
    }
    case 'self-found':
      if (state.status !== 'seeking') return state;
      if (!state.met || event.neighbour < 0) return rest(state, now);
      return fill({ ...common(state), status: 'filling', next: 0, until: event.neighbour, running: 0 }, effects, now);
    case 'bucket-filled':
      return state.status === 'filling' ? fill({ ...state, running: state.running - 1 }, effects, now) : state;
    case 'contact-added':
      if (state.status === 'idle') return state;
      if (state.status === 'resting') return seek({ ...state, met: true }, effects);
      return state.met ? state : { ...state, met: true };
    case 'contact-removed':
      if (event.left > 0 || !state.met) return state;
      return state.status === 'settled' ? rest({ ...state, met: false }, now) : { ...state, met: false };
    case 'tick':
      return state;
  }
}

function seek(state: BootstrapState, effects: BootstrapEffect[]): BootstrapState {
  effects.push({ type: 'find-self' });
  return { ...common(state), status: 'seeking' };
}

function fill(
  state: Extract<BootstrapState, { status: 'filling' }>,
  effects: BootstrapEffect[],
  now: Instant,
): BootstrapState {
  let { next, running } = state;
  while (next < state.until && running < state.config.maxLookups) {
    effects.push({ type: 'fill-bucket', index: next++ });
    running++;
  }
  if (running > 0) return { ...state, next, running };
  if (!state.met) return rest(state, now);
  effects.push({ type: 'joined', elapsed: now - state.startedAt });
  return { ...common(state), status: 'settled', attempts: 0, reported: true };
}

/** Waits longer each time. With nobody to ask it waits for somebody to turn up. */
function rest(state: BootstrapState, now: Instant): BootstrapState {
  const { config, attempts, seeds } = state;
  if (seeds === 0) return { ...common(state), status: 'resting', wakeAt: undefined };
  let delay = config.retryFirst;
  for (let i = 0; i < attempts && delay < config.retryMax; i++) delay = Math.min(config.retryMax, delay * 2);
  const [jitter, random] = nextBelow(state.random, Math.floor(delay / 2) + 1);
  return { ...common(state), random, attempts: attempts + 1, status: 'resting', wakeAt: now + delay + jitter };
}

function reportIsolated(state: BootstrapState, effects: BootstrapEffect[], now: Instant): BootstrapState {
  effects.push({ type: 'isolated', elapsed: now - state.startedAt });
  return { ...state, reported: true };
}

function common({ config, random, seeds, attempts, startedAt, met, reported }: BootstrapState): Common {
  return { config, random, seeds, attempts, startedAt, met, reported };
}
