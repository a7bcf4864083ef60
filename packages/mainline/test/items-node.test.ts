/** put, get, scrape and sampleAt, as applications use them: nodes in one process, on virtual time. */
import { idFromBytes, type NodeEvent } from '@xorrery/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Mainline,
  type MainlineNode,
  type PutReport,
  publicKeyOf,
  targetOf,
  targetOfOwner,
} from '../src/index.ts';
import { bencodedValue } from '../src/item-value.ts';
import { MemoryNetwork } from './memory-network.ts';

const SEED = new Uint8Array(32).fill(9);
const PUBLIC = publicKeyOf(SEED);
const ONCE = { every: 'off' } as const;
const HOUR = 3_600_000;
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('utf8');

let network: MemoryNetwork;
const until = <T>(promise: PromiseLike<T>): Promise<T> => network.time.until(promise);

/** Who holds the item of a target, and by which number. */
const holders = (target: string): (number | undefined)[] =>
  network.nodes.flatMap((node) => {
    const found = JSON.stringify(node.state.server.items.held);
    if (!found.includes(`"key":"${target}"`)) return [];
    return [Number(/"seq":(\d+)/.exec(found)?.[1] ?? Number.NaN)];
  });

/** A node that keeps nothing for others. */
const visitor = async (): Promise<MainlineNode> => {
  const node = network.node({ readOnly: true });
  await node.start();
  return node;
};

beforeEach(async () => {
  network = new MemoryNetwork();
  await network.grow(8);
});

afterEach(() => network.close());

describe('an immutable item', () => {
  it('[U17] is stored at the closest under its hash, and found from anywhere', async () => {
    const put = network.at(1).put('hello', ONCE);
    const takers: string[] = [];
    const iterated = (async () => {
      for await (const { endpoint } of put) takers.push(endpoint);
    })();
    const report = await until(put);
    await iterated;
    expect(report).toMatchObject({ reason: 'exhausted', failed: [], notAttempted: [], seq: undefined, local: true });
    expect(report.target).toBe(targetOf({ type: 'immutable', value: bencodedValue('hello') }));
    expect(report.stored.map((it) => it.endpoint).sort()).toEqual(takers.sort());
    expect(report.stored).toHaveLength(7);

    const found = await until(network.at(6).get(report.target));
    expect(found).toMatchObject({
      target: report.target,
      reason: 'found',
      seq: undefined,
      item: { type: 'immutable' },
    });
    expect([text(found.value), text(found.bencoded)]).toEqual(['hello', '5:hello']);
    expect(found.queried).toBeLessThanOrEqual(8);
  });

  it('may be any bencode, which is given back as it is', async () => {
    const { target } = await until(network.at(1).put({ bencoded: Buffer.from('d1:ai1ee') }, ONCE));
    const { value, bencoded } = await until(network.at(2).get(target));
    expect([text(value), text(bencoded)]).toEqual(['d1:ai1ee', 'd1:ai1ee']);
  });

  it('that nobody has is not found', async () => {
    const found = await until(network.at(3).get(network.id()));
    expect(found).toMatchObject({ item: undefined, value: undefined, bencoded: undefined, reason: 'exhausted' });
  });

  it('[R10] nobody takes is failed', async () => {
    const alone = network.node({ bootstrap: [] });
    await alone.start();
    const report = await until(alone.put('hello', ONCE));
    expect(report).toMatchObject({ reason: 'failed', stored: [], local: true });
    expect(await until(alone.get(report.target))).toMatchObject({ reason: 'found' });
  });
});

describe('a mutable item', () => {
  const put = (value: string, more: object = {}, at = 1): Promise<PutReport> =>
    until(network.at(at).put(value, { ...ONCE, mutable: { seed: SEED, ...more } }));

  it('[U17] gets the next number, and the highest of all that are held is found', async () => {
    const first = await put('one');
    expect(first).toMatchObject({ seq: 1, publicKey: PUBLIC, target: targetOfOwner({ publicKey: PUBLIC }) });
    const second = await put('two', {}, 4);
    expect([second.seq, second.target, second.failed]).toEqual([2, first.target, []]);
    for (const what of [{ publicKey: PUBLIC }, { publicKey: Buffer.from(PUBLIC, 'hex') }, first.target]) {
      const found = await until(network.at(6).get(what));
      expect([found.seq, text(found.value), found.reason]).toEqual([2, 'two', 'exhausted']);
    }
  });

  it('[U17] of which somebody has an older version is found in its newest', async () => {
    const { target } = await put('old', { seq: 3 });
    // Those who are away miss the new one.
    network.cutOff(5, 6, 7);
    await put('new', { seq: 4 });
    network.cutOff();
    expect(new Set(holders(target))).toEqual(new Set([3, 4]));
    for (const at of [0, 5, 7]) expect(await until(network.at(at).get(target))).toMatchObject({ seq: 4 });
  });

  it('[R10][U17] that is not newer is refused, by each in so many words', async () => {
    await put('five', { seq: 5 });
    const report = await put('four', { seq: 4 }, 3);
    expect(report).toMatchObject({ reason: 'failed', stored: [], seq: 4 });
    expect(report.failed).toHaveLength(7);
    for (const { cause, refusal } of report.failed) {
      expect([cause, refusal]).toEqual(['refused', { code: 302, text: 'sequence number less than current' }]);
    }
    const swapped = await put('six', { seq: 6, cas: 4 });
    expect(new Set(swapped.failed.map((it) => it.refusal?.code))).toEqual(new Set([301]));
    expect(await put('six', { seq: 6, cas: 5 })).toMatchObject({ reason: 'exhausted', failed: [] });
  });

  it('is told apart by its salt, which whoever looks must know', async () => {
    const { target } = await put('salted', { salt: 'foobar' });
    const owner = { publicKey: PUBLIC, salt: 'foobar' };
    expect(targetOfOwner(owner)).toBe(target);
    const guest = await visitor();
    const found = async (...what: Parameters<MainlineNode['get']>) => text((await until(guest.get(...what))).value);
    expect(await found(owner)).toBe('salted');
    expect(await found(target, { salt: Buffer.from('foobar') })).toBe('salted');
    for (const wrong of [{ salt: 'other' }, {}]) expect(await found(target, wrong)).toBeUndefined();
    expect(await found({ publicKey: PUBLIC })).toBeUndefined();
  });

  it('is not asked for again where nobody has a newer one', async () => {
    const { target } = await put('one', { seq: 7 });
    const node = await visitor();
    const newer = (seq: number) => until(node.get(target, { seq }));
    expect([(await newer(7)).item, (await newer(6)).seq]).toEqual([undefined, 7]);
  });

  it('[X14] is signed before anything begins: no seed is in any event, effect or state', async () => {
    const seen: string[] = [];
    const node = network.node({
      observer: (_at, event: NodeEvent<Mainline>, effects, state) => seen.push(JSON.stringify([event, effects, state])),
    });
    await node.start();
    await until(node.joined());
    const report = await until(node.put('secret?', { mutable: { seed: SEED } }));
    expect(report.stored.length).toBeGreaterThan(0);
    const all = seen.join();
    expect(all).toContain(PUBLIC);
    expect(all).not.toContain(idFromBytes(SEED));
    expect(all).not.toContain(JSON.stringify(Buffer.from(SEED)));
    expect(all).not.toContain(JSON.stringify(SEED));
  });
});

describe('what is put', () => {
  it('[T36] is put again every hour, also at whoever came since, until it is taken back', async () => {
    const { target } = await until(network.at(1).put('kept'));
    const late = network.node();
    await late.start();
    await until(late.joined());
    expect(holders(target)).toHaveLength(8);
    await network.time.advance(HOUR + 60_000);
    expect(holders(target)).toHaveLength(9);
    await network.time.advance(2 * HOUR);
    expect(holders(target)).toHaveLength(9);
    network.at(1).unpublish(target);
    await network.time.advance(3 * HOUR);
    expect(holders(target)).toHaveLength(0);
  }, 30_000);

  it('[S83] once is gone after two hours', async () => {
    const { target } = await until(network.at(1).put('once', ONCE));
    await network.time.advance(2 * HOUR - 60_000);
    expect(holders(target).length).toBeGreaterThan(0);
    await network.time.advance(120_000);
    expect(holders(target)).toEqual([]);
  }, 30_000);

  it('[U07] is given up when its signal is aborted, before it has a number or after', async () => {
    for (const seq of [undefined, 1]) {
      const stop = new AbortController();
      const mutable = seq === undefined ? { seed: SEED } : { seed: SEED, seq };
      const put = network.at(1).put('x', { ...ONCE, mutable, signal: stop.signal });
      stop.abort();
      expect(await until(put)).toMatchObject({ reason: 'cancelled', stored: [], publicKey: PUBLIC });
    }
  });

  it.each([
    ['a value too long', 'x'.repeat(997), {}, /value: must be at most 1000 bytes/],
    ['a value that is none', 7 as never, {}, /value: must be bytes/],
    ['a seed of another length', 'x', { mutable: { seed: new Uint8Array(64) } }, /seed: must be 32 bytes/],
    ['a salt too long', 'x', { mutable: { seed: SEED, salt: 's'.repeat(65) } }, /salt: must be at most 64 bytes/],
    ['a number below 0', 'x', { mutable: { seed: SEED, seq: -1 } }, /seq: must be an integer/],
    ['a cas below 0', 'x', { mutable: { seed: SEED, cas: -1 } }, /cas: must be an integer/],
    ['no time to repeat it', 'x', { every: 0 }, /every: must be an integer/],
  ])('[G18] with %s is a ConfigError, at once', (_, value, options, message) => {
    expect(() => network.at(1).put(value, options)).toThrow(message);
  });

  it('[G18] a get of what is no target or key is a ConfigError, at once', () => {
    const bad = ['xyz', { publicKey: 'ab' }, { publicKey: PUBLIC, salt: 's'.repeat(65) }] as const;
    for (const what of bad) expect(() => network.at(1).get(what as never)).toThrow(/^(target|publicKey|salt): must be/);
    expect(() => network.at(1).get(network.id(), { seq: -1 })).toThrow(/seq: must be/);
  });
});

describe('a torrent', () => {
  it('[S82] is scraped: how many seeds and peers, from all who know of some', async () => {
    const infoHash = network.id();
    for (const at of [1, 2, 3, 4, 5])
      await until(network.at(at).announce(infoHash, { port: 1_000 + at, seed: at < 3 }));
    const report = await until(network.at(7).scrape(infoHash));
    expect(report).toMatchObject({ target: infoHash, seeds: 2, peers: 3, reason: 'exhausted' });
    expect(report.filters).toBeGreaterThan(0);
    expect(await until(network.at(7).scrape(network.id()))).toMatchObject({ seeds: 0, peers: 0, filters: 0 });
    expect(() => network.at(7).scrape('x' as never)).toThrow(/target: must be/);
  });

  it('has peers without its seeds, where those are not wanted (BEP 33)', async () => {
    const infoHash = network.id();
    for (const at of [1, 2]) await until(network.at(at).announce(infoHash, { port: 1_000 + at, seed: at === 1 }));
    const keys = async (noseed: boolean): Promise<string[]> =>
      (await until(network.at(6).findPeers(infoHash, { noseed }))).values.map((it) => it.key).sort();
    expect([await keys(true), await keys(false)]).toEqual([['10.0.0.3:1002'], ['10.0.0.2:1001', '10.0.0.3:1002']]);
  });
});

describe('a node', () => {
  it('says which torrents it stores, how many, and for how long that stays so (BEP 51)', async () => {
    const infoHash = network.id();
    await until(network.at(1).announce(infoHash, { port: 1 }));
    const operation = network.at(2).sampleAt('10.0.0.5:6881');
    const report = await until(operation);
    expect(report).toMatchObject({ answered: true, samples: [infoHash], num: 1, interval: 21_600 });
    const heard: string[] = [];
    for await (const { key } of operation) heard.push(key);
    expect(heard).toEqual([infoHash]);
    expect(await until(network.at(2).sampleAt('10.0.9.9:1'))).toMatchObject({ answered: false, samples: [], num: 0 });
  });
});
