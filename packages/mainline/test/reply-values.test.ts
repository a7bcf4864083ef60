/** What replies bring lookups: by what was asked, and only what is proven. */
import type { Id } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { estimateOf } from '../src/bloom.ts';
import { type FoundItem, type Item, targetOf } from '../src/item.ts';
import { bencodedValue } from '../src/item-value.ts';
import type { InReply, OutRequest } from '../src/messages.ts';
import { MAINLINE_DEFAULTS } from '../src/profile.ts';
import { ed25519, signedItem } from '../src/signing.ts';
import { Bench, idOf, node } from './mainline-bench.ts';

const SEED = new Uint8Array(32).fill(3);
const item = signedItem(SEED, { value: bencodedValue('mine'), salt: '', seq: 2 });
const fixed: Item = { type: 'immutable', value: bencodedValue('fixed') };
const told = (it: Item): InReply => {
  const { type: _, ...rest } = it;
  if (it.type === 'immutable') return rest;
  const { salt: __, ...sent } = rest as typeof item;
  return sent;
};

/** What a lookup that asks one node this gathers from its reply. */
const gathered = (target: Id, request: OutRequest, reply: InReply): unknown[] => {
  const bench = new Bench();
  bench.meet(node(1));
  const before = bench.sent.length;
  bench.step({ type: 'lookup', id: 'q', kind: 'collect', target, request });
  const [sent] = bench.sent.slice(before);
  const effects = [...bench.reply(node(1).endpoint, sent?.tid ?? '', idOf(1), reply)];
  for (const effect of [...effects]) {
    if (effect.type !== 'verify') continue;
    effects.push(...bench.step({ type: 'verified', job: effect.job, valid: ed25519.verify(effect.check) }));
  }
  const report = bench.report(effects);
  expect(report?.counts).toMatchObject({ requests: 1, answered: 1 });
  return [...(report?.values ?? [])];
};

describe('a lookup', () => {
  const ask = (wanted: Item, reply: InReply, salt?: string): unknown[] => {
    const target = targetOf(wanted);
    const request = { method: 'get', target, ...(salt && { salt }) } as const;
    return gathered(target, request, reply).map((it) => (it as FoundItem).item);
  };

  it('[U17] for an item takes it as it is', () => {
    expect(ask(fixed, told(fixed))).toEqual([fixed]);
    expect(ask(item, told(item))).toEqual([item]);
  });

  it('[U17] takes none with a forged signature, of another target, or in parts', () => {
    const other = signedItem(new Uint8Array(32), item);
    const { signature: _, ...unsigned } = told(item);
    const { seq: __, ...unnumbered } = told(item);
    const replies: readonly InReply[] = [
      { ...told(item), signature: other.signature },
      { ...told(item), seq: 9 },
      { ...told(item), value: bencodedValue('theirs') },
      told(other),
      told(fixed),
      unsigned,
      unnumbered,
      {},
    ];
    expect(replies.map((it) => ask(item, it))).toEqual(replies.map(() => []));
    expect([told(item), { value: bencodedValue('other') }].map((it) => ask(fixed, it))).toEqual([[], []]);
  });

  it('[U17] for a salted item needs the salt, which is never sent', () => {
    const salted = signedItem(SEED, { value: item.value, salt: 'abcd', seq: 1 });
    expect(ask(salted, told(salted), 'abcd')).toEqual([salted]);
    expect([ask(salted, told(salted), 'ab'), ask(salted, told(salted))]).toEqual([[], []]);
  });
});

describe('a reply to something else', () => {
  const peer = { key: '192.0.2.1:1' };
  const filters = { seeds: 'ab'.repeat(256), peers: '00'.repeat(256) };
  const all: InReply = { peers: [peer], samples: [idOf(8)], num: 1, interval: 9, filters, ...told(fixed) };
  const infoHash = idOf(5);

  it('[X15] brings what was asked for, whatever else it holds', () => {
    expect(gathered(infoHash, { method: 'get_peers', infoHash }, all)).toEqual([peer]);
    expect(gathered(infoHash, { method: 'get_peers', infoHash, scrape: true }, all)).toEqual([
      { key: filters.seeds + filters.peers, ...filters },
    ]);
    expect(gathered(infoHash, { method: 'sample_infohashes', target: infoHash }, all)).toEqual([
      { key: idOf(8) },
      { key: 'sampling', num: 1, interval: 9 },
    ]);
    for (const method of ['find_node', 'get'] as const) {
      expect(gathered(infoHash, { method, target: infoHash }, all)).toEqual([]);
    }
  });
});

describe('a torrent', () => {
  it('[S78] is looked for through two nodes: all six peers are reported, and what follows is announces alone', () => {
    const bench = new Bench();
    const [a, b] = [node(1), node(2)];
    bench.meet(a);
    const infoHash = idOf(3);
    const peers = [1, 2, 3, 4, 5, 6].map((n) => ({ key: `192.0.2.${n}:${n}` }));
    const before = bench.sent.length;
    const store = { method: 'announce_peer', infoHash, port: 7, impliedPort: false, token: '' } as const;
    const find = { method: 'get_peers', infoHash } as const;
    bench.step({ type: 'publish', id: 'p', target: infoHash, find, store });
    const answer = (to: typeof a, reply: InReply) => {
      const sent = bench.sent.slice(before).findLast((it) => it.to === to.endpoint);
      return bench.reply(to.endpoint, sent?.tid ?? '', to.id, reply);
    };
    answer(a, { peers: peers.slice(0, 3), nodes: [b], token: 'aaaa' });
    const effects = answer(b, { peers: peers.slice(3), nodes: [a], token: 'bbbb' });
    const report = effects.flatMap((it) =>
      it.type === 'query' && it.id === 'find:p' && it.effect.type === 'finished' ? [it.effect.report] : [],
    )[0];
    expect(report?.values).toEqual(peers);
    const sent = effects.flatMap((it) => (it.type === 'transmit' ? [it] : []));
    expect(sent.map(({ to, message }) => [to, message.type === 'request' && message.request])).toEqual([
      [b.endpoint, { ...store, token: 'bbbb' }],
      [a.endpoint, { ...store, token: 'aaaa' }],
    ]);
  });

  it('[S82] announced by 100 addresses, 50 of them seeds, is scraped as 50 and 50, give or take 3', () => {
    const { limiter } = MAINLINE_DEFAULTS.responder;
    const bench = new Bench({
      responder: { ...MAINLINE_DEFAULTS.responder, limiter: { ...limiter, perNetwork: 'off' }, maxRate: 'off' },
    });
    const infoHash = idOf(5);
    const asked = (request: object, from: string) => {
      const message = { type: 'request', tid: 'ab', sender: idOf(99), readOnly: true, request } as never;
      const [sent] = bench.step({ type: 'received', from, message }).filter((it) => it.type === 'transmit');
      return sent?.type === 'transmit' && sent.message.type === 'reply' ? sent.message.reply : undefined;
    };
    expect(asked({ method: 'get_peers', infoHash, scrape: true }, '203.0.113.1:1')).not.toHaveProperty('filters');
    for (let i = 0; i < 100; i++) {
      const from = `${1 + ((i * 73) % 223)}.${(i * 151) % 256}.${(i * 199) % 256}.${(i * 37) % 256}:6881`;
      const announce = { method: 'announce_peer', infoHash, port: 1, impliedPort: true, token: 'current' };
      expect(asked(i % 2 === 0 ? { ...announce, seed: true } : announce, from)).toEqual({});
    }
    const reply = asked({ method: 'get_peers', infoHash, scrape: true }, '203.0.113.1:1');
    expect(reply).not.toHaveProperty('peers');
    const { seeds = '', peers = '' } = reply?.filters ?? {};
    expect([seeds.length, peers.length]).toEqual([512, 512]);
    for (const filter of [seeds, peers]) expect(Math.abs(estimateOf(filter) - 50)).toBeLessThanOrEqual(3);
  });
});
