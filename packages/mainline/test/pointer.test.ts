/** Pointers to torrents in mutable items (BEP 46): magnets, values, and following one. */
import type { Id } from '@xorrery/core';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findPointed,
  type MainlineNode,
  pointedBy,
  pointerIn,
  pointerTo,
  publicKeyOf,
  TargetError,
  targetOfOwner,
} from '../src/index.ts';
import items from './fixtures/items.json' with { type: 'json' };
import { ids } from './krpc-samples.ts';
import { MemoryNetwork } from './memory-network.ts';

const SEED = new Uint8Array(32).fill(3);
const KEY = publicKeyOf(SEED);
const SALT = Buffer.from('n');
const HASH = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36' as Id;

describe('a magnet that names an owner', () => {
  const owned = (salt = '') => items.bep44.find((it) => it.salt === salt) ?? { public_key: '', target: '' };
  it.each([
    // The key and the targets of BEP 46's own examples, and those of BEP 44's vectors.
    [
      '8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e',
      '',
      'cc3f9d90b572172053626f9980ce261a850d050b',
    ],
    [
      '8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e',
      '6e',
      '59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f',
    ],
    [owned().public_key, '', owned().target],
    [owned('foobar').public_key, Buffer.from('foobar').toString('hex'), owned('foobar').target],
  ])('has the target of its key and salt: %s, salt %s', (key, salt, target) => {
    const magnet = `magnet:?xs=urn:btpk:${key}${salt === '' ? '' : `&s=${salt}`}`;
    for (const text of [
      magnet,
      magnet.toUpperCase().replace('MAGNET:?XS', 'magnet:?xs').replace('&S=', '&s='),
      magnet.replaceAll(':', '%3A').replace('%3A', ':'),
    ]) {
      const owner = pointerIn(text);
      expect(owner && targetOfOwner(owner), text).toBe(target);
    }
  });

  it('may name other things beside it', () => {
    expect(pointerIn(`magnet:?dn=x&xs=http%3A%2F%2Fa.example&xs=urn:btpk:${KEY}`)).toMatchObject({ publicKey: KEY });
  });

  it.each([HASH, 'file.torrent', `magnet:?xt=urn:btih:${HASH}`, 'magnet:', 'magnet:?xs=http%3A%2F%2Fa.example'])(
    'is not %s',
    (text) => expect(pointerIn(text)).toBeUndefined(),
  );

  it.each([
    ['xs=urn:btpk:', /public key .* 64 hex digits/],
    [`xs=urn:btpk:${KEY}00`, /public key/],
    [`xs=urn:btpk:${KEY.slice(1)}g`, /public key/],
    [`xs=urn:btpk:${KEY}&s=abc`, /salt .* 64 bytes in hex/],
    [`xs=urn:btpk:${KEY}&s=${'ab'.repeat(65)}`, /salt/],
  ])('is told what is wrong with it: %s', (parts, why) => {
    expect(() => pointerIn(`magnet:?${parts}`)).toThrow(TargetError);
    expect(() => pointerIn(`magnet:?${parts}`)).toThrow(why);
  });
});

describe('the value of a pointer', () => {
  const bencoded = (text: string): Uint8Array => Buffer.from(text, 'latin1');

  it('names the infohash it was made of', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const value = pointerTo(id);
        expect(typeof value === 'object' && 'bencoded' in value && pointedBy(value.bencoded)).toBe(id);
      }),
    );
    expect(() => pointerTo('abc' as Id)).toThrow(/no infohash: 'abc'/);
  });

  it('may hold more than that', () => {
    const ih = '20:abcdefghij0123456789';
    expect(pointedBy(bencoded(`d1:ai1e2:ih${ih}1:zlee`))).toBe(Buffer.from(ih.slice(3)).toString('hex'));
  });

  it.each([
    '20:abcdefghij0123456789',
    'de',
    'd2:ihi1ee',
    'd2:ih19:abcdefghij012345678e',
    'd2:ih21:abcdefghij0123456789ae',
    'd2:ihle',
    '',
    'd',
  ])('names none: %s', (text) => expect(pointedBy(bencoded(text))).toBeUndefined());

  it('[U03] whatever the bytes are, it is an infohash or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(pointedBy(bytes) ?? HASH).toHaveLength(40);
      }),
    );
  });
});

describe('following a pointer', () => {
  let network: MemoryNetwork;
  const until = <T>(promise: PromiseLike<T>): Promise<T> => network.time.until(promise);
  const put = (value: Parameters<MainlineNode['put']>[0], salt = SALT) =>
    until(network.at(1).put(value, { mutable: { seed: SEED, salt }, every: 'off' }));
  beforeEach(async () => {
    network = new MemoryNetwork();
    await network.grow(6);
  });
  afterEach(() => network.close());

  it('finds the peers of the torrent it names, and of another one once it names that', async () => {
    const owner = { publicKey: KEY, salt: SALT };
    const later = '08ada5a7a6183aae1e09d831df6748d566095a10' as Id;
    await until(network.at(2).announce(HASH, { port: 1_111 }));
    await until(network.at(3).announce(later, { port: 2_222 }));
    await put(pointerTo(HASH));
    const operation = findPointed(network.at(5), owner);
    const { pointer, infoHash, torrent } = await until(operation);
    expect([pointer.target, pointer.seq, infoHash]).toEqual([targetOfOwner(owner), 1, HASH]);
    expect(torrent?.values).toEqual([{ key: expect.stringMatching(/:1111$/) }]);
    const seen: string[] = [];
    for await (const { key } of operation) seen.push(key);
    expect(seen).toEqual(torrent?.values.map(({ key }) => key));
    await put(pointerTo(later));
    expect(await until(findPointed(network.at(4), owner))).toMatchObject({
      pointer: { seq: 2 },
      infoHash: later,
      torrent: { values: [{ key: expect.stringMatching(/:2222$/) }] },
    });
  });

  it('ends where there is no item, and where its value names no torrent', async () => {
    const none = await until(findPointed(network.at(5), { publicKey: KEY }));
    expect([none.pointer.item, none.infoHash, none.torrent]).toEqual([undefined, undefined, undefined]);
    await put('hello');
    const { pointer, infoHash, torrent } = await until(findPointed(network.at(5), { publicKey: KEY, salt: SALT }));
    expect([pointer.seq, infoHash, torrent]).toEqual([1, undefined, undefined]);
  });

  it('[U04] aborted, it ends with what it has', async () => {
    const abort = new AbortController();
    const operation = findPointed(network.at(5), { publicKey: KEY, salt: SALT }, { signal: abort.signal });
    abort.abort();
    expect(await until(operation)).toMatchObject({ pointer: { reason: 'cancelled' }, torrent: undefined });
  });
});
