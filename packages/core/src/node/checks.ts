/**
 * What waits for a signature to be judged: requests at our door, and replies to us that bring signed values. Judging
 * costs far more than a step, so it is an effect, and what waits for it is bounded in number, rate and time.
 *
 * Strangers' requests are charged to a budget of checks a second; replies are not, for we asked for them. It refuses to:
 * judge, answer, or keep anything past its deadline.
 */
import type { Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import { earliest, type Instant } from '../machine.ts';
import { emptyMap, entriesDue, get, nextDue, type PersistentMap, remove, set } from '../map.ts';
import type { Answer, InMessage, Protocol } from '../message.ts';
import type { ChecksConfig } from '../responder/config.ts';
import { levelAfter } from '../responder/limiter.ts';

/** A request that came to us; `bytes`: its length, where it is known. */
export interface Asked<P extends Protocol> {
  readonly from: Endpoint;
  readonly message: Extract<InMessage<P>, { type: 'request' }>;
  readonly bytes?: number;
}

/** A reply to one of our requests. */
export interface Answered<P extends Protocol> {
  readonly request: number;
  readonly from: Id;
  readonly answer: Answer<P['value']>;
}

export interface ChecksState<P extends Protocol> {
  /** Numbers the checks of this node. */
  readonly nextJob: number;
  /** When the budget of checks a second is level again. */
  readonly level: Instant | undefined;
  /** By job, due when they are dropped. */
  readonly requests: PersistentMap<Asked<P>>;
  /** By job, due when they count without their values. */
  readonly replies: PersistentMap<Answered<P>>;
}

export function noChecks<P extends Protocol>(): ChecksState<P> {
  return { nextJob: 0, level: undefined, requests: emptyMap(), replies: emptyMap() };
}

/** The state with a request that waits as job `nextJob`; `undefined` when that is one too many. */
export function withRequest<P extends Protocol>(
  state: ChecksState<P>,
  asked: Asked<P>,
  { maxRate, maxPending, deadline }: ChecksConfig,
  isExempt: boolean,
  now: Instant,
): ChecksState<P> | undefined {
  if (state.requests.size >= maxPending) return undefined;
  const level = isExempt ? state.level : levelAfter(state.level, maxRate, 1, now);
  if (level === undefined && !isExempt) return undefined;
  const requests = set(state.requests, state.nextJob, asked, now + deadline);
  return { nextJob: state.nextJob + 1, level, requests, replies: state.replies };
}

/** The state with a reply that waits as job `nextJob`; `undefined` when that is one too many. */
export function withReply<P extends Protocol>(
  state: ChecksState<P>,
  answered: Answered<P>,
  { maxPending, deadline }: ChecksConfig,
  now: Instant,
): ChecksState<P> | undefined {
  if (state.replies.size >= maxPending) return undefined;
  const replies = set(state.replies, state.nextJob, answered, now + deadline);
  return { nextJob: state.nextJob + 1, level: state.level, requests: state.requests, replies };
}

/** Takes out what waits as this job, if anything still does. */
export function withoutJob<P extends Protocol>(
  state: ChecksState<P>,
  job: number,
): {
  readonly state: ChecksState<P>;
  readonly asked?: Asked<P> | undefined;
  readonly answered?: Answered<P> | undefined;
} {
  const asked = get(state.requests, job);
  if (asked !== undefined) return { state: { ...state, requests: remove(state.requests, job) }, asked };
  const answered = get(state.replies, job);
  if (answered !== undefined) return { state: { ...state, replies: remove(state.replies, job) }, answered };
  return { state };
}

/** The jobs whose deadline has passed, in order. */
export function overdueJobs<P extends Protocol>(state: ChecksState<P>, now: Instant): readonly number[] {
  const due = [...entriesDue(state.requests, now), ...entriesDue(state.replies, now)];
  return due.map((it) => it.key as number).sort((a, b) => a - b);
}

export function nextCheckDeadline<P extends Protocol>(state: ChecksState<P>): Instant | undefined {
  return earliest(nextDue(state.requests), nextDue(state.replies));
}
