// A child of lookups.bench.mjs: one implementation's network of real UDP nodes in this process. Argument: which one.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { idFromBytes } from '@xorrery/core';
import { createNode, MAINLINE_DEFAULTS } from '@xorrery/mainline';
import { bytesFrom, cpuTime, memoryInUse, serveParent } from './support.mjs';

const HOST = '127.0.0.1';
const K = 20;

const chance = bytesFrom(0x3c6ef372);
const below = (bound) => new DataView(chance(4).buffer).getUint32(0) % bound;
const bytesOf = (length) => Buffer.from(chance(length));

const freePort = async () => {
  const socket = createSocket('udp4').bind(0, HOST);
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise((closed) => socket.close(() => closed(undefined)));
  return port;
};

/** Each starts a node that joins through the endpoints given, and does a lookup: whom it found and how many it asked. */
const kinds = {
  xorrery: async () => ({
    idBytes: 20,
    /** k = 20 everywhere; in all else as it comes. */
    async start(bootstrap) {
      const config = {
        query: { ...MAINLINE_DEFAULTS.query, k: K },
        table: { ...MAINLINE_DEFAULTS.table, bucketSizes: [K] },
        replySize: K,
      };
      const node = createNode({ host: HOST, port: 0, bootstrap, id: idFromBytes(bytesOf(20)), config });
      const endpoint = await node.start();
      await node.joined();
      return {
        id: node.id,
        endpoint,
        contacts: () => node.contacts.length,
        async lookup(target) {
          const { closest, counts } = await node.findNode(idFromBytes(target));
          return { found: closest.map(({ id }) => id), queries: counts.requests };
        },
        stop: () => node.close(),
      };
    },
  }),
  /**
   * Its table is wrapped to answer find_node with 20 nodes, not with all it knows. A lookup is k-rpc's `closest` with
   * find_node, which is what its own `lookup` does but for the tokens; what it found is the 20 closest that answered.
   */
  'bittorrent-dht': async () => {
    const { default: DHT } = await import('bittorrent-dht');
    return {
      idBytes: 20,
      async start(bootstrap) {
        const dht = new DHT({ host: HOST, bootstrap: bootstrap.length > 0 && bootstrap, nodeId: bytesOf(20) });
        const { nodes, _rpc: rpc } = dht;
        const closest = nodes.closest.bind(nodes);
        nodes.closest = (target, count = K) => closest(target, count);
        const ready = new Promise((resolve) => dht.once('ready', resolve));
        await new Promise((listening) => dht.listen(0, HOST, listening));
        await ready;
        let queries = 0;
        const query = rpc.socket.query.bind(rpc.socket);
        rpc.socket.query = (...args) => {
          queries++;
          return query(...args);
        };
        return {
          id: dht.nodeId.toString('hex'),
          endpoint: `${HOST}:${dht.address().port}`,
          contacts: () => nodes.count(),
          lookup: (target) =>
            new Promise((resolve, reject) => {
              const before = queries;
              const found = [];
              const visit = ({ r }) => found.push(r.id.toString('hex')) > 0;
              rpc.closest(target, { q: 'find_node', a: { id: dht.nodeId, target } }, visit, (error) => {
                if (error) reject(error);
                else resolve({ found: nearest(found, target.toString('hex')), queries: queries - before });
              });
            }),
          stop: () => new Promise((closed) => dht.destroy(closed)),
        };
      },
    };
  },
  /** Its ids are hashes of endpoints, 32 bytes. A node that is not told that it is for good gives no id away. */
  'dht-rpc': async () => {
    const { default: DHT } = await import('dht-rpc');
    return {
      idBytes: 32,
      async start(bootstrap) {
        const options = { host: HOST, bootstrap, ephemeral: false, firewalled: false, anyPort: false };
        // The first has nobody to tell it its endpoint, so it is told at once, and that takes a port known before.
        const dht = bootstrap.length > 0 ? new DHT(options) : DHT.bootstrapper(await freePort(), HOST, options);
        await dht.fullyBootstrapped();
        return {
          id: dht.id.toString('hex'),
          endpoint: `${HOST}:${dht.address().port}`,
          contacts: () => dht.toArray().length,
          async lookup(target) {
            const before = dht.stats.commands.findNode.tx;
            const query = dht.findNode(target);
            await query.finished();
            const found = query.closestReplies.map(({ from }) => from.id.toString('hex'));
            return { found, queries: dht.stats.commands.findNode.tx - before };
          },
          stop: () => dht.destroy(),
        };
      },
    };
  },
};

const isNearer = (target) => (a, b) => {
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const t = Number.parseInt(target[i], 16);
    return (Number.parseInt(a[i], 16) ^ t) - (Number.parseInt(b[i], 16) ^ t);
  }
  return 0;
};

/** The k nearest of these ids, by brute force. */
const nearest = (ids, target) => [...ids].sort(isNearer(target)).slice(0, K);

const network = async ({ start }, size) => {
  const nodes = [];
  for (let i = 0; i < size; i++) nodes.push(await start(nodes.slice(0, 1).map(({ endpoint }) => endpoint)));
  return nodes;
};

const kind = await kinds[process.argv[2]]();
let nodes = [];

/** One lookup by a node at random for a target at random, and how much of the truth it found. */
const look = async () => {
  const asker = nodes[below(nodes.length)];
  const target = bytesOf(kind.idBytes);
  const start = performance.now();
  const { found, queries } = await asker.lookup(target);
  return { asker, target: target.toString('hex'), found, queries, elapsed: performance.now() - start };
};

const recallOf = ({ asker, target, found }) => {
  const others = nodes.filter((node) => node !== asker).map(({ id }) => id);
  const truth = nearest(others, target);
  return truth.filter((id) => found.includes(id)).length / truth.length;
};

serveParent({
  /** Builds the network; memory a node is what all of them added to a process that had run a few already. */
  async build(size) {
    nodes = await network(kind, 5);
    for (let i = 0; i < 20; i++) await look();
    await Promise.all(nodes.map((node) => node.stop()));
    nodes = [];
    const before = await memoryInUse();
    const start = performance.now();
    nodes = await network(kind, size);
    const joining = (performance.now() - start) / size;
    for (let i = 0; i < size; i++) await look();
    const memory = (await memoryInUse()) - before;
    const contacts = nodes.reduce((sum, node) => sum + node.contacts(), 0) / size;
    return { memory: memory / size, joining, contacts };
  },
  /** Does `count` lookups, one after the other. Only the lookups themselves are on the clock. */
  async look(count) {
    const before = cpuTime();
    const lookups = [];
    for (let i = 0; i < count; i++) lookups.push(await look());
    const cpu = (cpuTime() - before) / count;
    return {
      cpu,
      queries: lookups.map(({ queries }) => queries),
      elapsed: lookups.map(({ elapsed }) => elapsed),
      recall: lookups.map(recallOf),
    };
  },
  close: async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  },
});
