/**
 * Ed25519 with Node's own crypto, which is an order of magnitude faster than a portable one. A seed is used where a value
 * is put, and nowhere kept: what goes on from here is the public key and the signature.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Verifier } from '@xorrery/coordinator';
import { ConfigError } from '@xorrery/core';
import { KEY_BYTES, type MutableItem, SIGNATURE_BYTES, signedPart } from './item.ts';

/** What DER has in front of the 32 bytes of a key (RFC 8410). */
const PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');

/** Judges signatures. */
export const ed25519: Verifier = {
  verify({ publicKey, message, signature }) {
    if (publicKey.length !== 2 * KEY_BYTES || signature.length !== 2 * SIGNATURE_BYTES) return false;
    try {
      const key = Buffer.concat([PUBLIC, Buffer.from(publicKey, 'hex')]);
      const signer = createPublicKey({ key, format: 'der', type: 'spki' });
      return verify(null, Buffer.from(message, 'hex'), signer, Buffer.from(signature, 'hex'));
    } catch {
      return false;
    }
  },
};

/** The public key of a seed of 32 bytes, as hex. Throws `ConfigError`. */
export function publicKeyOf(seed: Uint8Array): string {
  const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' });
  return der.subarray(PUBLIC.length).toString('hex');
}

/** The item of the seed's owner, signed. Throws `ConfigError`. */
export function signedItem(seed: Uint8Array, part: Pick<MutableItem, 'value' | 'salt' | 'seq'>): MutableItem {
  const signature = sign(null, Buffer.from(signedPart(part), 'hex'), privateKeyOf(seed)).toString('hex');
  return { type: 'mutable', ...part, publicKey: publicKeyOf(seed), signature };
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  if (!(seed instanceof Uint8Array) || seed.length !== KEY_BYTES) {
    throw new ConfigError('seed', `must be ${KEY_BYTES} bytes`);
  }
  return createPrivateKey({ key: Buffer.concat([PRIVATE, seed]), format: 'der', type: 'pkcs8' });
}
