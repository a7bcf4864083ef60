/**
 * One lookup's step inside the pool: it is woken or told something, and what it wants is passed on, or parked while the
 * endpoint or the node has no room. The count of what is in flight is kept here and nowhere else.
 */
import { insertedAt } from '../lists.ts';
import type { Instant } from '../machine.ts';
import { get, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { Disjoint } from '../query/disjoint.ts';
import { advanceLookup, nextLookupDeadline, openRequest } from '../query/lookup.ts';
import type { QueryEffect, QueryEvent, QueryState } from '../query/types.ts';
import { type Draft, type Effects, land, obstacle, type PoolTurn, takeOff } from './traffic.ts';
import type { Priority } from './types.ts';

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
  rules: PoolTurn,
): void {
  const child = get(draft.running, lane);
  if (child !== undefined) {
    stepQuery(draft, effects, { lane, id: child.id, priority: child.priority }, child.query, event, now, rules);
  }
}

/** Steps a lookup, and again for each of its sends that had to be parked: at most once a candidate. */
export function stepQuery<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  who: Who,
  before: QueryState<P> | Disjoint<P>,
  event: QueryEvent<P>,
  now: Instant,
  rules: PoolTurn,
): void {
  let query = before;
  const events: QueryEvent<P>[] = [event];
  for (let i = 0; i < events.length; i++) {
    const step = advanceLookup(query, events[i] as QueryEvent<P>, now, rules);
    for (const effect of step.effects) {
      const answer = relay(draft, effects, who, effect, query, now, rules);
      if (answer !== undefined) events.push(answer);
    }
    query = step.state;
  }
  if (query.status === 'searching' || query.status === 'disjoint') {
    const { id, priority } = who;
    draft.running = set(draft.running, who.lane, { id, priority, query }, nextLookupDeadline(query));
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
  before: QueryState<P> | Disjoint<P>,
  now: Instant,
  rules: PoolTurn,
): QueryEvent<P> | undefined {
  if (effect.type === 'send') {
    const by = obstacle(draft, effect.to.endpoint, rules, now);
    if (by !== undefined) {
      draft.parked = inserted(draft.parked, { priority: who.priority, by, endpoint: effect.to.endpoint, effect });
      return { type: 'parked', request: effect.request, by };
    }
    takeOff(draft, effect, rules, now);
  } else if (effect.type === 'unanswered') {
    land(draft, effect.request, effect.to.endpoint, rules);
  } else if (effect.type === 'abandon') {
    // What never left, nobody outside has to forget.
    if (stayed(before, effect.request)) {
      draft.parked = draft.parked.filter((it) => it.effect.request !== effect.request);
      return undefined;
    }
    land(draft, effect.request, effect.to, rules);
  }
  effects.push({ type: 'query', id: who.id, effect });
  return undefined;
}

/** Whether a request was still waiting to leave. */
function stayed<P extends Protocol>(before: QueryState<P> | Disjoint<P>, request: number): boolean {
  if (before.status !== 'searching' && before.status !== 'disjoint') return false;
  const phase = openRequest(before, request)?.phase;
  return phase === 'parked' || phase === 'ready';
}

/** Behind its equals, before those of lower priority. */
export function inserted<T extends { readonly priority: Priority }>(list: readonly T[], item: T): readonly T[] {
  const at = item.priority === 'user' ? list.findIndex((it) => it.priority === 'background') : -1;
  return insertedAt(list, at < 0 ? list.length : at, item);
}
