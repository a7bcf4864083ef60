import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { PlainBytes } from '../src/plain-bytes.ts';

/** What is written for these values, one after the other, as hex. */
function written(...values: readonly unknown[]): string {
  const pieces: Buffer[] = [];
  const bytes = new PlainBytes((piece) => void pieces.push(Buffer.from(piece)));
  for (const value of values) bytes.write(value);
  bytes.flush();
  return Buffer.concat(pieces).toString('hex');
}

const contact = fc.record({ id: fc.constantFrom('aa', 'bb', 'cc'), endpoint: fc.constantFrom('1.1.1.1:1', 'n2') });
const plain = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null), contact),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'size', 'id'), tie('any'), { maxKeys: 4 }),
  ),
})).any;

describe('plain data as bytes', () => {
  it('[X03][G01] is the same for the same data, and another for other data', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 4 }), fc.array(plain, { maxLength: 4 }), (a, b) => {
        expect(written(...structuredClone(a))).toBe(written(...a));
        // Keys are written as they come; -0 and 0 are not the same.
        const isSame = a.length === b.length && a.every((it, i) => alike(it, b[i]));
        expect(written(...a) === written(...b)).toBe(isSame);
      }),
      { numRuns: inject('propertyRuns') },
    );
  });

  it.each([
    [0, -0],
    [238, 239],
    [4_294_967_295, 4_294_967_296],
    [0.5, 1],
    ['1', 1],
    ['', []],
    ['é', '\u00ff\u00e9'],
    [{ a: [] }, { a: {} }],
    [{}, null],
    [[1], [[1]]],
    [
      { id: 'a', endpoint: 'b' },
      { id: 'a', endpoint: 'b', request: 1 },
    ],
    ['a'.repeat(70_000), `${'a'.repeat(69_999)}b`],
  ])('[X03] tells %j from %j', (a, b) => {
    expect(written(a)).not.toBe(written(b));
    expect(written(a)).toBe(written(a));
  });

  it('[X03] leaves out configurations and what is undefined', () => {
    expect(written({ config: 1, a: 2, b: undefined })).toBe(written({ a: 2 }));
  });

  it('[X03] writes a contact in full once, and then its number', () => {
    const [a, b] = [
      { id: 'ab'.repeat(20), endpoint: '192.0.2.1:6881' },
      { id: 'cd'.repeat(20), endpoint: '192.0.2.2:6881' },
    ];
    expect(written(a, b, b).length - written(a, b).length).toBe(2 * 6);
    expect(written(a, b, a)).not.toBe(written(a, b, b));
    expect(written(a, { ...a, endpoint: 'elsewhere:1' })).not.toBe(written(a, a));
  });
});

/** Whether two pieces of plain data are the same, the order of keys included. */
function alike(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value], i) => key === right[i]?.[0] && alike(value, right[i]?.[1]))
  );
}
