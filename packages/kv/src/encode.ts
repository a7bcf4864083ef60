/**
 * Writes packets: a map of one-letter keys in deterministic CBOR.
 *
 * | key | in | is |
 * |---|---|---|
 * | `y` | all | `q` request, `r` reply, `e` error |
 * | `t` | all | transaction id, 1 to 32 bytes |
 * | `i` | q, r | sender's id, 20 bytes |
 * | `o` | q | true: the sender is read-only |
 * | `q` | q | `ping`, `find_node`, `find_value`, `store` |
 * | `k` | q | key or target, 20 bytes |
 * | `w` | q, r | token |
 * | `v`, `s` | store, r | the value, and its `seq` where that is not 0 |
 * | `m` | store | true: the key is the SHA-1 of the value |
 * | `l` | store | ms to live |
 * | `n` | r | contacts: each 20 bytes of id, 4 or 16 of address, 2 of port |
 * | `h` | r | true: there is a value, ask again with the token |
 * | `c`, `x` | e | code and text |
 * | `p` | q | padding |
 */
import type { Contact, Endpoint, Id } from '@xorrery/core';
import { packEndpoint } from './address.ts';
import { type Plain, toCbor } from './cbor.ts';
import type { KvOut, KvRecord, OutReply, OutRequest } from './messages.ts';
import type { TokenPort } from './token.ts';

/**
 * Bytes that bring a request for contacts or values, without a token, to 128 at least: a reply may have a multiple of
 * the request, and values of about 1 KB shall fit in it.
 */
const PADDING: Plain = new Uint8Array(52);

type Fields = Record<string, Plain>;

/** The bytes of a message to `to`. */
export function encode(message: KvOut, to: Endpoint, tokens: TokenPort): Uint8Array {
  const t = bytesOfHex(message.tid);
  switch (message.type) {
    case 'request': {
      const readOnly: Fields = message.readOnly ? { o: true } : {};
      return toCbor({ y: 'q', t, i: bytesOfHex(message.sender), ...readOnly, ...requestFields(message.request) });
    }
    case 'reply':
      return toCbor({ y: 'r', t, i: bytesOfHex(message.sender), ...replyFields(message.reply, to, tokens) });
    case 'error':
      return toCbor({ y: 'e', t, c: message.code, x: message.text });
  }
}

function requestFields(request: OutRequest): Fields {
  const { method: q } = request;
  switch (request.method) {
    case 'ping':
      return { q };
    case 'find_node':
      return { q, k: bytesOfHex(request.target), p: PADDING };
    case 'find_value': {
      const { key, token } = request;
      return { q, k: bytesOfHex(key), ...(token === undefined ? { p: PADDING } : { w: bytesOfHex(token) }) };
    }
    case 'store': {
      const { key, record, immutable, lifetime, token } = request;
      const fields: Fields = { q, k: bytesOfHex(key), w: bytesOfHex(token), ...recordFields(record) };
      if (immutable) fields.m = true;
      if (lifetime !== undefined) fields.l = lifetime === 'forever' ? Number.MAX_SAFE_INTEGER : lifetime;
      return fields;
    }
  }
}

function replyFields({ contacts, record, held, token }: OutReply, to: Endpoint, tokens: TokenPort): Fields {
  const fields: Fields = record === undefined ? {} : recordFields(record);
  if (contacts !== undefined) fields.n = contacts.flatMap(packContact);
  if (held === true) fields.h = true;
  if (token !== undefined) fields.w = tokens.mint(to, token);
  return fields;
}

function recordFields({ value, seq }: KvRecord): Fields {
  const v = Buffer.from(value, 'base64');
  return seq === 0 ? { v } : { v, s: seq };
}

/** Nothing for a contact whose address has no bytes. */
function packContact({ id, endpoint }: Contact): Uint8Array[] {
  const address = packEndpoint(endpoint);
  return address === undefined ? [] : [Buffer.concat([bytesOfHex(id), address])];
}

function bytesOfHex(text: Id | string): Uint8Array {
  return Buffer.from(text, 'hex');
}
