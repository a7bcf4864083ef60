// What a node costs that stores as many peers as it may: 100,000 in 2,000 torrents. Its memory as it is filled over UDP, and
// after a start from the disk, in a program and in the command; and its CPU time to answer, beside a node that stores one
// torrent, asked in turns.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesFrom, digits, median, printTable, ratio, startChild } from './support.mjs';

/** Peers of each torrent. */
const PEERS = 50;
/** MiB the process may take. */
const LIMIT = 120;
const WARM_UP = 20_000;
const MIB = 1_048_576;

/** What each of them is asked; the load knows which torrents each has stored. */
const KINDS = [
  { what: 'find_node', method: 'find_node' },
  { what: 'get_peers, none known', method: 'get_peers' },
  { what: `get_peers, ${PEERS} known`, method: 'stored' },
];

/** A node in a process of its own, run by a program or by the command, its state in a directory. */
const started = async (runner, directory) => {
  const child = startChild('./stored.server.mjs', runner, directory);
  return { child, directory, port: await child.ask('start') };
};

const stopped = async ({ child }) => {
  await child.ask('close');
  await child.stop();
};

/** us of CPU a request, by kind and node. The nodes take turns. */
const timesOf = async (nodes, rounds, count) => {
  const load = startChild('./answer.load.mjs');
  const times = KINDS.map(() => nodes.map(() => []));
  try {
    for (const { child, directory, infoHashes } of nodes) {
      await child.ask('meet', await load.ask('contacts', { name: directory, ids: ['a5'.repeat(20)], infoHashes }));
    }
    for (let round = -1; round < rounds; round++) {
      for (const [k, { method }] of KINDS.entries()) {
        for (const [n, { child, directory, port }] of nodes.entries()) {
          const before = await child.ask('cpu');
          // The first round is for the compiler.
          const wanted = { name: directory, port, count: round < 0 ? WARM_UP : count, method };
          const { answered } = await load.ask('load', wanted);
          if (round >= 0) times[k][n].push(((await child.ask('cpu')) - before) / answered);
        }
      }
    }
  } finally {
    await load.stop();
  }
  return times.map((byNode) => byNode.map(median));
};

/** Prints the tables. */
export const run = async ({ short }) => {
  const [torrents, rounds, count] = short ? [200, 3, 2_000] : [2_000, 9, 10_000];
  const bytes = bytesFrom(0x1f83d9ab);
  const infoHashes = Array.from({ length: torrents }, () => Buffer.from(bytes(20)).toString('hex'));
  const directory = mkdtempSync(join(tmpdir(), 'xorrery-stored-'));
  const filler = startChild('./stored.fill.mjs');
  const rows = [];
  const nodes = [];
  /** Takes its memory down; what is in use can only be told by collecting all else, which changes the rest of its life. */
  const note = async (name, { child }, collecting = true) => {
    const { rss, most } = await child.ask('memory');
    const heap = collecting ? (await child.ask('memory', true)).heap : undefined;
    const { peers } = await child.ask('held');
    rows.push({ name, peers, rss, most, heap });
    return rows.at(-1);
  };
  try {
    const empty = await started('program', join(directory, 'empty'));
    nodes.push(empty);
    const bare = await note('empty', empty);
    const filled = await started('program', join(directory, 'full'));
    nodes.push(filled);
    await filler.ask('fill', { port: filled.port, infoHashes, peers: PEERS });
    await note('filled at once', filled);
    nodes.pop();
    await stopped(filled);
    cpSync(join(directory, 'full'), join(directory, 'lean'), { recursive: true });
    const full = await started('program', join(directory, 'full'));
    nodes.push(full);
    await note('started from disk', full, false);
    const lean = await started('node', join(directory, 'lean'));
    nodes.push(lean);
    const { rss } = await note('the same, xorrery node', lean, false);
    await filler.ask('fill', { port: empty.port, infoHashes: infoHashes.slice(0, 1), peers: PEERS });
    const known = [infoHashes.slice(0, 1), infoHashes, infoHashes];
    const times = await timesOf(
      nodes.map((node, n) => ({ ...node, infoHashes: known[n] })),
      rounds,
      count,
    );
    await note('empty, after requests', empty);
    const { peers } = await note('full, after requests', full);
    const later = await note('the same, xorrery node', lean);
    printTable(
      ['node', 'peers', 'RSS MiB', 'at most', 'heap in use', 'bytes a peer'],
      rows.map((it) => [
        it.name,
        it.peers,
        digits(it.rss),
        digits(it.most),
        it.heap === undefined ? '' : digits(it.heap),
        it.heap === undefined || it.peers <= PEERS ? '' : Math.round(((it.heap - bare.heap) * MIB) / it.peers),
      ]),
    );
    printTable(
      ['asked', 'empty: CPU us', `${peers} peers`, 'ratio', 'xorrery node', 'ratio'],
      KINDS.map(({ what }, k) => {
        const [base, ...others] = times[k];
        return [what, digits(base), ...others.flatMap((time) => [digits(time), ratio(time, base)])];
      }),
    );
    const worst = Math.max(...times.map(([base, time]) => time / base));
    const judge = Math.max(rss, later.rss) < LIMIT ? 'kept' : 'MISSED';
    return [
      `stored: ${peers} peers in ${torrents} torrents; xorrery node has ${digits(rss)} MiB after a start from disk, ${digits(later.rss)} after requests (less than ${LIMIT}: ${judge})`,
      `stored: an answer costs at most ${ratio(worst, 1)} of an empty node's`,
    ];
  } finally {
    await Promise.all([...nodes.map(stopped), filler.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
};
