/**
 * The shortlist: candidates in order of distance to the target. Pure list operations; who is asked, and when to stop,
 * is decided in query.ts and stop.ts.
 */
import type { Contact, Endpoint, Identity } from '../contact.ts';
import { compareDistance, type Id } from '../id.ts';
import { replacedAt } from '../lists.ts';
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
  const place = placeOf(list, target, id, endpoint, 0);
  const it = list[place];
  return it !== undefined && it.id === id && it.endpoint === endpoint ? place : -1;
}

/** The list with the candidate at `index` replaced by one that sorts at the same place. */
export function withCandidate<P extends Protocol>(
  list: readonly Candidate<P>[],
  index: number,
  candidate: Candidate<P>,
): readonly Candidate<P>[] {
  return replacedAt(list, index, candidate);
}

/**
 * Those who are new to a list: in order, each with the index in that list before which it goes. `place` and `at` are what
 * `isNew` found last: where whoever it was asked about goes in the list, and where among the newcomers.
 */
export interface Newcomers<P extends Protocol> {
  readonly candidates: Candidate<P>[];
  readonly places: number[];
  place: number;
  at: number;
}

export function noNewcomers<P extends Protocol>(): Newcomers<P> {
  return { candidates: [], places: [], place: 0, at: 0 };
}

/**
 * Finds the place of one more; false when its id is among them or in the list and `identity` is `id`. Whoever answers
 * mostly names its nearest first: then each comes behind the last.
 */
export function isNew<P extends Protocol>(
  list: readonly Candidate<P>[],
  target: Id,
  identity: Identity,
  newcomers: Newcomers<P>,
  id: Id | undefined,
  endpoint: Endpoint,
): boolean {
  const { candidates, places } = newcomers;
  const isById = identity === 'id' && id !== undefined;
  // No endpoint comes before the empty one: whoever has this id, anywhere, stands there.
  const key = isById ? '' : endpoint;
  const last = candidates.length - 1;
  const isBehind = last >= 0 && comesBefore(candidates[last] as Candidate<P>, target, id, key);
  const at = isBehind ? last + 1 : placeOf(candidates, target, id, key, 0);
  if (isById && candidates[at]?.id === id) return false;
  const place = placeOf(list, target, id, key, isBehind ? (places[last] as number) : 0);
  if (isById && list[place]?.id === id) return false;
  newcomers.place = place;
  newcomers.at = at;
  return true;
}

/** Puts in the one that `isNew` was asked about last. */
export function enlist<P extends Protocol>(newcomers: Newcomers<P>, candidate: Candidate<P>): void {
  insertAt(newcomers.candidates, newcomers.at, candidate);
  insertAt(newcomers.places, newcomers.at, newcomers.place);
}

/** The list with the newcomers in it: each candidate is moved but once, without a look (F18). */
export function merged<P extends Protocol>(
  list: readonly Candidate<P>[],
  { candidates, places }: Newcomers<P>,
): Candidate<P>[] {
  let until = list.length;
  let to = until + candidates.length;
  const copy = new Array<Candidate<P>>(to);
  for (let i = candidates.length - 1; i >= 0; i--) {
    const place = places[i] as number;
    while (until > place) copy[--to] = list[--until] as Candidate<P>;
    copy[--to] = candidates[i] as Candidate<P>;
  }
  while (until > 0) copy[--to] = list[--until] as Candidate<P>;
  return copy;
}

/** Whether a candidate of this id is in the list. */
export function hasId<P extends Protocol>(list: readonly Candidate<P>[], target: Id, id: Id): boolean {
  return list[placeOf(list, target, id, '', 0)]?.id === id;
}

/** The first index, not below `from`, whose candidate does not come before this place. */
function placeOf<P extends Protocol>(
  list: readonly Candidate<P>[],
  target: Id,
  id: Id | undefined,
  endpoint: Endpoint,
  from: number,
): number {
  let first = from;
  let high = list.length;
  while (first < high) {
    const middle = (first + high) >>> 1;
    if (comesBefore(list[middle] as Candidate<P>, target, id, endpoint)) first = middle + 1;
    else high = middle;
  }
  return first;
}

function comesBefore<P extends Protocol>(
  it: Candidate<P>,
  target: Id,
  id: Id | undefined,
  endpoint: Endpoint,
): boolean {
  return comparePlaces(target, it.id, it.endpoint, id, endpoint) < 0;
}

function insertAt<T>(list: T[], at: number, item: T): void {
  for (let i = list.length; i > at; i--) list[i] = list[i - 1] as T;
  list[at] = item;
}

/** The candidate as callers know it; only of use once its id is known. */
export function contactOf<P extends Protocol>(candidate: Candidate<P>): Contact {
  return { id: candidate.id as Id, endpoint: candidate.endpoint };
}

/** Whether a candidate still counts towards the k closest: it has neither failed nor stayed silent. */
export function counts<P extends Protocol>(candidate: Candidate<P>): boolean {
  return candidate.status !== 'failed' && candidate.status !== 'silent';
}
