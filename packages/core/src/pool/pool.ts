/**
 * The pool owns the life of any number of lookups: it admits them (a bounded queue, first come first served within a
 * priority), wakes every one whose deadline has passed, and holds all of them together to two limits on requests in
 * flight: one for the whole node, one for each endpoint.
 *
 * A send to a busy endpoint is parked here: the lookup's slot goes to its next candidate, and once the endpoint is free
 * the lookup sends when it has a slot again; the request's deadline starts then. A send over the node's limit is parked
 * too, and keeps its slot.
 *
 * It refuses to: look into answers, decide when a lookup ends, or keep anything of one that has ended.
 */

import { type AddressRules, type Endpoint, OPEN_RULES } from '../contact.ts';
import { withoutAt } from '../lists.ts';
import { earliest, type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { type Entry, emptyMap, entries, entriesDue, get, has, nextDue, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import { mayAnswer } from '../query/expire.ts';
import { openRequest } from '../query/lookup.ts';
import { advanceQuery, initQuery } from '../query/query.ts';
import type { QueryEvent, QueryState } from '../query/types.ts';
import { isSameText } from '../text.ts';
import { inserted, stepChild, stepQuery } from './children.ts';
import { NO_REMEMBERED_TRIPS, NO_ROUND_TRIPS } from './round-trips.ts';
import {
  type Draft,
  draftOf,
  type Effects,
  LANE,
  land,
  measured,
  nextRelease,
  obstacle,
  type PoolTurn,
  turnOf,
} from './traffic.ts';
import {
  type Child,
  checkPoolConfig,
  type Parked,
  type PoolConfig,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  type Queued,
} from './types.ts';

export type PoolMachine<P extends Protocol> = Machine<PoolConfig, PoolState<P>, PoolEvent<P>, PoolEffect<P>>;

export function initPool<P extends Protocol>(config: PoolConfig): PoolState<P> {
  checkPoolConfig(config);
  return {
    config,
    running: emptyMap(),
    lanes: emptyMap(),
    nextLane: 0,
    queue: [],
    parked: [],
    inFlight: emptyMap(),
    flying: 0,
    roundTrips: NO_ROUND_TRIPS,
    byEndpoint: NO_REMEMBERED_TRIPS,
    sendLevel: undefined,
    releaseAt: undefined,
    shed: 0,
    unowed: 0,
  };
}

export function advancePool<P extends Protocol>(
  state: PoolState<P>,
  event: PoolEvent<P>,
  now: Instant,
  rules: AddressRules = OPEN_RULES,
): Step<PoolState<P>, PoolEffect<P>> {
  const due = nextPoolDeadline(state);
  if (event.type === 'tick' && (due === undefined || now < due)) return { state, effects: NO_EFFECTS };
  const draft = draftOf(state);
  const effects: Effects<P> = [];
  const turn = turnOf(draft, rules);
  expire(draft, effects, now, turn);
  absorb(draft, effects, event, now, turn);
  if (event.type !== 'close') proceed(draft, effects, now, turn);
  draft.releaseAt = nextRelease(draft, now);
  return { state: draft, effects };
}

export function nextPoolDeadline<P extends Protocol>(state: PoolState<P>): Instant | undefined {
  let next = earliest(nextDue(state.running), state.releaseAt);
  for (const queued of state.queue) next = earliest(next, queued.expiresAt);
  return next;
}

/** The machine, for one protocol's types. */
export function poolMachine<P extends Protocol>(): PoolMachine<P> {
  return {
    init: initPool,
    advance: (state, event, now) => advancePool(state, event, now),
    nextDeadline: nextPoolDeadline,
  };
}

/** The lookups that run, in the order in which they were started. */
export function runningQueries<P extends Protocol>(state: PoolState<P>): readonly Child<P>[] {
  return inOrder(state.running).map((entry) => entry.value);
}

function inOrder<P extends Protocol>(running: PoolState<P>['running']): Entry<Child<P>>[] {
  return entries(running).sort((a, b) => (a.key as number) - (b.key as number));
}

/* ---------------------------------------------------------------- expire */

function expire<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, now: Instant, rules: PoolTurn): void {
  if (draft.running.due <= now) {
    for (const entry of entriesDue(draft.running, now)) {
      stepChild(draft, effects, entry.key as number, { type: 'tick' }, now, rules);
    }
  }
  if (draft.queue.length === 0 || !draft.queue.some((queued) => queued.expiresAt <= now)) return;
  const expired = draft.queue.filter((queued) => queued.expiresAt <= now);
  draft.queue = draft.queue.filter((queued) => queued.expiresAt > now);
  for (const queued of expired) endQueued(draft, effects, queued, 'expired', now);
}

/* ---------------------------------------------------------------- absorb */

function absorb<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  event: PoolEvent<P>,
  now: Instant,
  rules: PoolTurn,
): void {
  switch (event.type) {
    case 'add':
      return admit(draft, effects, event, now);
    case 'cancel':
      return cancel(draft, effects, event.id, now, rules);
    case 'close':
      return closeAll(draft, effects, now, rules);
    case 'query':
      return deliver(draft, effects, event.event, now, rules);
    case 'tick':
      return;
  }
}

function admit<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  event: Extract<PoolEvent<P>, { type: 'add' }>,
  now: Instant,
): void {
  const { id, priority, config, seeds, held = [] } = event;
  if (has(draft.lanes, id)) {
    effects.push({ type: 'rejected', id, reason: 'duplicate' });
    return;
  }
  const isFull = draft.running.size >= draft.config.maxQueries && draft.queue.length >= draft.config.maxQueued;
  const least = isFull && priority === 'user' ? draft.queue.find((it) => it.priority === 'background') : undefined;
  if (isFull && least === undefined) {
    effects.push({ type: 'rejected', id, reason: 'full' });
    return;
  }
  try {
    initQuery(config);
  } catch {
    effects.push({ type: 'rejected', id, reason: 'invalid' });
    return;
  }
  if (least !== undefined) shed(draft, effects, least, now);
  draft.lanes = set(draft.lanes, id, -1);
  draft.queue = inserted(draft.queue, { id, priority, config, seeds, held, expiresAt: now + config.deadline });
}

/** Overload: the one of lowest priority that has waited longest makes room (X27). */
function shed<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, queued: Queued<P>, now: Instant): void {
  draft.shed++;
  draft.queue = draft.queue.filter((it) => it !== queued);
  endQueued(draft, effects, queued, 'cancelled', now);
}

function cancel<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  id: string,
  now: Instant,
  rules: PoolTurn,
): void {
  const lane = get(draft.lanes, id);
  if (lane === undefined) return;
  if (lane >= 0) return stepChild(draft, effects, lane, { type: 'cancel', reason: 'cancelled' }, now, rules);
  const queued = draft.queue.find((it) => it.id === id) as Queued<P>;
  draft.queue = draft.queue.filter((it) => it !== queued);
  endQueued(draft, effects, queued, 'cancelled', now);
}

function closeAll<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, now: Instant, rules: PoolTurn): void {
  const { queue } = draft;
  draft.queue = [];
  for (const queued of queue) endQueued(draft, effects, queued, 'closed', now);
  for (const entry of inOrder(draft.running)) {
    stepChild(draft, effects, entry.key as number, { type: 'cancel', reason: 'closed' }, now, rules);
  }
}

/** A lookup that ends before it began reports like any other: it asked nobody. */
function endQueued<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  queued: Queued<P>,
  reason: 'cancelled' | 'closed' | 'expired',
  now: Instant,
): void {
  draft.lanes = remove(draft.lanes, queued.id);
  const step = advanceQuery(initQuery<P>(queued.config), { type: 'cancel', reason }, now);
  for (const effect of step.effects) effects.push({ type: 'query', id: queued.id, effect });
}

function deliver<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  event: Extract<PoolEvent<P>, { type: 'query' }>['event'],
  now: Instant,
  rules: PoolTurn,
): void {
  const lane = Math.floor(event.request / LANE);
  const child = get(draft.running, lane);
  const open = child === undefined ? undefined : openRequest(child.query, event.request);
  // Nothing can be owed for a request that never left.
  if (child === undefined || open?.phase === 'parked') {
    draft.unowed++;
    return;
  }
  if (open !== undefined) {
    if (event.type === 'response' && mayAnswer(open)) measured(draft, open.endpoint, now - open.sentAt, now);
    land(draft, event.request, open.endpoint, rules);
  }
  stepChild(draft, effects, lane, event, now, rules);
}

/* ---------------------------------------------------------------- proceed */

function proceed<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, now: Instant, rules: PoolTurn): void {
  while (draft.queue.length > 0 && draft.running.size < draft.config.maxQueries) {
    const [queued, ...rest] = draft.queue as [Queued<P>, ...Queued<P>[]];
    draft.queue = rest;
    start(draft, effects, queued, now, rules);
  }
  if (draft.parked.length > 0) release(draft, effects, now, rules);
}

function start<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  queued: Queued<P>,
  now: Instant,
  rules: PoolTurn,
): void {
  const lane = draft.nextLane++;
  draft.lanes = set(draft.lanes, queued.id, lane);
  const { config, seeds, held } = queued;
  const before: QueryState<P> = { status: 'idle', config };
  const begin: QueryEvent<P> = { type: 'start', seeds, held, firstRequest: lane * LANE };
  stepQuery(draft, effects, { lane, id: queued.id, priority: queued.priority }, before, begin, now, rules);
}

/**
 * Tells lookups, in order, that what they had parked may go now; each sends it when it has a slot. Only what waits for
 * something that has come is looked at: its endpoint was freed, or there is room in the pool.
 */
function release<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, now: Instant, turn: PoolTurn): void {
  const { freed } = turn;
  const isDue = draft.releaseAt !== undefined && now >= draft.releaseAt;
  if (freed.length === 0 && !isDue) return;
  // What is sent may end a lookup, which frees more.
  for (let known = -1; known < freed.length; ) {
    known = freed.length;
    for (const parked of draft.parked) {
      if (parked.by === 'pool' || isAmong(freed, parked.endpoint)) retry(draft, effects, parked, now, turn);
    }
  }
}

function isAmong(endpoints: readonly Endpoint[], endpoint: Endpoint): boolean {
  for (const it of endpoints) if (isSameText(it, endpoint)) return true;
  return false;
}

function retry<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  parked: Parked<P>,
  now: Instant,
  turn: PoolTurn,
): void {
  // Taken back meanwhile, with the lookup that wanted it.
  if (!draft.parked.includes(parked)) return;
  const { request } = parked.effect;
  const by = obstacle(draft, parked.endpoint, turn, now);
  if (by === undefined) {
    draft.parked = withoutAt(draft.parked, draft.parked.indexOf(parked));
    stepChild(draft, effects, Math.floor(request / LANE), { type: 'unparked', request }, now, turn);
  } else if (by !== parked.by) draft.parked = draft.parked.map((it) => (it === parked ? { ...it, by } : it));
}
