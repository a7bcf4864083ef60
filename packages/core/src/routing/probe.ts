/**
 * Checking that members of the table still answer: the least recently seen first, the deepest bucket first among
 * equals, a few at once. Whoever answers anything counts as seen, so evidence from elsewhere postpones a check. A member
 * whose place a newcomer wants is checked early, once, however many newcomers wait (they wait as the bucket's spares).
 * After a sleep a sample is checked at once. Whoever failed a check and is still a member is checked again after a rest,
 * so that neither an answer that proves nothing nor a pool without room makes it ask without end.
 *
 * The schedule is not kept but read off the table, which is ordered by recency. It refuses to: send, or change the
 * table: Routing hands it a view, tells it what became of each check, and removes whom the table gives up.
 */

import type { Contact } from '../contact.ts';
import { checkInteger } from '../errors.ts';
import { earliest, type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { NEVER } from '../map.ts';
import { NONE } from '../none.ts';
import { memberOf, type Table } from '../table/table.ts';

export interface ProbeConfig {
  /** ms without a sign of life after which a member is checked. */
  readonly questionableAfter: Instant;
  /** ms without a sign of life after which a member is checked because a newcomer wants its place. */
  readonly contestedAfter: Instant;
  /** ms after which a member that failed its check, and is one still, is checked again. */
  readonly retryAfter: Instant;
  /** Checks at once. */
  readonly maxChecking: number;
  /** Members that may wait for an early check. */
  readonly maxUrgent: number;
}

export const DEFAULT_PROBE: ProbeConfig = {
  questionableAfter: 900_000,
  contestedAfter: 300_000,
  retryAfter: 60_000,
  maxChecking: 3,
  maxUrgent: 64,
};

export type ProbeEvent =
  /** The table has changed, or somebody in it was seen. */
  | { readonly type: 'table-changed'; readonly table: Table }
  /** A newcomer waits for this member's place. */
  | { readonly type: 'contested'; readonly member: Contact; readonly seen: Instant }
  /** Check these soon, whenever they were last seen. */
  | { readonly type: 'doubted'; readonly members: readonly Contact[] }
  | { readonly type: 'check-passed'; readonly check: number }
  | { readonly type: 'check-failed'; readonly check: number }
  | { readonly type: 'tick' };

export type ProbeEffect = { readonly type: 'check'; readonly check: number; readonly member: Contact };

interface Checked {
  readonly check: number;
  readonly member: Contact;
  /** When it had last answered. */
  readonly seen: Instant;
}

/**
 * - `idle`: nobody is being checked.
 * - `checking`: at least one is, and there is room for another.
 * - `busy`: as many as may be are; whoever falls due waits.
 */
export interface ProbeState {
  readonly status: 'idle' | 'checking' | 'busy';
  readonly config: ProbeConfig;
  /** A view: changed by Routing alone. */
  readonly table: Table;
  readonly checking: readonly Checked[];
  /** Members that failed their check and have not been seen since. */
  readonly resting: readonly { readonly member: Contact; readonly seen: Instant; readonly until: Instant }[];
  /** To be checked before those who are due, in this order. */
  readonly urgent: readonly Contact[];
  readonly nextCheck: number;
}

export type ProbeMachine = Machine<
  { readonly probe: ProbeConfig; readonly table: Table },
  ProbeState,
  ProbeEvent,
  ProbeEffect
>;

export function checkProbeConfig(config: ProbeConfig): void {
  checkInteger('probe.questionableAfter', config.questionableAfter, 1);
  checkInteger('probe.contestedAfter', config.contestedAfter, 0, config.questionableAfter);
  checkInteger('probe.retryAfter', config.retryAfter, 1);
  checkInteger('probe.maxChecking', config.maxChecking, 1, 1_024);
  checkInteger('probe.maxUrgent', config.maxUrgent, 0, 65_536);
}

export function initProbe({ probe: config, table }: { probe: ProbeConfig; table: Table }): ProbeState {
  checkProbeConfig(config);
  return { status: 'idle', config, table, checking: NONE, resting: NONE, urgent: NONE, nextCheck: 0 };
}

export function advanceProbe(before: ProbeState, event: ProbeEvent, now: Instant): Step<ProbeState, ProbeEffect> {
  const state = absorb(expire(before, now), event, now);
  const due = nextProbeDeadline(state);
  // Nothing to do, as nearly always when somebody was merely seen.
  if (state.urgent.length === 0 && (due === undefined || now < due)) return { state, effects: NO_EFFECTS };
  return proceed(state, now);
}

/** When the next member falls due; `undefined` while no further check could start. O(buckets), O(1) with none in hand. */
export function nextProbeDeadline(state: ProbeState): Instant | undefined {
  if (state.status === 'busy') return undefined;
  const { table, config } = state;
  const oldest = isAnyInHand(state) ? oldestNotInHand(state) : table.oldest;
  let due = oldest === NEVER ? undefined : oldest + config.questionableAfter;
  for (const { until } of state.resting) due = earliest(due, until);
  return due;
}

export const probeMachine: ProbeMachine = {
  init: initProbe,
  advance: advanceProbe,
  nextDeadline: nextProbeDeadline,
};

/** Whoever has rested for long enough is to be checked again. */
function expire(state: ProbeState, now: Instant): ProbeState {
  if (state.resting.length === 0) return state;
  const rested = state.resting.filter((it) => it.until <= now).map((it) => it.member);
  if (rested.length === 0) return state;
  return withUrgent({ ...state, resting: state.resting.filter((it) => it.until > now) }, rested);
}

function absorb(state: ProbeState, event: ProbeEvent, now: Instant): ProbeState {
  switch (event.type) {
    case 'table-changed':
      return withTable(state, event.table);
    case 'contested':
      return now - event.seen < state.config.contestedAfter ? state : withUrgent(state, [event.member]);
    case 'doubted':
      return withUrgent(state, event.members);
    case 'check-passed':
    case 'check-failed': {
      const ended = state.checking.find((it) => it.check === event.check);
      if (ended === undefined) return state;
      const checking = state.checking.filter((it) => it !== ended);
      return withChecking(event.type === 'check-failed' ? atRest(state, ended, now) : state, checking);
    }
    case 'tick':
      return state;
  }
}

function withTable(state: ProbeState, table: Table): ProbeState {
  const { status, config, checking, urgent, nextCheck } = state;
  const isSeenSince = (it: (typeof state.resting)[0]): boolean => memberOf(table, it.member.id)?.seen !== it.seen;
  const resting = state.resting.some(isSeenSince) ? state.resting.filter((it) => !isSeenSince(it)) : state.resting;
  // Written out: a spread costs more than all the rest when somebody was merely seen.
  return { status, config, table, checking, resting, urgent, nextCheck };
}

function atRest(state: ProbeState, { member, seen }: Checked, now: Instant): ProbeState {
  if (memberOf(state.table, member.id)?.seen !== seen) return state;
  return { ...state, resting: [...state.resting, { member, seen, until: now + state.config.retryAfter }] };
}

function withUrgent(state: ProbeState, members: readonly Contact[]): ProbeState {
  const isKnown = (it: Contact): boolean => isInHand(state, it) || state.urgent.some((other) => other.id === it.id);
  const urgent = [...state.urgent, ...members.filter((it) => !isKnown(it))].slice(0, state.config.maxUrgent);
  return { ...state, urgent };
}

function withChecking(state: ProbeState, checking: ProbeState['checking']): ProbeState {
  const status = checking.length === 0 ? 'idle' : checking.length < state.config.maxChecking ? 'checking' : 'busy';
  return { ...state, status, checking };
}

function proceed(before: ProbeState, now: Instant): Step<ProbeState, ProbeEffect> {
  const effects: ProbeEffect[] = [];
  let state = before;
  while (state.status !== 'busy') {
    const member = state.urgent[0] ?? mostOverdue(state, now);
    if (member === undefined) break;
    const urgent = state.urgent.slice(1);
    const seen = memberOf(state.table, member.id)?.seen;
    // Somebody who has left the table meanwhile need not be checked.
    if (seen === undefined) {
      state = { ...state, urgent };
      continue;
    }
    const check = state.nextCheck;
    const checking = [...state.checking, { check, member, seen }];
    state = withChecking({ ...state, urgent, nextCheck: check + 1 }, checking);
    effects.push({ type: 'check', check, member });
  }
  return { state, effects: effects.length === 0 ? NO_EFFECTS : effects };
}

/** Of those due, the one seen longest ago; of several, the one in the deepest bucket. */
function mostOverdue(state: ProbeState, now: Instant): Contact | undefined {
  let found: Contact | undefined;
  let oldest = now - state.config.questionableAfter + 1;
  const { buckets } = state.table;
  for (let b = buckets.length - 1; b >= 0; b--) {
    const { members, seen } = buckets[b] as Table['buckets'][number];
    for (let i = 0; i < members.length && oldest > (seen[i] as Instant); i++) {
      if (isInHand(state, members[i] as Contact)) continue;
      found = members[i];
      oldest = seen[i] as Instant;
    }
  }
  return found;
}

function oldestNotInHand(state: ProbeState): Instant {
  let oldest = NEVER;
  for (const { members, seen } of state.table.buckets) {
    let first = 0;
    while (first < members.length && isInHand(state, members[first] as Contact)) first++;
    oldest = Math.min(oldest, seen[first] ?? NEVER);
  }
  return oldest;
}

function isAnyInHand(state: ProbeState): boolean {
  return state.checking.length > 0 || state.resting.length > 0;
}

/** Being checked, or at rest after a check. */
function isInHand({ checking, resting }: ProbeState, { id }: Contact): boolean {
  return checking.some((it) => it.member.id === id) || resting.some((it) => it.member.id === id);
}
