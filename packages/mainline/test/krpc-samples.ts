/** Messages, packets and a second, slow encoder to compare with: what the codec's tests share. */
import type { Endpoint, Id } from '@xorrery/core';
import bencode from 'bencode';
import * as fc from 'fast-check';
import { FILTER_BYTES } from '../src/bloom.ts';
import { familyOf } from '../src/compact.ts';
import { type Item, targetOf } from '../src/item.ts';
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

/** Values as they travel: bencode of up to 1,000 bytes, as hex. */
const values: fc.Arbitrary<string> = fc
  .oneof(
    fc.uint8Array({ maxLength: 996 }).map((bytes) => Buffer.from(bytes)),
    fc.maxSafeInteger(),
    fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 5 }), fc.nat(), { maxKeys: 5, noNullPrototype: true }),
  )
  .map((value) => encoded(value).toString('hex'))
  .filter((digits) => digits.length <= 2_000);

const seqs: fc.Arbitrary<number> = fc.maxSafeNat();

const items: fc.Arbitrary<Item> = fc.oneof(
  values.map((value) => ({ type: 'immutable', value }) as const),
  fc
    .record({ value: values, publicKey: hex(32, 32), salt: hex(0, 64), seq: seqs, signature: hex(64, 64) })
    .map((parts) => ({ type: 'mutable', ...parts }) as const),
);

const filters = fc.record({ seeds: hex(FILTER_BYTES, FILTER_BYTES), peers: hex(FILTER_BYTES, FILTER_BYTES) });

const flag = fc.constant(true as const);

const requests: fc.Arbitrary<OutRequest> = fc.oneof(
  fc.constant({ method: 'ping' } as const),
  fc.record({ method: fc.constant('find_node' as const), target: ids }),
  fc.record({ method: fc.constant('sample_infohashes' as const), target: ids }),
  fc.record(
    { method: fc.constant('get_peers' as const), infoHash: ids, noseed: flag, scrape: flag },
    { requiredKeys: ['method', 'infoHash'] },
  ),
  fc.record({ method: fc.constant('get' as const), target: ids, seq: seqs }, { requiredKeys: ['method', 'target'] }),
  fc
    .record(
      { method: fc.constant('put' as const), item: items, cas: seqs, token: hex(0, 40) },
      { requiredKeys: ['method', 'item', 'token'] },
    )
    .map(({ cas, ...put }) => ({
      ...put,
      target: targetOf(put.item),
      ...(cas !== undefined && put.item.type === 'mutable' && { cas }),
    })),
  fc
    .record(
      {
        method: fc.constant('announce_peer' as const),
        infoHash: ids,
        port: ports,
        impliedPort: fc.boolean(),
        seed: flag,
        token: hex(0, 40),
      },
      { requiredKeys: ['method', 'infoHash', 'port', 'impliedPort', 'token'] },
    )
    .map((request) => (request.impliedPort ? { ...request, port: 0 } : request)),
);

const told: fc.Arbitrary<OutReply> = items.map((item) =>
  item.type === 'immutable'
    ? { value: item.value }
    : { value: item.value, publicKey: item.publicKey, seq: item.seq, signature: item.signature },
);

const lists: fc.Arbitrary<OutReply> = fc.record(
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

const replies: fc.Arbitrary<OutReply> = fc.oneof(
  lists,
  fc.tuple(lists, told).map(([{ peers: _, ...list }, item]) => ({ ...list, ...item })),
  fc.tuple(lists, seqs).map(([{ peers: _, ...list }, seq]) => ({ ...list, seq })),
  fc.tuple(lists, filters).map(([{ peers: _, ...list }, it]) => ({ ...list, filters: it })),
  fc
    .tuple(lists, fc.array(ids, { maxLength: 20 }), fc.nat(), fc.nat({ max: 21_600 }))
    .map(([{ peers: _, ...list }, samples, num, interval]) => ({ ...list, samples, num, interval })),
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
    if ('target' in request && request.method !== 'put') a.target = bytes(request.target);
    if ('infoHash' in request) a.info_hash = bytes(request.infoHash);
    for (const key of ['noseed', 'scrape', 'seed'] as const) if (key in request) a[key] = 1;
    if (request.method === 'get' && request.seq !== undefined) a.seq = request.seq;
    if (request.method === 'put') {
      const { item, cas } = request;
      a.token = bytes(request.token);
      a.v = bencode.decode(bytes(item.value));
      if (cas !== undefined) a.cas = cas;
      if (item.type === 'mutable') {
        a.k = bytes(item.publicKey);
        a.sig = bytes(item.signature);
        a.seq = item.seq;
        if (item.salt !== '') a.salt = bytes(item.salt);
      }
    }
    if (request.method === 'announce_peer') {
      a.port = request.port;
      a.token = bytes(request.token);
      if (request.impliedPort) a.implied_port = 1;
    }
    return encoded({ t, y: 'q', q, a, v, ...(message.readOnly && { ro: 1 }) });
  }
  const { nodes, others, peers, token, samples, filters: scraped, value, publicKey, signature } = message.reply;
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
  for (const key of ['num', 'interval', 'seq'] as const) {
    if (message.reply[key] !== undefined) r[key] = message.reply[key];
  }
  if (samples !== undefined) r.samples = bytes(samples.join(''));
  if (scraped !== undefined) [r.BFsd, r.BFpe] = [bytes(scraped.seeds), bytes(scraped.peers)];
  if (value !== undefined) r.v = bencode.decode(bytes(value));
  if (publicKey !== undefined) r.k = bytes(publicKey);
  if (signature !== undefined) r.sig = bytes(signature);
  return encoded({ t, y: 'r', v, r, ip: compactOf(to) });
};

function encoded(value: unknown): Buffer {
  return Buffer.from(bencode.encode(value));
}
