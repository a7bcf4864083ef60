import { describe, expect, it } from 'vitest';
import { bindHosts, bootstrap, duration, host, nodeId, seedsOf, wholeNumber } from '../src/args.ts';

const hex = '0123456789abcdef0123456789abcdef01234567';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1.5s', 1_500],
    ['24h', 86_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  it.each(['', '5', 's', '5 s', '-1s', '5d', '1e3ms', '0s', '25h', '0.1ms', '٣s'])(
    "refuses '%s' and says why",
    (text) => {
      expect(() => duration(text)).toThrow(/^want a duration/);
    },
  );
});

describe('whole numbers', () => {
  it('takes both ends of the range', () => {
    expect([wholeNumber(3, 512)('3'), wholeNumber(3, 512)('512')]).toEqual([3, 512]);
  });

  it.each(['2', '513', '', '3.5', '1e2', ' 4', '0x10', '-4', 'ten', '9'.repeat(40)])("refuses '%s'", (text) => {
    expect(() => wholeNumber(3, 512)(text)).toThrow('want a whole number from 3 to 512');
  });
});

describe('ids', () => {
  it('reads 40 hex digits in either case', () => {
    expect(nodeId(hex.toUpperCase())).toBe(hex);
  });

  it.each([hex.slice(1), `${hex}0`, 'g'.repeat(40), ''])("refuses '%s'", (text) => {
    expect(() => nodeId(text)).toThrow(/^want 40 hex digits/);
  });
});

describe('bootstrap endpoints', () => {
  it('[T21] repeat: each one given is kept, in order', () => {
    const given = ['a.example:1', '127.0.0.1:2', 'b.example:3'];
    const kept = given.reduce<readonly string[] | undefined>((all, it) => bootstrap(it, all), undefined);
    expect(seedsOf(kept)).toEqual(given);
  });

  it("are the public ones when left out, and nobody for 'none'", () => {
    expect(seedsOf(undefined).length).toBeGreaterThan(1);
    expect(seedsOf(bootstrap('none', undefined))).toEqual([]);
  });

  it.each([
    ['foo', 'want host:port, or none'],
    ['1.2.3.4:0', 'the port must be 1 to 65535'],
    ['1.2.3.4:65536', 'the port must be 1 to 65535'],
    ['::1:6881', 'write an IPv6 address as [address]:port'],
    ['[1.2.3.4]:1', 'no IPv6 address between the brackets'],
    ['', 'want host:port, or none'],
  ])("'%s' is refused: %s", (text, why) => {
    expect(() => bootstrap(text, undefined)).toThrow(why);
  });

  it("do not mix 'none' with others; families may mix", () => {
    expect(bootstrap('[::1]:1', ['127.0.0.1:1'])).toEqual(['127.0.0.1:1', '[::1]:1']);
    expect(() => bootstrap('none', ['127.0.0.1:1'])).toThrow("'none' stands alone");
    expect(() => bootstrap('127.0.0.1:1', ['none'])).toThrow("'none' stands alone");
  });
});

describe('addresses to bind', () => {
  it('are kept as given, each of them; a name is refused', () => {
    expect(host('::1', host('127.0.0.1', undefined))).toEqual(['127.0.0.1', '::1']);
    expect(() => host('localhost', undefined)).toThrow('want an IPv4 or IPv6 address');
  });

  it.each([
    [['127.0.0.1:1', '192.0.2.1:2'], ['0.0.0.0'], ['0.0.0.0']],
    [['[2001:db8::1]:1', '[::1]:1'], ['::'], ['::']],
    [
      ['127.0.0.1:1', '[::1]:1'],
      ['0.0.0.0', '::'],
      ['0.0.0.0', '::'],
    ],
    [['router.example:1'], ['0.0.0.0'], ['0.0.0.0', '::']],
    [
      ['[::1]:1', 'router.example:1'],
      ['0.0.0.0', '::'],
      ['0.0.0.0', '::'],
    ],
    [[], ['0.0.0.0'], ['0.0.0.0']],
  ])('of a short-lived node suit whom it asks: %j -> %j, with IPv6 at hand %j', (seeds, without, with6) => {
    expect(bindHosts(seeds, () => false)).toEqual(without);
    expect(bindHosts(seeds, () => true)).toEqual(with6);
  });
});
