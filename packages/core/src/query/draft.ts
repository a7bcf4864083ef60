/**
 * A lookup's state while one step is under way, and the small moves that every beat makes on it. The draft's fields are
 * assigned; the lists and maps in them are shared with older states and never changed, only replaced.
 */
import type { Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import { replacedAt, withoutAt } from '../lists.ts';
import type { Instant } from '../machine.ts';
import { NEVER } from '../map.ts';
import type { Protocol, Refusal } from '../message.ts';
import type { QueryConfig } from './config.ts';
import { locate } from './shortlist.ts';
import type { Surroundings } from './surroundings.ts';
import type { Candidate, FailureCause, Heard, OpenRequest, QueryEffect, Searching, Seed } from './types.ts';

export type Draft<P extends Protocol> = { -readonly [K in keyof Searching<P>]: Searching<P>[K] };
export type Effects<P extends Protocol> = QueryEffect<P>[];

/** Written out, as are the candidates below: spreads cost more than the rest of a step. */
export function draftOf<P extends Protocol>(state: Searching<P>): Draft<P> {
  return {
    status: 'searching',
    config: state.config,
    startedAt: state.startedAt,
    candidates: state.candidates,
    known: state.known,
    open: state.open,
    firstRequest: state.firstRequest,
    nextRequest: state.nextRequest,
    values: state.values,
    valueKeys: state.valueKeys,
    givers: state.givers,
    unproductive: state.unproductive,
    fruitless: state.fruitless,
    dropped: state.dropped,
  };
}

/** Where the candidate of an open request stands in the list. */
export function indexOf<P extends Protocol>(draft: Draft<P>, { request, id, endpoint }: OpenRequest): number {
  if (draft.config.kind !== 'each') return locate(draft.candidates, draft.config.target, id, endpoint);
  return draft.candidates.findIndex((it) => 'request' in it && it.request === request);
}

/** Where the open request of this number stands, or -1. */
export function indexOfOpen(open: readonly OpenRequest[], request: number): number {
  for (let i = 0; i < open.length; i++) if (open[i]?.request === request) return i;
  return -1;
}

export function replaceOpen<P extends Protocol>(draft: Draft<P>, request: OpenRequest): void {
  const at = indexOfOpen(draft.open, request.request);
  if (at >= 0) draft.open = replacedAt(draft.open, at, request);
}

export function closeRequest<P extends Protocol>(draft: Draft<P>, { request }: OpenRequest): void {
  const at = indexOfOpen(draft.open, request);
  if (at >= 0) draft.open = withoutAt(draft.open, at);
}

export function asked<P extends Protocol>(
  { id, endpoint, hops, via, payload, network }: Heard<P>,
  request: number,
): Candidate<P> {
  return { id, endpoint, hops, via, payload, network, status: 'asked', request };
}

export function silent<P extends Protocol>(
  { id, endpoint, hops, via, payload, network }: Heard<P>,
  request: number,
): Candidate<P> {
  return { id, endpoint, hops, via, payload, network, status: 'silent', request };
}

export function failed<P extends Protocol>(
  { id, endpoint, hops, via, payload, network }: Heard<P>,
  cause: FailureCause,
  refusal: Refusal | undefined,
): Candidate<P> {
  return { id, endpoint, hops, via, payload, network, status: 'failed', cause, refusal };
}

export function seedOf<P extends Protocol>({ id, endpoint }: Candidate<P>): Seed<P> {
  return id === undefined ? { endpoint } : { id, endpoint };
}

/** A request that leaves now. */
export function askedAt<P extends Protocol>(
  request: number,
  id: Id | undefined,
  endpoint: Endpoint,
  config: QueryConfig<P>,
  now: Instant,
  around: Surroundings,
): OpenRequest {
  const deadline = now + around.timeoutOf(endpoint, config.requestTimeout);
  const slowAt = config.slowAfter === 'off' ? NEVER : now + config.slowAfter;
  return { request, id, endpoint, phase: 'asked', sentAt: now, slowAt, deadline };
}
