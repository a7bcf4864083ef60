/**
 * Reads the parts of KRPC packets that BEP 44 adds: a stranger's bytes in, an item as plain data out, or what is wrong
 * with it. A value stays the bytes it came as; that they are one bencoded item is known once the packet was walked.
 */
import { createHash } from 'node:crypto';
import { type Id, idFromBytes } from '@xorrery/core';
import { bodyOf, endOf, integerAt } from './bencode.ts';
import { type Item, KEY_BYTES, MAX_SALT, MAX_VALUE, SIGNATURE_BYTES } from './item.ts';
import { Fault, missing } from './krpc-fault.ts';
import type { InReply } from './messages.ts';

/** The keys of a put, and of a reply to a get; where each lies in the list that was read is said by `first`. */
export const ITEM_KEYS = ['v', 'k', 'sig', 'seq', 'salt', 'cas'] as const;
const [V, K, SIG, SEQ, SALT, CAS] = [0, 1, 2, 3, 4, 5] as const;

const TOO_LARGE = 205;
const BAD_SIGNATURE = 206;
const SALT_TOO_LARGE = 207;

/** Of a put: what is to be stored, where, and in place of what. */
export interface PutArguments {
  readonly item: Item;
  readonly target: Id;
  readonly cas?: number;
}

/** The arguments of a put; `found[first + i]`: where the value of the i-th key of `ITEM_KEYS` begins, or -1. */
export function putIn(packet: Buffer, found: Int32Array, first: number): PutArguments | Fault {
  const at = found[first + V] as number;
  if (at === -1) return new Fault(missing('v'));
  const end = endOf(packet, at);
  if (end - at > MAX_VALUE) return new Fault(`'v' must be at most ${MAX_VALUE} bytes`, TOO_LARGE);
  const value = packet.toString('hex', at, end);
  const hash = createHash('sha1');
  if (found[first + K] === -1) {
    return { item: { type: 'immutable', value }, target: idFromBytes(hash.update(packet.subarray(at, end)).digest()) };
  }
  const publicKey = stringAt(packet, found[first + K] as number, KEY_BYTES);
  if (publicKey === undefined) return new Fault(`'k' must be ${KEY_BYTES} bytes`);
  const salt = found[first + SALT] === -1 ? '' : stringAt(packet, found[first + SALT] as number);
  if (salt === undefined) return new Fault("'salt' must be a string");
  if (salt.length > 2 * MAX_SALT) return new Fault(`'salt' must be at most ${MAX_SALT} bytes`, SALT_TOO_LARGE);
  const seq = numberArgument(packet, found[first + SEQ] as number, 'seq');
  if (seq instanceof Fault) return seq;
  if (seq === undefined) return new Fault(missing('seq'));
  if (found[first + SIG] === -1) return new Fault(missing('sig'));
  const signature = stringAt(packet, found[first + SIG] as number, SIGNATURE_BYTES);
  if (signature === undefined) return new Fault(`'sig' must be ${SIGNATURE_BYTES} bytes`, BAD_SIGNATURE);
  const cas = numberArgument(packet, found[first + CAS] as number, 'cas');
  if (cas instanceof Fault) return cas;
  const target = idFromBytes(hash.update(publicKey, 'hex').update(salt, 'hex').digest());
  const item = { type: 'mutable', value, publicKey, salt, seq, signature } as const;
  return cas === undefined ? { item, target } : { item, target, cas };
}

/** The `seq` of a get; `undefined` when there is none. */
export function seqIn(packet: Buffer, found: Int32Array, first: number): number | undefined | Fault {
  return numberArgument(packet, found[first + SEQ] as number, 'seq');
}

/**
 * Reads an item in a reply. What cannot be one is left out; false where a key is known and its value is of another type.
 */
export function itemIn(
  packet: Buffer,
  found: Int32Array,
  first: number,
  said: { -readonly [Key in keyof InReply]: InReply[Key] },
): boolean {
  const v = found[first + V] as number;
  const k = found[first + K] as number;
  const sig = found[first + SIG] as number;
  const seq = found[first + SEQ] as number;
  // Nearly every reply: nothing of an item.
  if (v === -1 && k === -1 && sig === -1 && seq === -1) return true;
  for (const at of [k, sig]) if (at !== -1 && bodyOf(packet, at) === -1) return false;
  const number = seq === -1 ? undefined : integerAt(packet, seq);
  if (seq !== -1 && number === undefined) return false;
  if (number !== undefined && number >= 0) said.seq = number;
  const end = v === -1 ? -1 : endOf(packet, v);
  if (v === -1 || end - v > MAX_VALUE) return true;
  const publicKey = k === -1 ? undefined : stringAt(packet, k, KEY_BYTES);
  const signature = sig === -1 ? undefined : stringAt(packet, sig, SIGNATURE_BYTES);
  // With a key that is none it would pass for an immutable item.
  if (k !== -1 && publicKey === undefined) return true;
  said.value = packet.toString('hex', v, end);
  if (publicKey !== undefined) said.publicKey = publicKey;
  if (signature !== undefined) said.signature = signature;
  return true;
}

/** The bytes of a string as hex, of just so many where that is said; `undefined` when it is none such. */
function stringAt(packet: Buffer, at: number, bytes?: number): string | undefined {
  const body = bodyOf(packet, at);
  if (body === -1) return undefined;
  const end = endOf(packet, at);
  return bytes !== undefined && end - body !== bytes ? undefined : packet.toString('hex', body, end);
}

/** A number of 0 to 2^53 - 1. */
function numberArgument(packet: Buffer, at: number, key: string): number | undefined | Fault {
  if (at === -1) return undefined;
  const value = integerAt(packet, at);
  return value === undefined || value < 0 ? new Fault(`'${key}' must be an integer of 0 to 2^53 - 1`) : value;
}
