/**
 * Pointers to torrents (BEP 46): a mutable item whose value names an infohash, so that its owner can say which torrent is
 * the latest; and magnets that name such an item by its owner. Who follows one looks for the item first, then for peers.
 *
 * It refuses to: take a value that names no infohash for anything else, or follow a pointer to another one.
 */
import { Operation, RefusedError } from '@xorrery/coordinator';
import { type Id, idFromBytes, isId } from '@xorrery/core';
import { bodyOf, endOf, names, readDictionary } from './bencode.ts';
import { KEY_BYTES, MAX_SALT } from './item.ts';
import type { GetReport, ItemOwner } from './item-get.ts';
import type { PutValue } from './item-value.ts';
import type { Peer } from './messages.ts';
import type { MainlineNode } from './node.ts';
import type { FindPeersOptions } from './node-options.ts';
import type { Report } from './readings.ts';
import { TargetError } from './target.ts';
import { shown } from './target-text.ts';

const TOPIC = /^urn:btpk:/i;
const KEY = new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`, 'i');
const SALT = new RegExp(`^([0-9a-f]{2}){0,${MAX_SALT}}$`, 'i');
const VALUE = names('ih');
const HASH_BYTES = 20;

/** Where a pointer led. */
export interface PointedReport {
  /** How the search for the item ended; its `seq` is the version of the pointer. */
  readonly pointer: GetReport;
  /** The torrent it names; `undefined` where there is no item, or its value names none. */
  readonly infoHash: Id | undefined;
  /** How the lookup of that torrent's peers ended; `undefined` where none began. */
  readonly torrent: Report | undefined;
}

/**
 * The owner that a magnet names (`magnet:?xs=urn:btpk:KEY&s=SALT`, both in hex); `undefined` for a text that is no such
 * magnet. Throws `TargetError` when it is one, and its key or its salt is malformed.
 */
export function pointerIn(text: string): ItemOwner | undefined {
  if (!/^magnet:/i.test(text)) return undefined;
  const parts = new URLSearchParams(text.slice(text.indexOf('?') + 1));
  const source = parts.getAll('xs').find((it) => TOPIC.test(it));
  if (source === undefined) return undefined;
  const publicKey = source.replace(TOPIC, '');
  if (!KEY.test(publicKey)) {
    throw new TargetError(
      'not-a-pointer',
      `the public key in the magnet '${shown(text)}' is not ${2 * KEY_BYTES} hex digits`,
    );
  }
  const salt = parts.get('s') ?? '';
  if (!SALT.test(salt)) {
    throw new TargetError(
      'not-a-pointer',
      `the salt in the magnet '${shown(text)}' is not at most ${MAX_SALT} bytes in hex`,
    );
  }
  return { publicKey: publicKey.toLowerCase(), salt: Buffer.from(salt, 'hex') };
}

/** The value to put, as a mutable item, so that it points to a torrent. Throws `TargetError`. */
export function pointerTo(infoHash: Id): PutValue {
  if (!isId(infoHash, 8 * HASH_BYTES))
    throw new TargetError('no-infohash', `no infohash: '${shown(String(infoHash))}'`);
  const bencoded = Buffer.concat([Buffer.from(`d2:ih${HASH_BYTES}:`), Buffer.from(infoHash, 'hex'), Buffer.from('e')]);
  return { bencoded };
}

/** The infohash that a value names, bencoded as it is; `undefined` when it names none. */
export function pointedBy(bencoded: Uint8Array): Id | undefined {
  const found = new Int32Array(1);
  if (readDictionary(bencoded, 0, VALUE, found) !== bencoded.length) return undefined;
  const [at = -1] = found;
  const body = at === -1 ? -1 : bodyOf(bencoded, at);
  if (body === -1 || endOf(bencoded, at) - body !== HASH_BYTES) return undefined;
  return idFromBytes(bencoded.subarray(body, body + HASH_BYTES));
}

/** Looks for the item of an owner, then for the peers of the torrent it names. Iterate it for peers as they come. Throws where `get` does. */
export function findPointed(
  node: Pick<MainlineNode, 'get' | 'findPeers'>,
  owner: ItemOwner,
  options: FindPeersOptions = {},
): Operation<Peer, PointedReport> {
  const { noseed: _, ...either } = options;
  const search = node.get(owner, either);
  return new Operation(search.id, async (add) => {
    const pointer = await search;
    const infoHash = pointer.bencoded && pointedBy(pointer.bencoded);
    if (infoHash === undefined) return { pointer, infoHash, torrent: undefined };
    try {
      const lookup = node.findPeers(infoHash, options);
      for await (const peer of lookup) add([peer]);
      return { pointer, infoHash, torrent: await lookup };
    } catch (error) {
      // Aborted or closed between the two, or no room for the second.
      if (error instanceof RefusedError || options.signal?.aborted === true)
        return { pointer, infoHash, torrent: undefined };
      throw error;
    }
  });
}
