/** Messages, packets and a second, slow encoder to compare with: what the codec's tests share. */
import type { Endpoint, Id } from '@xorrery/core';
import bencode from 'bencode';
import * as fc from 'fast-check';
import { familyOf } from '../src/compact.ts';
import type { KrpcOut, OutReply, OutRequest } from '../src/messages.ts';
import { keyedTokens, type TokenPort } from '../src/token.ts';

export const EPOCH = 7;

/** A token port under a known secret. */
export const tokensOf = (seed: number): TokenPort =>
  keyedTokens({ bytes: (count) => new Uint8Array(count).map((_, i) => (i * 7 + seed) & 255) });

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

export const idOf = (text: string): Id => latin1(text).toString('hex') as Id;

const hex = (min: number, max: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('hex'));

export const ids: fc.Arbitrary<Id> = hex(20, 20).map((text) => text as Id);
const ports: fc.Arbitrary<number> = fc.integer({ min: 1, max: 65535 });
const tids: fc.Arbitrary<string> = hex(1, 32);

const endpoints4: fc.Arbitrary<Endpoint> = fc.tuple(fc.ipV4(), ports).map(([address, port]) => `${address}:${port}`);

/** Eight words with many zeros among them, so that the shortened forms come up. */
export const words6: fc.Arbitrary<number[]> = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65535 })), { minLength: 8, maxLength: 8 })
  .filter((words) => !(words.slice(0, 5).every((word) => word === 0) && words[5] === 65535));

/** The canonical text of an IPv6 address as the URL standard writes it. */
export const canonical6 = (words: readonly number[]): string =>
  new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]/`).hostname;

const endpoints6: fc.Arbitrary<Endpoint> = fc
  .tuple(words6, ports)
  .map(([words, port]) => `${canonical6(words)}:${port}`);

export const endpoints: fc.Arbitrary<Endpoint> = fc.oneof(endpoints4, endpoints6);

const requests: fc.Arbitrary<OutRequest> = fc.oneof(
  fc.constant({ method: 'ping' } as const),
  fc.record({ method: fc.constant('find_node' as const), target: ids }),
  fc.record({ method: fc.constant('get_peers' as const), infoHash: ids }),
  fc
    .record({
      method: fc.constant('announce_peer' as const),
      infoHash: ids,
      port: ports,
      impliedPort: fc.boolean(),
      token: hex(0, 40),
    })
    .map((request) => (request.impliedPort ? { ...request, port: 0 } : request)),
);

const replies: fc.Arbitrary<OutReply> = fc.record(
  {
    nodes: fc.array(fc.record({ id: ids, endpoint: endpoints }), { maxLength: 60, size: 'max' }),
    others: fc.array(fc.record({ id: ids, endpoint: endpoints }), { maxLength: 10 }),
    peers: fc.array(
      endpoints.map((key) => ({ key })),
      { maxLength: 150, size: 'max' },
    ),
    token: fc.record({ infoHash: ids, epoch: fc.nat() }),
  },
  { requiredKeys: [] },
);

export const messages: fc.Arbitrary<KrpcOut> = fc.oneof(
  fc.record({
    type: fc.constant('request' as const),
    tid: tids,
    sender: ids,
    readOnly: fc.boolean(),
    request: requests,
  }),
  fc.record({ type: fc.constant('reply' as const), tid: tids, sender: ids, reply: replies }),
  fc.record({
    type: fc.constant('error' as const),
    tid: tids,
    code: fc.integer({ min: 201, max: 399 }),
    text: fc.string({ unit: 'grapheme-ascii', maxLength: 100 }),
  }),
);

/** The compact bytes of an endpoint, by splitting its text. */
export const compactOf = (endpoint: Endpoint): Buffer => {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon);
  const port = Number(endpoint.slice(colon + 1));
  if (!host.startsWith('[')) return Buffer.from([...host.split('.').map(Number), port >> 8, port & 255]);
  const [left = '', right] = host.slice(1, -1).split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const words = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
  return Buffer.concat([
    Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex'),
    Buffer.from([port >> 8, port & 255]),
  ]);
};

const bytes = (digits: string): Buffer => Buffer.from(digits, 'hex');

/** The packet the library makes of a message, keys named as BEP 5 names them. Packs everything, however long. */
export const byLibrary = (message: KrpcOut, to: Endpoint, tokens: TokenPort): Buffer => {
  const v = latin1('XO\x00\x01');
  const t = bytes(message.tid);
  if (message.type === 'error') return encoded({ t, y: 'e', v, e: [message.code, message.text] });
  const id = bytes(message.sender);
  if (message.type === 'request') {
    const { request } = message;
    const q = request.method;
    const a: Record<string, unknown> = { id };
    if (request.method === 'find_node') a.target = bytes(request.target);
    if (request.method === 'get_peers' || request.method === 'announce_peer') a.info_hash = bytes(request.infoHash);
    if (request.method === 'announce_peer') {
      a.port = request.port;
      a.token = bytes(request.token);
      if (request.impliedPort) a.implied_port = 1;
    }
    return encoded({ t, y: 'q', q, a, v, ...(message.readOnly && { ro: 1 }) });
  }
  const { nodes, others, peers, token } = message.reply;
  const family = familyOf(to);
  const r: Record<string, unknown> = { id };
  if (nodes !== undefined) {
    const own = nodes.filter(({ endpoint }) => familyOf(endpoint) === family);
    const packed = own.map((node) => Buffer.concat([bytes(node.id), compactOf(node.endpoint)]));
    r[family === 4 ? 'nodes' : 'nodes6'] = Buffer.concat(packed);
  }
  if (others !== undefined) {
    const theirs = others.filter(({ endpoint }) => familyOf(endpoint) !== family);
    const packed = theirs.map((node) => Buffer.concat([bytes(node.id), compactOf(node.endpoint)]));
    r[family === 4 ? 'nodes6' : 'nodes'] = Buffer.concat(packed);
  }
  if (token !== undefined) r.token = bytes(tokens.mint(to, token));
  if (peers !== undefined) {
    r.values = peers.filter(({ key }) => familyOf(key) === family).map(({ key }) => compactOf(key));
  }
  return encoded({ t, y: 'r', v, r, ip: compactOf(to) });
};

const encoded = (value: unknown): Buffer => Buffer.from(bencode.encode(value));
