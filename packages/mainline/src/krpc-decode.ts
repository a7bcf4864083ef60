/**
 * Reads KRPC packets (BEP 5, 32, 33, 42, 43, 44, 51): bytes from a stranger in, a message as plain data out, or why there is
 * none and which error its sender is owed.
 *
 * Total: any bytes give an answer, in time linear in their number, and nothing is thrown. Only queries are answered
 * with errors, never replies or errors, or two nodes could keep complaining to each other. Keys may come in any order,
 * the first of repeated keys counts, unknown keys are ignored; a wrong type or length where a key is known is not.
 * Whether anybody asked for a reply, and whether a token is good enough, is decided elsewhere.
 */
import type { Malformed } from '@xorrery/coordinator';
import type { Contact, Endpoint, Id } from '@xorrery/core';
import { bodyOf, endOf, integerAt, isEnd, itemsOf, nameAt, names, readDictionary } from './bencode.ts';
import { type Family, ID_BYTES, readNodes } from './compact.ts';
import { Fault, missing } from './krpc-fault.ts';
import { ITEM_KEYS, itemIn, putIn, seqIn } from './krpc-items.ts';
import { cleanText, filterIn, isSet, MAX_TEXT, peersIn, sampledIn, seenIn, wantIn } from './krpc-parts.ts';
import type { InReply, InRequest, KrpcIn, TokenVerdict } from './messages.ts';
import type { TokenPort } from './token.ts';

/** A packet as read: a message, or what is wrong with it. */
export type Decoded =
  | { readonly ok: true; readonly message: KrpcIn }
  | { readonly ok: false; readonly malformed: Malformed };

/** Why a packet is no message: a closed set, fit to be counted by. */
export type MalformedCause =
  | 'not-bencode'
  | 'no-transaction-id'
  | 'unknown-type'
  | 'bad-query'
  | 'unknown-method'
  | 'bad-reply'
  | 'bad-error';

/** Nodes of one reply we look at, both families together; the rest is ignored. */
export const MAX_NODES = 100;
/** The longest transaction id we echo, in bytes. */
export const MAX_TID = 32;
/** The longest write token we would send back, in bytes; a longer or empty one counts as none. */
export const MAX_TOKEN = 128;

const PROTOCOL_ERROR = 203;
const METHOD_UNKNOWN = 204;
const BYTE_Q = 0x71;
const BYTE_R = 0x72;
const BYTE_E = 0x65;

const TOP = names('a', 'e', 'q', 'r', 'ro', 't', 'y', 'ip');
const [A, E, Q, R, RO, T, Y, IP] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const ARGUMENTS = names(
  ...['id', 'target', 'info_hash', 'port', 'implied_port', 'token', 'seed', 'noseed', 'scrape', 'want'],
  ...ITEM_KEYS,
);
const [ID, TARGET, INFO_HASH, PORT, IMPLIED_PORT, TOKEN, SEED, NOSEED, SCRAPE, WANT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
const ITEM_ARGUMENTS = ARGUMENTS.length - ITEM_KEYS.length;
const RESULTS = names(
  ...['id', 'nodes', 'nodes6', 'token', 'values', 'samples', 'num', 'interval', 'BFsd', 'BFpe'],
  ...ITEM_KEYS,
);
const [SENDER, NODES, NODES6, GIVEN, VALUES, SAMPLES, NUM, INTERVAL, BFSD, BFPE] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
const ITEM_RESULTS = RESULTS.length - ITEM_KEYS.length;
const METHODS = names('ping', 'find_node', 'get_peers', 'announce_peer', 'sample_infohashes', 'get', 'put');

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Where values lie in the packet being read. Filled and done with inside one call: decoding never re-enters. */
const top = new Int32Array(TOP.length);
const inner = new Int32Array(Math.max(ARGUMENTS.length, RESULTS.length));

/** Reads one packet that came from `from` in token epoch `epoch`. Never throws. */
export function decode(packet: Buffer, from: Endpoint, tokens: TokenPort, epoch: number): Decoded {
  if (readDictionary(packet, 0, TOP, top) !== packet.length) return malformed('not-bencode');
  const tid = tidIn(packet);
  if (tid === undefined) return malformed('no-transaction-id');
  switch (typeIn(packet)) {
    case BYTE_Q:
      return query(packet, tid, from, tokens, epoch);
    case BYTE_R:
      return reply(packet, tid);
    case BYTE_E:
      return error(packet, tid);
    default:
      return malformed('unknown-type');
  }
}

function query(packet: Buffer, tid: string, from: Endpoint, tokens: TokenPort, epoch: number): Decoded {
  const method = top[Q] as number;
  const body = method === -1 ? -1 : bodyOf(packet, method);
  if (body === -1) return owed('bad-query', tid, PROTOCOL_ERROR, method === -1 ? missing('q') : "'q' must be a string");
  const number = nameAt(packet, body, endOf(packet, method), METHODS);
  if (number === -1) return owed('unknown-method', tid, METHOD_UNKNOWN, 'method unknown');
  if (top[A] === -1) return owed('bad-query', tid, PROTOCOL_ERROR, missing('a'));
  if (readDictionary(packet, top[A] as number, ARGUMENTS, inner) === -1) {
    return owed('bad-query', tid, PROTOCOL_ERROR, "'a' must be a dictionary");
  }
  const sender = idArgument(packet, ID);
  if (sender instanceof Fault) return owed('bad-query', tid, PROTOCOL_ERROR, sender.text);
  const request = requestIn(packet, number, from, tokens, epoch);
  if (request instanceof Fault) return owed('bad-query', tid, request.code, request.text);
  const readOnly = isSet(packet, top[RO] as number);
  return { ok: true, message: { type: 'request', tid, sender, readOnly, request } };
}

function requestIn(
  packet: Buffer,
  method: number,
  from: Endpoint,
  tokens: TokenPort,
  epoch: number,
): InRequest | Fault {
  switch (method) {
    case 0:
      return { method: 'ping' };
    case 1: {
      const target = idArgument(packet, TARGET);
      return target instanceof Fault
        ? target
        : { method: 'find_node', target, ...wantIn(packet, inner[WANT] as number) };
    }
    case 2: {
      const infoHash = idArgument(packet, INFO_HASH);
      if (infoHash instanceof Fault) return infoHash;
      const asked = { method: 'get_peers', infoHash, ...wantIn(packet, inner[WANT] as number) } as const;
      if (inner[NOSEED] === -1 && inner[SCRAPE] === -1) return asked;
      const noseed = isSet(packet, inner[NOSEED] as number);
      return {
        ...asked,
        ...(noseed ? { noseed } : undefined),
        ...(isSet(packet, inner[SCRAPE] as number) ? { scrape: true } : undefined),
      };
    }
    case 3:
      return announceIn(packet, from, tokens, epoch);
    case 5: {
      const target = idArgument(packet, TARGET);
      if (target instanceof Fault) return target;
      const seq = seqIn(packet, inner, ITEM_ARGUMENTS);
      if (seq instanceof Fault) return seq;
      const asked = { method: 'get', target, ...wantIn(packet, inner[WANT] as number) } as const;
      return seq === undefined ? asked : { ...asked, seq };
    }
    case 6: {
      const put = putIn(packet, inner, ITEM_ARGUMENTS);
      if (put instanceof Fault) return put;
      const token = tokenArgument(packet, from, put.target, tokens, epoch);
      return token instanceof Fault ? token : { method: 'put', ...put, token };
    }
    default: {
      const target = idArgument(packet, TARGET);
      return target instanceof Fault
        ? target
        : { method: 'sample_infohashes', target, ...wantIn(packet, inner[WANT] as number) };
    }
  }
}

function announceIn(packet: Buffer, from: Endpoint, tokens: TokenPort, epoch: number): InRequest | Fault {
  const infoHash = idArgument(packet, INFO_HASH);
  if (infoHash instanceof Fault) return infoHash;
  const implied = inner[IMPLIED_PORT] === -1 ? 0 : integerAt(packet, inner[IMPLIED_PORT] as number);
  if (implied === undefined) return new Fault("'implied_port' must be an integer");
  const impliedPort = implied !== 0;
  const port = impliedPort ? 0 : portArgument(packet);
  if (port instanceof Fault) return port;
  const token = tokenArgument(packet, from, infoHash, tokens, epoch);
  if (token instanceof Fault) return token;
  const announce = { method: 'announce_peer', infoHash, port, impliedPort, token } as const;
  return isSet(packet, inner[SEED] as number) ? { ...announce, seed: true } : announce;
}

/** What the token is worth that was shown for `target`. */
function tokenArgument(
  packet: Buffer,
  from: Endpoint,
  target: Id,
  tokens: TokenPort,
  epoch: number,
): TokenVerdict | Fault {
  const at = inner[TOKEN] as number;
  if (at === -1) return new Fault(missing('token'));
  const body = bodyOf(packet, at);
  if (body === -1) return new Fault("'token' must be a string");
  return tokens.judge(from, target, packet.subarray(body, endOf(packet, at)), epoch);
}

function reply(packet: Buffer, tid: string): Decoded {
  if (top[R] === -1 || readDictionary(packet, top[R] as number, RESULTS, inner) === -1) return malformed('bad-reply');
  const sender = idAt(packet, inner[SENDER] as number);
  if (sender === undefined) return malformed('bad-reply');
  const said: { -readonly [Key in keyof InReply]: InReply[Key] } = {};
  if (inner[NODES] !== -1 || inner[NODES6] !== -1) {
    const nodes: Contact[] = [];
    if (!nodesIn(packet, inner[NODES] as number, 4, nodes)) return malformed('bad-reply');
    if (!nodesIn(packet, inner[NODES6] as number, 6, nodes)) return malformed('bad-reply');
    said.nodes = nodes;
  }
  if (inner[VALUES] !== -1) {
    const peers = peersIn(packet, inner[VALUES] as number);
    if (peers === undefined) return malformed('bad-reply');
    said.peers = peers;
  }
  const samples = inner[SAMPLES] as number;
  if (!sampledIn(packet, samples, inner[NUM] as number, inner[INTERVAL] as number, said)) return malformed('bad-reply');
  if (!itemIn(packet, inner, ITEM_RESULTS, said)) return malformed('bad-reply');
  const seeds = filterIn(packet, inner[BFSD] as number);
  const peers = filterIn(packet, inner[BFPE] as number);
  if (seeds !== undefined && peers !== undefined) said.filters = { seeds, peers };
  const seenAs = seenIn(packet, top[IP] as number);
  if (seenAs !== undefined) said.seenAs = seenAs;
  const token = inner[GIVEN] as number;
  if (token !== -1) {
    const body = bodyOf(packet, token);
    if (body === -1) return malformed('bad-reply');
    const length = endOf(packet, token) - body;
    if (length > 0 && length <= MAX_TOKEN) said.token = packet.toString('hex', body, body + length);
  }
  return { ok: true, message: { type: 'reply', tid, sender, reply: said } };
}

/** Adds the nodes of one family. False when there is something else than a string; a missing key (-1) is no nodes. */
function nodesIn(packet: Buffer, at: number, family: Family, into: Contact[]): boolean {
  if (at === -1) return true;
  const body = bodyOf(packet, at);
  if (body === -1) return false;
  readNodes(packet, body, endOf(packet, at), family, into, MAX_NODES);
  return true;
}

function error(packet: Buffer, tid: string): Decoded {
  const first = top[E] === -1 ? -1 : itemsOf(packet, top[E] as number);
  const code = first === -1 ? undefined : integerAt(packet, first);
  if (code === undefined) return malformed('bad-error');
  const at = endOf(packet, first);
  const body = isEnd(packet, at) ? -1 : bodyOf(packet, at);
  const text =
    body === -1 ? '' : cleanText(packet.toString('utf8', body, Math.min(endOf(packet, at), body + 4 * MAX_TEXT)));
  return { ok: true, message: { type: 'error', tid, code, text } };
}

function tidIn(packet: Buffer): string | undefined {
  const at = top[T] as number;
  const body = at === -1 ? -1 : bodyOf(packet, at);
  if (body === -1) return undefined;
  const end = endOf(packet, at);
  if (end - body < 1 || end - body > MAX_TID) return undefined;
  // The usual 2 to 4 bytes: a call into the engine costs more than these few digits.
  if (end - body > 4) return packet.toString('hex', body, end);
  let tid = '';
  for (let i = body; i < end; i++) tid += HEX[packet[i] as number];
  return tid;
}

/** The one byte of `y`, or -1. */
function typeIn(packet: Buffer): number {
  const at = top[Y] as number;
  const body = at === -1 ? -1 : bodyOf(packet, at);
  return body === -1 || endOf(packet, at) !== body + 1 ? -1 : (packet[body] as number);
}

function idAt(packet: Buffer, at: number): Id | undefined {
  const body = at === -1 ? -1 : bodyOf(packet, at);
  if (body === -1 || endOf(packet, at) - body !== ID_BYTES) return undefined;
  return packet.toString('hex', body, body + ID_BYTES) as Id;
}

function idArgument(packet: Buffer, name: typeof ID | typeof TARGET | typeof INFO_HASH): Id | Fault {
  const at = inner[name] as number;
  const key = name === ID ? 'id' : name === TARGET ? 'target' : 'info_hash';
  if (at === -1) return new Fault(missing(key));
  return idAt(packet, at) ?? new Fault(`'${key}' must be ${ID_BYTES} bytes`);
}

function portArgument(packet: Buffer): number | Fault {
  const at = inner[PORT] as number;
  if (at === -1) return new Fault(missing('port'));
  const port = integerAt(packet, at);
  return port === undefined || port < 1 || port > 65535 ? new Fault("'port' must be 1 to 65535") : port;
}

function malformed(cause: MalformedCause): Decoded {
  return { ok: false, malformed: { cause } };
}

function owed(cause: MalformedCause, tid: string, code: number, text: string): Decoded {
  return { ok: false, malformed: { cause, answer: { tid, code, text } } };
}
