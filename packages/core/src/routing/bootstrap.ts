/**
 * Joining, and staying joined: a lookup of our own id, then a lookup in every bucket farther than our closest neighbour
 * (Kademlia 2002, section 2.3), at most a few at once. While nobody answers it tries again, ever more slowly and never
 * together with others (jitter), and never gives up; likewise while the table is below its minimum. The seeds are asked
 * whenever there are too few contacts, and whenever those there are may all be gone.
 *
 * After a restart those whom the former run knew are greeted first: once enough of them have answered, or the greeting
 * has come to its end, the joining begins; enough of them, and the seeds are left alone.
 *
 * It says `isolated` when the table has been empty for the join timeout, and `joined` when it has come through after
 * that or for the first time. It refuses to: touch the table or know how a lookup is done; Routing tells it what became
 * of its lookups and how many contacts there are.
 */
import { checkInteger } from '../errors.ts';
import { earliest, type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { nextBelow, type Random, seedRandom } from '../random.ts';

export interface BootstrapConfig {
  /** ms after which having no contact at all is reported as `isolated`. */
  readonly joinTimeout: Instant;
  /** ms before the second attempt; doubles up to `retryMax`. Each is lengthened by up to half, by chance. */
  readonly retryFirst: Instant;
  readonly retryMax: Instant;
  /** Bucket lookups at once. */
  readonly maxLookups: number;
  /** With fewer contacts than this, the seeds are asked too, and asked again. */
  readonly minContacts: number;
  readonly seed: number;
}

export const DEFAULT_BOOTSTRAP: Omit<BootstrapConfig, 'seed'> = {
  joinTimeout: 3_000,
  retryFirst: 1_000,
  retryMax: 300_000,
  maxLookups: 3,
  minContacts: 10,
};

export type BootstrapEvent =
  /** Begin. `seeds`: how many endpoints there are to begin with; `contacts`: how many we know already. */
  | { readonly type: 'start'; readonly seeds: number; readonly contacts: number }
  /** There are this many seeds from now on: their names were resolved late. */
  | { readonly type: 'seeds'; readonly seeds: number }
  /** Whoever was greeted has answered, or not. */
  | { readonly type: 'greeted' }
  /** The self-lookup ended. `neighbour`: the bucket of our closest contact, -1 when there is none. */
  | { readonly type: 'self-found'; readonly neighbour: number }
  | { readonly type: 'bucket-filled' }
  /** The table has this many contacts now. */
  | { readonly type: 'contacts-changed'; readonly contacts: number }
  /** Our surroundings may be others now: the host slept, or its address changed. */
  | { readonly type: 'unsettled' }
  /** Nearly nobody answers any more. */
  | { readonly type: 'lost' }
  | { readonly type: 'tick' };

export type BootstrapEffect =
  /** Ask a sample of those we knew whether they are still there. */
  | { readonly type: 'greet' }
  /** Look for our own id, beginning with the contacts we have and, if so told, with the seeds. */
  | { readonly type: 'find-self'; readonly withSeeds: boolean }
  | { readonly type: 'fill-bucket'; readonly index: number }
  | { readonly type: 'joined'; readonly elapsed: Instant }
  | { readonly type: 'isolated'; readonly elapsed: Instant };

interface Common {
  readonly config: BootstrapConfig;
  readonly random: Random;
  readonly seeds: number;
  /** Contacts in the table. */
  readonly contacts: number;
  /** Attempts in a row after which there were too few contacts. */
  readonly attempts: number;
  /** Since when we have been joining: the start, or the instant at which the table ran empty. */
  readonly since: Instant;
  /** What was said last. */
  readonly said: 'nothing' | 'isolated' | 'joined';
}

/**
 * - `idle`: not started.
 * - `greeting`: those whom a former run knew are asked whether they are there.
 * - `seeking`: the self-lookup runs.
 * - `filling`: bucket lookups run; `next` is the next bucket, `until` the first that needs none.
 * - `resting`: nobody is known; tries again at `wakeAt`, or when somebody turns up.
 * - `settled`: joined. With fewer contacts than the minimum, or hardly any answers, it tries again at `wakeAt`.
 */
export type BootstrapState =
  | (Common & { readonly status: 'idle' | 'greeting' | 'seeking' })
  | (Common & { readonly status: 'filling'; readonly next: number; readonly until: number; readonly running: number })
  | (Common & { readonly status: 'resting' | 'settled'; readonly wakeAt: Instant | undefined });

export type BootstrapMachine = Machine<BootstrapConfig, BootstrapState, BootstrapEvent, BootstrapEffect>;

export function initBootstrap(config: BootstrapConfig): BootstrapState {
  checkBootstrapConfig(config);
  const random = seedRandom(config.seed);
  return { status: 'idle', config, random, seeds: 0, contacts: 0, attempts: 0, since: 0, said: 'nothing' };
}

export function checkBootstrapConfig(config: Omit<BootstrapConfig, 'seed'>): void {
  checkInteger('bootstrap.joinTimeout', config.joinTimeout, 1);
  checkInteger('bootstrap.retryFirst', config.retryFirst, 1);
  checkInteger('bootstrap.retryMax', config.retryMax, config.retryFirst);
  checkInteger('bootstrap.maxLookups', config.maxLookups, 1, 64);
  checkInteger('bootstrap.minContacts', config.minContacts, 0, 65_536);
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
  const reportAt = awaitsReport(state) ? state.since + state.config.joinTimeout : undefined;
  return earliest(reportAt, mayRetry(state) ? state.wakeAt : undefined);
}

export const bootstrapMachine: BootstrapMachine = {
  init: initBootstrap,
  advance: advanceBootstrap,
  nextDeadline: nextBootstrapDeadline,
};

function mayRetry(state: BootstrapState): state is Extract<BootstrapState, { status: 'resting' | 'settled' }> {
  return state.status === 'settled' || state.status === 'resting';
}

function awaitsReport(state: BootstrapState): boolean {
  return state.contacts === 0 && state.said !== 'isolated' && state.status !== 'idle';
}

function expire(before: BootstrapState, effects: BootstrapEffect[], now: Instant): BootstrapState {
  let state = before;
  if (awaitsReport(state) && now >= state.since + state.config.joinTimeout) state = reportIsolated(state, effects, now);
  if (mayRetry(state) && state.wakeAt !== undefined && now >= state.wakeAt) return seek(state, effects, 'again');
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
      const { seeds, contacts } = event;
      const begun: BootstrapState = { ...state, seeds, since: now };
      if (seeds + contacts === 0) return rest(reportIsolated(begun, effects, now), now);
      if (contacts === 0) return seek(begun, effects, 'as needed');
      effects.push({ type: 'greet' });
      return { ...common(begun), status: 'greeting' };
    }
    case 'seeds':
      return reseed(state, effects, event.seeds, now);
    case 'greeted':
      return state.status === 'greeting' ? seek(state, effects, 'as needed') : state;
    case 'self-found':
      if (state.status !== 'seeking') return state;
      if (state.contacts === 0 || event.neighbour < 0) return rest(state, now);
      return fill({ ...common(state), status: 'filling', next: 0, until: event.neighbour, running: 0 }, effects, now);
    case 'bucket-filled':
      return state.status === 'filling' ? fill({ ...state, running: state.running - 1 }, effects, now) : state;
    case 'contacts-changed':
      return recount(state, effects, event.contacts, now);
    case 'unsettled':
      return mayRetry(state) ? seek({ ...state, attempts: 0 }, effects, 'again') : state;
    case 'lost':
      return state.status === 'settled' && state.wakeAt === undefined && state.seeds > 0 ? backOff(state, now) : state;
    case 'tick':
      return state;
  }
}

function recount(before: BootstrapState, effects: BootstrapEffect[], contacts: number, now: Instant): BootstrapState {
  if (before.status === 'idle' || contacts === before.contacts) return before;
  const state: BootstrapState = { ...before, contacts, since: contacts === 0 ? now : before.since };
  if (state.status === 'resting' && contacts > 0) return seek(state, effects, 'as needed');
  if (state.status === 'greeting' && contacts >= state.config.minContacts) return seek(state, effects, 'as needed');
  if (state.status !== 'settled') return state;
  if (contacts === 0) return rest(state, now);
  if (contacts >= state.config.minContacts) return { ...state, attempts: 0, wakeAt: undefined };
  return state.wakeAt === undefined ? settle(state, now) : state;
}

/** Who waits for want of anybody to ask begins; who lacks contacts tries again before long. */
function reseed(before: BootstrapState, effects: BootstrapEffect[], seeds: number, now: Instant): BootstrapState {
  if (before.status === 'idle') return before;
  const state: BootstrapState = { ...before, seeds };
  if (!mayRetry(state) || state.wakeAt !== undefined || seeds === 0) return state;
  return state.status === 'resting' ? seek(state, effects, 'again') : settle(state, now);
}

/** `again`: whom we know may all be gone, so the seeds are asked too. */
function seek(state: BootstrapState, effects: BootstrapEffect[], seeds: 'again' | 'as needed'): BootstrapState {
  const isShort = state.contacts < state.config.minContacts;
  effects.push({ type: 'find-self', withSeeds: isShort || seeds === 'again' });
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
  if (state.contacts === 0) return rest(state, now);
  if (state.said !== 'joined') effects.push({ type: 'joined', elapsed: now - state.since });
  return settle({ ...state, said: 'joined' }, now);
}

function settle(state: BootstrapState, now: Instant): BootstrapState {
  const { contacts, config, seeds } = state;
  const enough = contacts >= config.minContacts;
  const joined: BootstrapState = { ...common(state), status: 'settled', wakeAt: undefined };
  if (enough) return { ...joined, attempts: 0 };
  return seeds === 0 ? joined : backOff(joined, now);
}

/** With nobody to ask it waits for somebody to turn up. */
function rest(state: BootstrapState, now: Instant): BootstrapState {
  const resting: BootstrapState = { ...common(state), status: 'resting', wakeAt: undefined };
  return state.seeds === 0 ? resting : backOff(resting, now);
}

/** Waits longer each time. */
function backOff(state: Extract<BootstrapState, { status: 'resting' | 'settled' }>, now: Instant): BootstrapState {
  const { config, attempts } = state;
  let delay = config.retryFirst;
  for (let i = 0; i < attempts && delay < config.retryMax; i++) delay = Math.min(config.retryMax, delay * 2);
  const [jitter, random] = nextBelow(state.random, Math.floor(delay / 2) + 1);
  return { ...state, random, attempts: attempts + 1, wakeAt: now + delay + jitter };
}

function reportIsolated(state: BootstrapState, effects: BootstrapEffect[], now: Instant): BootstrapState {
  effects.push({ type: 'isolated', elapsed: now - state.since });
  return { ...state, said: 'isolated' };
}

function common({ config, random, seeds, contacts, attempts, since, said }: BootstrapState): Common {
  return { config, random, seeds, contacts, attempts, since, said };
}
