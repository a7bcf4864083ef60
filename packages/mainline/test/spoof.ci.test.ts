/** Answers of those who were not asked: guessed transactions, other endpoints, other ids. None may count. */
import { maps, type NodeEvent } from '@xorrery/core';
import { decode, encode, type KrpcOut, type Mainline } from '@xorrery/mainline';
import { expect, inject, it } from 'vitest';
import { EPOCH, tokensOf } from './krpc-samples.ts';
import { at, Bench, idOf, machine, node } from './mainline-bench.ts';
import { Chance } from './mutate.ts';

const SPOOFED = 50_000 * inject('runs');
const CAUSES = ['unknown-transaction', 'wrong-source', 'wrong-id'] as const;
const MEMBERS = 40;

const tokens = tokensOf(1);

/** Through the codec, as a node receives it. */
const received = (from: string, message: KrpcOut): NodeEvent<Mainline> => {
  const decoded = decode(encode(message, from, tokens), from, tokens, EPOCH);
  if (!decoded.ok) throw new Error(decoded.malformed.cause);
  return { type: 'received', from, message: decoded.message };
};

it(`[X15][U03] of ${SPOOFED} spoofed replies none is accepted, each is told as an anomaly, and nothing else happens`, () => {
  const chance = new Chance(inject('seed'));
  const bench = new Bench();
  bench.meet(...Array.from({ length: MEMBERS }, (_, n) => node(n + 1)));
  const before = bench.sent.length;
  for (let n = 0; n < 8; n++) {
    const target = idOf(1_000 + n);
    bench.step({
      type: 'lookup',
      id: `l${n}`,
      kind: 'collect',
      target,
      request: { method: 'get_peers', infoHash: target },
    });
  }
  const open = bench.sent.slice(before).filter(({ tid }) => maps.has(bench.state.wire.open, tid));
  expect(open.length).toBeGreaterThan(4);
  const start = bench.state;
  let state = start;
  const counts = { 'unknown-transaction': 0, 'wrong-source': 0, 'wrong-id': 0 };
  for (let i = 0; i < SPOOFED; i++) {
    const cause = CAUSES[i % CAUSES.length] as (typeof CAUSES)[number];
    const asked = chance.pick(open);
    const owner = maps.get(start.wire.open, asked.tid)?.expected;
    if (owner === undefined) throw new Error('whoever is a member is asked by its id');
    let tid = asked.tid;
    while (cause === 'unknown-transaction' && maps.has(start.wire.open, tid)) tid = chance.hex(4);
    // Another member, another port of the same host, or a stranger.
    const elsewhere = [
      at(100 + chance.below(100)),
      asked.to.replace(/\d+$/, '999'),
      `203.0.113.7:${1 + chance.below(65_535)}`,
    ];
    const from = cause === 'wrong-source' ? chance.pick(elsewhere) : asked.to;
    const sender = cause === 'wrong-id' ? chance.pick([idOf(2_000 + chance.below(99)), idOf(0)]) : owner;
    const reply = { nodes: [node(3_000 + chance.below(99))], peers: [{ key: '203.0.113.66:66' }] };
    const { state: after, effects } = machine.advance(
      state,
      received(from, { type: 'reply', tid, sender, reply }),
      bench.now,
    );
    const told = effects.filter((it) => it.type === 'anomaly');
    expect(told, `spoofed reply ${i}`).toEqual([{ type: 'anomaly', from, cause }]);
    counts[cause]++;
    if (cause === 'wrong-id') {
      // Who answers at the right endpoint under another id ends the request, as failed: so each meets the same state.
      expect(effects.some((it) => it.type === 'contact-added')).toBe(false);
      expect(effects.some((it) => it.type === 'query' && it.effect.type === 'progressed')).toBe(false);
      expect(maps.has(after.wire.open, tid)).toBe(false);
    } else {
      expect(effects).toHaveLength(1);
      const isSame =
        after.wire.open === state.wire.open && after.pool === state.pool && after.routing === state.routing;
      expect(isSame, `spoofed reply ${i}`).toBe(true);
      state = after;
    }
  }
  const { unknownTransaction, wrongSource } = state.counters;
  expect([unknownTransaction, wrongSource]).toEqual([counts['unknown-transaction'], counts['wrong-source']]);
  // All the while the true answers were waited for, and are taken.
  bench.state = state;
  for (const { to, tid } of open) {
    const id = maps.get(bench.state.wire.open, tid)?.expected;
    if (id === undefined) continue;
    const effects = bench.reply(to, tid, id);
    expect(effects.some((it) => it.type === 'query' && it.effect.type === 'progressed')).toBe(true);
  }
});
