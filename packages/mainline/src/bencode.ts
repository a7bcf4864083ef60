/**
 * Bencode as a place in a packet, not as a tree: these functions walk the bytes, say where an item ends or a key's
 * value begins, and allocate nothing. They are strict where two readers could disagree (leading zeros, a sign on zero,
 * a length past the end, a key without a value) and lenient where senders are sloppy (the order of keys).
 *
 * They refuse to recurse, to trust a length, to copy, to build objects with a stranger's keys, and to throw: every
 * failure is -1 or `undefined`. Cost is linear in the bytes at hand. What the libraries do with such bytes, and why
 * this file exists, is in docs/decisions/002-bencode.md. Format: BEP 3.
 */

/** How many lists and dictionaries may lie inside each other; a packet nested deeper is refused. KRPC needs 3. */
export const MAX_DEPTH = 30;

const COLON = 0x3a;
const DICTIONARY = 0x64;
const END = 0x65;
const INTEGER = 0x69;
const LIST = 0x6c;
const MINUS = 0x2d;
const NINE = 0x39;
const ZERO = 0x30;

/**
 * Where the item that begins at `at` ends, exclusive; -1 when the bytes there are not one whole item. Any number of
 * digits is an integer, and strings are any bytes.
 */
export function endOf(data: Uint8Array, at: number): number {
  let depth = 0;
  // Bit d tells about the d-th open container: whether it is a dictionary, and whether a key comes next in it.
  let dictionaries = 0;
  let keysNext = 0;
  let i = at;
  for (;;) {
    const bit = 1 << depth;
    const byte = data[i];
    if (byte === undefined) return -1;
    if (byte >= ZERO && byte <= NINE) {
      i = endOfString(data, i);
    } else if (byte === END && depth > 0 && (dictionaries & bit) === (keysNext & bit)) {
      depth--;
      i++;
    } else if ((keysNext & bit) !== 0) {
      return -1;
    } else if (byte === INTEGER) {
      i = endOfInteger(data, i);
    } else if (byte === LIST || byte === DICTIONARY) {
      if (depth === MAX_DEPTH) return -1;
      const inner = bit << 1;
      dictionaries = byte === DICTIONARY ? dictionaries | inner : dictionaries & ~inner;
      keysNext = byte === DICTIONARY ? keysNext | inner : keysNext & ~inner;
      depth++;
      i++;
      continue;
    } else {
      return -1;
    }
    if (i === -1 || depth === 0) return i;
    keysNext ^= dictionaries & (1 << depth);
  }
}

/** Names to look for in dictionaries, as bytes: at most 255 each. The position of a name is its number. */
export function names(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

/** The number of the name whose bytes lie in `start..end`, or -1. */
export function nameAt(data: Uint8Array, start: number, end: number, known: readonly Uint8Array[]): number {
  for (let i = 0; i < known.length; i++) {
    const name = known[i] as Uint8Array;
    if (name.length !== end - start) continue;
    let same = 0;
    while (same < name.length && name[same] === data[start + same]) same++;
    if (same === name.length) return i;
  }
  return -1;
}

/**
 * Reads the dictionary at `at`: puts where the value of each known name begins into `found` (as long as `known`; -1
 * where the name is absent; the first of repeated names counts) and answers where the dictionary ends, exclusive.
 * -1 when there is no whole dictionary; `found` then means nothing.
 */
export function readDictionary(
  data: Uint8Array,
  at: number,
  known: readonly Uint8Array[],
  found: Int32Array<ArrayBuffer>,
): number {
  if (data[at] !== DICTIONARY) return -1;
  found.fill(-1);
  let i = at + 1;
  while (data[i] !== END) {
    const value = endOfString(data, i);
    if (value === -1) return -1;
    const name = nameAt(data, bodyOf(data, i), value, known);
    if (name !== -1 && found[name] === -1) found[name] = value;
    i = endOf(data, value);
    if (i === -1) return -1;
  }
  return i + 1;
}

/** Where the items of the list at `at` begin, or -1 when no list begins there. The list ends where `isEnd` says. */
export function itemsOf(data: Uint8Array, at: number): number {
  return data[at] === LIST ? at + 1 : -1;
}

/** Whether the list or dictionary being walked ends at `at`. */
export function isEnd(data: Uint8Array, at: number): boolean {
  return data[at] === END;
}

/** Where the bytes of the string at `at` begin, or -1 when no string begins there. Only for bytes `endOf` accepted. */
export function bodyOf(data: Uint8Array, at: number): number {
  const first = data[at];
  if (first === undefined || first < ZERO || first > NINE) return -1;
  let i = at + 1;
  while (data[i] !== COLON) i++;
  return i + 1;
}

/**
 * The integer at `at`; `undefined` when something else begins there or it is beyond the 53 bits a number holds. Only
 * for bytes `endOf` accepted.
 */
export function integerAt(data: Uint8Array, at: number): number | undefined {
  if (data[at] !== INTEGER) return undefined;
  const negative = data[at + 1] === MINUS;
  let value = 0;
  for (let i = negative ? at + 2 : at + 1; data[i] !== END; i++) {
    value = value * 10 + ((data[i] as number) - ZERO);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return negative ? -value : value;
}

/** Where the string at `at` ends, or -1: digits without a leading zero, a colon, and as many bytes as they say. */
function endOfString(data: Uint8Array, at: number): number {
  let i = at;
  let length = 0;
  for (;;) {
    const byte = data[i];
    if (byte === COLON) break;
    if (byte === undefined || byte < ZERO || byte > NINE) return -1;
    if (i > at && length === 0) return -1;
    length = length * 10 + (byte - ZERO);
    if (length > data.length) return -1;
    i++;
  }
  const end = i + 1 + length;
  return i === at || end > data.length ? -1 : end;
}

/** Where the integer at `at` ends, or -1: `i`, perhaps a minus, digits without a leading zero, `e`; never `-0`. */
function endOfInteger(data: Uint8Array, at: number): number {
  const first = data[at + 1] === MINUS ? at + 2 : at + 1;
  let i = first;
  for (;;) {
    const byte = data[i];
    if (byte === undefined) return -1;
    if (byte === END) break;
    if (byte < ZERO || byte > NINE) return -1;
    i++;
  }
  if (i === first) return -1;
  return data[first] === ZERO && (i - first > 1 || first !== at + 1) ? -1 : i + 1;
}
