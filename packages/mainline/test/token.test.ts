import type { Endpoint } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { keyedTokens, TOKEN_BYTES, TOKEN_ROTATION } from '../src/token.ts';
import { EPOCH, idOf, tokensOf } from './krpc-samples.ts';

const HASH = idOf('mnopqrstuvwxyz123456');
const OTHER = idOf('abcdefghij0123456789');
const HOME = '192.0.2.7:6881';

const tokens = tokensOf(1);
const bytes = (from: Endpoint, epoch: number, infoHash = HASH): Buffer =>
  Buffer.from(tokens.mint(from, { infoHash, epoch }), 'hex');

describe('a token', () => {
  it('[J70][X14] is good in its epoch and the next, and neither before nor after', () => {
    const token = bytes(HOME, EPOCH);
    const verdicts = [-1, 0, 1, 2, 3].map((later) => tokens.judge(HOME, HASH, token, EPOCH + later));
    expect(verdicts).toEqual(['bad', 'current', 'previous', 'bad', 'bad']);
  });

  it('[J70] lasts 5 to 10 minutes, to the millisecond', () => {
    const at = (now: number) => tokens.judge(HOME, HASH, bytes(HOME, 1), Math.floor(now / TOKEN_ROTATION));
    expect(TOKEN_ROTATION).toBe(5 * 60_000);
    expect([at(300_000), at(599_999), at(600_000), at(899_999), at(900_000)]).toEqual([
      'current',
      'current',
      'previous',
      'previous',
      'bad',
    ]);
  });

  it('[X14] belongs to an IP, whatever the port', () => {
    expect(tokens.judge('192.0.2.7:1', HASH, bytes(HOME, EPOCH), EPOCH)).toBe('current');
    expect(tokens.judge('192.0.2.8:6881', HASH, bytes(HOME, EPOCH), EPOCH)).toBe('bad');
    expect(tokens.judge('[2001:db8::1]:2', HASH, bytes('[2001:db8::1]:1', EPOCH), EPOCH)).toBe('current');
    expect(tokens.judge('[2001:db8::2]:1', HASH, bytes('[2001:db8::1]:1', EPOCH), EPOCH)).toBe('bad');
  });

  it('[X14] belongs to an infohash', () => {
    expect(tokens.judge(HOME, OTHER, bytes(HOME, EPOCH), EPOCH)).toBe('bad');
    expect(tokens.judge(HOME, OTHER, bytes(HOME, EPOCH, OTHER), EPOCH)).toBe('current');
  });

  it('[X14] belongs to a secret, of 32 bytes drawn once', () => {
    expect(tokensOf(2).judge(HOME, HASH, bytes(HOME, EPOCH), EPOCH)).toBe('bad');
    const drawn: number[] = [];
    const port = keyedTokens({
      bytes: (count) => {
        drawn.push(count);
        return new Uint8Array(count);
      },
    });
    port.mint(HOME, { infoHash: HASH, epoch: 1 });
    port.mint(HOME, { infoHash: HASH, epoch: 2 });
    expect(drawn).toEqual([32]);
    expect(JSON.stringify(port)).toBe('{}');
  });

  it('is bad when its length is off, or when a bit is', () => {
    const token = bytes(HOME, EPOCH);
    expect(token).toHaveLength(TOKEN_BYTES);
    for (let length = 0; length < 40; length++) {
      if (length !== TOKEN_BYTES) expect(tokens.judge(HOME, HASH, Buffer.alloc(length, token), EPOCH)).toBe('bad');
    }
    for (let bit = 0; bit < TOKEN_BYTES * 8; bit++) {
      const flipped = Buffer.from(token);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(tokens.judge(HOME, HASH, flipped, EPOCH)).toBe('bad');
    }
  });

  it('[F22] of one address helps nobody to guess that of another: 0 of 1,000', () => {
    // The thief holds a token for each of two addresses of his own, and tries all a linear checksum would give away.
    const word = (token: Buffer): bigint => token.readBigUInt64BE();
    const [a, b] = [word(bytes('192.0.2.1:1', EPOCH)), word(bytes('192.0.2.2:1', EPOCH))];
    const guess = (value: bigint): Buffer => {
      const token = Buffer.alloc(8);
      token.writeBigUInt64BE(BigInt.asUintN(64, value));
      return token;
    };
    let accepted = 0;
    for (let i = 0; i < 1000; i++) {
      const victim = `10.${i & 255}.${i >> 8}.${(i * 37) & 255}:6881`;
      const step = [b - a, (b - a) * BigInt(i), a ^ b ^ BigInt(i), 1n][i & 3] ?? 0n;
      const guesses = [a, a + step, a ^ step].map(guess);
      if (guesses.some((token) => tokens.judge(victim, HASH, token, EPOCH) !== 'bad')) accepted++;
    }
    expect(accepted).toBe(0);
  });
});
