/**
 * Vetting strangers: whoever asks us something might be worth a place in the table, but only answering proves that
 * somebody is there (F35). Each is asked once, a few at a time, from a bounded queue; whoever passes is entered by
 * Routing, as is everyone who answers anything. A member that fell silent gets one second chance an hour (Z13).
 *
 * It refuses to: send, or touch the table. A check ends when Routing says so, and every check has a deadline there,
 * so candidates who never answer cannot wedge the queue (F39).
 */

import type { Endpoint } from '../contact.ts';
import { checkInteger } from '../errors.ts';
import type { Id } from '../id.ts';
import { appended } from '../lists.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { NONE } from '../none.ts';

export interface IncludeConfig {
  /** Strangers that wait to be checked; further ones are dropped and counted. */
  readonly maxQueued: number;
  /** Checks at once. */
  readonly maxChecking: number;
  /** ms for which a member that was given a second chance gets no further one. */
  readonly secondChanceEvery: Instant;
}

export const DEFAULT_INCLUDE: IncludeConfig = { maxQueued: 128, maxChecking: 3, secondChanceEvery: 3_600_000 };

/** Somebody we heard from or were told of by the user, who then may have no known id. */
export interface Stranger {
  readonly id?: Id;
  readonly endpoint: Endpoint;
}

export type IncludeEvent =
  | { readonly type: 'candidate'; readonly stranger: Stranger }
  /** A member that was removed because it did not answer. */
  | { readonly type: 'fallen'; readonly stranger: Stranger }
  | { readonly type: 'check-passed'; readonly check: number }
  | { readonly type: 'check-failed'; readonly check: number }
  | { readonly type: 'tick' };

export type IncludeEffect = { readonly type: 'check'; readonly check: number; readonly stranger: Stranger };

/**
 * - `idle`: nobody is being checked.
 * - `checking`: at least one is, and there is room for another.
 * - `busy`: as many as may be are; newcomers queue.
 */
export interface IncludeState {
  readonly status: 'idle' | 'checking' | 'busy';
  readonly config: IncludeConfig;
  readonly queue: readonly Stranger[];
  readonly checking: readonly { readonly check: number; readonly endpoint: Endpoint }[];
  readonly nextCheck: number;
  /** Those who had their second chance, and until when that counts. The oldest first, at most `maxQueued`. */
  readonly forgiven: readonly { readonly endpoint: Endpoint; readonly until: Instant }[];
  readonly dropped: number;
}

export type IncludeMachine = Machine<IncludeConfig, IncludeState, IncludeEvent, IncludeEffect>;

export function checkIncludeConfig(config: IncludeConfig): void {
  checkInteger('include.maxQueued', config.maxQueued, 0, 65_536);
  checkInteger('include.maxChecking', config.maxChecking, 1, 1_024);
  checkInteger('include.secondChanceEvery', config.secondChanceEvery, 1);
}

export function initInclude(config: IncludeConfig): IncludeState {
  checkIncludeConfig(config);
  return { status: 'idle', config, queue: NONE, checking: NONE, nextCheck: 0, forgiven: NONE, dropped: 0 };
}

export function advanceInclude(
  state: IncludeState,
  event: IncludeEvent,
  now: Instant,
): Step<IncludeState, IncludeEffect> {
  switch (event.type) {
    case 'candidate':
      return take(state, event.stranger);
    case 'fallen':
      return forgive(state, event.stranger, now);
    case 'check-passed':
    case 'check-failed': {
      const checking = state.checking.filter((it) => it.check !== event.check);
      if (checking.length === state.checking.length) return { state, effects: NO_EFFECTS };
      return proceed(state, state.queue, checking);
    }
    case 'tick':
      return { state, effects: NO_EFFECTS };
  }
}

export const includeMachine: IncludeMachine = {
  init: initInclude,
  advance: advanceInclude,
  nextDeadline: () => undefined,
};

function take(state: IncludeState, stranger: Stranger): Step<IncludeState, IncludeEffect> {
  const isSame = (it: { readonly endpoint: Endpoint }): boolean => it.endpoint === stranger.endpoint;
  if (state.checking.some(isSame) || state.queue.some(isSame)) return { state, effects: NO_EFFECTS };
  if (state.status === 'busy' && state.queue.length >= state.config.maxQueued) {
    return { state: { ...state, dropped: state.dropped + 1 }, effects: NO_EFFECTS };
  }
  return proceed(state, appended(state.queue, stranger), state.checking);
}

/** Once, and then not again for a while: never a loop. */
function forgive(state: IncludeState, stranger: Stranger, now: Instant): Step<IncludeState, IncludeEffect> {
  const { secondChanceEvery, maxQueued } = state.config;
  const forgiven = state.forgiven.filter((it) => it.until > now);
  if (forgiven.length >= maxQueued || forgiven.some((it) => it.endpoint === stranger.endpoint)) {
    return { state: { ...state, forgiven, dropped: state.dropped + 1 }, effects: NO_EFFECTS };
  }
  forgiven.push({ endpoint: stranger.endpoint, until: now + secondChanceEvery });
  return take({ ...state, forgiven }, stranger);
}

function proceed(
  { config, nextCheck: first, forgiven, dropped }: IncludeState,
  waiting: IncludeState['queue'],
  underway: IncludeState['checking'],
): Step<IncludeState, IncludeEffect> {
  const { maxChecking } = config;
  const effects: IncludeEffect[] = [];
  let queue = waiting;
  let checking = underway;
  let nextCheck = first;
  while (queue.length > 0 && checking.length < maxChecking) {
    const stranger = queue[0] as Stranger;
    queue = queue.slice(1);
    checking = appended(checking, { check: nextCheck, endpoint: stranger.endpoint });
    effects.push({ type: 'check', check: nextCheck++, stranger });
  }
  const status = checking.length === 0 ? 'idle' : checking.length < maxChecking ? 'checking' : 'busy';
  return { state: { status, config, queue, checking, nextCheck, forgiven, dropped }, effects };
}
