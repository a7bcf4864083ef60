/**
 * The routing table: buckets of contacts by how many leading bits they share with our own id. Pure data; only
 * contacts that answered us may be offered, and what is offered twice at most updates.
 *
 * Two policies. `fixed`: bucket i holds those that share exactly i bits. `split`: the last bucket holds everyone who
 * shares at least that many, and splits when it is full, so that only the bucket that covers our own id ever does.
 * Both have the same shape, so that everything else here is written once.
 *
 * It refuses to: ping anybody, decide who is worth vetting, or hold our own id. An established member is never pushed
 * out by a newcomer; it leaves by failing.
 */
import type { Contact, Endpoint } from '../contact.ts';
import { ConfigError, checkChoice, checkInteger } from '../errors.ts';
import { commonPrefix, type Id, widthOf } from '../id.ts';
import type { Instant } from '../machine.ts';
import {
  type Bucket,
  EMPTY_BUCKET,
  indexById,
  leastRecent,
  refreshed,
  suspected,
  withMember,
  withoutMember,
  withSpare,
} from './bucket.ts';

export interface TableConfig {
  readonly bucketPolicy: 'fixed' | 'split';
  /** Members per bucket, by depth; the last number holds for all deeper ones. */
  readonly bucketSizes: readonly number[];
  /** Spares per bucket. */
  readonly replacements: number;
  /** Unanswered requests in a row after which a member goes; one is enough where a spare waits. */
  readonly maxFailures: number;
}

export interface Table {
  readonly self: Id;
  readonly config: TableConfig;
  /** Policy `split`: never empty, the last one covers our own id. Policy `fixed`: no longer than needed. */
  readonly buckets: readonly Bucket[];
}

/**
 * - `added`: it is a member now. `split`: likewise, after the bucket that covers our id was split.
 * - `updated`: it was a member; it is the most recently seen now.
 * - `full`: its bucket had no room; it is kept as a spare. `leastRecent` is whom to check.
 * - `refused`: our own id, or an id that a member has at another endpoint.
 */
export type Insertion =
  | Placement
  | { readonly type: 'updated' }
  | { readonly type: 'refused'; readonly reason: 'self' | 'id-taken' };

/** `removed`: the member that was known at the same endpoint by another id (R13). */
type Placement =
  | { readonly type: 'added' | 'split'; readonly removed?: Contact }
  | { readonly type: 'full'; readonly leastRecent: Contact; readonly removed?: Contact };

/** Throws `ConfigError` naming the first field that is out of range. */
export function checkTableConfig(config: TableConfig): void {
  checkChoice('table.bucketPolicy', config.bucketPolicy, ['fixed', 'split']);
  if (!Array.isArray(config.bucketSizes) || config.bucketSizes.length === 0) {
    throw new ConfigError('table.bucketSizes', 'must list at least one size');
  }
  for (const size of config.bucketSizes) checkInteger('table.bucketSizes', size, 1, 4_096);
  checkInteger('table.replacements', config.replacements, 0, 4_096);
  checkInteger('table.maxFailures', config.maxFailures, 1, 100);
}

export function emptyTable(self: Id, config: TableConfig): Table {
  checkTableConfig(config);
  return { self, config, buckets: config.bucketPolicy === 'split' ? [EMPTY_BUCKET] : [] };
}

/** Members of the whole table. */
export function tableSize(table: Table): number {
  let size = 0;
  for (const bucket of table.buckets) size += bucket.members.length;
  return size;
}

/** All members, nearest bucket last, each bucket in order of joining. */
export function tableContacts(table: Table): Contact[] {
  return table.buckets.flatMap((bucket) => bucket.members);
}

/** The bucket a contact belongs to. Our own id has none: -1. */
export function bucketIndex(table: Table, id: Id): number {
  const shared = commonPrefix(table.self, id);
  if (shared === widthOf(table.self)) return -1;
  return table.config.bucketPolicy === 'split' ? Math.min(shared, table.buckets.length - 1) : shared;
}

/** How many members a bucket may have. */
export function bucketCapacity(config: TableConfig, index: number): number {
  return config.bucketSizes[Math.min(index, config.bucketSizes.length - 1)] as number;
}

/** The member with this id, and when it last answered. */
export function memberOf(table: Table, id: Id): { contact: Contact; seen: Instant; failures: number } | undefined {
  const bucket = table.buckets[bucketIndex(table, id)];
  const index = bucket === undefined ? -1 : indexById(bucket, id);
  if (bucket === undefined || index < 0) return undefined;
  return {
    contact: bucket.members[index] as Contact,
    seen: bucket.seen[index] as Instant,
    failures: bucket.failures[index] as number,
  };
}

/** The member at this endpoint. Looks at every member: for rare questions. */
export function memberAt(table: Table, endpoint: Endpoint): Contact | undefined {
  for (const bucket of table.buckets) {
    for (const member of bucket.members) if (member.endpoint === endpoint) return member;
  }
  return undefined;
}

/** Whether a stranger with this id would become a member if it answered now. */
export function hasRoomFor(table: Table, id: Id): boolean {
  const index = bucketIndex(table, id);
  if (index < 0) return false;
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  if (indexById(bucket, id) >= 0) return false;
  if (bucket.members.length < bucketCapacity(table.config, index)) return true;
  if (!splits(table, index)) return false;
  // Splitting goes on until the newcomer's own prefix has a bucket; there it shares with those of the same prefix.
  const shared = commonPrefix(table.self, id);
  const neighbours = bucket.members.filter((member) => commonPrefix(table.self, member.id) === shared);
  return neighbours.length < bucketCapacity(table.config, shared);
}

/** Offers a contact that has just answered us (F35). */
export function insertContact(table: Table, contact: Contact, now: Instant): readonly [Table, Insertion] {
  const index = bucketIndex(table, contact.id);
  if (index < 0) return [table, { type: 'refused', reason: 'self' }];
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  const at = indexById(bucket, contact.id);
  if (at >= 0) {
    if (bucket.members[at]?.endpoint !== contact.endpoint) return [table, { type: 'refused', reason: 'id-taken' }];
    return [withBucket(table, index, refreshed(bucket, at, now)), { type: 'updated' }];
  }
  const namesake = memberAt(table, contact.endpoint);
  if (namesake === undefined) return place(table, contact, now, 'added');
  const [after, insertion] = place(removeContact(table, namesake.id), contact, now, 'added');
  return [after, { ...insertion, removed: namesake }];
}

/** The member did not answer a request. Whoever is removed for it, and the spare that took its place. */
export function contactFailed(
  table: Table,
  id: Id,
  now: Instant,
): readonly [Table, { readonly removed?: Contact; readonly added?: Contact }] {
  const index = bucketIndex(table, id);
  const bucket = table.buckets[index];
  const at = bucket === undefined ? -1 : indexById(bucket, id);
  if (bucket === undefined || at < 0) return [table, {}];
  const failures = (bucket.failures[at] as number) + 1;
  const limit = bucket.spares.length > 0 ? 1 : table.config.maxFailures;
  if (failures < limit) return [withBucket(table, index, suspected(bucket, at)), {}];
  const removed = bucket.members[at] as Contact;
  const left = withoutMember(bucket, at);
  // The most recent one whose endpoint has not become a member under another id meanwhile.
  const spare = bucket.spares.findLast((it) => memberAt(table, it.endpoint) === undefined);
  if (spare === undefined) return [withBucket(table, index, left), { removed }];
  return [withBucket(table, index, withMember(left, spare, now)), { removed, added: spare }];
}

/** Takes a member out; no spare steps in. The same table when it was none. */
export function removeContact(table: Table, id: Id): Table {
  const index = bucketIndex(table, id);
  const bucket = table.buckets[index];
  const at = bucket === undefined ? -1 : indexById(bucket, id);
  return bucket === undefined || at < 0 ? table : withBucket(table, index, withoutMember(bucket, at));
}

function place(table: Table, contact: Contact, now: Instant, type: 'added' | 'split'): readonly [Table, Placement] {
  const index = bucketIndex(table, contact.id);
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  if (bucket.members.length < bucketCapacity(table.config, index)) {
    return [withBucket(table, index, withMember(bucket, contact, now)), { type }];
  }
  if (splits(table, index)) return place(split(table), contact, now, 'split');
  const kept = withBucket(table, index, withSpare(bucket, contact, table.config.replacements));
  return [kept, { type: 'full', leastRecent: bucket.members[leastRecent(bucket)] as Contact }];
}

function splits(table: Table, index: number): boolean {
  return table.config.bucketPolicy === 'split' && index === table.buckets.length - 1 && index < widthOf(table.self) - 1;
}

/** Divides the bucket that covers our own id by the next bit. */
function split(table: Table): Table {
  const depth = table.buckets.length - 1;
  const bucket = table.buckets[depth] as Bucket;
  const stays = (contact: Contact): boolean => commonPrefix(table.self, contact.id) === depth;
  const part = (wanted: boolean): Bucket => ({
    members: bucket.members.filter((member) => stays(member) === wanted),
    heads: bucket.heads.filter((_, i) => stays(bucket.members[i] as Contact) === wanted),
    seen: bucket.seen.filter((_, i) => stays(bucket.members[i] as Contact) === wanted),
    failures: bucket.failures.filter((_, i) => stays(bucket.members[i] as Contact) === wanted),
    spares: bucket.spares.filter((spare) => stays(spare) === wanted),
  });
  return { ...table, buckets: [...table.buckets.slice(0, depth), part(true), part(false)] };
}

function withBucket(table: Table, index: number, bucket: Bucket): Table {
  const buckets = table.buckets.slice();
  while (buckets.length < index) buckets.push(EMPTY_BUCKET);
  buckets[index] = bucket;
  return { self: table.self, config: table.config, buckets };
}
