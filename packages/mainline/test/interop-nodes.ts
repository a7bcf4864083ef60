/**
 * Nodes of two teams behind one face, over UDP on loopback: ours, and those of the npm package `bittorrent-dht`.
 *
 * What that package does otherwise than we would expect, as of 11.0:
 * - It enters whoever asks it anything in its table at once, without a ping of its own. We ping first.
 * - A get_peers reply of it that holds values holds no nodes, and where it is asked for nodes it sends its whole table.
 * - Its tokens are SHA-1 over address and secret, the same for every infohash; ours are good for one infohash only.
 * - It announces to every node of its last lookup that gave a token, all of them if the network is small.
 * - With the option `host` an announce is also stored at the announcer itself; without it, a node never finds the
 *   peer it announced itself when it is asked by its own application.
 * - It keeps at most 16 queries in flight, over all its lookups, and gives each 2 to 2.5 s. It never retries.
 * - An answer counts from any port of the host that was asked, and `ready` comes whether or not anybody answered.
 * - `peer` is emitted once for each reply that names the peer, not once for each peer.
 */
import { once } from 'node:events';
import type { Id } from '@xorrery/core';
import DHT from 'bittorrent-dht';
import { createNode, type MainlineNode } from '../src/node.ts';

export const HOST = '127.0.0.1';

/** Longest wait for anything that takes milliseconds when it works. */
const PATIENCE = 10_000;

/** A node of either team. */
export interface Member {
  readonly team: 'ours' | 'theirs';
  readonly endpoint: string;
  readonly id: string;
  /** Ids of the nodes in its table. */
  table(): readonly string[];
  /** How many nodes took it. */
  announce(infoHash: Id, port: number): Promise<number>;
  /** The endpoints of the peers that were found, in order. */
  lookup(infoHash: Id): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The promise, or a failure that says what was waited for. */
export const within = async <T>(what: string, promise: PromiseLike<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE} ms for ${what}`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Starts a node of ours that joins through `bootstrap`, and waits until the join is reported. */
export const ours = async (bootstrap: readonly string[]): Promise<Member & { readonly node: MainlineNode }> => {
  const node = createNode({ host: HOST, port: 0, bootstrap });
  const endpoint = await node.start();
  await within('our join', node.joined());
  return {
    team: 'ours',
    node,
    endpoint,
    id: node.id,
    table: () => node.contacts.map(({ id }) => id).sort(),
    announce: async (infoHash, port) => (await within('our announce', node.announce(infoHash, { port }))).stored.length,
    lookup: async (infoHash) =>
      (await within('our lookup', node.findPeers(infoHash))).values.map(({ key }) => key).sort(),
    close: () => node.close(),
  };
};

/** Starts a node of theirs that joins through `bootstrap`, and waits until it calls itself ready. */
export const theirs = async (bootstrap: readonly string[]): Promise<Member & { readonly dht: DHT }> => {
  const dht = new DHT({ host: HOST, bootstrap: bootstrap.length > 0 && bootstrap });
  await within('their socket', new Promise<void>((listening) => dht.listen(0, HOST, listening)));
  if (dht.ready !== true) await within('their bootstrap', once(dht, 'ready'));
  return {
    team: 'theirs',
    dht,
    endpoint: `${HOST}:${dht.address().port}`,
    id: dht.nodeId.toString('hex'),
    table: () =>
      dht.nodes
        .toArray()
        .map(({ id }) => id.toString('hex'))
        .sort(),
    announce: (infoHash, port) =>
      within(
        'their announce',
        new Promise((resolve, reject) => {
          dht.announce(Buffer.from(infoHash, 'hex'), port, (error, n) => (error === null ? resolve(n) : reject(error)));
        }),
      ),
    lookup: async (infoHash) => {
      const found = new Set<string>();
      const collect = ({ host, port }: { host: string; port: number }, of: Buffer): void => {
        if (of.toString('hex') === infoHash) found.add(`${host}:${port}`);
      };
      dht.on('peer', collect);
      const done = new Promise<void>((resolve, reject) => {
        dht.lookup(Buffer.from(infoHash, 'hex'), (error) => (error === null ? resolve() : reject(error)));
      });
      await within('their lookup', done).finally(() => dht.off('peer', collect));
      return [...found].sort();
    },
    close: () => new Promise((closed) => dht.destroy(closed)),
  };
};
