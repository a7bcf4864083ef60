/** A lookup as the pool runs it: one path, or several disjoint ones. The same words for both. */
import type { Instant, Step } from '../machine.ts';
import type { Protocol } from '../message.ts';
import { advanceDisjoint, beginDisjoint, type Disjoint, nextDisjointDeadline } from './disjoint.ts';
import { indexOfOpen } from './draft.ts';
import { advanceQuery, nextQueryDeadline } from './query.ts';
import type { Surroundings } from './surroundings.ts';
import type { OpenRequest, QueryEffect, QueryEvent, QueryState, Searching } from './types.ts';

/** A lookup that runs. */
export type Running<P extends Protocol> = Searching<P> | Disjoint<P>;

export function advanceLookup<P extends Protocol>(
  state: QueryState<P> | Disjoint<P>,
  event: QueryEvent<P>,
  now: Instant,
  around: Surroundings,
): Step<QueryState<P> | Disjoint<P>, QueryEffect<P>> {
  if (state.status === 'disjoint') return advanceDisjoint(state, event, now, around);
  if (state.status === 'idle' && event.type === 'start' && state.config.paths > 1 && state.config.kind !== 'each') {
    return beginDisjoint(state.config, event, now, around);
  }
  return advanceQuery(state, event, now, around);
}

export function nextLookupDeadline<P extends Protocol>(state: Running<P>): Instant {
  return state.status === 'disjoint' ? nextDisjointDeadline(state) : nextQueryDeadline(state);
}

/** The request of this number, if it is open. */
export function openRequest<P extends Protocol>(state: Running<P>, request: number): OpenRequest | undefined {
  if (state.status === 'searching') return state.open[indexOfOpen(state.open, request)];
  for (const path of pathsOf(state)) {
    const found = path.open[indexOfOpen(path.open, request)];
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The paths of a lookup that still search: itself, where it has but one. */
export function pathsOf<P extends Protocol>(state: Running<P>): readonly Searching<P>[] {
  return state.status === 'searching' ? [state] : state.paths.filter((it) => it.status === 'searching');
}
