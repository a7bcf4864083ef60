/** Valid packets, damaged with knowledge of their structure: through the codec, and through a node at work. */
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
import { Chance, mutated } from './mutate.ts';
import { Siege } from './siege.ts';

const DATAGRAMS = 100_000 * inject('runs');
const seed = inject('seed');
const tokens = tokensOf(1);
const FROM = '192.0.2.7:6881';

const chance = new Chance(seed);

const corpus: readonly Buffer[] = [
  ...vectors.bep5_messages.map(({ bencoded }) => latin1(bencoded)),
  ...vectors.message_examples.flatMap((example) => (example.bencoded === undefined ? [] : [latin1(example.bencoded)])),
  ...fc
    .sample(fc.tuple(messages, endpoints), { numRuns: 300, seed })
    .map(([message, to]) => encode(message, to, tokens)),
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
    const packet = mutated(chance.pick(corpus), chance, corpus);
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

const ROUNDS = 50_000 * inject('runs');
/** Packets after which another node takes over: the first is used to everything by then. */
const LIFE = 10_000;

it(`[U03][X24] ${ROUNDS} packets through a node at work: each is counted as what it is, and no promise is broken`, () => {
  const tally = { received: 0, malformed: 0, limited: 0, oversized: 0, shed: 0, wrong: 0, answered: 0 };
  for (let begun = 0; begun < ROUNDS; begun += LIFE) {
    const siege = new Siege(chance, corpus);
    for (let i = 0; i < LIFE; i++) siege.round();
    const { counters } = siege.state;
    tally.received += siege.tally.received;
    tally.malformed += siege.tally.malformed;
    for (const name of ['limited', 'oversized', 'shed'] as const) tally[name] += counters[name];
    tally.wrong += counters.unknownTransaction + counters.wrongSource + counters.wrongId + counters.ownId;
    tally.answered += counters.replies;
  }
  process.stderr.write(`siege: seed ${seed}, ${JSON.stringify(tally)}\n`);
  expect(tally.received + tally.malformed).toBe(ROUNDS);
  expect(Math.min(...Object.values(tally))).toBeGreaterThan(ROUNDS / 500);
});
