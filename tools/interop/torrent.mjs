// A torrent without a tracker, made so that a node of our choice is among the eight nearest to its infohash: then
// it is told of its peers and asked for them, though there are others.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bencode from 'bencode';

const BYTES = 1_000_000;
const PIECE = 65_536;
/** Hex digits that infohash and node id have in common: no eight of a dozen others will be nearer. */
const SHARED = 2;

/** @typedef {{ file: string, bytes: Buffer, data: Buffer, folder: string, name: string, infoHash: string }} Torrent */

/** @param {string | Buffer} data */
const sha1 = (data) => createHash('sha1').update(data).digest();

/** Writes a file of random bytes into `folder/seed`, and its torrent beside it. @param {string} folder @param {string} name @param {string} nearest @returns {Torrent} */
export const makeTorrent = (folder, name, nearest) => {
  const data = randomBytes(BYTES);
  const pieces = [];
  for (let at = 0; at < BYTES; at += PIECE) pieces.push(sha1(data.subarray(at, at + PIECE)));
  for (let salt = 0; ; salt++) {
    const info = { length: BYTES, name, 'piece length': PIECE, pieces: Buffer.concat(pieces), salt };
    const infoHash = sha1(Buffer.from(bencode.encode(info))).toString('hex');
    if (!infoHash.startsWith(nearest.slice(0, SHARED))) continue;
    const seed = join(folder, 'seed');
    mkdirSync(seed, { recursive: true });
    writeFileSync(join(seed, name), data);
    const file = join(folder, `${name}.torrent`);
    const bytes = Buffer.from(bencode.encode({ info }));
    writeFileSync(file, bytes);
    return { file, bytes, data, folder: seed, name, infoHash };
  }
};
