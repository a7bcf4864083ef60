// Items of BEP 44: put by libtorrent and by our command line, got by both, and kept between the two by our node alone. Who
// put an item is gone before anybody asks for it.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOurs, startLibtorrent, startOurs, untilMet } from './clients.mjs';
import { keysOf } from './keys.mjs';

/** @typedef {import('./lab.mjs').Lab} Lab */
/** @typedef {import('./clients.mjs').Ours} Ours */
/** @typedef {{ seed: Buffer, salt: string, value: string }} Mutable */

const hex = (/** @type {string} */ text) => Buffer.from(text).toString('hex');

/** @returns {Mutable} */
const newMutable = () => ({ seed: randomBytes(32), salt: 'salt', value: `mutable ${randomBytes(8).toString('hex')}` });

/** @param {unknown} actual @param {unknown} expected @param {string} what */
const same = (actual, expected, what) => {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
};

/** libtorrent puts both kinds of item, and is gone; the immutable one's target. @param {Lab} lab @param {Ours} ours @param {string} value @param {Mutable} mutable */
const putByLibtorrent = async (lab, ours, value, mutable) => {
  const { log, address } = await startLibtorrent(lab, ours);
  await untilMet(ours, address);
  log.tell({ do: 'put-immutable', value: hex(value) });
  const { target } = await log.wait((it) => it.event === 'putting', 'it began to put');
  const put = await log.wait((it) => it.event === 'put' && it.target === target, 'it had put the immutable item');
  same(put.stored, 1, 'nodes that took the immutable item');
  const keys = keysOf(mutable.seed);
  log.tell({ do: 'put-mutable', ...keys, value: hex(mutable.value), salt: hex(mutable.salt) });
  const second = await log.wait((it) => it.event === 'put' && it !== put, 'it had put the mutable item');
  same(second.stored, 1, 'nodes that took the mutable item');
  await lab.end(log.child);
  return /** @type {string} */ (target);
};

/** A libtorrent that comes new gets both. @param {Lab} lab @param {Ours} ours @param {string} target @param {string} value @param {Mutable} mutable @param {number} seq */
const gotByLibtorrent = async (lab, ours, target, value, mutable, seq) => {
  const { log, address } = await startLibtorrent(lab, ours);
  await untilMet(ours, address);
  log.tell({ do: 'get-immutable', target });
  const immutable = await log.wait((it) => it.event === 'immutable', 'it had the immutable item');
  same(immutable.value, hex(value), 'the immutable item');
  log.tell({ do: 'get-mutable', public: keysOf(mutable.seed).public, salt: hex(mutable.salt) });
  const found = await log.wait((it) => it.event === 'mutable' && it.authoritative, 'it had the mutable item');
  same(found.value, hex(mutable.value), 'the mutable item');
  same(found.seq, seq, 'its number');
};

/** @param {Lab} lab */
const libtorrentToLibtorrent = async (lab) => {
  const ours = await startOurs(lab);
  const [value, mutable] = [`immutable ${randomBytes(8).toString('hex')}`, newMutable()];
  const target = await putByLibtorrent(lab, ours, value, mutable);
  await gotByLibtorrent(lab, ours, target, value, mutable, 1);
  return 'immutable and mutable, kept by our node';
};

/** @param {Lab} lab */
const libtorrentToOurs = async (lab) => {
  const ours = await startOurs(lab);
  const [value, mutable] = [`immutable ${randomBytes(8).toString('hex')}`, newMutable()];
  const target = await putByLibtorrent(lab, ours, value, mutable);
  const immutable = await runOurs(lab, 'get', target, '--bootstrap', ours.endpoint);
  same(immutable.value, value, 'the immutable item');
  const { public: key } = keysOf(mutable.seed);
  const found = await runOurs(lab, 'get', key, '--salt', mutable.salt, '--bootstrap', ours.endpoint);
  same(found.value, mutable.value, 'the mutable item');
  same(found.signatureValid, true, 'its signature is valid');
  return `immutable, and mutable with seq ${found.seq}`;
};

/** @param {Lab} lab */
const oursToLibtorrent = async (lab) => {
  const ours = await startOurs(lab);
  const [value, mutable] = [`immutable ${randomBytes(8).toString('hex')}`, newMutable()];
  const { target, stored } = await runOurs(lab, 'put', value, '--bootstrap', ours.endpoint);
  same(stored, 1, 'nodes that took the immutable item');
  const keyFile = join(lab.folder, 'put.key');
  writeFileSync(keyFile, mutable.seed.toString('hex'), { mode: 0o600 });
  const options = ['--mutable', '--key', keyFile, '--salt', mutable.salt, '--seq', '7'];
  const put = await runOurs(lab, 'put', mutable.value, ...options, '--bootstrap', ours.endpoint);
  same(put.stored, 1, 'nodes that took the mutable item');
  await gotByLibtorrent(lab, ours, target, value, mutable, 7);
  return `immutable, and mutable with seq ${put.seq}`;
};

/** @type {readonly import('./checks.mjs').Check[]} */
export const items = [
  { name: 'items-libtorrent', about: 'put and got by libtorrent', run: libtorrentToLibtorrent },
  { name: 'items-get', about: 'put by libtorrent, got by us', run: libtorrentToOurs },
  { name: 'items-put', about: 'put by us, got by libtorrent', run: oursToLibtorrent },
];
