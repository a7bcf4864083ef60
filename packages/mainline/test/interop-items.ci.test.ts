/** Items (BEP 44) between a node of ours and one of the npm package `bittorrent-dht`, over UDP, in both directions. */
import { once } from 'node:events';
import type { Id } from '@xorrery/core';
import DHT from 'bittorrent-dht';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hexOf } from '../src/hex.ts';
import { ed25519, type MainlineNode, publicKeyOf, targetOfOwner } from '../src/index.ts';
import { signedItem } from '../src/signing.ts';
import { HOST, ours, within } from './interop-nodes.ts';

const SEED = new Uint8Array(32).fill(5);
const PUBLIC = publicKeyOf(SEED);
const SALT = Buffer.from('salt');
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

let us: MainlineNode;
let them: DHT;

beforeEach(async () => {
  const member = await ours([]);
  us = member.node;
  them = new DHT({
    bootstrap: [member.endpoint],
    verify: (signature, message, publicKey) =>
      ed25519.verify({ signature: hexOf(signature), message: hexOf(message), publicKey: hexOf(publicKey) }),
  });
  await within('their socket', new Promise<void>((listening) => them.listen(0, HOST, listening)));
  if (them.ready !== true) await within('their bootstrap', once(them, 'ready'));
  us.introduce(`${HOST}:${them.address().port}`);
  await within(
    'our table to get it',
    (async () => {
      while (us.contacts.length === 0) await us.ping(`${HOST}:${them.address().port}`);
    })(),
  );
});

afterEach(async () => {
  await Promise.all([us.close(), new Promise<void>((closed) => them.destroy(closed))]);
});

/** What became of their put: the key, or why nobody took it. */
const theirPut = (item: Parameters<DHT['put']>[0]): Promise<Id> =>
  within(
    'their put',
    new Promise((resolve, reject) => {
      them.put(item, (error, key, n) => (error === null && n > 0 ? resolve(key.toString('hex') as Id) : reject(error)));
    }),
  );
const theirGet = (key: Id, salt?: Buffer): Promise<{ readonly v: Buffer; readonly seq?: number } | null> =>
  within(
    'their get',
    new Promise((resolve, reject) => {
      them.get(Buffer.from(key, 'hex'), { cache: false, ...(salt && { salt }) }, (error, found) =>
        error === null ? resolve(found) : reject(error),
      );
    }),
  );
/** Their way to sign: they put the buffer together. */
const signature = (seq: number, value: string): ((message: Buffer) => Buffer) => {
  const part = { value: hexOf(Buffer.from(`${value.length}:${value}`)), salt: hexOf(SALT), seq };
  return (message) => {
    const item = signedItem(SEED, part);
    expect(ed25519.verify({ publicKey: PUBLIC, message: hexOf(message), signature: item.signature })).toBe(true);
    return Buffer.from(item.signature, 'hex');
  };
};

describe('beside bittorrent-dht', () => {
  it('[X13] an immutable item of each is found by the other', async () => {
    const theirsKept = await theirPut({ v: Buffer.from('from them') });
    expect(text((await within('our get', us.get(theirsKept))).value)).toBe('from them');
    const { target, stored } = await within('our put', us.put('from us', { every: 'off' }));
    expect(stored).toHaveLength(1);
    expect((await theirGet(target))?.v.toString()).toBe('from us');
  });

  it('[X13][U17] a mutable item, with a salt, is replaced by either, and never by an older one', async () => {
    const k = Buffer.from(PUBLIC, 'hex');
    const owner = { publicKey: PUBLIC, salt: SALT };
    await theirPut({ v: Buffer.from('one'), k, salt: SALT, seq: 1, sign: signature(1, 'one') });
    const first = await within('our get', us.get(owner));
    expect([text(first.value), first.seq]).toEqual(['one', 1]);
    const second = await within('our put', us.put('two', { every: 'off', mutable: { seed: SEED, salt: SALT } }));
    expect([second.seq, second.stored.length]).toEqual([2, 1]);
    const found = await theirGet(targetOfOwner(owner), SALT);
    expect([found?.v.toString(), found?.seq]).toEqual(['two', 2]);
    const refused = theirPut({ v: Buffer.from('old'), k, salt: SALT, seq: 1, sign: signature(1, 'old') });
    await expect(refused).rejects.toThrow(/sequence number less than current/);
    const older = await within('our put', us.put('old', { every: 'off', mutable: { seed: SEED, salt: SALT, seq: 1 } }));
    expect(older.failed.map((it) => it.refusal?.code)).toEqual([302]);
    const swapped = us.put('x', { every: 'off', mutable: { seed: SEED, salt: SALT, seq: 3, cas: 1 } });
    expect((await within('our put', swapped)).failed.map((it) => it.refusal?.code)).toEqual([301]);
  });
});
