// A child of answer.bench.mjs: one server, whose CPU time is that of this process. Arguments: which server.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { idFromBytes, idFromHex, idInBucket } from '@xorrery/core';
import { createNode, MAINLINE_DEFAULTS } from '@xorrery/mainline';
import DHT from 'bittorrent-dht';
import { bytesFrom, cpuTime, serveParent } from './support.mjs';

const HOST = '127.0.0.1';
const SELF = idFromHex('5a'.repeat(20), 160);
const REPLY = 8;
/** Buckets that are full, as they are in a network of a few million nodes. */
const DEPTH = 20;

const bytes = bytesFrom(0x2545f491);
const idsFor = (bucketSizes) =>
  Array.from({ length: DEPTH }, (_, depth) => depth).flatMap((depth) =>
    Array.from({ length: bucketSizes[Math.min(depth, bucketSizes.length - 1)] }, () =>
      idInBucket(SELF, depth, idFromBytes(bytes(20))),
    ),
  );

/** Ours, with buckets of these sizes, limits on groups aside, for all are on one host. A contact enters by answering, so each is pinged once. */
const ours = (bucketSizes) => {
  const table = { ...MAINLINE_DEFAULTS.table, bucketSizes, caps: /** @type {'off'} */ ('off') };
  // The rate limiter is at work, and lets everything pass.
  const plenty = { perSecond: 10_000_000, burst: 100_000_000 };
  const limiter = { perHost: plenty, perNetwork: plenty, maxEntries: 10_000 };
  const responder = { ...MAINLINE_DEFAULTS.responder, limiter, maxRate: plenty };
  const config = { table, responder, exemptLocal: false };
  const node = createNode({ host: HOST, port: 0, bootstrap: [], id: SELF, config });
  return {
    ids: idsFor(bucketSizes),
    start: async () => Number((await node.start()).split(':')[1]),
    async meet(contacts) {
      for (const { port } of contacts) await node.ping(`${HOST}:${port}`);
      return node.contacts.length;
    },
  };
};

const servers = {
  /** The floor: the packet goes back as it came. */
  echo: () => {
    const socket = createSocket('udp4', (packet, { port, address }) => socket.send(packet, port, address));
    return {
      ids: [],
      start: async () => {
        socket.bind(0, HOST);
        await once(socket, 'listening');
        return socket.address().port;
      },
      meet: async () => 0,
    };
  },
  /** Theirs: it answers find_node with its whole table, so the table is wrapped to give 8. */
  'bittorrent-dht': () => {
    const dht = new DHT({ bootstrap: false, nodeId: SELF });
    const { nodes } = dht;
    const closest = nodes.closest.bind(nodes);
    nodes.closest = (target, count = REPLY) => closest(target, count);
    return {
      ids: idsFor([20]),
      start: async () => {
        await new Promise((listening) => dht.listen(0, HOST, listening));
        return dht.address().port;
      },
      async meet(contacts) {
        for (const { id, port } of contacts) dht.addNode({ id, host: HOST, port });
        return nodes.count();
      },
    };
  },
  'xorrery, buckets of 20': () => ours([20]),
  'xorrery, as it comes': () => ours(MAINLINE_DEFAULTS.table.bucketSizes),
};

const server = servers[process.argv[2]]();

serveParent({
  ids: () => server.ids,
  start: () => server.start(),
  meet: (contacts) => server.meet(contacts),
  cpu: () => cpuTime(),
});
