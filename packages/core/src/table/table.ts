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
import type { Contact, Endpoint, GroupOf } from '../contact.ts';
import { commonPrefix, type Id, widthOf } from '../id.ts';
import { replacedAt } from '../lists.ts';
import type { Instant } from '../machine.ts';
import { NEVER } from '../map.ts';
import type { AddressIds } from '../profile.ts';
import { isSameText } from '../text.ts';
import {
  type Bucket,
  bucketOf,
  EMPTY_BUCKET,
  failuresAt,
  indexById,
  refreshed,
  suspected,
  withMember,
  withoutMember,
  withoutSpare,
  withSpare,
} from './bucket.ts';
import { isCrowded, ungrouped } from './caps.ts';
import { bucketCapacity, checkTableConfig, type TableConfig } from './config.ts';
import { type EndpointFilter, filterOf, mayHold, withEndpoint } from './endpoint-filter.ts';

export interface Table {
  readonly self: Id;
  readonly config: TableConfig;
  /** Policy `split`: never empty, the last one covers our own id. Policy `fixed`: no longer than needed. */
  readonly buckets: readonly Bucket[];
  /** When the least recently seen member of all last answered; `NEVER` when there is none. */
  readonly oldest: Instant;
  /** Tells strangers from members by their endpoints. */
  readonly endpoints: EndpointFilter;
}

/**
 * - `added`: it is a member now. `split`: likewise, after the bucket that covers our id was split.
 * - `updated`: it was a member; it is the most recently seen now.
 * - `full`: its bucket had no room; it is kept as a spare. `leastRecent` is whom to check.
 * - `refused`: our own id, an id that a member has at another endpoint, or one contact too many of its host or network.
 */
export type Insertion =
  | Placement
  | { readonly type: 'updated' }
  | { readonly type: 'refused'; readonly reason: 'self' | 'id-taken' | 'crowded'; readonly removed?: Contact };

/** `removed`: the member that was known at the same endpoint by another id (R13). */
type Placement =
  | { readonly type: 'added' | 'split'; readonly removed?: Contact }
  | { readonly type: 'full'; readonly leastRecent: Contact; readonly removed?: Contact };

export function emptyTable(self: Id, config: TableConfig): Table {
  checkTableConfig(config);
  return makeTable(self, config, config.bucketPolicy === 'split' ? [EMPTY_BUCKET] : []);
}

/** A table of these buckets. */
export function makeTable(self: Id, config: TableConfig, buckets: readonly Bucket[]): Table {
  return { self, config, buckets, oldest: oldestOfAll(buckets), endpoints: filterOf(buckets) };
}

function oldestOfAll(buckets: readonly Bucket[]): Instant {
  let oldest = NEVER;
  for (let i = 0; i < buckets.length; i++) {
    const seen = oldestOf(buckets[i] as Bucket);
    if (seen < oldest) oldest = seen;
  }
  return oldest;
}

function oldestOf(bucket: Bucket): Instant {
  // What lies beyond the end of a list is looked for in vain in a slow way.
  return bucket.seen.length === 0 ? NEVER : (bucket.seen[0] as Instant);
}

/** Members of the whole table. */
export function tableSize(table: Table): number {
  let size = 0;
  for (const bucket of table.buckets) size += bucket.members.length;
  return size;
}

/** All members, nearest bucket last, each bucket from the least to the most recently seen. */
export function tableContacts(table: Table): Contact[] {
  return table.buckets.flatMap((bucket) => bucket.members);
}

/** The bucket a contact belongs to. Our own id has none: -1. */
export function bucketIndex(table: Table, id: Id): number {
  const shared = commonPrefix(table.self, id);
  if (shared === widthOf(table.self)) return -1;
  return table.config.bucketPolicy === 'split' ? Math.min(shared, table.buckets.length - 1) : shared;
}

/**
 * How many members a bucket may have now. The one that covers our own id holds several depths and has room for no more
 * than the smallest of them has: its members may all be of that one, and must find a place there when it splits.
 */
function roomIn(table: Table, index: number): number {
  const { config } = table;
  if (!splits(table, index)) return bucketCapacity(config, index);
  return Math.min(...config.bucketSizes.slice(Math.min(index, config.bucketSizes.length - 1)));
}

/** The member with this id, and when it last answered. */
export function memberOf(table: Table, id: Id): { contact: Contact; seen: Instant; failures: number } | undefined {
  const bucket = table.buckets[bucketIndex(table, id)];
  const index = bucket === undefined ? -1 : indexById(bucket, id);
  if (bucket === undefined || index < 0) return undefined;
  return {
    contact: bucket.members[index] as Contact,
    seen: bucket.seen[index] as Instant,
    failures: failuresAt(bucket, index),
  };
}

/** Whether this very contact is a member. Looks at few members for a stranger, at most at one bucket for anybody. */
export function isMember(table: Table, { id, endpoint }: Contact): boolean {
  return mayHold(table.endpoints, endpoint) && memberOf(table, id)?.contact.endpoint === endpoint;
}

/** The member at this endpoint. Looks at every member, but seldom for a stranger. */
export function memberAt(table: Table, endpoint: Endpoint): Contact | undefined {
  if (!mayHold(table.endpoints, endpoint)) return undefined;
  for (const { members } of table.buckets) {
    for (let i = 0; i < members.length; i++) {
      if (isSameText((members[i] as Contact).endpoint, endpoint)) return members[i];
    }
  }
  return undefined;
}

/** Whether a stranger with this id would become a member if it answered now. */
export function hasRoomFor(table: Table, id: Id): boolean {
  const index = bucketIndex(table, id);
  if (index < 0) return false;
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  const hasRoom = bucket.members.length < roomIn(table, index);
  // Mostly there is none: then nobody in it need be looked at.
  if (!hasRoom && !splits(table, index)) return false;
  if (indexById(bucket, id) >= 0) return false;
  if (hasRoom) return true;
  // Splitting goes on until the newcomer's own prefix has a bucket; there it shares with those of the same prefix.
  const shared = commonPrefix(table.self, id);
  const neighbours = bucket.members.filter((member) => commonPrefix(table.self, member.id) === shared);
  return neighbours.length < bucketCapacity(table.config, shared);
}

/** Offers a contact that has just answered us (F35). */
export function insertContact(
  table: Table,
  contact: Contact,
  now: Instant,
  groupOf: GroupOf = ungrouped,
): readonly [Table, Insertion] {
  const index = bucketIndex(table, contact.id);
  if (index < 0) return [table, { type: 'refused', reason: 'self' }];
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  const at = indexById(bucket, contact.id);
  if (at >= 0) {
    if (bucket.members[at]?.endpoint !== contact.endpoint) return [table, { type: 'refused', reason: 'id-taken' }];
    return [withBucket(table, index, refreshed(bucket, at, now)), { type: 'updated' }];
  }
  const namesake = memberAt(table, contact.endpoint);
  const left = namesake === undefined ? table : removeContact(table, namesake.id);
  const removed = namesake === undefined ? undefined : { removed: namesake };
  if (isCrowded(left.buckets, index, contact.endpoint, table.config.caps, groupOf)) {
    return [left, { type: 'refused', reason: 'crowded', ...removed }];
  }
  const placed = place(left, index, contact, now, 'added');
  return removed === undefined ? placed : [placed[0], { ...placed[1], ...removed }];
}

/**
 * The member did not answer a request. Whoever is removed for it, and the spare that took its place: of those that
 * `prefers` the id of, if there are any.
 */
export function contactFailed(
  table: Table,
  id: Id,
  now: Instant,
  groupOf: GroupOf = ungrouped,
  prefers: AddressIds['fits'] | undefined = undefined,
): readonly [Table, { readonly removed?: Contact; readonly added?: Contact }] {
  const index = bucketIndex(table, id);
  const bucket = table.buckets[index];
  const at = bucket === undefined ? -1 : indexById(bucket, id);
  if (bucket === undefined || at < 0) return [table, {}];
  const limit = bucket.spares.length > 0 ? 1 : table.config.maxFailures;
  if (failuresAt(bucket, at) + 1 < limit) return [withBucket(table, index, suspected(bucket, at)), {}];
  const removed = bucket.members[at] as Contact;
  const left = withoutMemberAt(table, index, at);
  // The most recent one that has not become a member under another id meanwhile, and that its group has room for.
  const fits = ({ endpoint }: Contact): boolean =>
    memberAt(left, endpoint) === undefined && !isCrowded(left.buckets, index, endpoint, table.config.caps, groupOf);
  const better = prefers && bucket.spares.findLast((it) => prefers(it.id, it.endpoint) && fits(it));
  const added = better ?? bucket.spares.findLast(fits);
  if (added === undefined) return [left, { removed }];
  return [withNewcomer(left, index, added, now), { removed, added }];
}

/** The next request the member does not answer is the last. The same table when it was none. */
export function onLastChance(table: Table, id: Id): Table {
  const index = bucketIndex(table, id);
  const bucket = table.buckets[index];
  const at = bucket === undefined ? -1 : indexById(bucket, id);
  if (bucket === undefined || at < 0) return table;
  return withBucket(table, index, suspected(bucket, at, table.config.maxFailures - 1));
}

/** A spare turned out to be gone. The same table when there is none at this endpoint. */
export function removeSpare(table: Table, { id, endpoint }: Contact): Table {
  const index = bucketIndex(table, id);
  const bucket = table.buckets[index];
  const left = bucket === undefined ? undefined : withoutSpare(bucket, endpoint);
  return left === undefined || left === bucket ? table : withBucket(table, index, left);
}

/** The table under another id of ours: members that find a place there stay, as recently seen as before. */
export function rehomed(table: Table, self: Id, groupOf: GroupOf = ungrouped): Table {
  let after = emptyTable(self, table.config);
  const known = table.buckets.flatMap(({ members, seen }) => members.map((it, i) => [it, seen[i] as Instant] as const));
  for (const [contact, seen] of known.sort((a, b) => a[1] - b[1]))
    after = insertContact(after, contact, seen, groupOf)[0];
  return after;
}

/** Takes a member out; no spare steps in. The same table when it was none. */
export function removeContact(table: Table, id: Id): Table {
  const index = bucketIndex(table, id);
  const bucket = table.buckets[index];
  const at = bucket === undefined ? -1 : indexById(bucket, id);
  return at < 0 ? table : withoutMemberAt(table, index, at);
}

/** `index`: of the bucket that the newcomer belongs to. */
function place(
  table: Table,
  index: number,
  contact: Contact,
  now: Instant,
  type: 'added' | 'split',
): readonly [Table, Placement] {
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  if (bucket.members.length < roomIn(table, index)) {
    return [withNewcomer(table, index, contact, now), { type }];
  }
  if (splits(table, index)) {
    const divided = split(table);
    return place(divided, bucketIndex(divided, contact.id), contact, now, 'split');
  }
  const kept = withBucket(table, index, withSpare(bucket, contact, table.config.replacements));
  return [kept, { type: 'full', leastRecent: bucket.members[0] as Contact }];
}

function splits(table: Table, index: number): boolean {
  return table.config.bucketPolicy === 'split' && index === table.buckets.length - 1 && index < widthOf(table.self) - 1;
}

/** Divides the bucket that covers our own id by the next bit. */
function split(table: Table): Table {
  const depth = table.buckets.length - 1;
  const bucket = table.buckets[depth] as Bucket;
  const stays = (contact: Contact): boolean => commonPrefix(table.self, contact.id) === depth;
  const part = (wanted: boolean): Bucket => {
    const keep = (_: unknown, i: number): boolean => stays(bucket.members[i] as Contact) === wanted;
    const failures = bucket.members.map((_, i) => failuresAt(bucket, i)).filter(keep);
    const spares = bucket.spares.filter((spare) => stays(spare) === wanted);
    return bucketOf(bucket.members.filter(keep), bucket.seen.filter(keep), failures, spares);
  };
  return makeTable(table.self, table.config, [...table.buckets.slice(0, depth), part(true), part(false)]);
}

function withBucket(table: Table, index: number, bucket: Bucket): Table {
  if (table.buckets[index] === bucket) return table;
  const { self, config, endpoints } = table;
  const buckets = table.buckets.slice();
  while (buckets.length < index) buckets.push(EMPTY_BUCKET);
  // Only when the oldest was in the bucket that changed do the others have to be looked at.
  const wasOldest = oldestOf(buckets[index] ?? EMPTY_BUCKET) === table.oldest;
  buckets[index] = bucket;
  const oldest = wasOldest ? oldestOfAll(buckets) : Math.min(table.oldest, oldestOf(bucket));
  return { self, config, buckets, oldest, endpoints };
}

function withNewcomer(table: Table, index: number, contact: Contact, now: Instant): Table {
  const bucket = table.buckets[index] ?? EMPTY_BUCKET;
  const { self, config, buckets, oldest, endpoints } = withBucket(table, index, withMember(bucket, contact, now));
  const size = tableSize(table) + 1;
  return { self, config, buckets, oldest, endpoints: withEndpoint(endpoints, contact.endpoint, size, buckets) };
}

function withoutMemberAt(table: Table, index: number, at: number): Table {
  const bucket = withoutMember(table.buckets[index] as Bucket, at);
  return makeTable(table.self, table.config, replacedAt(table.buckets, index, bucket));
}
