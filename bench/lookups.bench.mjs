// Lookups among 200 real UDP nodes in one process: ours, `bittorrent-dht` and `dht-rpc`, each network in a process of
// its own, k = 20 for all. A lookup's CPU time is that of all nodes together: who asks and who answers. They take turns.
import { digits, median, printTable, ratio, startChild } from './support.mjs';

const KINDS = ['xorrery', 'bittorrent-dht', 'dht-rpc'];
const MOST_QUERIES = 22;
const LEAST_RECALL = 0.9995;

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Prints the table. */
export const run = async ({ short }) => {
  const [nodes, rounds, count] = short ? [100, 2, 50] : [200, 10, 200];
  /** @type {any[]} */
  const networks = KINDS.map((name) => ({ name, child: startChild('./lookups.network.mjs', name), rounds: [] }));
  try {
    for (const network of networks) Object.assign(network, await network.child.ask('build', nodes));
    for (let round = 0; round < rounds; round++) {
      for (const network of networks) network.rounds.push(await network.child.ask('look', count));
    }
    for (const { child } of networks) await child.ask('close');
  } finally {
    await Promise.all(networks.map(({ child }) => child.stop()));
  }
  const rows = networks.map(({ name, rounds: all, memory, contacts, joining }) => ({
    name,
    memory,
    contacts,
    joining,
    queries: mean(all.flatMap(({ queries }) => queries)),
    most: Math.max(...all.flatMap(({ queries }) => queries)),
    cpu: median(all.map(({ cpu }) => cpu)),
    elapsed: median(all.flatMap(({ elapsed }) => elapsed)),
    recall: mean(all.flatMap(({ recall }) => recall)),
  }));
  const [ours, theirs, others] = /** @type {[any, any, any]} */ (rows);
  printTable(
    [
      `${rounds * count} lookups, ${nodes} nodes`,
      'queries',
      'most',
      'recall',
      'CPU us',
      'beside ours',
      'CPU us a query',
    ].concat(['median ms', 'beside ours', 'KiB a node', 'beside ours', 'contacts', 'ms a join']),
    rows.map(({ name, queries, most, recall, cpu, elapsed, memory, contacts, joining }) => [
      name,
      queries.toFixed(2),
      most,
      recall.toFixed(5),
      Math.round(cpu),
      ratio(cpu, ours.cpu),
      digits(cpu / queries),
      digits(elapsed),
      ratio(elapsed, ours.elapsed),
      digits(memory / 1024),
      ratio(memory, ours.memory),
      digits(contacts),
      digits(joining),
    ]),
  );
  const judge = (good) => (good ? 'kept' : 'MISSED');
  return [
    `lookups: ${ours.queries.toFixed(2)} queries at recall ${ours.recall.toFixed(5)} (at most ${MOST_QUERIES} at ${LEAST_RECALL}: ${judge(ours.queries <= MOST_QUERIES && ours.recall >= LEAST_RECALL)})`,
    `lookups: ${digits(ours.cpu)} us of CPU, ${ratio(ours.cpu, theirs.cpu)} of bittorrent-dht, ${ratio(ours.cpu, others.cpu)} of dht-rpc`,
    `lookups: ${digits(ours.memory / 1024)} KiB a node, ${ratio(ours.memory, theirs.memory)} of bittorrent-dht (less: ${judge(ours.memory < theirs.memory)})`,
  ];
};
