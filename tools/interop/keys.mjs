// One Ed25519 key in the two forms it comes in: the 32-byte seed that our command line keeps, and the expanded 64 bytes that
// libtorrent signs with.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

/** What stands before the seed in PKCS 8 (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Public and expanded private key, in hex. @param {Buffer} seed */
export const keysOf = (seed) => {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  const expanded = createHash('sha512').update(seed).digest();
  expanded.writeUInt8(expanded.readUInt8(0) & 248, 0);
  expanded.writeUInt8((expanded.readUInt8(31) & 63) | 64, 31);
  return { public: Buffer.from(x, 'base64url').toString('hex'), private: expanded.toString('hex') };
};
