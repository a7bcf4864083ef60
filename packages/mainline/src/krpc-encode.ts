/**
 * Writes KRPC packets (BEP 5, 32, 33, 42, 43, 44, 51): a message as plain data in, the bytes to send out, keys sorted.
 *
 * A packet is put together as hex digits, because ids, transaction ids and tokens are hex already, and one native call
 * then turns all of it into bytes; the addresses of nodes, which would be slow as digits, are copied into holes left
 * for them. No packet here exceeds 1,024 bytes (BEP 32): nodes come first, then as many peers as still fit. An item may
 * be as long as that alone (BEP 44): a reply with one has up to 1,452 bytes, which still travel in one piece.
 */
import type { Contact, Endpoint } from '@xorrery/core';
import { COMPACT_BYTES, type Family, familyOf, ID_BYTES, writeEndpoint } from './compact.ts';
import { digitsOf, integer, lengthed, lengthOf } from './krpc-digits.ts';
import { casOf, filtersOf, getOf, keyOf, proofOf, putOf, valuePart } from './krpc-items-encode.ts';
import type { KrpcOut, OutReply, OutRequest, Peer } from './messages.ts';
import type { TokenPort } from './token.ts';

/** The longest packet we send, in bytes. */
export const MAX_SENT = 1024;
/** The longest reply with an item, in bytes: what an Ethernet frame carries over IPv6 and UDP. */
export const MAX_ITEM_SENT = 1_452;

/** The longest text we send with an error, in bytes. */
const MAX_ERROR_TEXT = 200;

/** Who we are, in the key `v` of each packet: two letters and the version. */
const CLIENT = 'XO\x00\x01';

const QUERY = digitsOf('d1:ad');
const REPLY = digitsOf('1:rd');
const ID = digitsOf('2:id20:');
const ERROR = digitsOf('d1:el');
const OPEN = digitsOf('d');
/** As whom we see whoever is answered (BEP 42). */
const SEEN: Readonly<Record<Family, string>> = { 4: digitsOf('2:ip6:'), 6: digitsOf('2:ip18:') };
const CLOSE = digitsOf('e');
const TID = digitsOf('1:t');
const READ_ONLY = digitsOf('2:roi1e');
const QUERY_END = digitsOf(`1:v${CLIENT.length}:${CLIENT}1:y1:qe`);
const REPLY_END = digitsOf(`1:v${CLIENT.length}:${CLIENT}1:y1:re`);
const ERROR_END = digitsOf(`1:v${CLIENT.length}:${CLIENT}1:y1:ee`);
const METHODS: Readonly<Record<OutRequest['method'], string>> = {
  ping: digitsOf('e1:q4:ping'),
  find_node: digitsOf('e1:q9:find_node'),
  get_peers: digitsOf('e1:q9:get_peers'),
  announce_peer: digitsOf('e1:q13:announce_peer'),
  sample_infohashes: digitsOf('e1:q17:sample_infohashes'),
  get: digitsOf('e1:q3:get'),
  put: digitsOf('e1:q3:put'),
};
/** Whether a reply names nodes. */
const NAMES_NODES: Readonly<Record<OutRequest['method'], boolean>> = {
  ping: false,
  find_node: true,
  get_peers: true,
  announce_peer: false,
  sample_infohashes: true,
  get: true,
  put: false,
};
const TARGET = digitsOf('6:target20:');
const INFO_HASH = digitsOf('9:info_hash20:');
const IMPLIED_PORT = digitsOf('12:implied_porti1e');
const PORT = digitsOf('4:port');
const SCRAPE = digitsOf('6:scrapei1e');
const NOSEED = digitsOf('6:noseedi1e');
const SEED = digitsOf('4:seedi1e');
const TOKEN = digitsOf('5:token');
const NODES: Readonly<Record<Family, string>> = { 4: digitsOf('5:nodes'), 6: digitsOf('6:nodes6') };
const INTERVAL = digitsOf('8:interval');
const NUM = digitsOf('3:num');
const SAMPLES = digitsOf('7:samples');
const VALUES = digitsOf('6:valuesl');
const WANT = digitsOf('4:wantl2:n42:n6e');
const HOLES: Readonly<Record<Family, string>> = { 4: '00'.repeat(6), 6: '00'.repeat(18) };

/** The compact addresses of the nodes of the packet being written. Filled and emptied within one call. */
const addresses = Buffer.alloc(MAX_SENT);

/**
 * The packet for `message`, to be sent to `to`. `nodes` and peers of the other address family than `to` are left out
 * (BEP 32), and so are those whose endpoint has no compact form. `wantsBoth`: a request for nodes asks for those of
 * both families.
 */
export function encode(message: KrpcOut, to: Endpoint, tokens: TokenPort, wantsBoth: boolean = false): Buffer {
  const tid = TID + lengthed(message.tid);
  switch (message.type) {
    case 'request': {
      const { request } = message;
      const cas = request.method === 'put' ? casOf(request) : '';
      const want = wantsBoth && NAMES_NODES[request.method] ? WANT : '';
      const ask = QUERY + cas + ID + message.sender + argumentsOf(request) + want + METHODS[request.method];
      return Buffer.from(ask + (message.readOnly ? READ_ONLY : '') + tid + QUERY_END, 'hex');
    }
    case 'reply': {
      const start = OPEN + seenAs(to) + REPLY + filtersOf(message.reply.filters) + ID + message.sender;
      return reply(start, message.reply, CLOSE + tid + REPLY_END, to, tokens);
    }
    case 'error': {
      const text = clip(Buffer.from(message.text, 'utf8'), MAX_ERROR_TEXT).toString('hex');
      return Buffer.from(ERROR + integer(message.code) + lengthed(text) + CLOSE + tid + ERROR_END, 'hex');
    }
  }
}

/** What follows `id` among the arguments of a request. */
function argumentsOf(request: OutRequest): string {
  switch (request.method) {
    case 'ping':
      return '';
    case 'find_node':
    case 'sample_infohashes':
      return TARGET + request.target;
    case 'get_peers': {
      const { infoHash, noseed, scrape } = request;
      return INFO_HASH + infoHash + (noseed === true ? NOSEED : '') + (scrape === true ? SCRAPE : '');
    }
    case 'announce_peer': {
      const implied = request.impliedPort ? IMPLIED_PORT : '';
      const port = PORT + integer(request.port) + (request.seed === true ? SEED : '');
      return implied + INFO_HASH + request.infoHash + port + TOKEN + lengthed(request.token);
    }
    case 'get':
      return getOf(request);
    case 'put':
      return putOf(request);
  }
}

function reply(start: string, said: OutReply, tail: string, to: Endpoint, tokens: TokenPort): Buffer {
  const { nodes, others, peers, token, interval } = said;
  const family = familyOf(to);
  const head = start + (interval === undefined ? '' : INTERVAL + integer(interval)) + keyOf(said);
  const minted = token === undefined ? '' : TOKEN + lengthed(tokens.mint(to, token));
  const tokenPart = proofOf(said) + minted + valuePart(said);
  const limit = said.value === undefined ? MAX_SENT : MAX_ITEM_SENT;
  const reserved = said.num === undefined ? 0 : samples(said.num, [], 0).length / 2;
  const room = limit - (head.length + tokenPart.length + tail.length) / 2 - reserved;
  const draft: Draft = { digits: head, room, holes: [], filled: 0 };
  // Keys are sorted: `nodes` before `nodes6`, whichever of them is our own family's.
  if (family === 6 && others !== undefined) putNodes(draft, others, 4);
  if (nodes !== undefined) putNodes(draft, nodes, family);
  if (family === 4 && others !== undefined) putNodes(draft, others, 6);
  if (said.num !== undefined) draft.digits += samples(said.num, said.samples ?? [], draft.room + reserved);
  draft.digits += tokenPart;
  if (peers !== undefined) draft.digits += values(peers, family, draft.room);
  const packet = Buffer.from(draft.digits + tail, 'hex');
  for (const { at, from, count, size } of draft.holes) {
    for (let i = 0; i < count; i++) {
      const hole = at + i * (ID_BYTES + size);
      for (let j = 0; j < size; j++) packet[hole + j] = addresses[from + i * size + j] as number;
    }
  }
  return packet;
}

/** A reply being put together. */
interface Draft {
  digits: string;
  /** Bytes left. */
  room: number;
  /** Where in the packet addresses of `size` bytes go, and where in `addresses` they lie. */
  readonly holes: { readonly at: number; readonly from: number; readonly count: number; readonly size: number }[];
  /** Bytes of `addresses` in use. */
  filled: number;
}

/**
 * The key `nodes` or `nodes6` with the contacts of that family that fit, their addresses left out as holes; nothing at
 * all where not even an empty list fits.
 */
function putNodes(draft: Draft, contacts: readonly Contact[], family: Family): void {
  const size = COMPACT_BYTES[family];
  if (draft.room < NODES[family].length / 2 + 2) return;
  const from = draft.filled;
  let left = Math.max(0, Math.floor((draft.room - NODES[family].length / 2 - 4) / (ID_BYTES + size)));
  let ids = '';
  let count = 0;
  for (const contact of contacts) {
    if (left === 0) break;
    if (familyOf(contact.endpoint) !== family || !writeEndpoint(contact.endpoint, addresses, draft.filled)) continue;
    ids += contact.id + HOLES[family];
    draft.filled += size;
    count++;
    left--;
  }
  const key = NODES[family] + lengthOf(ids.length / 2);
  draft.holes.push({ at: (draft.digits.length + key.length) / 2 + ID_BYTES, from, count, size });
  draft.digits += key + ids;
  draft.room -= (key.length + ids.length) / 2;
}

/** The key `ip`; nothing for an endpoint without a compact form. */
function seenAs(to: Endpoint): string {
  const family = familyOf(to);
  return writeEndpoint(to, addresses, 0) ? SEEN[family] + addresses.toString('hex', 0, COMPACT_BYTES[family]) : '';
}

/** The keys `num` and `samples`, with as many infohashes as fit into `room` bytes. */
function samples(num: number, infoHashes: readonly string[], room: number): string {
  const count = NUM + integer(num) + SAMPLES;
  const fit = Math.max(0, Math.floor((room - count.length / 2 - 4) / ID_BYTES));
  return count + lengthed(infoHashes.slice(0, fit).join(''));
}

/** The key `values` with the peers that fit into `room` bytes; nothing at all where not even an empty list fits. */
function values(peers: readonly Peer[], family: Family, room: number): string {
  const size = COMPACT_BYTES[family];
  const prefix = lengthOf(size);
  const each = prefix.length / 2 + size;
  let left = Math.floor((room - VALUES.length / 2 - 1) / each);
  if (left < 0) return '';
  let digits = VALUES;
  for (const peer of peers) {
    if (left === 0) break;
    if (familyOf(peer.key) !== family || !writeEndpoint(peer.key, addresses, MAX_SENT - size)) continue;
    digits += prefix + addresses.toString('hex', MAX_SENT - size);
    left--;
  }
  return digits + CLOSE;
}

/** The first `limit` bytes of UTF-8 at most, never ending within a character. */
function clip(utf8: Buffer, limit: number): Buffer {
  let end = Math.min(limit, utf8.length);
  while (end > 0 && end < utf8.length && ((utf8[end] as number) & 0xc0) === 0x80) end--;
  return utf8.subarray(0, end);
}
