// Nodes over UDP in a process of their own, at work: soak-nodes.mjs NODES SECONDS, under node --expose-gc.
// Each moment one looks, another announces; now and then one goes and another comes. A line of JSON is written when all
// have joined, after a fifth of the time, at the end, and before it ends itself. Whatever goes unhandled ends it at once.
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createNode, RefusedError } from '@xorrery/mainline';

const [count = 0, seconds = 0] = process.argv.slice(2).map(Number);
/** ms from one operation to the next, and from one departure to the next. */
const PACE = 20;
const CHURN = 2_000;
/** Torrents, and peers in each: few, so that what nodes store is soon complete. */
const TORRENTS = 50;
const PEERS = 20;

process.on('unhandledRejection', (error) => {
  process.stderr.write(`unhandled: ${error}\n`);
  process.exit(3);
});

const say = (/** @type {object} */ line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Memory that is really in use, and open descriptors. */
const measure = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  return { heap: process.memoryUsage().heapUsed, descriptors: readdirSync('/proc/self/fd').length };
};

let drawn = 1;
/** A whole number below `bound`; the same ones in each run. */
const below = (/** @type {number} */ bound) => {
  drawn = (Math.imul(drawn, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((drawn / 4_294_967_296) * bound);
};

/** @type {import('@xorrery/mainline').MainlineNode[]} */
const nodes = [];
/** @type {string[]} */
const endpoints = [];
const arrive = async (/** @type {number} */ place) => {
  const node = createNode({ host: '127.0.0.1', port: 0, bootstrap: endpoints.slice(0, 1) });
  endpoints[place] = await node.start();
  nodes[place] = node;
  if (endpoints.length > 1) await node.joined();
};

for (let place = 0; place < count; place++) await arrive(place);
say({ event: 'joined', nodes: nodes.length });

const counts = { begun: 0, ended: 0, refused: 0, found: 0, stored: 0, departed: 0 };
const infoHashOf = (/** @type {number} */ n) =>
  /** @type {import('@xorrery/core').Id} */ ((n + 16).toString(16).repeat(20));
const operate = async () => {
  counts.begun++;
  const node = /** @type {import('@xorrery/mainline').MainlineNode} */ (nodes[below(count)]);
  const infoHash = infoHashOf(below(TORRENTS));
  const isAnnounce = below(3) === 0;
  try {
    if (isAnnounce) {
      const { stored } = await node.announce(infoHash, { port: 1 + below(PEERS) });
      counts.stored += stored.length;
    } else {
      const { values } = await node.findPeers(infoHash);
      counts.found += values.length;
    }
    counts.ended++;
  } catch (error) {
    // It is the one that goes just now.
    if (!(error instanceof RefusedError)) throw error;
    counts.refused++;
  }
};

const start = performance.now();
const elapsed = () => performance.now() - start;
const isOver = () => elapsed() > seconds * 1_000;

/** One goes and another comes in its place. Never the first: it is whom all others come in by. */
const churn = async () => {
  while (!isOver()) {
    const place = 1 + below(count - 1);
    await nodes[place]?.close();
    await arrive(place);
    counts.departed++;
    await pause(CHURN);
  }
};

const churning = churn();
/** @type {Set<Promise<void>>} */
const running = new Set();
let isMeasured = false;
while (!isOver()) {
  const operation = operate();
  running.add(operation);
  void operation.then(() => running.delete(operation));
  if (!isMeasured && elapsed() > seconds * 200) {
    isMeasured = true;
    say({ event: 'early', ...measure(), ...counts });
  }
  await pause(PACE);
}
await churning;
await Promise.all(running);
say({ event: 'late', ...measure(), ...counts });
await Promise.all(nodes.map((node) => node.close()));
say({ event: 'closed' });
