/**
 * Items of BEP 44 as plain data: an immutable one is found under the SHA-1 of its value, a mutable one under that of its
 * public key and salt, and proves by a signature that it is its owner's. A value stays the bencoded bytes it came as,
 * for those are what was hashed or signed.
 *
 * It refuses to: sign, or judge signatures. It says what is to be judged.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { type Id, idFromBytes, type SignatureCheck } from '@xorrery/core';
import { bytesOf, hexOfText, isHex } from './hex.ts';

/** Bytes of a bencoded value at most (BEP 44). */
export const MAX_VALUE = 1_000;
/** Bytes of a salt at most (BEP 44). */
export const MAX_SALT = 64;
/** Bytes of a public key and of a signature of Ed25519. */
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Nobody can put anything else in its place. `value`: bencoded, as hex. */
export interface ImmutableItem {
  readonly type: 'immutable';
  readonly value: string;
}

/** Its owner can replace it by one of a higher `seq`: 0 to 2^53 - 1 here, though BEP 44 has room for more. All else is hex. */
export interface MutableItem {
  readonly type: 'mutable';
  readonly value: string;
  readonly publicKey: string;
  /** Tells items of one key apart; may be empty. */
  readonly salt: string;
  readonly seq: number;
  readonly signature: string;
}

export type Item = ImmutableItem | MutableItem;

/** An item that answers a lookup for `target`. */
export interface FoundItem {
  readonly key: string;
  readonly target: Id;
  readonly item: Item;
}

/** Where an item belongs. */
export function targetOf(item: Item): Id {
  return item.type === 'immutable' ? hashOf(item.value) : targetOfKey(item.publicKey, item.salt);
}

/** Where the mutable items of a key and a salt belong. */
export function targetOfKey(publicKey: string, salt: string): Id {
  return hashOf(publicKey + salt);
}

/** What the owner signs (BEP 44): salt, if any, `seq` and value, as hex. */
export function signedPart({ value, salt, seq }: Pick<MutableItem, 'value' | 'salt' | 'seq'>): string {
  const salted = salt === '' ? '' : hexOfText(`4:salt${salt.length / 2}:`) + salt;
  return `${salted}${hexOfText(`3:seqi${seq}e1:v`)}${value}`;
}

/** The signature that must be valid for a mutable item to count. */
export function checkOf(item: MutableItem): SignatureCheck {
  return { publicKey: item.publicKey, message: signedPart(item), signature: item.signature };
}

/** The item as a lookup gathers it: the same item of two nodes counts once. */
export function foundAt(target: Id, item: Item): FoundItem {
  return { key: item.type === 'immutable' ? target : `${item.seq} ${item.signature}`, target, item };
}

/** Whether an item is well formed, within its sizes, and belongs there. Its signature is another matter. */
export function isItemOf(target: Id, item: Item): boolean {
  if (!isHex(item.value, 1, MAX_VALUE)) return false;
  if (item.type === 'mutable') {
    const { publicKey, salt, seq, signature } = item;
    if (!isHex(publicKey, KEY_BYTES) || !isHex(signature, SIGNATURE_BYTES) || !isHex(salt, 0, MAX_SALT)) return false;
    if (!Number.isSafeInteger(seq) || seq < 0) return false;
  }
  return targetOf(item) === target;
}

/**
 * The better of two items of one target: the one of the higher `seq`; of two with the same, the first if they are the
 * same item, and otherwise the second, so that what is held is not replaced by what is no newer.
 */
export function betterItem(a: Item, b: Item): Item {
  if (a.type === 'immutable' || b.type === 'immutable') return a;
  if (a.seq !== b.seq) return a.seq > b.seq ? a : b;
  return a.value === b.value ? a : b;
}

function hashOf(hex: string): Id {
  return idFromBytes(sha1(bytesOf(hex)));
}
