/**
 * A lookup's state while one step is under way, and the small moves that every beat makes on it. The draft's fields are
 * assigned; the lists and maps in them are shared with older states and never changed, only replaced.
 */
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import { NEVER } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { QueryConfig } from './config.ts';
import { locate } from './shortlist.ts';
import type { Surroundings } from './surroundings.ts';
import type { Candidate, Heard, OpenRequest, QueryEffect, Searching, Seed } from './types.ts';

export type Draft<P extends Protocol> = { -readonly [K in keyof Searching<P>]: Searching<P>[K] };
export type Effects<P extends Protocol> = QueryEffect<P>[];

/** Where the candidate of an open request stands in the list. */
export function indexOf<P extends Protocol>(draft: Draft<P>, request: OpenRequest): number {
  if (draft.config.kind !== 'each') return locate(draft.candidates, draft.config.target, request);
  return draft.candidates.findIndex((it) => 'request' in it && it.request === request.request);
}

export function replaceOpen<P extends Protocol>(draft: Draft<P>, request: OpenRequest): void {
  draft.open = draft.open.map((it) => (it.request === request.request ? request : it));
}

export function closeRequest<P extends Protocol>(draft: Draft<P>, request: OpenRequest): void {
  draft.open = draft.open.filter((it) => it.request !== request.request);
}

/** What every phase of a request shares. */
export function identify({ request, id, endpoint }: OpenRequest): {
  request: number;
  id: Id | undefined;
  endpoint: string;
} {
  return { request, id, endpoint };
}

/** What every variant of a candidate shares, without what its status carries. */
export function heard<P extends Protocol>({ id, endpoint, hops, via, payload, network }: Candidate<P>): Heard<P> {
  return { id, endpoint, hops, via, payload, network };
}

export function seedOf<P extends Protocol>({ id, endpoint }: Candidate<P>): Seed<P> {
  return id === undefined ? { endpoint } : { id, endpoint };
}

/** A request that leaves now. */
export function askedAt<P extends Protocol>(
  { request, id, endpoint }: Pick<OpenRequest, 'request' | 'id' | 'endpoint'>,
  config: QueryConfig<P>,
  now: Instant,
  around: Surroundings,
): OpenRequest {
  const deadline = now + around.timeoutOf(endpoint, config.requestTimeout);
  const slowAt = config.slowAfter === 'off' ? NEVER : now + config.slowAfter;
  return { request, id, endpoint, phase: 'asked', sentAt: now, slowAt, deadline };
}
