/** Values of items as a program has them, and as they travel: bencoded, up to 1,000 bytes (BEP 44). */
import { ConfigError } from '@xorrery/core';
import { bodyOf, endOf } from './bencode.ts';
import { isHex } from './hex.ts';
import { KEY_BYTES, MAX_SALT, MAX_VALUE } from './item.ts';

/** Bytes or text, which become a string of bencode; or any bencode, as its bytes. */
export type PutValue = Uint8Array | string | { readonly bencoded: Uint8Array };

/** Around a value in a packet: it may not nest so deep that nobody reads the packet. */
const BEFORE = Buffer.from('d1:ad1:v');
const AFTER = Buffer.from('ee');

/** The bencode of a value, as hex. Throws `ConfigError`: `value`. */
export function bencodedValue(value: PutValue): string {
  const bencoded = isBencoded(value) ? value.bencoded : asString(value);
  if (bencoded.length > MAX_VALUE) {
    throw new ConfigError('value', `must be at most ${MAX_VALUE} bytes of bencode, got ${bencoded.length}`);
  }
  const packet = Buffer.concat([BEFORE, bencoded, AFTER]);
  if (endOf(packet, 0) !== packet.length || endOf(bencoded, 0) !== bencoded.length) {
    throw new ConfigError('value', 'must be one item of bencode');
  }
  return Buffer.from(bencoded).toString('hex');
}

/** The bytes of a bencoded string; `undefined` when it is something else. */
export function stringIn(bencoded: Uint8Array): Uint8Array | undefined {
  const body = bodyOf(bencoded, 0);
  return body === -1 ? undefined : Uint8Array.from(bencoded.subarray(body));
}

/** A salt, text as UTF-8, in hex. Throws `ConfigError`: `salt`. */
export function saltOf(salt: Uint8Array | string = ''): string {
  if (typeof salt !== 'string' && !(salt instanceof Uint8Array)) throw new ConfigError('salt', 'must be bytes or text');
  const bytes = Buffer.from(salt as Uint8Array);
  if (bytes.length > MAX_SALT) throw new ConfigError('salt', `must be at most ${MAX_SALT} bytes, got ${bytes.length}`);
  return bytes.toString('hex');
}

/** A public key, from its bytes or their digits. Throws `ConfigError`: `publicKey`. */
export function publicKeyText(key: Uint8Array | string): string {
  const text = typeof key === 'string' ? key.toLowerCase() : Buffer.from(key).toString('hex');
  if (!isHex(text, KEY_BYTES)) throw new ConfigError('publicKey', `must be ${KEY_BYTES} bytes`);
  return text;
}

function isBencoded(value: PutValue): value is { readonly bencoded: Uint8Array } {
  return typeof value === 'object' && value !== null && 'bencoded' in value;
}

function asString(value: Uint8Array | string): Uint8Array {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    throw new ConfigError('value', 'must be bytes, text or bencode');
  }
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);
}
