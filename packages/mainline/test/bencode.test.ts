import { describe, expect, it } from 'vitest';
import { bodyOf, endOf, integerAt, isEnd, itemsOf, MAX_DEPTH, nameAt, names, readDictionary } from '../src/bencode.ts';
import { latin1 } from './krpc-samples.ts';

const whole = (text: string): boolean => endOf(latin1(text), 0) === text.length;

describe('an item of bencode', () => {
  it.each(['0:', '4:spam', 'i0e', 'i-1e', 'i42e', 'le', 'de', 'l4:spami3ee', 'd1:ai1e1:bld1:c0:eee'])(
    'is read whole: %s',
    (text) => expect(whole(text)).toBe(true),
  );

  it('is any bytes in a string, and ends where the next begins', () => {
    expect(endOf(Buffer.from([0x33, 0x3a, 0xff, 0x00, 0x80, 0x65]), 0)).toBe(5);
    expect(endOf(latin1('i1ei2e'), 3)).toBe(6);
  });

  it('may be an integer of any size, which is read as a number only up to 2^53', () => {
    const big = latin1('i123456789012345678901234567890e');
    expect(endOf(big, 0)).toBe(big.length);
    expect(integerAt(big, 0)).toBeUndefined();
    expect(integerAt(latin1(`i${Number.MAX_SAFE_INTEGER}e`), 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(integerAt(latin1(`i-${Number.MAX_SAFE_INTEGER}e`), 0)).toBe(Number.MIN_SAFE_INTEGER);
    expect(integerAt(latin1('i9007199254740992e'), 0)).toBeUndefined();
    expect(integerAt(latin1('1:a'), 0)).toBeUndefined();
  });
});

describe('what is no bencode', () => {
  it.each([
    ['nothing', ''],
    ['a negative length', 'l-3:'],
    ['a length beyond the end', '9999999999:a'],
    ['a length beyond all numbers', `${'9'.repeat(400)}:a`],
    ['a string cut short', '5:spam'],
    ['a length with a leading zero', '04:spam'],
    ['a length without a colon', '4'],
    ['a string without a length', ':'],
    ['an integer without digits', 'ie'],
    ['a lone minus', 'i-e'],
    ['minus zero', 'i-0e'],
    ['an integer with a leading zero', 'i03e'],
    ['a negative integer with a leading zero', 'i-03e'],
    ['a plus sign', 'i+5e'],
    ['a fraction', 'i1.5e'],
    ['an integer without an end', 'i12'],
    ['a list without an end', 'li1e'],
    ['a dictionary without an end', 'd1:ai1e'],
    ['a key without a value', 'd1:ae'],
    ['a key that is an integer', 'di1ei2ee'],
    ['a key that is a list', 'dlei2ee'],
    ['an end of nothing', 'e'],
    ['another letter', 'x'],
    ['60,000 lists', 'l'.repeat(60_000)],
    ['30,000 lists, closed', 'l'.repeat(30_000) + 'e'.repeat(30_000)],
    ['20,000 dictionaries', 'd1:a'.repeat(20_000)],
  ])('is refused: %s', (_, text) => expect(endOf(latin1(text), 0)).toBe(-1));

  it('begins where nesting goes too deep, and not before', () => {
    const nested = (depth: number): string => 'l'.repeat(depth) + 'e'.repeat(depth);
    const mixed = (depth: number): string => `${'ld1:a'.repeat(depth / 2)}i1e${'ee'.repeat(depth / 2)}`;
    expect(whole(nested(MAX_DEPTH))).toBe(true);
    expect(whole(mixed(MAX_DEPTH))).toBe(true);
    expect(whole(nested(MAX_DEPTH + 1))).toBe(false);
    expect(whole(mixed(MAX_DEPTH + 2))).toBe(false);
  });
});

describe('a dictionary', () => {
  const KEYS = names('a', 'bb', '__proto__', 'missing');
  const read = (text: string): [number, ...number[]] => {
    const found = new Int32Array(KEYS.length);
    return [readDictionary(latin1(text), 0, KEYS, found), ...found];
  };

  it('tells where the values of known keys lie, in any order, whatever else it holds', () => {
    expect(read('d2:bbi1e3:abcl1:ae1:ai2ee')).toEqual([25, 21, 5, -1, -1]);
  });

  it('counts the first of repeated keys', () => {
    expect(read('d1:ai1e1:ai2ee')).toEqual([14, 4, -1, -1, -1]);
  });

  it('has no magic keys', () => {
    expect(read('d9:__proto__d1:ai1eee')).toEqual([21, -1, -1, 12, -1]);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it('is none when it is something else or cut short anywhere', () => {
    const text = 'd1:ad2:bbl4:spami-7eeee';
    expect(read(text)[0]).toBe(text.length);
    for (let end = 0; end < text.length; end++) expect(read(text.slice(0, end))[0]).toBe(-1);
    for (const other of ['le', 'i1e', '1:d', 'di1e1:ae', 'd1:a1:be1:c']) expect(read(other)[0]).not.toBe(other.length);
  });
});

it('strings, lists and names are found where they lie', () => {
  const data = latin1('l4:spami1ee');
  expect(itemsOf(data, 0)).toBe(1);
  expect(itemsOf(data, 1)).toBe(-1);
  expect(bodyOf(data, 1)).toBe(3);
  expect(bodyOf(data, 7)).toBe(-1);
  expect(bodyOf(data, data.length)).toBe(-1);
  expect(isEnd(data, 10)).toBe(true);
  expect(nameAt(data, 3, 7, names('ham', 'eggs', 'spam'))).toBe(2);
  expect(nameAt(data, 3, 6, names('ham', 'eggs', 'spam'))).toBe(-1);
});
