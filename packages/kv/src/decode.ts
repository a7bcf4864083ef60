/**
 * Reads packets: bytes from a stranger in, a message as plain data out, or why there is none and which error its sender
 * is owed. `encode.ts` has the table of keys.
 *
 * Total: any bytes give an answer and nothing is thrown. Only requests are answered with errors, or two nodes could
 * complain to each other for ever. Unknown keys are ignored; a wrong type or length where a key is known is not. Digests
 * are computed here and tokens judged here, so that the machines need neither.
 */
import { createHash } from 'node:crypto';
import type { Malformed } from '@xorrery/coordinator';
import type { Contact, Endpoint, Id } from '@xorrery/core';
import { unpackEndpoint } from './address.ts';
import { fromCbor } from './cbor.ts';
import { type InReply, type InRequest, KV_ERROR, type KvIn, type KvRecord } from './messages.ts';
import { MAX_VALUE } from './records.ts';
import type { TokenPort } from './token.ts';

/** A packet as read: a message, or what is wrong with it. */
export type Decoded =
  | { readonly ok: true; readonly message: KvIn }
  | { readonly ok: false; readonly malformed: Malformed };

/** Why a packet is no message: a closed set, fit to be counted by. */
export type MalformedCause =
  | 'not-cbor'
  | 'not-a-message'
  | 'bad-request'
  | 'unknown-method'
  | 'bad-reply'
  | 'bad-error';

/** Contacts of one reply we look at; the rest is ignored. */
const MAX_CONTACTS = 100;
/** The longest transaction id we echo, in bytes. */
const MAX_TID = 32;
/** The longest token we would send back, in bytes. */
const MAX_TOKEN = 64;
/** The longest error text we keep, in characters. */
const MAX_TEXT = 100;
const ID_BYTES = 20;

type Fields = Readonly<Record<string, unknown>>;

/** Wrong in a way its sender is told. */
class Fault {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Reads one packet that came from `from` in token epoch `epoch`. Never throws. */
export function decode(packet: Uint8Array, from: Endpoint, tokens: TokenPort, epoch: number): Decoded {
  const top = fromCbor(packet);
  if (top === undefined) return malformed('not-cbor');
  if (typeof top !== 'object' || top === null || Array.isArray(top)) return malformed('not-a-message');
  const fields = top as Fields;
  const tid = hexAt(fields.t, 1, MAX_TID);
  if (tid === undefined) return malformed('not-a-message');
  switch (fields.y) {
    case 'q':
      return requestIn(fields, tid, from, tokens, epoch);
    case 'r':
      return replyIn(fields, tid);
    case 'e':
      return errorIn(fields, tid);
    default:
      return malformed('not-a-message');
  }
}

/** A value as the machines see it: base64, its version, its digest. */
export function recordOf(value: Uint8Array, seq: number): KvRecord {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { value: bytes.toString('base64'), seq, digest: createHash('sha1').update(bytes).digest('hex') as Id };
}

function requestIn(fields: Fields, tid: string, from: Endpoint, tokens: TokenPort, epoch: number): Decoded {
  const sender = idAt(fields.i);
  if (sender === undefined) return owed('bad-request', tid, KV_ERROR.malformed, "'i' must be 20 bytes");
  const request = argumentsIn(fields, (token) => tokens.judge(from, token, epoch));
  if (request === undefined) return owed('unknown-method', tid, KV_ERROR.unknownMethod, 'unknown method');
  if (request instanceof Fault) return owed('bad-request', tid, KV_ERROR.malformed, request.text);
  return { ok: true, message: { type: 'request', tid, sender, readOnly: fields.o === true, request } };
}

function argumentsIn(
  fields: Fields,
  judge: (token: Uint8Array) => Extract<InRequest, { method: 'store' }>['token'],
): InRequest | Fault | undefined {
  const { q: method, w: token } = fields;
  if (method === 'ping') return { method };
  if (method !== 'find_node' && method !== 'find_value' && method !== 'store') return undefined;
  const key = idAt(fields.k);
  if (key === undefined) return new Fault("'k' must be 20 bytes");
  if (method === 'find_node') return { method, target: key };
  if (token !== undefined && !(token instanceof Uint8Array)) return new Fault("'w' must be bytes");
  if (method === 'find_value') return token === undefined ? { method, key } : { method, key, token: judge(token) };
  if (token === undefined) return new Fault("'w' is missing");
  const record = recordIn(fields);
  if (record instanceof Fault) return record;
  if (record === undefined) return new Fault("'v' is missing");
  const { m = false, l: lifetime } = fields;
  if (typeof m !== 'boolean') return new Fault("'m' must be true or false");
  if (lifetime !== undefined && !isCount(lifetime, 1)) return new Fault("'l' must be a whole number of ms, 1 or more");
  const store = { method, key, record, immutable: m, token: judge(token) } as const;
  return lifetime === undefined ? store : { ...store, lifetime: lifetime as number };
}

/** The value and its version; `undefined` when there is none. */
function recordIn({ v, s = 0 }: Fields): KvRecord | Fault | undefined {
  if (v === undefined) return undefined;
  if (!(v instanceof Uint8Array) || v.length > MAX_VALUE) return new Fault(`'v' must be at most ${MAX_VALUE} bytes`);
  if (!isCount(s, 0)) return new Fault("'s' must be a whole number, 0 or more");
  return recordOf(v, s as number);
}

function replyIn(fields: Fields, tid: string): Decoded {
  const sender = idAt(fields.i);
  const record = recordIn(fields);
  const { n, h, w } = fields;
  if (sender === undefined || record instanceof Fault || (n !== undefined && !Array.isArray(n))) {
    return malformed('bad-reply');
  }
  const token = hexAt(w, 1, MAX_TOKEN);
  const reply: InReply = {
    ...(n === undefined ? undefined : { contacts: n.slice(0, MAX_CONTACTS).flatMap(contactIn) }),
    ...(record === undefined ? undefined : { record }),
    ...(h === true ? { held: true } : undefined),
    ...(token === undefined ? undefined : { token }),
  };
  return { ok: true, message: { type: 'reply', tid, sender, reply } };
}

/** Nothing for what is no contact, or one that cannot be sent to. */
function contactIn(item: unknown): Contact[] {
  if (!(item instanceof Uint8Array)) return [];
  const endpoint = unpackEndpoint(item.subarray(ID_BYTES));
  return endpoint === undefined ? [] : [{ id: hexOf(item.subarray(0, ID_BYTES)) as Id, endpoint }];
}

function errorIn({ c: code, x: text = '' }: Fields, tid: string): Decoded {
  if (!isCount(code, 0) || typeof text !== 'string') return malformed('bad-error');
  return { ok: true, message: { type: 'error', tid, code: code as number, text: cleanText(text) } };
}

/** A stranger's text made fit for a log or a terminal: no control, format or unassigned characters, and not long. */
function cleanText(text: string): string {
  return [...text.slice(0, 2 * MAX_TEXT).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')].slice(0, MAX_TEXT).join('');
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function idAt(value: unknown): Id | undefined {
  return hexAt(value, ID_BYTES, ID_BYTES) as Id | undefined;
}

function hexAt(value: unknown, least: number, most: number): string | undefined {
  if (!(value instanceof Uint8Array) || value.length < least || value.length > most) return undefined;
  return hexOf(value);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function malformed(cause: MalformedCause): Decoded {
  return { ok: false, malformed: { cause } };
}

function owed(cause: MalformedCause, tid: string, code: number, text: string): Decoded {
  return { ok: false, malformed: { cause, answer: { tid, code, text } } };
}
