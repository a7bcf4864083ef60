/**
 * A persistent map whose entries may have a due time: `set` and `remove` return a new map that shares all but one path
 * with the old one, and the earliest due time of the whole map is known at once. It is what every growing collection of
 * the core is made of, so that a step costs the same whether a node holds ten entries or a hundred thousand.
 *
 * A hash array mapped trie (Bagwell, 2001) of 32-way branches. Each branch carries the number of its entries and the
 * earliest due time below it. Its shape depends on its contents alone, not on the order in which they came. Keys that
 * share all 32 bits of hash lie in one sorted list at the bottom: a stranger who makes keys collide gets a binary search.
 */
import { insertedAt, replacedAt, withoutAt } from './lists.ts';
import type { Instant } from './machine.ts';

export type Key = string | number;

/** The due time of an entry that never falls due. An integer, unlike Infinity, so that it survives JSON. */
export const NEVER: Instant = Number.MAX_SAFE_INTEGER;

export interface Entry<V> {
  readonly key: Key;
  readonly hash: number;
  readonly value: V;
  readonly due: Instant;
  readonly slots?: never;
}

interface Branch<V> {
  /** Which of the 32 slots are taken. 0 with entries: a list of colliding keys, in key order. */
  readonly bitmap: number;
  readonly size: number;
  readonly due: Instant;
  readonly slots: readonly Slot<V>[];
}

type Slot<V> = Entry<V> | Branch<V>;

/** Plain data: survives `structuredClone` and JSON. */
export type PersistentMap<V> = Branch<V>;

const EMPTY: PersistentMap<never> = { bitmap: 0, size: 0, due: NEVER, slots: [] };
const BITS = 5;
const LAST_SHIFT = 30;

export function emptyMap<V>(): PersistentMap<V> {
  return EMPTY;
}

/** `hash`, here and below: what `hashOf` gives for the key, where it is at hand for several maps. */
export function get<V>(map: PersistentMap<V>, key: Key, hash: number = hashOf(key)): V | undefined {
  return find(map, key, hash)?.value;
}

export function has<V>(map: PersistentMap<V>, key: Key): boolean {
  return find(map, key) !== undefined;
}

/** The map with `key` set to `value`, due at `due`; the same map when that is how it stands already. */
export function set<V>(
  map: PersistentMap<V>,
  key: Key,
  value: V,
  due: Instant = NEVER,
  hash: number = hashOf(key),
): PersistentMap<V> {
  return put(map, 0, { key, hash, value, due });
}

/** The map without `key`; the same map when it was not there. */
export function remove<V>(map: PersistentMap<V>, key: Key, hash: number = hashOf(key)): PersistentMap<V> {
  return rooted(take(map, 0, hash, key));
}

/** The map without the entry that falls due first (`firstDue`). */
export function withoutFirst<V>(map: PersistentMap<V>): PersistentMap<V> {
  return map.size === 0 ? map : rooted(takeFirst(map));
}

function rooted<V>(left: Slot<V> | undefined): PersistentMap<V> {
  if (left === undefined) return emptyMap();
  return left.slots === undefined ? put(emptyMap<V>(), 0, left) : left;
}

/** The earliest due time, or `undefined` when nothing ever falls due. */
export function nextDue<V>(map: PersistentMap<V>): Instant | undefined {
  return map.due === NEVER ? undefined : map.due;
}

/** The entries due at `now` or before, in order of (due, key). Visits no branch that holds none. */
export function entriesDue<V>(map: PersistentMap<V>, now: Instant): Entry<V>[] {
  const found: Entry<V>[] = [];
  if (map.due <= now) collect(map, now, found);
  return found.length > 1 ? found.sort((a, b) => a.due - b.due || compareKeys(a.key, b.key)) : found;
}

/** The entry that falls due first; of several, whichever comes first by key hash. */
export function firstDue<V>(map: PersistentMap<V>): Entry<V> | undefined {
  let branch = map;
  while (branch.size > 0) {
    const slot = branch.slots[firstSlot(branch)] as Slot<V>;
    if (slot.slots === undefined) return slot;
    branch = slot;
  }
  return undefined;
}

/** All entries, in an order that depends on the contents alone. */
export function entries<V>(map: PersistentMap<V>): Entry<V>[] {
  const found: Entry<V>[] = [];
  collect(map, NEVER, found);
  return found;
}

/** What leads from one map to another: entries that are new or are others now, and the keys that went. */
export interface Changes<V> {
  readonly set: readonly Entry<V>[];
  readonly gone: readonly Key[];
}

/** Looks only at what the two do not share, so that of a large map a few changes are found at the cost of a few. */
export function changes<V>(before: PersistentMap<V>, after: PersistentMap<V>): Changes<V> {
  const found: { set: Entry<V>[]; gone: Key[] } = { set: [], gone: [] };
  compare(before, after, before, after, found);
  return found;
}

function compare<V>(
  old: Slot<V> | undefined,
  now: Slot<V> | undefined,
  before: PersistentMap<V>,
  after: PersistentMap<V>,
  found: { readonly set: Entry<V>[]; readonly gone: Key[] },
): void {
  if (old === now) return;
  if (isTrie(old) && isTrie(now)) {
    for (let bits = old.bitmap | now.bitmap; bits !== 0; bits &= bits - 1) {
      compare(slotAt(old, bits & -bits), slotAt(now, bits & -bits), before, after, found);
    }
    return;
  }
  for (const entry of below(now)) {
    const known = find(before, entry.key);
    if (known === undefined || !isSame(known, entry)) found.set.push(entry);
  }
  for (const { key } of below(old)) if (!has(after, key)) found.gone.push(key);
}

function isTrie<V>(slot: Slot<V> | undefined): slot is Branch<V> {
  return slot?.slots !== undefined && slot.bitmap !== 0;
}

function slotAt<V>({ bitmap, slots }: Branch<V>, bit: number): Slot<V> | undefined {
  return (bitmap & bit) === 0 ? undefined : slots[ones(bitmap & (bit - 1))];
}

function below<V>(slot: Slot<V> | undefined): readonly Entry<V>[] {
  if (slot === undefined) return [];
  return slot.slots === undefined ? [slot] : entries(slot);
}

export function find<V>(map: PersistentMap<V>, key: Key, hash: number = hashOf(key)): Entry<V> | undefined {
  let branch = map;
  for (let shift = 0; shift <= LAST_SHIFT; shift += BITS) {
    const bit = 1 << ((hash >>> shift) & 31);
    if ((branch.bitmap & bit) === 0) return undefined;
    const slot = branch.slots[ones(branch.bitmap & (bit - 1))] as Slot<V>;
    if (slot.slots === undefined) return slot.key === key ? slot : undefined;
    branch = slot;
  }
  const slot = branch.slots[lowerBound(branch.slots, key)] as Entry<V> | undefined;
  return slot?.key === key ? slot : undefined;
}

function put<V>(branch: Branch<V>, shift: number, entry: Entry<V>): Branch<V> {
  if (shift > LAST_SHIFT) return putColliding(branch, entry);
  const bit = 1 << ((entry.hash >>> shift) & 31);
  const at = ones(branch.bitmap & (bit - 1));
  if ((branch.bitmap & bit) === 0) {
    const slots = insertedAt(branch.slots, at, entry as Slot<V>);
    return { bitmap: branch.bitmap | bit, size: branch.size + 1, due: Math.min(branch.due, entry.due), slots };
  }
  const old = branch.slots[at] as Slot<V>;
  if (old.slots !== undefined) return replaced(branch, at, old, put(old, shift + BITS, entry));
  if (old.key === entry.key) return replaced(branch, at, old, isSame(old, entry) ? old : entry);
  const below = put(put(emptyMap<V>(), shift + BITS, old), shift + BITS, entry);
  return replaced(branch, at, old, below);
}

function putColliding<V>(branch: Branch<V>, entry: Entry<V>): Branch<V> {
  const at = lowerBound(branch.slots, entry.key);
  const old = branch.slots[at] as Entry<V> | undefined;
  if (old?.key === entry.key) return replaced(branch, at, old, isSame(old, entry) ? old : entry);
  const slots = insertedAt(branch.slots, at, entry as Slot<V>);
  return { bitmap: 0, size: branch.size + 1, due: Math.min(branch.due, entry.due), slots };
}

function isSame<V>(a: Entry<V>, b: Entry<V>): boolean {
  return a.value === b.value && a.due === b.due;
}

/** What is left below `branch` without `key`: nothing, a lone entry (which moves up), or a branch. */
function take<V>(branch: Branch<V>, shift: number, hash: number, key: Key): Slot<V> | undefined {
  const bit = shift > LAST_SHIFT ? 0 : 1 << ((hash >>> shift) & 31);
  if (bit !== 0 && (branch.bitmap & bit) === 0) return branch;
  const at = bit === 0 ? lowerBound(branch.slots, key) : ones(branch.bitmap & (bit - 1));
  const old = branch.slots[at];
  if (old === undefined) return branch;
  let left: Slot<V> | undefined;
  if (old.slots !== undefined) {
    left = take(old, shift + BITS, hash, key);
    if (left === old) return branch;
  } else if (old.key !== key) return branch;
  return withLeft(branch, at, old, left, bit);
}

/** The same for the entry that falls due first. */
function takeFirst<V>(branch: Branch<V>): Slot<V> | undefined {
  const at = firstSlot(branch);
  const old = branch.slots[at] as Slot<V>;
  const left = old.slots === undefined ? undefined : takeFirst(old);
  return withLeft(branch, at, old, left, bitOf(branch, at));
}

/** The bit that stands for the slot at `at`: 0 in a list of colliding keys. */
function bitOf<V>({ bitmap }: Branch<V>, at: number): number {
  let bits = bitmap;
  for (let i = 0; i < at; i++) bits &= bits - 1;
  return bits & -bits;
}

/** Where the earliest due time of a branch is: the first of several. */
function firstSlot<V>({ due, slots }: Branch<V>): number {
  let at = 0;
  while ((slots[at] as Slot<V>).due !== due) at++;
  return at;
}

/** The branch with what is left of `old`, which stands at `at`. */
function withLeft<V>(
  branch: Branch<V>,
  at: number,
  old: Slot<V>,
  left: Slot<V> | undefined,
  bit: number,
): Slot<V> | undefined {
  if (left !== undefined) {
    if (branch.slots.length === 1 && left.slots === undefined) return left;
    return replaced(branch, at, old, left);
  }
  if (branch.slots.length === 1) return undefined;
  const slots = withoutAt(branch.slots, at);
  const last = slots[0] as Slot<V>;
  if (slots.length === 1 && last.slots === undefined) return last;
  return { bitmap: branch.bitmap & ~bit, size: branch.size - 1, due: dueWithout(branch, old, slots), slots };
}

function replaced<V>(branch: Branch<V>, at: number, old: Slot<V>, slot: Slot<V>): Branch<V> {
  if (slot === old) return branch;
  const slots = replacedAt(branch.slots, at, slot);
  const due = slot.due <= branch.due ? slot.due : dueWithout(branch, old, slots);
  return { bitmap: branch.bitmap, size: branch.size + sizeOf(slot) - sizeOf(old), due, slots };
}

/** Only when the slot that left was the earliest do the others have to be looked at. */
function dueWithout<V>(branch: Branch<V>, old: Slot<V>, slots: readonly Slot<V>[]): Instant {
  if (old.due > branch.due) return branch.due;
  let due = NEVER;
  for (const slot of slots) if (slot.due < due) due = slot.due;
  return due;
}

function collect<V>(branch: Branch<V>, now: Instant, found: Entry<V>[]): void {
  for (const slot of branch.slots) {
    if (slot.due > now) continue;
    if (slot.slots === undefined) found.push(slot);
    else collect(slot, now, found);
  }
}

function sizeOf<V>(slot: Slot<V>): number {
  return slot.slots === undefined ? 1 : slot.size;
}

function lowerBound<V>(slots: readonly Slot<V>[], key: Key): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys((slots[middle] as Entry<V>).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers before strings, each in its own order. */
function compareKeys(a: Key, b: Key): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** 32 bits. */
export function hashOf(key: Key): number {
  if (typeof key === 'number') return mix(key | 0);
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return mix(hash);
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x45d9f3b);
  return h ^ (h >>> 16);
}

function ones(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
