/**
 * The shortlist: candidates in order of distance to the target. Pure list operations; who is asked, and when to stop,
 * is decided in query.ts and stop.ts.
 */
import type { Contact, Endpoint, Identity } from '../contact.ts';
import { compareDistance, type Id } from '../id.ts';
import type { Protocol } from '../message.ts';
import type { Candidate } from './types.ts';

interface Placed {
  readonly id: Id | undefined;
  readonly endpoint: string;
}

/** What identifies a candidate: its endpoint, or its id once that is known. */
export function keyOf(identity: Identity, id: Id | undefined, endpoint: Endpoint): string {
  return identity === 'id' && id !== undefined ? id : endpoint;
}

/** By distance, then endpoint; a candidate of unknown id comes after all others. Total: 0 only for the same place. */
export function compareCandidates(target: Id, a: Placed, b: Placed): number {
  return comparePlaces(target, a.id, a.endpoint, b.id, b.endpoint);
}

/** The same, of what decides it: where many are compared, objects of many shapes would slow it down. */
function comparePlaces(
  target: Id,
  id: Id | undefined,
  endpoint: Endpoint,
  otherId: Id | undefined,
  otherEndpoint: Endpoint,
): number {
  if (id === undefined || otherId === undefined) {
    if (id !== otherId) return id === undefined ? 1 : -1;
  } else if (id !== otherId) return compareDistance(target, id, otherId);
  return endpoint < otherEndpoint ? -1 : endpoint > otherEndpoint ? 1 : 0;
}

/** Where a candidate stands, or -1. Binary search: the list is in order. */
export function locate<P extends Protocol>(
  list: readonly Candidate<P>[],
  target: Id,
  id: Id | undefined,
  endpoint: Endpoint,
): number {
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const it = list[middle] as Candidate<P>;
    const order = comparePlaces(target, it.id, it.endpoint, id, endpoint);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** The list with the candidate at `index` replaced by one that sorts at the same place. */
export function withCandidate<P extends Protocol>(
  list: readonly Candidate<P>[],
  index: number,
  candidate: Candidate<P>,
): readonly Candidate<P>[] {
  return list.with(index, candidate);
}

/** The list with newcomers at their places: each found by binary search, the rest moved without a look (F18). */
export function merged<P extends Protocol>(
  list: readonly Candidate<P>[],
  target: Id,
  newcomers: Candidate<P>[],
): readonly Candidate<P>[] {
  if (newcomers.length > 1) newcomers.sort((a, b) => compareCandidates(target, a, b));
  const copy = list.concat(newcomers);
  // From the far end, so that each is moved but once.
  let until = list.length;
  let to = copy.length;
  for (let i = newcomers.length - 1; i >= 0; i--) {
    const newcomer = newcomers[i] as Candidate<P>;
    const place = placeOf(list, target, newcomer.id, newcomer.endpoint, until);
    while (until > place) copy[--to] = list[--until] as Candidate<P>;
    copy[--to] = newcomer;
  }
  return copy;
}

/** The first index below `until` whose candidate comes after this place. */
function placeOf<P extends Protocol>(
  list: readonly Candidate<P>[],
  target: Id,
  id: Id | undefined,
  endpoint: Endpoint,
  until: number,
): number {
  let first = 0;
  let high = until;
  while (first < high) {
    const middle = (first + high) >>> 1;
    const it = list[middle] as Candidate<P>;
    if (comparePlaces(target, it.id, it.endpoint, id, endpoint) < 0) first = middle + 1;
    else high = middle;
  }
  return first;
}

/** The candidate as callers know it; only of use once its id is known. */
export function contactOf<P extends Protocol>(candidate: Candidate<P>): Contact {
  return { id: candidate.id as Id, endpoint: candidate.endpoint };
}

/** Whether a candidate still counts towards the k closest: it has neither failed nor stayed silent. */
export function counts<P extends Protocol>(candidate: Candidate<P>): boolean {
  return candidate.status !== 'failed' && candidate.status !== 'silent';
}
