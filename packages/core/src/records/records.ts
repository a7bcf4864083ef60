/**
 * What a node keeps for others: records under keys, each with a lifetime, bounded in number and in bytes. A record is
 * gone from sight the instant it expires and from memory at that deadline, without being read.
 *
 * What a record is, when it is valid and which of two is better is the protocol's affair: `validate` and `select` are
 * pure and used whenever a record comes in. A worse or an older one never replaces a better. When the store is full the
 * strangers' record farthest from our id goes, or the newcomer if it is farther still; our own are never pushed out.
 *
 * It refuses to: ask anybody, check signatures, or keep what nobody vouches for any more.
 */
import { checkInteger } from '../errors.ts';
import { headOf, type Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import {
  type Entry,
  emptyMap,
  entries,
  entriesDue,
  find,
  firstDue,
  get,
  NEVER,
  nextDue,
  type PersistentMap,
  remove,
  set,
} from '../map.ts';

export interface RecordsConfig {
  readonly maxRecords: number;
  /** Bytes of all records together. */
  readonly maxBytes: number;
  /** Bytes of one record. */
  readonly maxRecordBytes: number;
  /** ms a record lives that brings no lifetime of its own; longer ones are cut to `maxLifetime` (F36). */
  readonly lifetime: Instant;
  readonly maxLifetime: Instant;
}

/** Pure. `validate`: may this record stand under this key? `select`: the better of two, the first if neither is. */
export interface RecordRules<R> {
  validate(key: Id, record: R): boolean;
  select(a: R, b: R): R;
  /** Bytes it takes. */
  sizeOf(record: R): number;
}

export interface Held<R> {
  readonly record: R;
  readonly bytes: number;
  /** Published by ourselves. */
  readonly own: boolean;
}

export interface Records<R> {
  readonly self: Id;
  readonly config: RecordsConfig;
  /** By key, due when it expires on this store's own time: the clock's, plus `ahead`. */
  readonly held: PersistentMap<Held<R>>;
  /** Strangers' keys, the farthest from us first: due at the complement of the distance. */
  readonly farthest: PersistentMap<true>;
  readonly bytes: number;
  /** ms that passed while the host slept. */
  readonly ahead: Instant;
  /** Records that had to go before their time. */
  readonly evicted: number;
}

export type Verdict = 'stored' | 'kept' | 'invalid' | 'too-large' | 'full';

/** What comes with a record that is offered. */
export interface Offer {
  /** ms; left out: the store's default. `forever`: as long as the store has room (D05). */
  readonly lifetime?: Instant | 'forever';
  readonly own: boolean;
}

/** Expired records forgotten in one step; the rest falls due an instant later. */
const MAX_EXPIRIES = 1_000;
const HEADS = 4_294_967_296;

/** Throws `ConfigError` naming the first field that is out of range. */
export function emptyRecords<R>(self: Id, config: RecordsConfig): Records<R> {
  checkInteger('records.maxRecords', config.maxRecords, 1, 10_000_000);
  checkInteger('records.maxRecordBytes', config.maxRecordBytes, 1, 1_000_000_000);
  checkInteger('records.maxBytes', config.maxBytes, config.maxRecordBytes);
  checkInteger('records.maxLifetime', config.maxLifetime, 1);
  checkInteger('records.lifetime', config.lifetime, 1, config.maxLifetime);
  return { self, config, held: emptyMap(), farthest: emptyMap(), bytes: 0, ahead: 0, evicted: 0 };
}

/** The record under a key, unless it has expired. */
export function recordAt<R>(records: Records<R>, key: Id, now: Instant): R | undefined {
  const due = dueOf(records, key);
  return due === undefined || due <= now + records.ahead ? undefined : get(records.held, key)?.record;
}

/** ms until the record under a key expires: at least 1, `forever`, or `undefined` when there is none. */
export function lifetimeAt<R>(records: Records<R>, key: Id, now: Instant): Instant | 'forever' | undefined {
  const due = dueOf(records, key);
  if (due === undefined || due <= now + records.ahead) return undefined;
  return due === NEVER ? 'forever' : due - now - records.ahead;
}

/** Offers a record. `kept`: what stood there is better, and stays. */
export function offerRecord<R>(
  records: Records<R>,
  rules: RecordRules<R>,
  key: Id,
  record: R,
  { lifetime = records.config.lifetime, own }: Offer,
  now: Instant,
): readonly [Records<R>, Verdict] {
  const { config } = records;
  const bytes = rules.sizeOf(record);
  if (bytes > config.maxRecordBytes) return [records, 'too-large'];
  if (!rules.validate(key, record)) return [records, 'invalid'];
  const present = recordAt(records, key, now);
  // The first of two equals wins, so that a record offered again lives longer.
  if (present !== undefined && present !== record && rules.select(record, present) === present) {
    return [records, 'kept'];
  }
  const before = get(records.held, key);
  const isOwn = own || (present !== undefined && before?.own === true);
  const room = withRoom(withoutRecord(records, key), key, bytes, isOwn);
  if (room === undefined) return [records, 'full'];
  const due = lifetime === 'forever' ? NEVER : now + records.ahead + Math.min(lifetime, config.maxLifetime);
  const held = set(room.held, key, { record, bytes, own: isOwn }, due);
  const farthest = isOwn ? room.farthest : set(room.farthest, key, true, nearness(records.self, key));
  return [{ ...room, held, farthest, bytes: room.bytes + bytes }, 'stored'];
}

/** Takes a record out. */
export function withoutRecord<R>(records: Records<R>, key: Id): Records<R> {
  const found = get(records.held, key);
  if (found === undefined) return records;
  return {
    ...records,
    held: remove(records.held, key),
    farthest: remove(records.farthest, key),
    bytes: records.bytes - found.bytes,
  };
}

/** The store without what has expired at `now`. */
export function withoutExpiredRecords<R>(records: Records<R>, now: Instant): Records<R> {
  const time = now + records.ahead;
  const due = entriesDue(records.held, time);
  let left = records;
  for (const { key } of due.slice(0, MAX_EXPIRIES)) left = withoutRecord(left, key as Id);
  if (due.length <= MAX_EXPIRIES) return left;
  // What is due is always in the future: the rest waits for the next instant.
  let { held } = left;
  for (const { key, value } of due.slice(MAX_EXPIRIES)) held = set(held, key, value, time + 1);
  return { ...left, held };
}

export function nextRecordExpiry<R>(records: Records<R>): Instant | undefined {
  const due = nextDue(records.held);
  return due === undefined ? undefined : due - records.ahead;
}

/** The records under another id of ours: from now on those far from that one go first. */
export function recordsAround<R>(records: Records<R>, self: Id): Records<R> {
  let farthest: Records<R>['farthest'] = emptyMap();
  for (const { key } of entries(records.farthest)) farthest = set(farthest, key, true, nearness(self, key as Id));
  return { ...records, self, farthest };
}

/** The host slept: `ms` of every lifetime have passed. */
export function recordsSlept<R>(records: Records<R>, ms: Instant): Records<R> {
  return { ...records, ahead: records.ahead + ms };
}

/** A record as it is kept over a restart: what is left of its life, -1 for ever. */
export type SavedRecord<R> = readonly [key: Id, record: R, left: Instant, own: boolean];

export function saveRecords<R>(records: Records<R>, now: Instant): SavedRecord<R>[] {
  return entries(records.held).flatMap((entry) => {
    const saved = savedEntry(records, entry, now);
    return saved === undefined ? [] : [saved];
  });
}

/** What `saveRecords` has of one key; `undefined` when there is none, or it has expired. */
export function savedRecordAt<R>(records: Records<R>, key: Id, now: Instant): SavedRecord<R> | undefined {
  const entry = find(records.held, key);
  return entry === undefined ? undefined : savedEntry(records, entry, now);
}

function savedEntry<R>(
  { ahead }: Records<R>,
  { key, value, due }: Entry<Held<R>>,
  now: Instant,
): SavedRecord<R> | undefined {
  if (due <= now + ahead) return undefined;
  return [key as Id, value.record, due === NEVER ? -1 : due - now - ahead, value.own];
}

/** Offers saved records again, `elapsed` ms later; those that have expired, or are not valid, are left out. */
export function loadRecords<R>(
  empty: Records<R>,
  rules: RecordRules<R>,
  saved: readonly SavedRecord<R>[],
  elapsed: Instant,
  now: Instant,
): Records<R> {
  let records = empty;
  for (const [key, record, left, own] of saved) {
    const lifetime = left < 0 ? 'forever' : left - elapsed;
    if (lifetime !== 'forever' && lifetime <= 0) continue;
    records = offerRecord(records, rules, key, record, { lifetime, own }, now)[0];
  }
  return records;
}

function dueOf<R>(records: Records<R>, key: Id): Instant | undefined {
  return find(records.held, key)?.due;
}

/** Makes room by letting strangers' records go that are farther than the newcomer; `undefined` when there is none. */
function withRoom<R>(records: Records<R>, key: Id, bytes: number, own: boolean): Records<R> | undefined {
  const { maxRecords, maxBytes } = records.config;
  let room = records;
  while (room.held.size >= maxRecords || room.bytes + bytes > maxBytes) {
    const farthest = firstDue(room.farthest);
    if (farthest === undefined || (!own && farthest.due >= nearness(records.self, key))) return undefined;
    room = { ...withoutRecord(room, farthest.key as Id), evicted: room.evicted + 1 };
  }
  return room;
}

/** Smaller the farther a key is from us, by its first 32 bits. */
function nearness(self: Id, key: Id): number {
  return HEADS - ((headOf(self) ^ headOf(key)) >>> 0);
}
