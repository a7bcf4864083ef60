/**
 * The rules by which values are kept, on top of the core's records: which of two stands under a key, and for how long.
 *
 * A value whose SHA-1 is the key is always the better one, so that nobody can push it out of its own key. Otherwise the
 * higher `seq` is better, then the greater bytes: the order does not depend on who came first, so whatever puts,
 * replicas and replays arrive in whatever order, the version held never falls. All of it pure: digests are computed at
 * the edge.
 */
import {
  type Id,
  type Instant,
  isId,
  lifetimeAt,
  loadRecords,
  offerRecord,
  type RecordRules,
  type Records,
  type RecordsConfig,
  recordAt,
  type SavedRecord,
  SnapshotError,
  type Verdict,
} from '@xorrery/core';
import type { KvRecord } from './messages.ts';

export type KvRecords = Records<KvRecord>;

/** What the store needs: its limits, and the id it keeps the nearest keys of. */
export interface KvStoreConfig extends RecordsConfig {
  readonly self: Id;
}

/** Bytes of the longest value: with contacts and a token it still is one UDP packet. */
export const MAX_VALUE = 61_440;

/** Whether the key is the hash of the value. */
export function isImmutable(key: Id, { digest }: KvRecord): boolean {
  return digest === key;
}

/** Bytes of a value, or up to two more. */
export function bytesOf({ value }: KvRecord): number {
  return Math.floor((value.length * 3) / 4);
}

/** The better of two records under a key; the first of two equals. */
export function betterOf(key: Id, a: KvRecord, b: KvRecord): KvRecord {
  const [isA, isB] = [isImmutable(key, a), isImmutable(key, b)];
  if (isA || isB) return isA ? a : b;
  if (a.seq !== b.seq) return a.seq > b.seq ? a : b;
  return compareBytes(a.value, b.value) >= 0 ? a : b;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** In the order of the bytes that two base64 texts stand for: a prefix first. */
function compareBytes(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return DIGITS.indexOf(a[i] as string) - DIGITS.indexOf(b[i] as string);
  }
  return a.length - b.length;
}

/** Offers a record to the store. Of one that is held already the longer life counts: nobody can shorten it. */
export function offered(
  records: KvRecords,
  key: Id,
  given: KvRecord,
  lifetime: Instant | 'forever' | undefined,
  own: boolean,
  now: Instant,
): readonly [KvRecords, Verdict] {
  // A value that is its own proof has no versions.
  const record = isImmutable(key, given) && given.seq !== 0 ? { ...given, seq: 0 } : given;
  const { maxLifetime, lifetime: usual } = records.config;
  const asked = lifetime === 'forever' && !own ? maxLifetime : (lifetime ?? usual);
  const present = recordAt(records, key, now);
  const isSame = present !== undefined && present.seq === record.seq && present.digest === record.digest;
  const left = isSame ? (lifetimeAt(records, key, now) ?? 0) : 0;
  return offerRecord(records, rulesOf(key), key, record, { lifetime: longer(left, asked), own }, now);
}

/** Reads back what `saveRecords` wrote. What is damaged is left out; throws `SnapshotError` when it is no list. */
export function loadedRecords(empty: KvRecords, saved: unknown, elapsed: Instant, now: Instant): KvRecords {
  if (!Array.isArray(saved)) throw new SnapshotError('corrupt', 'the records are not a list');
  let records = empty;
  for (const entry of saved) {
    if (isSaved(entry)) records = loadRecords(records, rulesOf(entry[0]), [entry], elapsed, now);
  }
  return records;
}

function rulesOf(key: Id): RecordRules<KvRecord> {
  return { validate: () => true, select: (a, b) => betterOf(key, a, b), sizeOf: bytesOf };
}

function longer(a: Instant | 'forever', b: Instant | 'forever'): Instant | 'forever' {
  return a === 'forever' || b === 'forever' ? 'forever' : Math.max(a, b);
}

function isSaved(entry: unknown): entry is SavedRecord<KvRecord> {
  if (!Array.isArray(entry)) return false;
  const [key, record, left, own] = entry as unknown[];
  if (!isId(key, 160) || !Number.isSafeInteger(left) || typeof own !== 'boolean') return false;
  const { value, seq, digest } = (record ?? {}) as Partial<KvRecord>;
  return typeof value === 'string' && Number.isSafeInteger(seq) && isId(digest, 160);
}
