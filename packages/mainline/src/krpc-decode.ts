/**
 * Reads KRPC packets (BEP 5, 32, 42, 43, 51): bytes from a stranger in, a message as plain data out, or why there is
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
import { COMPACT_BYTES, endpointAt, type Family, ID_BYTES, readNodes } from './compact.ts';
import type { InReply, InRequest, KrpcIn, Peer } from './messages.ts';
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
/** Peers of one reply we look at; the rest is ignored. */
export const MAX_PEERS = 200;
/** Infohashes of one reply we look at; the rest is ignored. */
const MAX_SAMPLES = 64;
/** Seconds between samples at most (BEP 51). */
const MAX_INTERVAL = 21_600;
/** The longest transaction id we echo, in bytes. */
export const MAX_TID = 32;
/** The longest write token we would send back, in bytes; a longer or empty one counts as none. */
export const MAX_TOKEN = 128;
/** The longest error text we keep, in characters. */
export const MAX_TEXT = 100;

const PROTOCOL_ERROR = 203;
const METHOD_UNKNOWN = 204;
const BYTE_Q = 0x71;
const BYTE_R = 0x72;
const BYTE_E = 0x65;

const TOP = names('a', 'e', 'q', 'r', 'ro', 't', 'y', 'ip');
const [A, E, Q, R, RO, T, Y, IP] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const ARGUMENTS = names('id', 'target', 'info_hash', 'port', 'implied_port', 'token', 'want');
const [ID, TARGET, INFO_HASH, PORT, IMPLIED_PORT, TOKEN, WANT] = [0, 1, 2, 3, 4, 5, 6] as const;
const RESULTS = names('id', 'nodes', 'nodes6', 'token', 'values', 'samples', 'num', 'interval');
const [SENDER, NODES, NODES6, GIVEN, VALUES, SAMPLES, NUM, INTERVAL] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const METHODS = names('ping', 'find_node', 'get_peers', 'announce_peer', 'sample_infohashes');

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Where values lie in the packet being read. Filled and done with inside one call: decoding never re-enters. */
const top = new Int32Array(TOP.length);
const inner = new Int32Array(Math.max(ARGUMENTS.length, RESULTS.length));

/** What is wrong with an argument: the text for its sender. Told apart from good values by its type. */
class Fault {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

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
  if (request instanceof Fault) return owed('bad-query', tid, PROTOCOL_ERROR, request.text);
  const readOnly = top[RO] !== -1 && (integerAt(packet, top[RO] as number) ?? 0) !== 0;
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
      return target instanceof Fault ? target : { method: 'find_node', target, ...wantIn(packet) };
    }
    case 2: {
      const infoHash = idArgument(packet, INFO_HASH);
      return infoHash instanceof Fault ? infoHash : { method: 'get_peers', infoHash, ...wantIn(packet) };
    }
    case 3:
      return announceIn(packet, from, tokens, epoch);
    default: {
      const target = idArgument(packet, TARGET);
      return target instanceof Fault ? target : { method: 'sample_infohashes', target, ...wantIn(packet) };
    }
  }
}

const FAMILIES = names('n4', 'n6');
const [V4, V6] = [0, 1] as const;
/** Entries of `want` we look at; there are two words, and others may be added some day. */
const MAX_WANT = 8;

/** The families named in `want`; nothing where there is no such list. Unknown words are ignored (BEP 32). */
function wantIn(packet: Buffer): { readonly want: readonly Family[] } | undefined {
  let at = inner[WANT] === -1 ? -1 : itemsOf(packet, inner[WANT] as number);
  if (at === -1) return undefined;
  let [v4, v6] = [false, false];
  for (let i = 0; i < MAX_WANT && !isEnd(packet, at); i++) {
    const body = bodyOf(packet, at);
    at = endOf(packet, at);
    const family = body === -1 ? -1 : nameAt(packet, body, at, FAMILIES);
    v4 ||= family === V4;
    v6 ||= family === V6;
  }
  return { want: v4 ? (v6 ? [4, 6] : [4]) : v6 ? [6] : [] };
}

function announceIn(packet: Buffer, from: Endpoint, tokens: TokenPort, epoch: number): InRequest | Fault {
  const infoHash = idArgument(packet, INFO_HASH);
  if (infoHash instanceof Fault) return infoHash;
  const implied = inner[IMPLIED_PORT] === -1 ? 0 : integerAt(packet, inner[IMPLIED_PORT] as number);
  if (implied === undefined) return new Fault("'implied_port' must be an integer");
  const impliedPort = implied !== 0;
  const port = impliedPort ? 0 : portArgument(packet);
  if (port instanceof Fault) return port;
  const at = inner[TOKEN] as number;
  if (at === -1) return new Fault(missing('token'));
  const body = bodyOf(packet, at);
  if (body === -1) return new Fault("'token' must be a string");
  const token = tokens.judge(from, infoHash, packet.subarray(body, endOf(packet, at)), epoch);
  return { method: 'announce_peer', infoHash, port, impliedPort, token };
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
  if (!sampledIn(packet, said)) return malformed('bad-reply');
  const seenAs = seenIn(packet);
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

/** As whom the answerer sees us; what is no endpoint is left aside, for the reply may be good all the same. */
function seenIn(packet: Buffer): Endpoint | undefined {
  const at = top[IP] as number;
  const body = at === -1 ? -1 : bodyOf(packet, at);
  const length = body === -1 ? 0 : endOf(packet, at) - body;
  if (length !== COMPACT_BYTES[4] && length !== COMPACT_BYTES[6]) return undefined;
  return endpointAt(packet, body, length === COMPACT_BYTES[4] ? 4 : 6);
}

/** Reads what BEP 51 adds. False where a key is known and its value is of another type. */
function sampledIn(packet: Buffer, said: { -readonly [Key in keyof InReply]: InReply[Key] }): boolean {
  const at = inner[SAMPLES] as number;
  if (at === -1) return true;
  const body = bodyOf(packet, at);
  const num = inner[NUM] === -1 ? 0 : integerAt(packet, inner[NUM] as number);
  const interval = inner[INTERVAL] === -1 ? 0 : integerAt(packet, inner[INTERVAL] as number);
  if (body === -1 || num === undefined || interval === undefined) return false;
  const end = Math.min(endOf(packet, at), body + MAX_SAMPLES * ID_BYTES);
  const samples: Id[] = [];
  for (let i = body; i + ID_BYTES <= end; i += ID_BYTES) samples.push(packet.toString('hex', i, i + ID_BYTES) as Id);
  said.samples = samples;
  said.num = Math.max(0, num);
  said.interval = Math.min(MAX_INTERVAL, Math.max(0, interval));
  return true;
}

/** Adds the nodes of one family. False when there is something else than a string; a missing key (-1) is no nodes. */
function nodesIn(packet: Buffer, at: number, family: Family, into: Contact[]): boolean {
  if (at === -1) return true;
  const body = bodyOf(packet, at);
  if (body === -1) return false;
  readNodes(packet, body, endOf(packet, at), family, into, MAX_NODES);
  return true;
}

/** The peers in a list of compact endpoints; items that are none are left out. `undefined` when it is no list. */
function peersIn(packet: Buffer, list: number): Peer[] | undefined {
  let at = itemsOf(packet, list);
  if (at === -1) return undefined;
  const peers: Peer[] = [];
  while (!isEnd(packet, at) && peers.length < MAX_PEERS) {
    const body = bodyOf(packet, at);
    at = endOf(packet, at);
    const length = body === -1 ? 0 : at - body;
    if (length !== COMPACT_BYTES[4] && length !== COMPACT_BYTES[6]) continue;
    const key = endpointAt(packet, body, length === COMPACT_BYTES[4] ? 4 : 6);
    if (key !== undefined) peers.push({ key });
  }
  return peers;
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

/** A stranger's text made fit for a log or a terminal: no control, format or unassigned characters, and not long. */
function cleanText(text: string): string {
  return [...text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')].slice(0, MAX_TEXT).join('');
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

function missing(key: string): string {
  return `missing '${key}' key`;
}

function malformed(cause: MalformedCause): Decoded {
  return { ok: false, malformed: { cause } };
}

function owed(cause: MalformedCause, tid: string, code: number, text: string): Decoded {
  return { ok: false, malformed: { cause, answer: { tid, code, text } } };
}
