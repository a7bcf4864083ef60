import {
  bitAt,
  ConfigError,
  commonPrefix,
  compareDistance,
  distance,
  type Id,
  idFromBytes,
  idFromHex,
  idInBucket,
  idToBytes,
  isId,
  nextBelow,
  nextId,
  nextUint32,
  seedRandom,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';

const idOf = (width: number): fc.Arbitrary<Id> =>
  fc.uint8Array({ minLength: width / 8, maxLength: width / 8 }).map((bytes) => idFromBytes(bytes));
const big = (id: Id): bigint => BigInt(`0x${id}`);

describe.each([8, 160, 256])('ids of %i bits', (width) => {
  const id = idOf(width);

  it('[D17][S100] distance: identity, symmetry, triangle, one-directionality', () => {
    fc.assert(
      fc.property(id, id, id, (a, b, c) => {
        expect(big(distance(a, a))).toBe(0n);
        expect(distance(a, b)).toBe(distance(b, a));
        expect(big(distance(a, b)) + big(distance(b, c))).toBeGreaterThanOrEqual(big(distance(a, c)));
        if (a !== b) expect(distance(a, c)).not.toBe(distance(b, c));
      }),
    );
  });

  it('[D17][J08] compareDistance is the order of the distances as numbers', () => {
    fc.assert(
      fc.property(id, id, id, (target, a, b) => {
        const [x, y] = [big(distance(target, a)), big(distance(target, b))];
        expect(Math.sign(compareDistance(target, a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
    );
  });

  it('[D17][D01] the bucket index is the position of the first differing bit', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        const shared = commonPrefix(a, b);
        expect(shared).toBe(width - big(distance(a, b)).toString(2).replace(/^0$/, '').length);
        for (let i = 0; i < shared; i++) expect(bitAt(a, i)).toBe(bitAt(b, i));
        if (shared < width) expect(bitAt(a, shared)).not.toBe(bitAt(b, shared));
      }),
    );
  });

  it('[X21][F24] a target made for a bucket lies in it, at every depth, at the first try', () => {
    fc.assert(
      fc.property(id, id, (self, filler) => {
        for (let index = 0; index < width; index++)
          expect(commonPrefix(self, idInBucket(self, index, filler))).toBe(index);
      }),
      { numRuns: inject('propertyRuns') / 5 },
    );
  });

  it('[Z14] what is no id is refused in words that name it, and cut short', () => {
    expect(() => idFromHex('xy', 8)).toThrow("id: must be 2 hex digits, got 'xy'");
    expect(() => idFromHex('f'.repeat(90), 8)).toThrow(`got '${'f'.repeat(80)}'`);
    expect(() => idFromBytes(new Uint8Array(3), 16)).toThrow('id: must be 2 bytes, got 3');
    expect(() => idFromBytes(new Uint8Array(0))).toThrow('id: must be 0 bytes, got 0');
    expect([isId('0a', 8), isId('0A', 8), isId('0a0', 8), isId('0', 8), isId('zz', 8), isId(10, 8)]).toEqual([
      true,
      ...Array(5).fill(false),
    ]);
    expect(idToBytes(idFromHex('9aAf09', 24))).toEqual(Uint8Array.of(0x9a, 0xaf, 0x09));
  });

  it('[D09] ids go to bytes and hex and back unchanged', () => {
    fc.assert(
      fc.property(id, (a) => {
        expect(idFromBytes(idToBytes(a))).toBe(a);
        expect(idFromHex(a.toUpperCase(), width)).toBe(a);
      }),
    );
  });

  it('[D09] a wrong length is a typed error that names the field', () => {
    for (const bad of ['', 'a'.repeat(width / 4 - 1), 'a'.repeat(width / 4 + 2), 'g'.repeat(width / 4)]) {
      expect(() => idFromHex(bad, width)).toThrow(ConfigError);
    }
    expect(() => idFromBytes(new Uint8Array(width / 8 + 1), width)).toThrow(/^id: must be/);
  });
});

describe('the seeded generator', () => {
  it('[G01] one seed, one stream; the state is plain data', () => {
    const draw = (seed: number): number[] => {
      let random = seedRandom(seed);
      return Array.from({ length: 5 }, () => {
        const [value, next] = nextUint32(JSON.parse(JSON.stringify(random)));
        random = next;
        return value;
      });
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('draws below a bound evenly, and ids of the asked width', () => {
    let random = seedRandom(1);
    const tally = Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const [n, next] = nextBelow(random, 10);
      random = next;
      tally[n] = (tally[n] ?? 0) + 1;
    }
    for (const n of tally) expect(Math.abs(n - 1_000)).toBeLessThan(150);
    for (const width of [8, 160, 256]) expect(nextId(random, width)[0]).toHaveLength(width / 4);
  });
});
