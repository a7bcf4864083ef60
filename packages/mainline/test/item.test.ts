/** Items of BEP 44 as data: where they belong, what is signed, which is better; and the signatures themselves. */
import { type Id, idFromBytes } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betterItem, checkOf, isItemOf, type MutableItem, signedPart, targetOf, targetOfKey } from '../src/item.ts';
import { bencodedValue, saltOf, stringIn } from '../src/item-value.ts';
import { ed25519, publicKeyOf, signedItem } from '../src/signing.ts';
import items from './fixtures/items.json' with { type: 'json' };

const hexOf = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const textOf = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');
const SEED = new Uint8Array(32).fill(7);

const vectorItem = (it: (typeof items.bep44)[number]): MutableItem => ({
  ...{ type: 'mutable', value: hexOf(it.value_bencoded), publicKey: it.public_key, salt: hexOf(it.salt) },
  ...{ seq: it.seq, signature: it.signature },
});

describe('the vectors of BEP 44', () => {
  it.each(items.bep44)('$name: what is signed, the target, and a valid signature', (it) => {
    const item = vectorItem(it);
    expect(textOf(signedPart(item))).toBe(it.buffer);
    expect([targetOf(item), targetOfKey(it.public_key, hexOf(it.salt))]).toEqual([it.target, it.target]);
    expect(isItemOf(it.target as Id, item)).toBe(true);
    expect(ed25519.verify(checkOf(item))).toBe(true);
  });

  it.each(items.bep44_extra.filter((it) => it.buffer !== undefined))(
    '$name',
    ({ seq = 0, salt = '', value, buffer }) => {
      const part = { seq, salt: hexOf(salt), value: hexOf(`${value?.length}:${value}`) };
      expect(textOf(signedPart(part))).toBe(buffer);
    },
  );

  it('immutable hash: of the bencoded value, and of nothing shorter', () => {
    const { value_hex = '', target } = items.bep44_extra.find((it) => it.name === 'immutable hash') ?? {};
    const item = { type: 'immutable', value: bencodedValue(Buffer.from(value_hex, 'hex')) } as const;
    expect(targetOf(item)).toBe(target);
    expect(isItemOf(target as Id, item)).toBe(true);
    const short = { type: 'immutable', value: bencodedValue(Buffer.from(value_hex, 'hex').subarray(1)) } as const;
    expect(isItemOf(target as Id, short)).toBe(false);
  });

  it('salt bounds: 64 bytes are signed and verified, more are refused', () => {
    expect(items.bep44_extra.some((it) => it.name === 'salt bounds')).toBe(true);
    const salted = (bytes: number): MutableItem =>
      signedItem(SEED, { value: bencodedValue('x'), salt: 'ab'.repeat(bytes), seq: 1 });
    for (const bytes of [0, 1, 64]) {
      const item = salted(bytes);
      expect([ed25519.verify(checkOf(item)), isItemOf(targetOf(item), item)]).toEqual([true, true]);
    }
    expect([65, 1_200].map((bytes) => isItemOf(targetOf(salted(bytes)), salted(bytes)))).toEqual([false, false]);
    expect(() => saltOf('s'.repeat(65))).toThrow(/salt: must be at most 64 bytes, got 65/);
  });
});

describe('a signature', () => {
  it('is valid for what was signed by its owner, and for nothing else', () => {
    const item = signedItem(SEED, { value: bencodedValue('hello'), salt: 'aa', seq: 3 });
    expect(item.publicKey).toBe(publicKeyOf(SEED));
    const other = signedItem(new Uint8Array(32), item);
    const changes: Partial<MutableItem>[] = [
      {},
      { seq: 4 },
      { salt: '' },
      { value: bencodedValue('hullo') },
      { publicKey: other.publicKey },
      { signature: other.signature },
    ];
    expect(changes.map((it) => ed25519.verify(checkOf({ ...item, ...it })))).toEqual([true, ...Array(5).fill(false)]);
  });

  it('that is none, or of no key, is not valid, and nothing is thrown', () => {
    const check = checkOf(signedItem(SEED, { value: bencodedValue('x'), salt: '', seq: 1 }));
    for (const field of ['publicKey', 'signature'] as const) {
      for (const text of ['', 'ab', 'zz'.repeat(check[field].length / 2), 'ff'.repeat(check[field].length / 2)]) {
        expect(ed25519.verify({ ...check, [field]: text }), `${field} ${text}`).toBe(false);
      }
    }
  });

  it('needs a seed of 32 bytes', () => {
    for (const seed of [new Uint8Array(31), new Uint8Array(64), 'x'.repeat(32) as never]) {
      expect(() => publicKeyOf(seed)).toThrow(/seed: must be 32 bytes/);
    }
  });
});

describe('a value', () => {
  it('is a string of bencode, or bencode as it is given, of at most 1,000 bytes', () => {
    expect([bencodedValue('hé'), bencodedValue(Uint8Array.of(1, 2))].map(textOf)).toEqual([
      '3:h\u00c3\u00a9',
      '2:\x01\x02',
    ]);
    for (const text of ['i7e', 'd1:ali1eee', '0:']) {
      expect(textOf(bencodedValue({ bencoded: Buffer.from(text) }))).toBe(text);
    }
    expect(bencodedValue('x'.repeat(996)).length).toBe(2_000);
    expect(() => bencodedValue('x'.repeat(997))).toThrow(/value: must be at most 1000 bytes of bencode, got 1001/);
  });

  it('is one item of bencode, not nested so deep that nobody reads it', () => {
    const nested = (depth: number): string => 'l'.repeat(depth) + 'e'.repeat(depth);
    for (const text of ['', 'i7ei8e', 'x', '5:abc', 'i07e', nested(29), 'e', '1:xe']) {
      expect(() => bencodedValue({ bencoded: Buffer.from(text) }), text).toThrow(/value: must be one item of bencode/);
    }
    expect(textOf(bencodedValue({ bencoded: Buffer.from(nested(28)) }))).toBe(nested(28));
  });

  it('is bytes, text or bencode', () => {
    for (const value of [7, null, undefined, {}])
      expect(() => bencodedValue(value as never)).toThrow(/^value: must be/);
  });

  it('is given back as the bytes of its string', () => {
    expect(stringIn(Buffer.from('3:abc'))).toEqual(Uint8Array.from(Buffer.from('abc')));
    expect(stringIn(Buffer.from('i7e'))).toBeUndefined();
  });
});

describe('the better of two', () => {
  const item = (seq: number, value = 'x'): MutableItem => ({
    ...{ type: 'mutable', value: bencodedValue(value), publicKey: publicKeyOf(SEED), salt: '', seq },
    signature: '00'.repeat(64),
  });

  it('[U17] is the one of the higher number; with the same number, what is held stays unless it is the same', () => {
    expect(betterItem(item(2), item(1)).type === 'mutable' && betterItem(item(1), item(2))).toEqual(item(2));
    const [held, again, other] = [item(1), item(1), item(1, 'y')];
    expect(betterItem(again, held)).toBe(again);
    expect(betterItem(other, held)).toBe(held);
  });

  it('[U17] does not depend on the order, where numbers differ', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        fc.pre(a !== b);
        expect(betterItem(item(a), item(b))).toEqual(betterItem(item(b), item(a)));
      }),
    );
  });

  it('[U17] nothing that is malformed belongs anywhere', () => {
    const good = item(1);
    const target = targetOf(good);
    const bad: Partial<MutableItem>[] = [
      { seq: -1 },
      { seq: 0.5 },
      { seq: 2 ** 53 },
      { signature: 'ff' },
      { value: '' },
      { value: 'A0' },
      { value: 'abc' },
      { value: '00'.repeat(1_001) },
      { publicKey: 'ff'.repeat(31) },
      { salt: 5 as never },
    ];
    expect([good, ...bad.map((it) => ({ ...good, ...it }))].map((it) => isItemOf(target, it))).toEqual([
      true,
      ...bad.map(() => false),
    ]);
    expect(isItemOf(idFromBytes(new Uint8Array(20)), good)).toBe(false);
  });
});
