/**
 * Tokens: proof that somebody receives packets at its address, which is what it takes to store here and to be sent long
 * values. A token is a keyed hash over (IP without port, epoch): nothing is stored for it, and it is worthless at
 * another address, or two epochs later.
 *
 * The key lives in the closure of this port and nowhere else: machines say "a token" and hear a verdict, so no state,
 * event or trace can hold it. Nothing here keeps time: the epoch comes from whoever asks.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { Entropy } from '@xorrery/coordinator';
import type { Endpoint } from '@xorrery/core';
import type { SymbolicToken, TokenVerdict } from './messages.ts';

/** Milliseconds an epoch lasts. A token is good in its own epoch and the next. */
export const TOKEN_ROTATION = 300_000;

const TOKEN_BYTES = 8;
const SECRET_BYTES = 32;

/** Makes token bytes and judges those that come back. Pure, apart from the key it keeps to itself. */
export interface TokenPort {
  /** The token for whoever is at `to`. */
  mint(to: Endpoint, token: SymbolicToken): Uint8Array;
  /** What these bytes, of any length, are worth when shown from `from` in epoch `now`. */
  judge(from: Endpoint, token: Uint8Array, now: number): TokenVerdict;
}

/** A token port under a fresh secret: tokens do not outlive the process that minted them. */
export function keyedTokens(entropy: Entropy): TokenPort {
  const key = createSecretKey(entropy.bytes(SECRET_BYTES));
  const sign = (endpoint: Endpoint, epoch: number): Buffer =>
    createHmac('sha256', key)
      .update(`${endpoint.slice(0, endpoint.lastIndexOf(':'))} ${epoch}`)
      .digest()
      .subarray(0, TOKEN_BYTES);
  return {
    mint: (to, { epoch }) => sign(to, epoch),
    judge(from, token, now) {
      if (token.length !== TOKEN_BYTES) return 'bad';
      if (timingSafeEqual(sign(from, now), token)) return 'current';
      return timingSafeEqual(sign(from, now - 1), token) ? 'previous' : 'bad';
    },
  };
}
