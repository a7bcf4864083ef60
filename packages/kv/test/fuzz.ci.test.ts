/** Hostile datagrams: whatever the bytes, an answer in bounded time and space, and nothing thrown. */
import type { Id } from '@xorrery/core';
import { makeNode, nextBelow, type Random, seedRandom } from '@xorrery/core';
import { describe, expect, inject, it } from 'vitest';
import { toCbor } from '../src/cbor.ts';
import { type Decoded, decode, encode, KV_DEFAULTS, type KvOut, keyedTokens, kv, recordOf } from '../src/index.ts';

const DATAGRAMS = 100_000 * inject('runs');
const from = '192.0.2.7:7600';
const sender = '01'.repeat(20) as Id;
const key = '02'.repeat(20) as Id;
const tokens = keyedTokens({ bytes: (count) => new Uint8Array(count).fill(9) });
const token = Buffer.from(tokens.mint(from, { epoch: 0 })).toString('hex');

const request = { type: 'request', tid: '0a0b0c0d', sender, readOnly: false } as const;
const record = recordOf(
  Uint8Array.from({ length: 200 }, (_, i) => i),
  5,
);
const contacts = Array.from({ length: 20 }, (_, i) => ({
  id: i.toString(16).padStart(40, '0') as Id,
  endpoint: i % 2 === 0 ? `192.0.2.${i + 1}:80` : `[2001:db8::${i}]:80`,
}));
const messages: readonly KvOut[] = [
  { ...request, request: { method: 'ping' } },
  { ...request, request: { method: 'find_node', target: key } },
  { ...request, request: { method: 'find_value', key, token } },
  { ...request, request: { method: 'store', key, record, immutable: false, lifetime: 5_000, token } },
  { type: 'reply', tid: '0a0b', sender, reply: { contacts, record, token: { epoch: 0 } } },
  { type: 'reply', tid: '0a0b', sender, reply: { contacts, held: true, token: { epoch: 0 } } },
  { type: 'error', tid: '0a0b', code: 1, text: 'no' },
];

/** A packet with a few bytes changed, taken out, put in or cut off. */
const mutated = (packet: Uint8Array, chance: Random): readonly [Uint8Array, Random] => {
  let random = chance;
  const roll = (bound: number): number => {
    const [value, next] = nextBelow(random, bound);
    random = next;
    return value;
  };
  const bytes = [...packet];
  for (let times = roll(4) + 1; times > 0; times--) {
    const at = roll(bytes.length + 1);
    const how = roll(5);
    if (how === 0) bytes.splice(at, roll(4));
    else if (how === 1) bytes.splice(at, 0, roll(256));
    else if (how === 2) bytes.length = at;
    else bytes[at] = roll(256);
  }
  return [Uint8Array.from(bytes), random];
};

/** The largest there are, made to nest and to promise more than they have. */
const repeated = (unit: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: 65_500 }, (_, i) => unit[i % unit.length] as number);

describe('hostile datagrams', () => {
  it(`[U03][X24] ${DATAGRAMS.toLocaleString('en')} mutated ones are read or refused; nothing is thrown, nothing piles up`, () => {
    const packets = messages.map((it) => encode(it, from, tokens));
    const machine = makeNode(kv);
    const self = 'f'.repeat(40) as Id;
    const server = { ...KV_DEFAULTS.server, maxRecords: 64, self };
    let state = machine.init({ ...KV_DEFAULTS, self, seed: 1, server });
    state = machine.advance(state, { type: 'start', seeds: [] }, 0).state;
    let random = seedRandom(inject('seed'));
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < DATAGRAMS; i++) {
      const [packet, next] = mutated(packets[i % packets.length] as Uint8Array, random);
      random = next;
      const decoded: Decoded = decode(packet, from, tokens, 0);
      counts[decoded.ok ? 'read' : 'refused']++;
      const event = decoded.ok
        ? ({ type: 'received', from, message: decoded.message, bytes: packet.length } as const)
        : ({ type: 'malformed', from, ...decoded.malformed } as const);
      const step = machine.advance(state, event, Math.floor(i / 100));
      state = step.state;
      for (const effect of step.effects) {
        if (effect.type !== 'transmit' || effect.message.type !== 'reply') continue;
        expect(encode(effect.message, effect.to, tokens).length).toBeLessThanOrEqual(kv.sizeOf(effect.message));
      }
    }
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(DATAGRAMS / 10);
    expect(state.server.held.size).toBeLessThanOrEqual(64);
    expect(state.routing.include.queue.length).toBeLessThanOrEqual(KV_DEFAULTS.include.maxQueued);
    expect(JSON.stringify(state).length).toBeLessThan(1_000_000);
  });

  it.each([
    ['lists in lists', [0x81]],
    ['maps in maps', [0xa1, 0x61, 0x61]],
    ['lists in lists of 65,535 items', [0x99, 0xff, 0xff]],
    ['lists in lists of 2^32 - 1 items', [0x9a, 0xff, 0xff, 0xff, 0xff]],
    ['tags of tags', [0xc1]],
    ['lists without an end', [0x9f]],
    ['strings of 2^53 bytes', [0x5b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['numbers one after the other', [0x00]],
    ['one list of small numbers', [0x18, 0x20]],
  ])('[U03] 65,500 bytes of %s are refused without much work', (_what, unit) => {
    expect(decode(repeated(unit), from, tokens, 0)).toEqual({ ok: false, malformed: { cause: 'not-cbor' } });
  });

  it('[U03] keys with a meaning in JavaScript mean nothing', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const fields = new Map<string, unknown>([
        ['y', 'q'],
        ['t', Uint8Array.of(1)],
        ['i', new Uint8Array(20)],
        ['q', name],
        [name, { k: new Uint8Array(20) }],
      ]);
      expect(decode(toCbor(fields as never), from, tokens, 0)).toMatchObject({
        malformed: { cause: 'unknown-method' },
      });
    }
    expect(({} as { k?: unknown }).k).toBeUndefined();
  });
});
