/** The filters of BEP 33. */
import { describe, expect, it } from 'vitest';
import { estimateOf, filterOf, mark, marksOf, marksOfHash, mergedFilters, zerosOf } from '../src/bloom.ts';
import { endpointAt } from '../src/compact.ts';
import { hexOf } from '../src/hex.ts';
import items from './fixtures/items.json' with { type: 'json' };

const v4 = Array.from({ length: 256 }, (_, i) => `192.0.2.${i}:1`);
const v6 = Array.from({ length: 1_000 }, (_, i) => {
  const compact = new Uint8Array(18);
  compact.set([0x20, 0x01, 0x0d, 0xb8]);
  compact.set([i >> 8, i & 255, 0, 1], 14);
  return endpointAt(compact, 0, 6) as string;
});

describe('a filter', () => {
  it.each([
    ['BEP33 full', [...v4, ...v6]],
    ['libtorrent v4 only', v4],
  ])('[S82] %s: the very bits, and the estimate', (name, endpoints) => {
    const vector = items.bep33.find((it) => it.name === name);
    const filter = filterOf(endpoints.map(marksOf));
    expect([endpoints.length, filter]).toEqual([vector?.count, vector?.bloom_hex]);
    expect(estimateOf(filter)).toBeCloseTo(vector?.computed_estimate ?? 0, 9);
    expect(estimateOf(filter)).toBeCloseTo(vector?.estimate ?? 0, 2);
  });

  it('[S82] 32-bit filter: bits set by their indices, and those that are not set counted', () => {
    expect(items.bep33_bits[0]?.name).toBe('32-bit filter set even bits');
    const small = new Uint8Array(4);
    for (let i = 0; i < 32; i += 2) mark(small, marksOfHash(Uint8Array.of(i, 0, i, 0)));
    expect(hexOf(small)).toBe('55555555');
    const given = Uint8Array.of(0x00, 0xff, 0x55, 0xaa);
    expect(zerosOf(hexOf(given))).toBe(16);
    mark(given, marksOfHash(Uint8Array.of(4, 0, 4, 0)));
    expect([hexOf(given), zerosOf(hexOf(given))]).toEqual(['10ff55aa', 15]);
    mark(given, marksOfHash(Uint8Array.of(1, 0, 2, 0)));
    expect(hexOf(given)).toBe('16ff55aa');
  });

  it('is of addresses alone, whatever their ports; what has no address is not in it', () => {
    expect(marksOf('192.0.2.1:1')).toBe(marksOf('192.0.2.1:65535'));
    expect(marksOf('localhost:1')).toBe(-1);
    expect(filterOf([-1])).toBe('00'.repeat(256));
  });

  it('of all is that of each laid over each other; of nobody it is empty', () => {
    const halves = [v4.slice(0, 100), v4.slice(50)].map((part) => filterOf(part.map(marksOf)));
    expect(mergedFilters(halves)).toBe(filterOf(v4.map(marksOf)));
    expect(mergedFilters([])).toBe('00'.repeat(256));
    expect(estimateOf(mergedFilters([]))).toBe(0);
  });
});
