/**
 * The shortlist: candidates in order of distance to the target. Pure list operations; who is asked, and when to stop,
 * is decided in query.ts and stop.ts.
 */
import type { Contact, Identity } from '../contact.ts';
import { compareDistance, type Id } from '../id.ts';
import type { Protocol } from '../message.ts';
import type { Candidate } from './types.ts';

interface Placed {
  readonly id: Id | undefined;
  readonly endpoint: string;
}

/** What identifies a candidate: its endpoint, or its id once that is known. */
export function keyOf(identity: Identity, it: Placed): string {
  return identity === 'id' && it.id !== undefined ? it.id : it.endpoint;
}

/** By distance, then endpoint; a candidate of unknown id comes after all others. Total: 0 only for the same place. */
export function compareCandidates(target: Id, a: Placed, b: Placed): number {
  if (a.id === undefined || b.id === undefined) {
    if (a.id !== b.id) return a.id === undefined ? 1 : -1;
  } else if (a.id !== b.id) return compareDistance(target, a.id, b.id);
  return a.endpoint < b.endpoint ? -1 : a.endpoint > b.endpoint ? 1 : 0;
}

/** Where a candidate stands, or -1. Binary search: the list is in order. */
export function locate<P extends Protocol>(list: readonly Candidate<P>[], target: Id, it: Placed): number {
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compareCandidates(target, list[middle] as Placed, it);
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
  const copy = list.slice();
  copy[index] = candidate;
  return copy;
}

/** The list with newcomers at their places: each found by binary search, the rest copied without a look (F18). */
export function merged<P extends Protocol>(
  list: readonly Candidate<P>[],
  target: Id,
  newcomers: Candidate<P>[],
): readonly Candidate<P>[] {
  if (newcomers.length > 1) newcomers.sort((a, b) => compareCandidates(target, a, b));
  const copy: Candidate<P>[] = [];
  let from = 0;
  for (const newcomer of newcomers) {
    const until = placeOf(list, target, newcomer, from);
    while (from < until) copy.push(list[from++] as Candidate<P>);
    copy.push(newcomer);
  }
  while (from < list.length) copy.push(list[from++] as Candidate<P>);
  return copy;
}

/** The first index from `low` on whose candidate comes after `it`. */
function placeOf<P extends Protocol>(list: readonly Candidate<P>[], target: Id, it: Placed, low: number): number {
  let first = low;
  let high = list.length;
  while (first < high) {
    const middle = (first + high) >>> 1;
    if (compareCandidates(target, list[middle] as Placed, it) < 0) first = middle + 1;
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
