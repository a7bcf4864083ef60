/** Valid packets, damaged with knowledge of their structure, through the codec. */
import type { Endpoint } from '@xorrery/core';
import bencode from 'bencode';
import * as fc from 'fast-check';
import { expect, inject, it } from 'vitest';
import { writeEndpoint } from '../src/compact.ts';
import { isItemOf, MAX_VALUE } from '../src/item.ts';
import { type Decoded, decode, MAX_NODES, MAX_TOKEN } from '../src/krpc-decode.ts';
import { encode } from '../src/krpc-encode.ts';
import { MAX_PEERS, MAX_TEXT } from '../src/krpc-parts.ts';
import vectors from './fixtures/vectors.json' with { type: 'json' };
import { EPOCH, endpoints, latin1, messages, tokensOf } from './krpc-samples.ts';

const DATAGRAMS = 100_000 * inject('runs');
const seed = inject('seed');
const tokens = tokensOf(1);
const FROM = '192.0.2.7:6881';

/** A small generator (xorshift32): one seed, one run. */
const chance = (start: number): ((below: number) => number) => {
  let x = start | 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
};
const below = chance(seed);
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;

const corpus: readonly Buffer[] = [
  ...vectors.bep5_messages.map(({ bencoded }) => latin1(bencoded)),
  ...vectors.message_examples.flatMap((example) => (example.bencoded === undefined ? [] : [latin1(example.bencoded)])),
  ...fc
    .sample(fc.tuple(messages, endpoints), { numRuns: 300, seed })
    .map(([message, to]) => encode(message, to, tokens)),
];

const splice = (packet: Buffer, from: number, to: number, middle: Buffer | string): Buffer =>
  Buffer.concat([packet.subarray(0, from), typeof middle === 'string' ? latin1(middle) : middle, packet.subarray(to)]);

/** A string somewhere in the packet: where its length begins, where its bytes begin, and where they end. */
const someString = (packet: Buffer): [number, number, number] => {
  const found = [...packet.toString('latin1').matchAll(/\d{1,4}:/g)];
  if (found.length === 0) return [0, 0, packet.length];
  const match = pick(found);
  const body = match.index + match[0].length;
  return [match.index, body, Math.min(packet.length, body + Number.parseInt(match[0], 10))];
};

const MUTATIONS: readonly ((packet: Buffer) => Buffer)[] = [
  function flip(packet) {
    const copy = Buffer.from(packet);
    if (copy.length > 0) copy[below(copy.length)] = below(256);
    return copy;
  },
  function truncate(packet) {
    return packet.subarray(0, below(packet.length + 1));
  },
  function remove(packet) {
    const at = below(packet.length + 1);
    return splice(packet, at, Math.min(packet.length, at + below(30)), '');
  },
  function graft(packet) {
    const other = pick(corpus);
    const from = below(other.length);
    const at = below(packet.length + 1);
    return splice(packet, at, at, other.subarray(from, from + below(60)));
  },
  function nest(packet) {
    const [start, , end] = someString(packet);
    const depth = 1 + below(pick([5, 40, 5000]));
    const open = pick(['l', 'd1:a']);
    return splice(packet, start, end, open.repeat(depth) + pick(['', 'i1e']) + 'e'.repeat(below(2) * depth));
  },
  function retype(packet) {
    const [start, , end] = someString(packet);
    return splice(
      packet,
      start,
      end,
      pick(['i1e', 'i-0e', 'le', 'de', '0:', 'li1ee', 'd1:ai1ee', 'i99999999999999999999e']),
    );
  },
  function resize(packet) {
    const [, body, end] = someString(packet);
    const length = pick([0, 1, 5, 6, 7, 18, 19, 20, 21, 26, 27, 33, 129, 1300]);
    const start = body - 1 - String(end - body).length;
    return splice(
      packet,
      Math.max(0, start),
      end,
      Buffer.concat([latin1(`${length}:`), Buffer.alloc(length, below(256))]),
    );
  },
  function claim(packet) {
    const [start, body] = someString(packet);
    return splice(
      packet,
      start,
      body,
      pick(['-1:', '-3:', '00:', '9999999999:', '4294967296:', ':', '1e3:', '65507:']),
    );
  },
  function repeat(packet) {
    return splice(packet, 1, 1, packet.subarray(1, Math.max(1, packet.length - 1)));
  },
];

const isEndpoint = (endpoint: Endpoint): boolean => writeEndpoint(endpoint, new Uint8Array(18), 0);

/** What must hold of whatever the decoder says. */
const check = ({ ok, ...said }: Decoded): void => {
  if ('malformed' in said) {
    const { cause, answer } = said.malformed;
    expect(ok).toBe(false);
    expect(cause).toMatch(/^(not-bencode|no-transaction-id|unknown-type|bad-(query|reply|error)|unknown-method)$/);
    expect(answer !== undefined).toBe(cause === 'bad-query' || cause === 'unknown-method');
    if (answer !== undefined) {
      expect(answer.tid).toMatch(/^([0-9a-f]{2}){1,32}$/);
      expect(cause === 'bad-query' ? [203, 205, 206, 207] : [204]).toContain(answer.code);
    }
    return;
  }
  const { message } = said;
  expect(message.tid).toMatch(/^([0-9a-f]{2}){1,32}$/);
  if (message.type === 'error') {
    expect(Number.isSafeInteger(message.code) && [...message.text].length <= MAX_TEXT).toBe(true);
    return;
  }
  expect(message.sender).toMatch(/^[0-9a-f]{40}$/);
  if (message.type === 'request') {
    const { request } = message;
    if (request.method === 'put') expect(isItemOf(request.target, request.item)).toBe(true);
    return;
  }
  const { nodes = [], peers = [], token = '', value = '', seq = 0 } = message.reply;
  expect(value.length <= 2 * MAX_VALUE && Number.isSafeInteger(seq) && seq >= 0).toBe(true);
  expect(nodes.length <= MAX_NODES && peers.length <= MAX_PEERS && token.length <= 2 * MAX_TOKEN).toBe(true);
  for (const { id, endpoint } of nodes) expect(/^[0-9a-f]{40}$/.test(id) && isEndpoint(endpoint)).toBe(true);
  for (const { key } of peers) expect(isEndpoint(key)).toBe(true);
};

it(`[J73] ${DATAGRAMS} mutated datagrams are read or refused, and none throws`, () => {
  let read = 0;
  let refused = 0;
  let answered = 0;
  for (let i = 0; i < DATAGRAMS; i++) {
    let packet = pick(corpus);
    for (let steps = 1 + below(3); steps > 0; steps--) packet = pick(MUTATIONS)(packet);
    try {
      const decoded = decode(packet, FROM, tokens, EPOCH);
      check(decoded);
      if (decoded.ok) {
        read++;
        // Another reader must at least see bencode in it, or two readers disagree on what was said.
        bencode.decode(packet);
      } else if (decoded.malformed.answer === undefined) refused++;
      else answered++;
    } catch (error) {
      throw new Error(`seed ${seed}, datagram ${i}: ${packet.toString('latin1').slice(0, 300)}`, { cause: error });
    }
  }
  process.stderr.write(`fuzz: seed ${seed}, ${read} read, ${answered} owed an error, ${refused} refused\n`);
  expect(Math.min(read, refused, answered)).toBeGreaterThan(DATAGRAMS / 100);
});
