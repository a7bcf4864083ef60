/**
 * The items a node keeps for others and for itself (BEP 44), on the core's records: for two hours at a time, bounded in
 * number and in bytes. When there is no room, the stranger's item farthest from our id goes; our own stay.
 */
import {
  type Id,
  type Instant,
  loadRecords,
  type RecordRules,
  type Records,
  type RecordsConfig,
  type SavedRecord,
  SnapshotError,
} from '@xorrery/core';
import { betterItem, type Item, isItemOf, KEY_BYTES, MAX_SALT, MAX_VALUE, SIGNATURE_BYTES } from './item.ts';

export type ItemStore = Records<Item>;

const PROOF_BYTES = KEY_BYTES + SIGNATURE_BYTES;
const TWO_HOURS = 7_200_000;

export const DEFAULT_ITEM_STORE: RecordsConfig = {
  maxRecords: 2_000,
  maxBytes: 2_000_000,
  maxRecordBytes: MAX_VALUE + MAX_SALT + PROOF_BYTES,
  lifetime: TWO_HOURS,
  maxLifetime: TWO_HOURS,
};

export const ITEM_RULES: RecordRules<Item> = { validate: isItemOf, select: betterItem, sizeOf: bytesOfItem };

/** Bytes an item takes: value, and key, salt and signature. */
export function bytesOfItem(item: Item): number {
  const value = item.value.length / 2;
  return item.type === 'immutable' ? value : value + item.salt.length / 2 + PROOF_BYTES;
}

/** Reads back what was saved of each item. What is damaged is left out; throws `SnapshotError` when it is no list. */
export function loadItems(empty: ItemStore, saved: unknown, elapsed: Instant, now: Instant): ItemStore {
  if (!Array.isArray(saved)) throw new SnapshotError('corrupt', 'the items are not a list');
  return loadRecords(empty, ITEM_RULES, saved.filter(isSaved), elapsed, now);
}

function isSaved(entry: unknown): entry is SavedRecord<Item> {
  if (!Array.isArray(entry)) return false;
  const [key, item, left, own] = entry as [unknown, Partial<Item> | null, unknown, unknown];
  if (typeof key !== 'string' || !Number.isSafeInteger(left) || typeof own !== 'boolean') return false;
  const isKind = item?.type === 'immutable' || item?.type === 'mutable';
  return isKind && isItemOf(key as Id, item as Item);
}
