/**
 * One bucket: members, what this node knows of each in packed arrays beside them, and spares (a replacement cache) for
 * when a member goes. Contacts are shared with whoever else knows them; the arrays hold numbers only.
 */
import type { Contact } from '../contact.ts';
import { headOf, type Id } from '../id.ts';
import type { Instant } from '../machine.ts';

export interface Bucket {
  readonly members: readonly Contact[];
  /** By member: the first 32 bits of its id (`headOf`). */
  readonly heads: readonly number[];
  /** By member: when it last answered. */
  readonly seen: readonly Instant[];
  /** By member: requests in a row it did not answer. */
  readonly failures: readonly number[];
  /** They answered too, but there was no room. The most recent last. */
  readonly spares: readonly Contact[];
}

export const EMPTY_BUCKET: Bucket = { members: [], heads: [], seen: [], failures: [], spares: [] };

export function indexById(bucket: Bucket, id: Id): number {
  for (let i = 0; i < bucket.members.length; i++) if (bucket.members[i]?.id === id) return i;
  return -1;
}

/** The member that has been quiet for longest; of several, the one that came first. */
export function leastRecent(bucket: Bucket): number {
  let index = 0;
  for (let i = 1; i < bucket.seen.length; i++) {
    if ((bucket.seen[i] as Instant) < (bucket.seen[index] as Instant)) index = i;
  }
  return index;
}

export function withMember(bucket: Bucket, contact: Contact, now: Instant): Bucket {
  return {
    members: [...bucket.members, contact],
    heads: [...bucket.heads, headOf(contact.id)],
    seen: [...bucket.seen, now],
    failures: [...bucket.failures, 0],
    spares: bucket.spares.filter((spare) => spare.id !== contact.id),
  };
}

export function withoutMember(bucket: Bucket, index: number): Bucket {
  const keep = <T>(_: T, i: number): boolean => i !== index;
  return {
    members: bucket.members.filter(keep),
    heads: bucket.heads.filter(keep),
    seen: bucket.seen.filter(keep),
    failures: bucket.failures.filter(keep),
    spares: bucket.spares,
  };
}

/** The member answered. */
export function refreshed(bucket: Bucket, index: number, now: Instant): Bucket {
  const seen = bucket.seen.slice();
  seen[index] = now;
  if (bucket.failures[index] === 0) return { ...bucket, seen };
  const failures = bucket.failures.slice();
  failures[index] = 0;
  return { ...bucket, seen, failures };
}

/** The member did not answer. */
export function suspected(bucket: Bucket, index: number): Bucket {
  const failures = bucket.failures.slice();
  failures[index] = (failures[index] as number) + 1;
  return { ...bucket, failures };
}

/** Keeps a newcomer in reserve; the oldest spare goes when there are more than `limit`. */
export function withSpare(bucket: Bucket, contact: Contact, limit: number): Bucket {
  if (limit === 0) return bucket;
  const spares = bucket.spares.filter((spare) => spare.id !== contact.id && spare.endpoint !== contact.endpoint);
  return { ...bucket, spares: [...spares, contact].slice(-limit) };
}
