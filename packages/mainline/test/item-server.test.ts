/** What a node answers to get and put (BEP 44): in which order a put is judged, what is kept, and for how long. */
import type { Endpoint, Id, NodeEffect } from '@xorrery/core';
import { compareDistance, recordAt } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Item, type MutableItem, targetOf } from '../src/item.ts';
import { bencodedValue } from '../src/item-value.ts';
import type { InReply, InRequest, Mainline } from '../src/messages.ts';
import { MAINLINE_DEFAULTS, mainline } from '../src/profile.ts';
import { ed25519, signedItem } from '../src/signing.ts';
import { loadStore, savedItemAt, savedTorrentAt, saveStore } from '../src/store.ts';
import { Bench, idOf, node } from './mainline-bench.ts';

const FROM: Endpoint = '192.0.2.7:6881';
const HOUR = 3_600_000;
const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const signed = new Map<string, MutableItem>();
/** Signing takes longer than all else here, so each is signed once. */
const mutable = (seq: number, value = 'x', owner = 1): MutableItem => {
  const key = `${seq} ${value} ${owner}`;
  const item = signed.get(key) ?? signedItem(seedOf(owner), { value: bencodedValue(value), salt: '', seq });
  signed.set(key, item);
  return item;
};
const immutable = (value: string): Item => ({ type: 'immutable', value: bencodedValue(value) });

/** What a stranger is told; signatures are judged in between, and how many were. */
const asked = (bench: Bench, request: InRequest, from = FROM, bytes?: number): { told: unknown; checks: number } => {
  const message = { type: 'request', tid: 'ab', sender: idOf(99), readOnly: true, request } as const;
  const all: NodeEffect<Mainline>[] = [];
  let checks = 0;
  const take = (effects: readonly NodeEffect<Mainline>[]): void => {
    for (const effect of effects) {
      all.push(effect);
      if (effect.type !== 'verify') continue;
      checks++;
      take(bench.step({ type: 'verified', job: effect.job, valid: ed25519.verify(effect.check) }));
    }
  };
  take(bench.step({ type: 'received', from, message, ...(bytes === undefined ? {} : { bytes }) }));
  const [sent] = all.flatMap((it) => (it.type === 'transmit' ? [it.message] : []));
  if (sent?.type === 'error') return { told: sent.code, checks };
  return { told: sent?.type === 'reply' ? sent.reply : undefined, checks };
};

type Put = Extract<InRequest, { method: 'put' }>;
const put = (bench: Bench, item: Item, changes: Partial<Put> = {}) =>
  asked(bench, { method: 'put', target: targetOf(item), item, token: 'current', ...changes });
const get = (bench: Bench, target: Id, seq?: number): InReply =>
  asked(bench, { method: 'get', target, ...(seq === undefined ? {} : { seq }) }).told as InReply;
const free = (items: Partial<typeof MAINLINE_DEFAULTS.server.items> = {}, peers = {}): Bench =>
  new Bench({
    responder: {
      ...MAINLINE_DEFAULTS.responder,
      limiter: { perHost: 'off', perNetwork: 'off', maxEntries: 2 },
      maxRate: 'off',
      checks: { ...MAINLINE_DEFAULTS.responder.checks, maxRate: 'off' },
    },
    server: {
      peers: { ...MAINLINE_DEFAULTS.server.peers, ...peers },
      items: { ...MAINLINE_DEFAULTS.server.items, ...items },
    },
  });

describe('a get', () => {
  it('[J72] of nothing: nodes and a token', () => {
    const bench = free();
    bench.meet(node(1));
    expect(get(bench, idOf(5))).toEqual({ nodes: [node(1)], token: { infoHash: idOf(5), epoch: 0 } });
  });

  it('[J72][U17] of an item: what it is made of, as it came', () => {
    const bench = free();
    const items = [immutable('hello'), mutable(4)] as const;
    for (const item of items) put(bench, item);
    const [one, two] = items.map((item) => get(bench, targetOf(item)));
    expect(one).toMatchObject({ value: items[0].value });
    expect(one).not.toHaveProperty('publicKey');
    const { publicKey, signature, value } = items[1];
    expect(two).toMatchObject({ value, publicKey, signature, seq: 4 });
  });

  it('[J72] that has one as new already is told the number, and no value', () => {
    const bench = free();
    const item = mutable(4);
    put(bench, item);
    const values = [3, 4, 5]
      .map((seq) => get(bench, targetOf(item), seq))
      .map((it) => [it.seq, it.value !== undefined]);
    expect(values).toEqual([
      [4, true],
      [4, false],
      [4, false],
    ]);
    expect(get(bench, targetOf(item), 4)).not.toHaveProperty('signature');
  });

  it('[U16] of the longest item fits what a stranger is sent; of less it is nodes and a token', () => {
    const bench = free();
    const contacts = Array.from({ length: 8 }, (_, i) => node(i + 1));
    bench.meet(...contacts);
    const item = signedItem(seedOf(1), { value: bencodedValue('x'.repeat(996)), salt: '', seq: 1 });
    put(bench, item);
    const told = (bytes: number): InReply =>
      asked(bench, { method: 'get', target: targetOf(item) }, '198.51.100.1:1', bytes).told as InReply;
    expect(told(95)).toMatchObject({ value: item.value, token: {} });
    expect(told(95).nodes?.length).toBeGreaterThan(0);
    expect(told(40).value).toBeUndefined();
    expect(told(40).nodes?.length).toBeGreaterThan(5);
    expect(bench.state.counters.oversized).toBe(0);
  });
});

describe('a put', () => {
  it('[J70][J72] with a bad token is error 203, and nothing is judged or kept', () => {
    const bench = free();
    for (const item of [immutable('x'), mutable(1)]) {
      expect(put(bench, item, { token: 'bad' })).toEqual({ told: 203, checks: 0 });
      expect(put(bench, item, { token: 'previous' }).told).toEqual({});
    }
    expect(bench.state.server.items.held.size).toBe(2);
  });

  it('[J72][U17] of an invalid signature is error 206, and nothing is kept', () => {
    const bench = free();
    const forged = { ...mutable(1), signature: mutable(2).signature };
    expect(put(bench, forged)).toEqual({ told: 206, checks: 1 });
    expect(bench.state.server.items.held.size).toBe(0);
  });

  it('[J72] of a value of more than 1,000 bytes is error 205, of a salt of more than 64 it is 207', () => {
    const bench = free();
    const long = { type: 'immutable', value: '30'.repeat(1_001) } as const;
    expect(put(bench, long)).toEqual({ told: 205, checks: 0 });
    expect(put(bench, { ...mutable(1), salt: '30'.repeat(65) })).toEqual({ told: 207, checks: 0 });
  });

  it('[J72][U17] of a lower number is error 302, of the same with another value too; neither costs a check', () => {
    const bench = free();
    put(bench, mutable(5));
    expect(put(bench, mutable(4))).toEqual({ told: 302, checks: 0 });
    expect(put(bench, mutable(5, 'y'))).toEqual({ told: 302, checks: 0 });
    expect(get(bench, targetOf(mutable(5)))).toMatchObject({ seq: 5, value: mutable(5).value });
    expect(put(bench, mutable(6, 'y'))).toEqual({ told: {}, checks: 1 });
    expect(get(bench, targetOf(mutable(5)))).toMatchObject({ seq: 6 });
  });

  it('[J72] whose cas is not the number held is error 301; with none held it does not matter', () => {
    const bench = free();
    expect(put(bench, mutable(5), { cas: 9 }).told).toEqual({});
    expect(put(bench, mutable(6), { cas: 4 })).toEqual({ told: 301, checks: 0 });
    // It comes before the number: whoever names one wants to know of the other.
    expect(put(bench, mutable(3), { cas: 4 })).toEqual({ told: 301, checks: 0 });
    expect(put(bench, mutable(6), { cas: 5 }).told).toEqual({});
  });

  it('[J72] of the very item that is held costs no check, and makes it live longer', () => {
    const bench = free();
    put(bench, mutable(5));
    bench.now = HOUR;
    expect(put(bench, mutable(5))).toEqual({ told: {}, checks: 0 });
    expect(savedItemAt(bench.state.server, targetOf(mutable(5)), HOUR)?.[2]).toBe(2 * HOUR);
    const resigned = { ...mutable(5), signature: '00'.repeat(64) };
    expect(put(bench, resigned)).toEqual({ told: 206, checks: 1 });
  });

  it('[U17] that came before a better one, and is judged after it, is refused', () => {
    const bench = free();
    const message = (seq: number) => {
      const request = { method: 'put', target: targetOf(mutable(1)), item: mutable(seq), token: 'current' } as const;
      return { type: 'request', tid: `0${seq}`, sender: idOf(99), readOnly: true, request } as const;
    };
    for (const seq of [1, 2]) bench.step({ type: 'received', from: FROM, message: message(seq) });
    bench.step({ type: 'verified', job: 1, valid: true });
    const told = bench.step({ type: 'verified', job: 0, valid: true });
    expect(told).toMatchObject([{ type: 'transmit', message: { type: 'error', tid: '01', code: 302 } }]);
    expect(get(bench, targetOf(mutable(1)))).toMatchObject({ seq: 2 });
  });

  it('[U16] forged ones beyond the rate of checks are dropped and counted; get is answered all the while', () => {
    const bench = free();
    const limited = new Bench({
      responder: { ...bench.state.config.responder, checks: MAINLINE_DEFAULTS.responder.checks },
    });
    const item = mutable(1);
    let checks = 0;
    for (let i = 0; i < 2_000; i++) {
      limited.now = i;
      const from = `198.18.${i & 255}.${(i >> 8) + 1}:1`;
      const forged = { ...item, signature: 'ab'.repeat(64), salt: i.toString(16).padStart(4, '0') };
      checks += asked(
        limited,
        { method: 'put', target: targetOf(forged), item: forged, token: 'current' },
        from,
      ).checks;
      if (i % 1_000 === 0) expect(get(limited, idOf(5))).toHaveProperty('token');
    }
    const { perSecond, burst } = MAINLINE_DEFAULTS.responder.checks.maxRate as { perSecond: number; burst: number };
    expect(checks).toBeLessThanOrEqual(burst + 2 * perSecond);
    expect(checks).toBeGreaterThan(burst);
    expect(limited.state.counters.unchecked).toBe(2_000 - checks);
  });
});

describe('whatever comes in whatever order', () => {
  it('[U17] the number held never falls, and what is held is validly signed', () => {
    const seqs = fc.integer({ min: 0, max: 5 });
    const commands = fc.array(
      fc.oneof(
        fc.record({
          do: fc.constant('put' as const),
          seq: seqs,
          value: fc.constantFrom('x', 'y'),
          cas: fc.option(seqs),
        }),
        fc.record({ do: fc.constant('forge' as const), seq: seqs, value: fc.constantFrom('x', 'y') }),
        fc.record({ do: fc.constant('keep' as const), seq: seqs, value: fc.constantFrom('x', 'y') }),
        fc.record({ do: fc.constant('get' as const), seq: fc.option(seqs) }),
        fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: HOUR }) }),
        fc.constant({ do: 'restart' as const }),
      ),
      { maxLength: 30 },
    );
    const target = targetOf(mutable(0));
    fc.assert(
      fc.property(commands, (all) => {
        const bench = free();
        let last: Item | undefined;
        for (const command of all) {
          if (command.do === 'put') {
            put(bench, mutable(command.seq, command.value), command.cas === null ? {} : { cas: command.cas });
          } else if (command.do === 'forge') {
            put(bench, { ...mutable(command.seq, command.value), signature: 'cd'.repeat(64) });
          } else if (command.do === 'get') {
            get(bench, target, command.seq ?? undefined);
          } else if (command.do === 'wait') {
            bench.now += command.ms;
            bench.step({ type: 'tick' });
          } else {
            const { server, config } = bench.state;
            const { now } = bench;
            const item = command.do === 'keep' ? mutable(command.seq, command.value) : undefined;
            const state =
              item === undefined
                ? loadStore(config.server, JSON.parse(JSON.stringify(saveStore(server, now))), 0, now, config.self)
                : mainline.server.keep(server, { method: 'put', target, item, token: '' }, now);
            bench.state = { ...bench.state, server: state, wakeAt: mainline.server.nextDeadline(state) };
          }
          const held = recordAt(bench.state.server.items, target, bench.now);
          if (held?.type === 'mutable' && last?.type === 'mutable') {
            expect(held.seq).toBeGreaterThanOrEqual(last.seq);
            if (held.seq === last.seq) expect(held.value).toBe(last.value);
          }
          if (held !== undefined)
            expect(held).toEqual(mutable((held as MutableItem).seq, held.value === mutable(0).value ? 'x' : 'y'));
          last = held;
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('storage', () => {
  it('[S83][J71] of torrents, peers of one, immutable and mutable items: never above 42, and ends at 42', () => {
    const bench = free({ maxRecords: 42 }, { maxTorrents: 42, maxPeersPerTorrent: 42 });
    const { server } = bench.state.config;
    const announce = (infoHash: Id, from: Endpoint): unknown =>
      asked(bench, { method: 'announce_peer', infoHash, port: 1, impliedPort: true, token: 'current' }, from).told;
    for (let i = 0; i < 200; i++) {
      announce(idOf(5), `198.18.${i}.1:1`);
      expect(savedTorrentAt(bench.state.server, idOf(5), 0)?.[1].length).toBe(Math.min(42, i + 1));
    }
    for (let i = 0; i < 200; i++) {
      announce(idOf(i + 1_000), FROM);
      expect(bench.state.server.peers.torrents.size).toBe(Math.min(42, i + 2));
    }
    for (const make of [(i: number) => immutable(`${i}`), (i: number) => mutable(1, 'x', i)]) {
      const store = free({ maxRecords: 42 });
      const targets: Id[] = [];
      for (let i = 0; i < 200; i++) {
        targets.push(targetOf(make(i)));
        put(store, make(i));
        expect(store.state.server.items.held.size).toBe(Math.min(42, i + 1));
      }
      // Those that are left are those closest to our own id.
      const closest = targets.toSorted((a, b) => compareDistance(idOf(0), a, b)).slice(0, 42);
      const left = targets.filter((it) => recordAt(store.state.server.items, it, 0) !== undefined);
      expect(left.sort()).toEqual(closest.sort());
    }
    expect(server.items.maxRecords).toBe(42);
  });

  it('[S83][J71] expires: after 30 min peers are there, 80 more and they are not, 1 h more and items are gone too', () => {
    const bench = free();
    const items = [immutable('a'), mutable(1)];
    asked(bench, { method: 'announce_peer', infoHash: idOf(5), port: 1, impliedPort: true, token: 'current' });
    for (const item of items) put(bench, item);
    const count = (minutes: number): readonly [number, number] => {
      bench.now += minutes * 60_000;
      bench.step({ type: 'tick' });
      const { peers, items: held } = bench.state.server;
      return [
        savedTorrentAt(bench.state.server, idOf(5), bench.now)?.[1].length ?? peers.torrents.size,
        held.held.size,
      ];
    };
    expect([count(30), count(80), count(60)]).toEqual([
      [1, 2],
      [0, 2],
      [0, 0],
    ]);
    expect(mainline.server.nextDeadline(bench.state.server)).toBeUndefined();
  });

  it('[S83] our own items stay, however many strangers bring', () => {
    const bench = free({ maxRecords: 3 });
    const own = immutable('ours');
    const store = { method: 'put', target: targetOf(own), item: own, token: '' } as const;
    bench.state = { ...bench.state, server: mainline.server.keep(bench.state.server, store, 0) };
    for (let i = 0; i < 100; i++) put(bench, immutable(`${i}`));
    expect(get(bench, targetOf(own))).toMatchObject({ value: own.value });
    expect(bench.state.server.items.held.size).toBe(3);
  });

  it('[U02] what finds no room is error 202', () => {
    const bench = free({ maxRecords: 1 });
    const [near, far] = [immutable('a'), immutable('b')].toSorted((a, b) =>
      compareDistance(idOf(0), targetOf(a), targetOf(b)),
    ) as [Item, Item];
    expect([put(bench, near).told, put(bench, far).told]).toEqual([{}, 202]);
    expect(get(bench, targetOf(near))).toMatchObject({ value: near.value });
  });
});

describe('what is saved', () => {
  it('is each torrent and each item, and comes back as it was, less the time that passed', () => {
    const bench = free();
    const items = [immutable('a'), mutable(7)];
    for (const item of items) put(bench, item);
    asked(bench, {
      method: 'announce_peer',
      infoHash: idOf(5),
      port: 9,
      impliedPort: false,
      seed: true,
      token: 'current',
    });
    asked(bench, { method: 'announce_peer', infoHash: idOf(5), port: 8, impliedPort: false, token: 'current' });
    const { server, config } = bench.state;
    const saved = saveStore(server, 1_000);
    expect(saved.items).toHaveLength(2);
    for (const item of items) expect(saved.items).toContainEqual(savedItemAt(server, targetOf(item), 1_000));
    expect(saved.peers).toEqual([savedTorrentAt(server, idOf(5), 1_000)]);
    expect(savedItemAt(server, idOf(1), 1_000)).toBeUndefined();
    expect(savedItemAt(server, targetOf(items[0] as Item), 2 * HOUR)).toBeUndefined();
    expect(savedTorrentAt(server, idOf(6), 0)).toBeUndefined();
    expect(savedTorrentAt(server, idOf(5), HOUR)).toBeUndefined();

    const loaded = loadStore(config.server, JSON.parse(JSON.stringify(saved)), 2_000, 50_000, config.self);
    expect(saveStore(loaded, 50_000)).toEqual({
      peers: saved.peers.map(([key, peers]) => [
        key,
        peers.map(([peer, left, ...seed]) => [peer, left - 2_000, ...seed]),
      ]),
      items: saved.items.map(([key, item, left, own]) => [key, item, left - 2_000, own]),
    });
    expect(saved.peers[0]?.[1]).toContainEqual(['192.0.2.7:9', 45 * 60_000 - 1_000, 1]);
  });

  it('has damaged entries left out; what is no store at all is an error', () => {
    const { config } = free().state;
    const good = [targetOf(immutable('a')), immutable('a'), 5_000, false];
    const items = [
      null,
      [],
      ['zz'],
      [idOf(1), immutable('a'), 5_000, false],
      [...good.slice(0, 3), 1],
      [good[0], null, 1, true],
      good,
    ];
    const load = (saved: unknown) => loadStore(config.server, saved, 0, 0, config.self);
    expect(load({ peers: [], items }).items.held.size).toBe(1);
    for (const saved of [null, 'x', [], {}, { peers: [] }, { items: [] }]) {
      expect(() => load(saved)).toThrow(expect.objectContaining({ name: 'SnapshotError' }));
    }
  });
});
