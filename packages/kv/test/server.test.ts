/** What a node answers, by the events of the machine alone: no codec, no sockets, no promises. */
import { createHash } from 'node:crypto';
import type { Endpoint, Id, NodeEffect, NodeEvent, NodeState, RecordsConfig } from '@xorrery/core';
import { makeNode } from '@xorrery/core';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type InRequest,
  KV_DEFAULTS,
  KV_ERROR,
  type Kv,
  type KvRecord,
  type KvRecords,
  type KvStoreConfig,
  kv,
  recordOf,
  TOKEN_ROTATION,
} from '../src/index.ts';

const machine = makeNode(kv);
const idOf = (n: number): Id => n.toString(16).padStart(40, '0') as Id;
const self = 'f'.repeat(40) as Id;
const stranger = idOf(77);
const key = idOf(5);
const from: Endpoint = '192.0.2.7:7600';
const HOUR = 3_600_000;

const record = (text: string, seq = 1): KvRecord => recordOf(Buffer.from(text), seq);
const sha1 = (text: string): Id => createHash('sha1').update(text).digest('hex') as Id;

let state: NodeState<Kv, KvStoreConfig, KvRecords>;
let now: number;
let told: readonly NodeEffect<Kv>[];

const step = (event: NodeEvent<Kv>): void => {
  const next = machine.advance(state, event, now);
  state = next.state;
  told = next.effects;
};

/** What the node answers to a request from `from`, which was `bytes` long. */
const ask = (request: InRequest, { at = from, bytes }: { at?: Endpoint; bytes?: number } = {}): unknown => {
  const message = { type: 'request', tid: 'abcd', sender: stranger, readOnly: true, request } as const;
  step({ type: 'received', from: at, message, ...(bytes !== undefined && { bytes }) });
  const sent = told.filter((it) => it.type === 'transmit');
  expect(sent.length).toBe(1);
  expect(sent[0]).toMatchObject({ to: at, message: { tid: 'abcd' } });
  return sent[0]?.message;
};

type Store = Extract<InRequest, { method: 'store' }>;

const store = (given: KvRecord, changes: Partial<Store> = {}): unknown =>
  ask({ method: 'store', key, record: given, immutable: false, token: 'current', ...changes });

const find = (token?: 'current' | 'previous' | 'bad', bytes?: number): { reply: { record?: KvRecord; held?: true } } =>
  ask({ method: 'find_value', key, ...(token && { token }) }, bytes === undefined ? {} : { bytes }) as never;

/** Makes members of the table: each answers a ping of ours. */
const meet = (...contacts: number[]): void => {
  for (const n of contacts) {
    step({ type: 'ask', id: `meet${n}`, seeds: [{ endpoint: `192.0.2.${n}:1` }], request: { method: 'ping' } });
    const asked = told.find((it) => it.type === 'transmit' && it.message.type === 'request');
    const tid = asked?.type === 'transmit' ? asked.message.tid : '';
    step({
      type: 'received',
      from: `192.0.2.${n}:1`,
      message: { type: 'reply', tid, sender: idOf(n), reply: {} },
    });
  }
};

const begin = (server: Partial<RecordsConfig> = {}): void => {
  now = 1_000;
  const wire = { tidBytes: 8, poolBytes: 4_096 };
  state = machine.init({ ...KV_DEFAULTS, self, seed: 1, wire, server: { ...KV_DEFAULTS.server, ...server, self } });
  step({ type: 'start', seeds: [] });
  const bytes = Array.from({ length: 4_096 }, (_, i) => ((i * 7919 + (i >> 4)) % 256).toString(16).padStart(2, '0'));
  step({ type: 'entropy', bytes: bytes.join('') });
};

beforeEach(() => begin());

describe('what a node answers', () => {
  it('[D16] PING: its id', () => {
    expect(ask({ method: 'ping' })).toEqual({ type: 'reply', tid: 'abcd', sender: self, reply: {} });
  });

  it('[D16] FIND_NODE: the 20 contacts closest to the target, without the asker, and a token', () => {
    meet(...Array.from({ length: 24 }, (_, i) => i + 1));
    const { reply } = ask({ method: 'find_node', target: idOf(1) }, { at: '192.0.2.3:1' }) as {
      reply: { contacts: { endpoint: string }[]; token: unknown };
    };
    expect(reply.contacts.map((it) => it.endpoint).slice(0, 4)).toEqual([1, 2, 5, 4].map((n) => `192.0.2.${n}:1`));
    expect([reply.contacts.length, reply.token]).toEqual([19, { epoch: 0 }]);
  });

  it('[D16] FIND_VALUE of what nobody stored: contacts and a token', () => {
    meet(1);
    expect(find()).toMatchObject({ reply: { contacts: [{ id: idOf(1) }], token: { epoch: 0 } } });
    expect(find().reply).not.toHaveProperty('record');
  });

  it('[D16] STORE, then FIND_VALUE: the value, contacts and a token', () => {
    meet(1);
    expect(store(record('x'))).toEqual({ type: 'reply', tid: 'abcd', sender: self, reply: {} });
    expect(find()).toMatchObject({ reply: { record: record('x'), contacts: [{ id: idOf(1) }], token: { epoch: 0 } } });
  });

  it.each<[string, Partial<Store>, KvRecord, number]>([
    ['a bad token', { token: 'bad' }, record('x'), KV_ERROR.badToken],
    ['a key that is not the hash it is said to be', { immutable: true }, record('x'), KV_ERROR.badHash],
    ['an older version', {}, record('y', 1), KV_ERROR.older],
    ['a lesser value of the same version', {}, record('a', 2), KV_ERROR.older],
  ])('[D16][U17] STORE with %s is refused, and what is held stays', (_what, changes, given, code) => {
    store(record('held', 2));
    const before = state.server;
    expect(store(given, changes)).toMatchObject({ type: 'error', code });
    expect(state.server).toEqual(before);
  });

  it('[D16] STORE of too long a value, or where there is no room for it, is refused', () => {
    begin({ maxRecords: 1, maxRecordBytes: 30, maxBytes: 30 });
    expect(store(record('x'.repeat(40)))).toMatchObject({ type: 'error', code: KV_ERROR.tooLarge });
    store(record('x'), { key: idOf(0xff) });
    const nearest = 'e'.repeat(40) as Id;
    expect(store(record('x'), { key: nearest })).toMatchObject({ type: 'reply' });
    expect(store(record('x'), { key: idOf(1) })).toMatchObject({ type: 'error', code: KV_ERROR.full });
    expect(state.server.held.size).toBe(1);
  });

  it('[D16] the previous token is good as well, and the epoch moves on every 5 minutes', () => {
    expect(store(record('x'), { token: 'previous' })).toMatchObject({ type: 'reply' });
    now = TOKEN_ROTATION * 3;
    expect(find()).toMatchObject({ reply: { token: { epoch: 3 } } });
  });

  it('[D16] what is malformed is answered where its sender is owed an error, and counted', () => {
    const answer = { tid: '01', code: KV_ERROR.malformed, text: "'k' must be 20 bytes" };
    step({ type: 'malformed', from, cause: 'bad-request', answer });
    expect(told).toEqual([{ type: 'transmit', to: from, message: { type: 'error', ...answer } }]);
    step({ type: 'malformed', from, cause: 'not-cbor' });
    expect([told, state.counters.malformed]).toEqual([[], 2]);
  });
});

describe('how much it says to those who have shown nothing', () => {
  const long = recordOf(new Uint8Array(5_000), 1);

  it('[U16] a value that does not fit in 12 times the request is said to be held, and no more', () => {
    store(long);
    expect(find(undefined, 128).reply).toMatchObject({ held: true, token: { epoch: 0 } });
    expect(find('bad', 128).reply).not.toHaveProperty('record');
    expect(find(undefined, 600).reply).toMatchObject({ record: long });
  });

  it('[U16] with a token it comes, however long', () => {
    store(recordOf(new Uint8Array(61_440), 1));
    for (const token of ['current', 'previous'] as const) {
      expect(find(token, 60).reply.record?.value.length).toBe(81_920);
    }
    expect(state.counters.oversized).toBe(0);
  });

  it.each([80, 100, 128])(
    '[U16] a reply to %i bytes has at most 12 times as many, contacts left out where need be',
    (bytes) => {
      meet(...Array.from({ length: 24 }, (_, i) => i + 1));
      for (const length of [0, 200, 800, 1_300, 1_500]) {
        store(recordOf(new Uint8Array(length), length + 1));
        const message = ask({ method: 'find_value', key }, { bytes });
        expect(kv.sizeOf(message as never)).toBeLessThanOrEqual(12 * bytes);
      }
      expect(state.counters.oversized).toBe(0);
    },
  );
});

describe('for how long it keeps what is stored', () => {
  const shows = (): boolean => find().reply.record !== undefined;

  it('[D23][T37] a day: there one tick before it expires, gone from sight and memory at that tick', () => {
    store(record('x'));
    now = 1_000 + 24 * HOUR - 1;
    expect(shows()).toBe(true);
    now = 1_000 + 24 * HOUR;
    expect(shows()).toBe(false);
    expect([state.server.held.size, state.server.bytes]).toEqual([0, 0]);
  });

  it('[T37] without being read: the node wakes for it', () => {
    store(record('x'), { lifetime: 5_000 });
    expect(machine.nextDeadline(state)).toBe(now + 5_000);
    now += 5_000;
    step({ type: 'tick' });
    expect(state.server.held.size).toBe(0);
  });

  it.each([
    ['25 h', 25 * HOUR],
    ['2^53 - 1 ms', Number.MAX_SAFE_INTEGER],
    ['for ever', 'forever'],
  ] as const)('[F36] %s, asked for by a stranger, is a day', (_what, lifetime) => {
    store(record('x'), { lifetime });
    now = 1_000 + 24 * HOUR - 1;
    expect(shows()).toBe(true);
    now++;
    expect(shows()).toBe(false);
  });

  it('[U17] a replay with a short lifetime does not shorten its life; a long one prolongs it', () => {
    store(record('x'), { lifetime: 2 * HOUR });
    store(record('x'), { lifetime: 1 });
    now += HOUR;
    expect(shows()).toBe(true);
    store(record('x'), { lifetime: 2 * HOUR });
    now += 2 * HOUR - 1;
    expect(shows()).toBe(true);
    now++;
    expect(shows()).toBe(false);
  });

  it('[D05] what we publish ourselves may stay for ever, while there is room; a stranger pushes it out never', () => {
    begin({ maxRecords: 2 });
    const mine = kv.server.keep(
      state.server,
      { method: 'store', key, record: record('mine'), immutable: false, lifetime: 'forever', token: '' },
      now,
    );
    state = { ...state, server: mine };
    for (let n = 0; n < 8; n++) store(record('theirs'), { key: `${n}${'f'.repeat(39)}` as Id });
    now += 1_000 * 24 * HOUR;
    step({ type: 'tick' });
    expect(shows()).toBe(true);
    expect([state.server.held.size, state.server.evicted > 0]).toEqual([1, true]);
  });

  it('[T37] time slept through counts', () => {
    store(record('x'));
    step({ type: 'clock-jumped', ms: 24 * HOUR });
    expect(shows()).toBe(false);
  });
});

describe('the profile', () => {
  const value = { key: 'v', kind: 'record', record: record('x') } as const;

  it('[T17] asks to cache a value only under its own hash, for the time it is told', () => {
    expect(kv.cached(value, key, 60_000)).toBeUndefined();
    expect(kv.cached({ key: 'held', kind: 'elsewhere' }, key, 60_000)).toBeUndefined();
    expect(kv.cached(value, sha1('x'), 60_000)).toMatchObject({ method: 'store', immutable: true, lifetime: 60_000 });
  });

  it('hands on what it holds for what is left of its life, and nothing once that is over', () => {
    store(record('x'), { lifetime: HOUR });
    const replica = (at: number) => kv.server.replica(state.server, key, at);
    expect(replica(now + 1)).toEqual({
      find: { method: 'find_node', target: key },
      store: { method: 'store', key, record: record('x'), immutable: false, lifetime: HOUR - 1, token: '' },
    });
    expect([replica(now + HOUR), kv.server.replica(state.server, idOf(6), now)]).toEqual([undefined, undefined]);
  });

  it('[T36] finds what it holds itself before anybody is asked', () => {
    store(record('x'));
    expect(kv.server.held(state.server, { method: 'find_value', key }, now)).toMatchObject([{ record: record('x') }]);
    expect(kv.server.held(state.server, { method: 'find_value', key: idOf(6) }, now)).toEqual([]);
    expect(kv.server.held(state.server, kv.findNode(key), now)).toEqual([]);
  });

  it('saves what it holds as JSON and reads it back, less the time that has passed; damaged entries are left out', () => {
    store(record('x'), { lifetime: HOUR });
    store(record('y'), { key: sha1('y'), immutable: true, lifetime: 2 * HOUR });
    const saved = JSON.parse(JSON.stringify(kv.server.save(state.server, now))) as unknown[];
    const config = { ...KV_DEFAULTS.server, self };
    const damaged = [null, [], ['zz', {}, 1, true], [key, { value: 5, seq: 1, digest: key }, 5_000, false]];
    const loaded = kv.server.load(config, [...damaged, ...saved], HOUR, 9_000_000, self);
    expect(loaded.held.size).toBe(1);
    const request = { method: 'find_value', key: sha1('y') } as const;
    expect(kv.server.held(loaded, request, 9_000_000 + HOUR - 1)).toMatchObject([
      { record: { value: 'eQ==', seq: 0 } },
    ]);
    expect(kv.server.held(loaded, request, 9_000_000 + HOUR)).toEqual([]);
    expect(() => kv.server.load(config, 'nothing', 0, 0, self)).toThrow(
      expect.objectContaining({ name: 'SnapshotError' }),
    );
  });
});
