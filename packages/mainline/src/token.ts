/**
 * Write tokens (BEP 5): what a node must show to announce here, proof that it receives packets at its address. A token
 * is a keyed hash over (IP without port, infohash, epoch), so nothing is stored for it, and it is worthless at another
 * address, for another torrent, or two epochs later.
 *
 * The key lives in the closure of this port and nowhere else: machines say "a token for X" and hear a verdict, so no
 * state, event or trace can hold it. Nothing here keeps time: the epoch comes from whoever asks.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Entropy } from '@xorrery/coordinator';
import type { Endpoint, Id } from '@xorrery/core';
import type { SymbolicToken, TokenVerdict } from './messages.ts';

/** Milliseconds an epoch lasts. A token is good in its own epoch and the next: 5 to 10 minutes (BEP 5). */
export const TOKEN_ROTATION = 300_000;

/** Bytes of a token. A blind guess is right once in 2^64. */
export const TOKEN_BYTES = 8;

const SECRET_BYTES = 32;

/** Makes token bytes and judges those that come back. Pure, apart from the key it keeps to itself. */
export interface TokenPort {
  /** The token for whoever is at `to`, as hex. */
  mint(to: Endpoint, token: SymbolicToken): string;
  /** What these bytes, of any length, are worth when shown from `from` in epoch `now`. */
  judge(from: Endpoint, infoHash: Id, token: Uint8Array, now: number): TokenVerdict;
}

/** A token port under a fresh secret of 32 bytes: tokens do not outlive the process that minted them. */
export function keyedTokens(entropy: Entropy): TokenPort {
  const key = Buffer.from(entropy.bytes(SECRET_BYTES)).toString('hex');
  // A hash behind a secret, of which a quarter is shown: nobody can append to what three quarters of are missing, and it
  // takes a third of an HMAC's time, which is what most of an answer to get_peers would be.
  const sign = (endpoint: Endpoint, infoHash: Id, epoch: number): string =>
    hash('sha256', `${key} ${endpoint.slice(0, endpoint.lastIndexOf(':'))} ${infoHash} ${epoch}`).slice(
      0,
      2 * TOKEN_BYTES,
    );
  const isSame = (hex: string, token: Uint8Array): boolean => timingSafeEqual(Buffer.from(hex, 'hex'), token);
  return {
    mint: (to, { infoHash, epoch }) => sign(to, infoHash, epoch),
    judge(from, infoHash, token, now) {
      if (token.length !== TOKEN_BYTES) return 'bad';
      if (isSame(sign(from, infoHash, now), token)) return 'current';
      return isSame(sign(from, infoHash, now - 1), token) ? 'previous' : 'bad';
    },
  };
}
