import bencode from 'bencode';
import * as fc from 'fast-check';
import { expect, inject, it } from 'vitest';
import { endOf, MAX_DEPTH } from '../src/bencode.ts';

const { item } = fc.letrec<{ item: unknown }>((tie) => ({
  item: fc.oneof(
    { maxDepth: MAX_DEPTH - 1, depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('item'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('item'), { maxKeys: 5 }),
  ),
}));

it('whatever the library writes is read whole, and no shorter piece of it is', () => {
  fc.assert(
    fc.property(item, fc.nat(), (value, cut) => {
      const data = bencode.encode(value);
      expect(endOf(data, 0)).toBe(data.length);
      expect(endOf(data.subarray(0, cut % data.length), 0)).toBe(-1);
    }),
  );
});

it('[J73] whatever is accepted here, the library reads too', () => {
  const alphabet = fc.constantFrom(...'deil0123:-a').map((letter) => letter.charCodeAt(0));
  const accepted = { count: 0 };
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 24 }), (codes) => {
      const data = Buffer.from(codes);
      const end = endOf(data, 0);
      if (end === -1) return;
      accepted.count++;
      expect(() => bencode.decode(data.subarray(0, end))).not.toThrow();
    }),
    { numRuns: 20_000 * inject('runs') },
  );
  expect(accepted.count).toBeGreaterThan(100);
});
