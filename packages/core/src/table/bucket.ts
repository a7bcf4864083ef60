/**
 * One bucket: members from the least to the most recently seen, what this node knows of each in packed arrays beside
 * them, and spares (a replacement cache) for when a member goes. Contacts are shared with whoever else knows them; the
 * arrays hold numbers only, and are empty while they would say nothing.
 */

import type { Contact, Endpoint } from '../contact.ts';
import { headOf, type Id } from '../id.ts';
import { appended } from '../lists.ts';
import type { Instant } from '../machine.ts';
import { NONE } from '../none.ts';
import { isSameText } from '../text.ts';

export interface Bucket {
  /** The least recently seen first. */
  readonly members: readonly Contact[];
  /** By member: when it last answered. Never falls from one to the next. */
  readonly seen: readonly Instant[];
  /** By member: requests in a row it did not answer. Empty while everyone answers. */
  readonly failures: readonly number[];
  /** By member: the first 32 bits of its id (`headOf`). Empty in short buckets, which are looked through fast enough. */
  readonly heads: readonly number[];
  /** They answered too, but there was no room. The most recent last. */
  readonly spares: readonly Contact[];
}

export const EMPTY_BUCKET: Bucket = { members: NONE, seen: NONE, failures: NONE, heads: NONE, spares: NONE };

/** Members from which on a bucket keeps heads. */
const LONG = 32;

export function indexById({ members }: Bucket, id: Id): number {
  // As `isSameText` has it, with what is the same for all of them taken out of the loop.
  const end = id.length - 1;
  const digit = id.charCodeAt(end);
  for (let i = 0; i < members.length; i++) {
    const other = (members[i] as Contact).id;
    if (other.charCodeAt(end) === digit && other === id) return i;
  }
  return -1;
}

export function failuresAt(bucket: Bucket, index: number): number {
  return bucket.failures.length === 0 ? 0 : (bucket.failures[index] as number);
}

/** A bucket of these members; each keeps its place in the order of recency. */
export function bucketOf(
  members: readonly Contact[],
  seen: readonly Instant[],
  failures: readonly number[],
  spares: readonly Contact[],
): Bucket {
  return {
    members,
    seen,
    failures: failures.some((it) => it > 0) ? failures : NONE,
    heads: members.length >= LONG ? members.map((it) => headOf(it.id)) : NONE,
    spares: spares.length === 0 ? NONE : spares,
  };
}

/** With a newcomer, seen at `now`: the most recent. */
export function withMember(bucket: Bucket, contact: Contact, now: Instant): Bucket {
  const { members, seen, failures, heads, spares } = bucket;
  const others = spares.length === 0 ? spares : spares.filter((it) => it.id !== contact.id);
  if (heads.length === 0 && members.length + 1 < LONG) {
    const known = failures.length === 0 ? failures : appended(failures, 0);
    return { members: appended(members, contact), seen: appended(seen, now), failures: known, heads, spares: others };
  }
  return bucketOf(appended(members, contact), appended(seen, now), padded(bucket, 1), others);
}

export function withoutMember(bucket: Bucket, index: number): Bucket {
  const keep = (_: unknown, i: number): boolean => i !== index;
  const { members, seen, spares } = bucket;
  return bucketOf(members.filter(keep), seen.filter(keep), padded(bucket, 0).filter(keep), spares);
}

/** The member answered: it is the most recent now, and the order of the others stays. */
export function refreshed(bucket: Bucket, index: number, now: Instant): Bucket {
  const { members, seen, failures, heads, spares } = bucket;
  const last = members.length - 1;
  if (index === last && failuresAt(bucket, index) === 0) {
    if (seen[index] === now) return bucket;
    const times = seen.slice();
    times[last] = now;
    return { members, seen: times, failures, heads, spares };
  }
  const calm = failures.length === 0 || failures.every((it, i) => i === index || it === 0);
  return {
    members: index === last ? members : moved(members, index, members[index] as Contact),
    seen: moved(seen, index, now),
    failures: calm ? NONE : moved(failures, index, 0),
    heads: heads.length === 0 || index === last ? heads : moved(heads, index, heads[index] as number),
    spares,
  };
}

/** The member did not answer, so many times in a row. It keeps its place. */
export function suspected(bucket: Bucket, index: number, times: number = failuresAt(bucket, index) + 1): Bucket {
  const failures = padded(bucket, 0);
  failures[index] = times;
  return { ...bucket, failures: failures.some((it) => it > 0) ? failures : NONE };
}

/** Keeps a newcomer in reserve; the oldest spare goes when there are more than `limit`. */
export function withSpare(bucket: Bucket, contact: Contact, limit: number): Bucket {
  if (limit === 0) return bucket;
  const { members, seen, failures, heads } = bucket;
  const others = withoutNamesakes(bucket.spares, contact);
  // Written out, for most who answer come this way.
  const from = Math.max(0, others.length + 1 - limit);
  const spares = new Array<Contact>(others.length + 1 - from);
  for (let i = from; i < others.length; i++) spares[i - from] = others[i] as Contact;
  spares[others.length - from] = contact;
  return { members, seen, failures, heads, spares };
}

/** Those of another id at another endpoint. The same list when all are. */
function withoutNamesakes(spares: readonly Contact[], { id, endpoint }: Contact): readonly Contact[] {
  const isNamesake = (it: Contact): boolean => isSameText(it.id, id) || isSameText(it.endpoint, endpoint);
  for (let i = 0; i < spares.length; i++) {
    if (isNamesake(spares[i] as Contact)) return spares.filter((it) => !isNamesake(it));
  }
  return spares;
}

/** Without the spare at this endpoint. */
export function withoutSpare(bucket: Bucket, endpoint: Endpoint): Bucket {
  const spares = bucket.spares.filter((spare) => spare.endpoint !== endpoint);
  return spares.length === bucket.spares.length ? bucket : { ...bucket, spares };
}

function moved<T>(list: readonly T[], index: number, value: T): T[] {
  const copy = list.slice();
  const last = copy.length - 1;
  for (let i = index; i < last; i++) copy[i] = copy[i + 1] as T;
  copy[last] = value;
  return copy;
}

/** The failures of all members, and of `more` to come. */
function padded(bucket: Bucket, more: number): number[] {
  const failures: number[] = [];
  for (let i = 0; i < bucket.members.length; i++) failures.push(failuresAt(bucket, i));
  for (let i = 0; i < more; i++) failures.push(0);
  return failures;
}
