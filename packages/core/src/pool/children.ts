/**
 * One lookup's step inside the pool: it is woken or told something, and what it wants is passed on, or parked while the
 * endpoint or the node has no room. The count of what is in flight is kept here and nowhere else.
 */
import { type Instant, NO_EFFECTS } from '../machine.ts';
import { get, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import { advanceQuery, nextQueryDeadline } from '../query/query.ts';
import type { QueryEffect, QueryEvent, QueryState } from '../query/types.ts';
import type { PoolEffect, PoolState, Priority } from './types.ts';

/** Requests a lookup can number: more than it can have candidates (at most 65,536, each asked once). */
export const LANE = 131_072;

export type Draft<P extends Protocol> = { -readonly [K in keyof PoolState<P>]: PoolState<P>[K] };
export type Effects<P extends Protocol> = PoolEffect<P>[];
type Send<P extends Protocol> = Extract<QueryEffect<P>, { type: 'send' }>;

interface Who {
  readonly lane: number;
  readonly id: string;
  readonly priority: Priority;
}

export function stepChild<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  lane: number,
  event: QueryEvent<P>,
  now: Instant,
): void {
  const child = get(draft.running, lane);
  if (child !== undefined) {
    stepQuery(draft, effects, { lane, id: child.id, priority: child.priority }, child.query, event, now);
  }
}

/** Steps a lookup, and again for each of its sends that had to be parked: at most once a candidate. */
export function stepQuery<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  who: Who,
  before: QueryState<P>,
  event: QueryEvent<P>,
  now: Instant,
): void {
  let query = before;
  const events: QueryEvent<P>[] = [event];
  for (let next = events.shift(); next !== undefined; next = events.shift()) {
    const step = advanceQuery(query, next, now);
    for (const effect of step.effects) events.push(...relay(draft, effects, who, effect, query));
    query = step.state;
  }
  if (query.status === 'searching') {
    const { id, priority } = who;
    draft.running = set(draft.running, who.lane, { id, priority, query }, nextQueryDeadline(query));
  } else {
    draft.running = remove(draft.running, who.lane);
    draft.lanes = remove(draft.lanes, who.id);
  }
}

/** Passes a lookup's effect on, or parks it; what the lookup must be told in return. `before` is its state before the step. */
function relay<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  who: Who,
  effect: QueryEffect<P>,
  before: QueryState<P>,
): readonly QueryEvent<P>[] {
  if (effect.type === 'send') {
    const by = obstacle(draft, effect.to.endpoint);
    if (by !== undefined) {
      draft.parked = inserted(draft.parked, { priority: who.priority, effect });
      return [{ type: 'parked', request: effect.request, by }];
    }
    takeOff(draft, effect);
  } else if (effect.type === 'unanswered') {
    land(draft, effect.request);
  } else if (effect.type === 'abandon') {
    if (draft.parked.length > 0) draft.parked = draft.parked.filter((it) => it.effect.request !== effect.request);
    // What never left, nobody outside has to forget.
    if (stayed(before, effect.request)) return NO_EFFECTS;
    land(draft, effect.request);
  }
  effects.push({ type: 'query', id: who.id, effect });
  return NO_EFFECTS;
}

/** Whether a request was still waiting to leave. */
function stayed<P extends Protocol>(before: QueryState<P>, request: number): boolean {
  if (before.status !== 'searching') return false;
  return before.open.some((it) => it.request === request && (it.phase === 'parked' || it.phase === 'ready'));
}

export function obstacle<P extends Protocol>(draft: Draft<P>, endpoint: string): 'endpoint' | 'pool' | undefined {
  if ((get(draft.busy, endpoint) ?? 0) >= draft.config.maxPerEndpoint) return 'endpoint';
  return draft.inFlight.size >= draft.config.maxInFlight ? 'pool' : undefined;
}

function takeOff<P extends Protocol>(draft: Draft<P>, { request, to }: Send<P>): void {
  draft.inFlight = set(draft.inFlight, request, to.endpoint);
  draft.busy = set(draft.busy, to.endpoint, (get(draft.busy, to.endpoint) ?? 0) + 1);
}

export function land<P extends Protocol>(draft: Draft<P>, request: number): void {
  const endpoint = get(draft.inFlight, request);
  if (endpoint === undefined) return;
  draft.inFlight = remove(draft.inFlight, request);
  const left = (get(draft.busy, endpoint) as number) - 1;
  draft.busy = left === 0 ? remove(draft.busy, endpoint) : set(draft.busy, endpoint, left);
}

/** Behind its equals, before those of lower priority. */
export function inserted<T extends { readonly priority: Priority }>(list: readonly T[], item: T): readonly T[] {
  const at = item.priority === 'user' ? list.findIndex((it) => it.priority === 'background') : -1;
  return at < 0 ? [...list, item] : [...list.slice(0, at), item, ...list.slice(at)];
}
