/**
 * CBOR (RFC 8949) in its one deterministic form, by `cborg`, within limits of ours: no packet can make it nest deeply,
 * build much, or throw out of here.
 */
import { type DecodeOptions, decode, encode, Tokenizer } from 'cborg';

/** What a message is made of. */
export type Plain = number | string | boolean | Uint8Array | readonly Plain[] | { readonly [key: string]: Plain };

/** Items in a packet, which also bounds how deep they nest. A reply with a bucketful of contacts has a tenth. */
const MAX_ITEMS = 256;

const STRICT: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
};

/** Reads one item at a time, and not too many of them. */
class Limited extends Tokenizer {
  #left = MAX_ITEMS;

  override next(): ReturnType<Tokenizer['next']> {
    if (this.#left-- === 0) throw new Error('too many items');
    return super.next();
  }
}

/** The value in a packet; `undefined` when it is not CBOR, not in its shortest form, or too much. Never throws. */
export function fromCbor(packet: Uint8Array): unknown {
  const bytes = new Uint8Array(packet.buffer, packet.byteOffset, packet.byteLength);
  try {
    return decode(bytes, { ...STRICT, tokenizer: new Limited(bytes, STRICT) }) as unknown;
  } catch {
    return undefined;
  }
}

export function toCbor(value: Plain): Uint8Array {
  return encode(value);
}
