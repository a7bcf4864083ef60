// A child of stored.bench.mjs: one node, whose memory and CPU time are those of this process. Arguments: who runs it, `node` as
// the command of that name does or `program` as V8 comes, and where its state is.
import { readFileSync } from 'node:fs';
import { createNode, MAINLINE_DEFAULTS, peerStoreSize } from '@xorrery/mainline';
import { keepHeapSmall } from '../packages/cli/dist/lean.js';
import { cpuTime, serveParent } from './support.mjs';

if (process.argv[2] === 'node') keepHeapSmall();

const HOST = '127.0.0.1';
const MIB = 1_048_576;

// The rate limiter is at work, and lets everything pass.
const plenty = { perSecond: 10_000_000, burst: 100_000_000 };
const limiter = { perHost: plenty, perNetwork: plenty, maxEntries: 10_000 };
const responder = { ...MAINLINE_DEFAULTS.responder, limiter, maxRate: plenty };
const config = { responder, exemptLocal: false };
const node = createNode({ host: HOST, port: 0, bootstrap: [], state: process.argv[3] ?? '', config });

/** MiB of memory this process has had at most; 0 where the system does not say. */
const peak = () => {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
};

serveParent({
  start: async () => Number((await node.start()).split(':')[1]),
  /** A contact enters by answering. */
  meet: async ([{ port }]) => (await node.ping(`${HOST}:${port}`)).counts.answered,
  held: () => peerStoreSize(node.state.server.peers),
  cpu: () => cpuTime(),
  /** MiB as they are, and the heap that is left when all garbage is gone: asked for last, for it changes the others. */
  memory: (collected) => {
    const { rss } = process.memoryUsage();
    if (collected === true) globalThis.gc?.();
    return { rss: rss / MIB, most: peak(), heap: process.memoryUsage().heapUsed / MIB };
  },
  close: () => node.close(),
});
