/**
 * Vetting strangers: whoever asks us something might be worth a place in the table, but only answering proves that
 * somebody is there (F35). Each is asked once, a few at a time, from a bounded queue; the node enters those who answer,
 * as it does everyone who answers anything.
 *
 * It refuses to: send, or touch the table. A check ends when the node says so, and every check has a deadline there,
 * so candidates who never answer cannot wedge the queue (F39).
 */
import type { Endpoint } from '../contact.ts';
import { checkInteger } from '../errors.ts';
import type { Id } from '../id.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';

export interface IncludeConfig {
  /** Strangers that wait to be checked; further ones are dropped and counted. */
  readonly maxQueued: number;
  /** Checks at once. */
  readonly maxChecking: number;
}

export const DEFAULT_INCLUDE: IncludeConfig = { maxQueued: 128, maxChecking: 3 };

/** Somebody we heard from or were told of by the user, who then may have no known id. */
export interface Stranger {
  readonly id?: Id;
  readonly endpoint: Endpoint;
}

export type IncludeEvent =
  | { readonly type: 'candidate'; readonly stranger: Stranger }
  | { readonly type: 'checked'; readonly check: number }
  | { readonly type: 'tick' };

export type IncludeEffect = { readonly type: 'check'; readonly check: number; readonly stranger: Stranger };

export interface IncludeState {
  readonly config: IncludeConfig;
  readonly queue: readonly Stranger[];
  readonly checking: readonly { readonly check: number; readonly endpoint: Endpoint }[];
  readonly nextCheck: number;
  readonly dropped: number;
}

export type IncludeMachine = Machine<IncludeConfig, IncludeState, IncludeEvent, IncludeEffect>;

export function initInclude(config: IncludeConfig): IncludeState {
  checkInteger('include.maxQueued', config.maxQueued, 0, 65_536);
  checkInteger('include.maxChecking', config.maxChecking, 1, 1_024);
  return { config, queue: [], checking: [], nextCheck: 0, dropped: 0 };
}

export function advanceInclude(
  state: IncludeState,
  event: IncludeEvent,
  _now: Instant,
): Step<IncludeState, IncludeEffect> {
  switch (event.type) {
    case 'candidate':
      return take(state, event.stranger);
    case 'checked':
      if (!state.checking.some((it) => it.check === event.check)) return { state, effects: NO_EFFECTS };
      return proceed({ ...state, checking: state.checking.filter((it) => it.check !== event.check) });
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
  const waits = state.checking.length >= state.config.maxChecking;
  if (waits && state.queue.length >= state.config.maxQueued) {
    return { state: { ...state, dropped: state.dropped + 1 }, effects: NO_EFFECTS };
  }
  return proceed({ ...state, queue: [...state.queue, stranger] });
}

function proceed(before: IncludeState): Step<IncludeState, IncludeEffect> {
  const effects: IncludeEffect[] = [];
  let { queue, checking, nextCheck } = before;
  while (queue.length > 0 && checking.length < before.config.maxChecking) {
    const stranger = queue[0] as Stranger;
    queue = queue.slice(1);
    checking = [...checking, { check: nextCheck, endpoint: stranger.endpoint }];
    effects.push({ type: 'check', check: nextCheck++, stranger });
  }
  return { state: { ...before, queue, checking, nextCheck }, effects };
}
