// CPU time to answer one find_node with 8 nodes, over UDP on loopback: ours (its rate limiter at work), `bittorrent-dht`
// (its reply trimmed to 8), and a bare dgram echo as the floor; of ours, also a ping and a get_peers. Each server is a process of its own, all are asked by the same other process, in
// turns; so what is counted is the server's time alone, in user and in system mode.
import { digits, median, printTable, ratio, startChild } from './support.mjs';

const SERVERS = ['echo', 'bittorrent-dht', 'xorrery, buckets of 20', 'xorrery, as it comes'];
/** What else the last of them is asked. */
const OTHERS = ['get_peers', 'ping'];

/** Requests to each server before anything is counted. */
const WARM_UP = 20_000;

/** Prints the table. */
export const run = async ({ short }) => {
  const [rounds, count] = short ? [3, 4_000] : [9, 20_000];
  const load = startChild('./answer.load.mjs');
  /** @type {any[]} */
  const servers = [];
  /** @type {any[]} */
  const rows = [];
  try {
    for (const name of SERVERS) {
      const child = startChild('./answer.server.mjs', name);
      const server = { name, child, port: 0, contacts: 0, method: 'find_node', length: 0, lost: 0, times: [] };
      servers.push(server);
      rows.push(server);
      server.port = await child.ask('start');
      server.contacts = await child.ask('meet', await load.ask('contacts', { name, ids: await child.ask('ids') }));
    }
    const last = servers.at(-1);
    for (const method of OTHERS) rows.push({ ...last, method, times: [] });
    for (let round = -1; round < rounds; round++) {
      for (const server of rows) {
        const { name, port, child, method } = server;
        const before = await child.ask('cpu');
        // The first round is for the compiler, and as long in short mode: what it has not seen to yet costs twice as much.
        const asked = round < 0 ? WARM_UP : count;
        const { answered, length, lost } = await load.ask('load', { name, port, count: asked, method });
        if (round >= 0) server.times.push(((await child.ask('cpu')) - before) / answered);
        server.length = length;
        server.lost += lost;
      }
    }
  } finally {
    await Promise.all([load, ...servers.map(({ child }) => child)].map((child) => child.stop()));
  }
  const [floor, theirs, ...ours] = servers.map(({ times }) => median(times));
  const [getPeers, ping] = rows.slice(servers.length).map(({ times }) => median(times));
  printTable(
    ['server', 'asked', 'contacts', 'bytes', 'CPU us', 'a CPU second', 'x echo', 'x bittorrent-dht', 'lost'],
    rows.map(({ name, method, contacts, length, lost, times }) => {
      const time = median(times);
      const speed = Math.round(1e6 / time);
      return [
        name,
        method,
        contacts,
        Math.round(length),
        digits(time),
        speed,
        ratio(time, floor),
        ratio(time, theirs),
        lost,
      ];
    }),
  );
  const worst = Math.max(...ours);
  const verdict = worst < theirs ? 'ahead' : 'BEHIND';
  return [
    `answer: ${digits(worst)} us of CPU a find_node, ${ratio(worst, theirs)} of bittorrent-dht (${verdict}), ${ratio(worst, floor)} of an echo (goal 2.2); get_peers ${ratio(getPeers, floor)} (2.5), ping ${ratio(ping, floor)} (1.6)`,
  ];
};
