/**
 * Ids and the XOR metric.
 *
 * An id is its lowercase hex digits: an immutable value that is a map key, survives JSON, sorts, and can be read in
 * a trace. The metric never materialises a distance: two ids are compared where they first differ, which in a
 * network of n nodes is within the first log2(n)/4 digits. Measured against byte arrays, words and BigInt in
 * docs/decisions/001-id-representation.md. Nothing here knows where ids come from (hashes, chance, the wire).
 */
import { ConfigError } from './errors.ts';

declare const brand: unique symbol;

/** A node id or key: `bits / 4` lowercase hex digits. All ids of one network have the same width. */
export type Id = string & { readonly [brand]: 'Id' };

/** Reads an id of `bits` (a multiple of 8 from 8 to 512) from hex digits in either case. Throws `ConfigError`. */
export function idFromHex(text: string, bits: number): Id {
  const digits = bits / 4;
  if (text.length !== digits || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new ConfigError('id', `must be ${digits} hex digits, got '${text.slice(0, 80)}'`);
  }
  return text.toLowerCase() as Id;
}

/** Reads an id from its bytes, e.g. a SHA-1 digest or bytes of entropy. Throws `ConfigError` when their number is off. */
export function idFromBytes(bytes: Uint8Array, bits: number = bytes.length * 8): Id {
  if (bytes.length * 8 !== bits || bytes.length === 0) {
    throw new ConfigError('id', `must be ${bits / 8} bytes, got ${bytes.length}`);
  }
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text as Id;
}

/** The bytes of an id, most significant first. */
export function idToBytes(id: Id): Uint8Array {
  const bytes = new Uint8Array(id.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(id, 2 * i) << 4) | digit(id, 2 * i + 1);
  return bytes;
}

/** Whether a value is an id of this width. */
export function isId(value: unknown, bits: number): value is Id {
  return typeof value === 'string' && value.length === bits / 4 && /^[0-9a-f]*$/.test(value);
}

/** The width of an id in bits. */
export function widthOf(id: Id): number {
  return id.length * 4;
}

/** Negative when `a` is nearer to `target` than `b`, positive when farther, 0 only when `a` equals `b`. */
export function compareDistance(target: Id, a: Id, b: Id): number {
  for (let i = 0; i < a.length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) {
      const t = digit(target, i);
      return (digit(a, i) ^ t) - (digit(b, i) ^ t);
    }
  }
  return 0;
}

/**
 * The first 32 bits of an id (all of a shorter one) as a number: the distance of two heads, `(a ^ b) >>> 0`, orders two
 * ids unless it ties. Long buckets keep it beside each member, which makes looking through them three times as fast.
 */
export function headOf(id: Id): number {
  return digitsOf(id, 0, Math.min(id.length, 8)) >>> 0;
}

/** At most 8 hexadecimal digits of an id, from `first` on, as an integer of 32 bits with a sign. */
export function digitsOf(id: Id, first: number, count: number): number {
  let value = 0;
  for (let i = first; i < first + count; i++) value = (value << 4) | digit(id, i);
  return value;
}

/** The distance itself, as an id: for people and for tests. The machines only compare. */
export function distance(a: Id, b: Id): Id {
  let text = '';
  for (let i = 0; i < a.length; i++) text += (digit(a, i) ^ digit(b, i)).toString(16);
  return text as Id;
}

/** How many leading bits two ids share: 0 when the first bit differs, the width when they are equal. */
export function commonPrefix(a: Id, b: Id): number {
  for (let i = 0; i < a.length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return i * 4 + Math.clz32(digit(a, i) ^ digit(b, i)) - 28;
  }
  return a.length * 4;
}

/** The bit of an id at `index`, 0 being the most significant. */
export function bitAt(id: Id, index: number): 0 | 1 {
  return ((digit(id, index >> 2) >> (3 - (index & 3))) & 1) as 0 | 1;
}

/**
 * An id that shares exactly `index` leading bits with `self` and takes the rest from `filler`: exact at every depth
 * from 0 to the width less one, at the first try (X21).
 */
export function idInBucket(self: Id, index: number, filler: Id): Id {
  const at = index >> 2;
  const keep = index & 3;
  const flipped = 8 >> keep;
  const tail = flipped - 1;
  const mixed = (digit(self, at) & ~tail & ~flipped) | (~digit(self, at) & flipped) | (digit(filler, at) & tail);
  return (self.slice(0, at) + (mixed & 15).toString(16) + filler.slice(at + 1)) as Id;
}

function digit(id: Id, index: number): number {
  // '0' to '9' are 48 to 57, 'a' to 'f' 97 to 102. Without a branch, which would be guessed wrong every third time.
  const code = id.charCodeAt(index);
  return (code & 15) + 9 * (code >> 6);
}

/** The distance of two ids as a fraction of the id space, from 0 to below 1, to 52 bits. */
export function fractionOf(a: Id, b: Id): number {
  let fraction = 0;
  for (let i = Math.min(a.length, 13) - 1; i >= 0; i--) fraction = (fraction + (digit(a, i) ^ digit(b, i))) / 16;
  return fraction;
}
