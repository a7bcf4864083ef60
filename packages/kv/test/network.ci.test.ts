/** Networks of key-value nodes on virtual time: where values go, how they are found, how they last. */
import type { Id } from '@xorrery/core';
import { afterEach, describe, expect, it } from 'vitest';
import { KV_DEFAULTS, type KvNode, kv, REPUBLISH } from '../src/index.ts';
import { MemoryNetwork } from './memory-network.ts';

const HOUR = 3_600_000;

/** No upkeep of tables, for tests that take days. */
const QUIET = {
  refresh: { ...KV_DEFAULTS.refresh, interval: 30 * 24 * HOUR },
  probe: { ...KV_DEFAULTS.probe, questionableAfter: 30 * 24 * HOUR },
};
const KEEP_NOTHING_UP = { ...QUIET, publish: { ...KV_DEFAULTS.publish, replicate: 'off' } } as const;

const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) % 256);
const ids = (nodes: readonly { readonly id: Id }[]): readonly Id[] => nodes.map((it) => it.id);

let network = new MemoryNetwork();

afterEach(async () => {
  await network.close();
  network = new MemoryNetwork();
});

const endpointOf = ({ id }: KvNode): string => {
  const n = network.nodes.findIndex((it) => it.id === id) + 1;
  return `10.0.${n >> 8}.${n & 255}:7600`;
};

/** A node that answers nobody, so that nobody knows it: what it is sent is limited. */
const joinReader = async (): Promise<KvNode> => {
  const reader = network.node({ readOnly: true });
  await reader.start();
  await network.time.until(reader.joined());
  return reader;
};

describe('putting', () => {
  it('[T36][D14] reaches exactly the true k closest, for any key', async () => {
    const nodes = await network.grow(40, { config: { storeSet: 4 } });
    for (let i = 0; i < 25; i++) {
      const key = network.id();
      const closest = network.byDistance(key).slice(0, 4);
      const publisher = nodes.find((it) => !closest.includes(it)) as KvNode;
      const put = await network.time.until(publisher.put(key, `value ${i}`));
      expect([put.local, ids(put.stored)]).toEqual([false, ids(closest)]);
      expect(network.holders(key)).toEqual(closest);
    }
  });

  it('[T36] keeps the value ourselves as well when we are among the closest, and when there are fewer nodes than it takes', async () => {
    await network.grow(12, { config: { storeSet: 4 } });
    const key = network.id();
    const publisher = network.byDistance(key)[1] as KvNode;
    const put = await network.time.until(publisher.put(key, 'x'));
    expect([put.local, publisher.holds(key)]).toEqual([true, true]);
    const outsider = network.byDistance(key).at(-1) as KvNode;
    const all = await network.time.until(outsider.put(key, 'y', { settings: { k: 20 } }));
    expect([all.local, all.stored.length, outsider.holds(key)]).toEqual([true, 11, true]);
  });
});

describe('getting', () => {
  it('[D15] ends at the first node that gives a value whose hash is the key', async () => {
    await network.grow(30, { config: { storeSet: 3, query: { ...KV_DEFAULTS.query, k: 3, alpha: 1 } } });
    const publisher = network.nodes[3] as KvNode;
    const { key } = await network.time.until(publisher.put(undefined, 'proof'));
    const reader = network.nodes.find((it) => !it.holds(key)) as KvNode;
    const get = await network.time.until(reader.get(key, { cacheOnPath: false }));
    expect([get.reason, get.immutable, text(get.value)]).toEqual(['found', true, 'proof']);
    const asked = network.requests('find_value').filter((it) => it.from === endpointOf(reader));
    const gave = asked.filter(({ to }) => network.holders(key).some((it) => endpointOf(it) === to));
    expect(gave).toHaveLength(1);
    expect(asked.at(-1)?.to).toBe(gave[0]?.to);
  });

  it('[T18] under a key of our own hears all of the closest, and takes the best: a holder behind the times is outvoted', async () => {
    const nodes = await network.grow(8, { config: { storeSet: 4 } });
    const key = network.id();
    const publisher = network.byDistance(key).at(-1) as KvNode;
    await network.time.until(publisher.put(key, 'old', { seq: 1 }));
    // Two of the four holders hear of the new version.
    const put = await network.time.until(publisher.put(key, 'new', { seq: 2, settings: { k: 2 } }));
    expect(put.stored).toHaveLength(2);
    for (const node of nodes) {
      const get = await network.time.until(node.get(key));
      expect([text(get.value), get.seq, get.immutable]).toEqual(['new', 2, false]);
    }
  });

  it('[D15][U17] junk under a hash ends no search while anybody has the value, and goes where the value comes', async () => {
    const nodes = await network.grow(8, { config: { storeSet: 4 } });
    const { key } = await network.time.until((nodes[0] as KvNode).put(undefined, 'genuine', { settings: { k: 1 } }));
    const [holder] = network.holders(key) as [KvNode];
    // Six take the junk; the one that holds the genuine value does not.
    const liar = network.byDistance(key).at(-1) as KvNode;
    const junk = await network.time.until(liar.put(key, 'junk', { seq: Number.MAX_SAFE_INTEGER, settings: { k: 7 } }));
    expect([junk.stored.length, junk.failed.map((it) => it.contact.id)]).toEqual([6, [holder.id]]);
    for (const node of nodes) {
      const get = await network.time.until(node.get(key, { cacheOnPath: false }));
      expect([text(get.value), get.immutable, get.reason]).toEqual(['genuine', true, 'found']);
    }
    await network.time.until((nodes[0] as KvNode).put(undefined, 'genuine'));
    const four = network.byDistance(key).slice(0, 4);
    for (const node of four) {
      const request = { method: 'find_value', key } as const;
      expect(kv.server.held(node.state.server, request, network.time.now)).toMatchObject([{ record: { digest: key } }]);
    }
  });

  it('[T17] leaves a value at the closest node that answered and lacked it, once, for a time that shrinks with distance', async () => {
    const config = { ...KEEP_NOTHING_UP, storeSet: 2, query: { ...KV_DEFAULTS.query, k: 2, alpha: 1 } };
    await network.grow(40, { config });
    const publisher = network.nodes[2] as KvNode;
    const { key } = await network.time.until(publisher.put(undefined, 'cache me', { every: 'off' }));
    const holders = network.holders(key);
    const isFar = (it: KvNode): boolean => !it.contacts.some(({ id }) => ids(holders).includes(id)) && !it.holds(key);
    const far = network.byDistance(key).toReversed().filter(isFar);
    expect(far.length).toBeGreaterThan(1);
    const [one, two] = far as [KvNode, KvNode];
    const storesOf = (it: KvNode) => network.requests('store').filter(({ from }) => from === endpointOf(it));

    await network.time.until(one.get(key, { cacheOnPath: false }));
    await network.time.advance(1_000);
    expect([storesOf(one).length, network.holders(key).length]).toEqual([0, holders.length]);

    const get = await network.time.until(two.get(key));
    await network.time.advance(1_000);
    const [store, ...more] = storesOf(two);
    expect(more).toEqual([]);
    const lifetime = store?.request.method === 'store' ? (store.request.lifetime as number) : 0;
    expect(lifetime).toBeGreaterThanOrEqual(HOUR / 4);
    expect(lifetime).toBeLessThanOrEqual(24 * HOUR);
    const cache = network.nodes.find((it) => endpointOf(it) === store?.to) as KvNode;
    expect([get.reason, cache.holds(key), holders.includes(cache)]).toEqual(['found', true, false]);
    await network.time.advance(lifetime);
    expect(cache.holds(key)).toBe(false);
  });

  it('[U16] a long value is only said to be held until a token is shown; nobody is sent more than it is due', async () => {
    await network.grow(6);
    const value = bytes(9_000);
    const { key, stored } = await network.time.until((network.nodes[4] as KvNode).put(undefined, value));
    expect(stored).toHaveLength(5);
    const reader = await joinReader();
    const get = await network.time.until(reader.get(key, { cacheOnPath: false }));
    expect([get.reason, get.value]).toEqual(['found', value]);
    const asked = network.requests('find_value').filter(({ from }) => from === endpointOf(reader));
    let held = 0;
    let given = 0;
    for (const { to, message, bytes: length, request } of asked) {
      const reply = network.sent.find((it) => it.from === to && it.message.tid === message.tid)?.message;
      const size = network.sent.find((it) => it.message === reply)?.bytes ?? 0;
      if (request.method === 'find_value' && request.token !== undefined) given++;
      else expect(size).toBeLessThanOrEqual(12 * length);
      if (reply?.type === 'reply' && reply.reply.held === true) held++;
    }
    // The first that says so ends the search, and is the only one asked for it.
    expect([held > 0, given]).toEqual([true, 1]);
  });

  it('[U16] where the one that said so is gone when it is asked for the value, the others are asked', async () => {
    await network.grow(6);
    const { key } = await network.time.until((network.nodes[1] as KvNode).put(undefined, bytes(9_000)));
    const reader = await joinReader();
    const get = reader.get(key, { settings: { alpha: 1, stall: 'off' } });
    const isHeld = () => network.sent.find((it) => it.message.type === 'reply' && it.message.reply.held === true);
    while (isHeld() === undefined) await network.time.advance(1);
    const gone = network.nodes.find((it) => endpointOf(it) === isHeld()?.from) as KvNode;
    await gone.close();
    expect((await network.time.until(get)).value).toEqual(bytes(9_000));
  });

  it('[U16] under a key of our own a long value of the latest version is found among all that are held', async () => {
    const nodes = await network.grow(8);
    const key = network.id();
    for (const length of [8_000, 9_000]) await network.time.until((nodes[2] as KvNode).put(key, bytes(length)));
    const reader = await joinReader();
    expect((await network.time.until(reader.get(key))).value).toEqual(bytes(9_000));
  });
});

describe('in the course of time', () => {
  it('[T37] a value lives a day, and is gone from memory at its deadline, without being read', async () => {
    const [, a, b] = (await network.grow(3, { config: KEEP_NOTHING_UP })) as [KvNode, KvNode, KvNode];
    const { key } = await network.time.until(a.put(undefined, 'x', { every: 'off' }));
    expect(b.state.server.held.size).toBe(1);
    await network.time.advance(24 * HOUR - 60_000);
    expect(b.holds(key)).toBe(true);
    await network.time.advance(60_001);
    expect([b.holds(key), b.state.server.held.size]).toEqual([false, 0]);
  });

  it('[T43] what we published is stored again every 22 hours, though others hand it on every hour, until it is unpublished', async () => {
    const [, a] = (await network.grow(3, { config: QUIET })) as [KvNode, KvNode];
    const { key } = await network.time.until(a.put(undefined, 'keep me'));
    await network.time.advance(3.5 * REPUBLISH);
    expect(network.holders(key)).toHaveLength(3);
    const published = network.requests('store').filter(({ request }) => !('lifetime' in request));
    // Four times at both others: every 22 hours, and up to a twentieth later.
    expect([published.length, new Set(published.map((it) => it.from)).size]).toEqual([8, 1]);
    a.unpublish(key);
    await network.time.advance(25 * HOUR);
    expect(network.holders(key)).toEqual([]);
  });

  it('[T43] what others published is handed on every hour, by one of those that hold it, to whoever is closest then', async () => {
    const config = { ...QUIET, storeSet: 3 };
    const [, publisher] = (await network.grow(4, { config })) as [KvNode, KvNode];
    const { key } = await network.time.until(publisher.put(undefined, 'hand me on', { every: 'off' }));
    const newcomers = await network.grow(8, { config });
    await publisher.close();
    const before = network.requests('store').length;
    await network.time.advance(1.2 * HOUR);
    const alive = network.byDistance(key).filter((it) => it !== publisher);
    expect(alive.slice(0, 3).every((it) => it.holds(key))).toBe(true);
    expect(newcomers.some((it) => it.holds(key))).toBe(true);
    const stores = network.requests('store').slice(before);
    // Once a holder has handed it on, those it handed it to need not.
    expect(new Set(stores.map((it) => it.from)).size).toBeLessThanOrEqual(2);
  });

  it('[T43] being handed on does not prolong a life', async () => {
    const [, a] = (await network.grow(4, { config: QUIET })) as [KvNode, KvNode];
    const { key } = await network.time.until(a.put(undefined, 'mortal', { every: 'off' }));
    const before = network.requests('store').length;
    await network.time.advance(23 * HOUR);
    expect(network.requests('store').length).toBeGreaterThan(before + 20);
    expect(network.holders(key).length).toBeGreaterThan(0);
    await network.time.advance(1.1 * HOUR);
    expect(network.holders(key)).toEqual([]);
  });

  it('[T43][U16] many keys are handed on one after the other, not all at once', async () => {
    const [, a] = (await network.grow(4, { config: QUIET })) as [KvNode, KvNode];
    for (let i = 0; i < 30; i++) await network.time.until(a.put(undefined, `value ${i}`, { every: 'off' }));
    const starts: number[] = [];
    for (let minute = 0; minute < 70; minute++) {
      const before = network.requests('find_node').length;
      await network.time.advance(60_000);
      starts.push(network.requests('find_node').length - before);
    }
    const total = starts.reduce((sum, it) => sum + it, 0);
    expect(total).toBeGreaterThan(60);
    // Thirty keys on four nodes: jitter spreads an hour's rounds over minutes.
    expect(Math.max(...starts)).toBeLessThan(total * 0.75);
  });
});
