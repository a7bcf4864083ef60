import { expect, it } from 'vitest';
import { keyedTokens } from '../src/index.ts';

const entropy = { bytes: (count: number): Uint8Array => new Uint8Array(count).fill(7) };
const tokens = keyedTokens(entropy);
const to = '192.0.2.1:7600';

it('[J70] a token is good in its own epoch and the next, from any port of the address it was given to', () => {
  const token = tokens.mint(to, { epoch: 5 });
  expect(token).toHaveLength(8);
  expect([5, 6, 7, 4].map((now) => tokens.judge('192.0.2.1:1', token, now))).toEqual([
    'current',
    'previous',
    'bad',
    'bad',
  ]);
  expect(tokens.judge('192.0.2.2:7600', token, 5)).toBe('bad');
  expect(tokens.judge('[2001:db8::1]:7600', token, 5)).toBe('bad');
});

it('[J70] of another length, or of another node, is bad', () => {
  const token = tokens.mint(to, { epoch: 5 });
  for (const length of [0, 7, 9, 60_000]) expect(tokens.judge(to, new Uint8Array(length), 5)).toBe('bad');
  expect(
    tokens.judge(
      to,
      token.map((it) => it ^ 1),
      5,
    ),
  ).toBe('bad');
  const other = keyedTokens({ bytes: (count) => new Uint8Array(count).fill(8) });
  expect(other.judge(to, token, 5)).toBe('bad');
});
