// The simulator: lookups a second beside a loop that does nothing but lookups, what hashing and recording cost, and how
// long large networks take. Large ones run as the command does, in processes of their own.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Chance, fullTables, genericProtocol, Simulation, SimulationRecorder, scenarioOf } from '@xorrery/simulator';
import { runLoop } from './sim.loop.mjs';
import { digits, inTurns, printTable, ratio } from './support.mjs';

const CLI = fileURLToPath(new URL('../packages/cli/bin/xorrery.js', import.meta.url));
const LATENCY = /** @type {[number, number]} */ ([20, 200]);
const LOSS = 0.01;

const nativeHash = () => {
  const hash = createHash('sha256');
  return {
    update: (/** @type {Uint8Array} */ bytes) => void hash.update(bytes),
    hex: () => hash.copy().digest('hex'),
  };
};

/** @param {{ short: boolean }} options */
export async function run({ short }) {
  const nodes = short ? 500 : 10_000;
  const lookups = short ? 100 : 4_000;
  const scenario = scenarioOf({ nodes, lookups, k: 8, alpha: 3, tables: 'full', loss: LOSS, seed: 7 });
  const chance = new Chance(7, 'loop');
  const ids = Array.from({ length: nodes }, () => chance.id(160)).sort();
  const { bucketsOf } = fullTables(ids, [8], new Chance(7, 'tables'));
  const random = () => chance.fraction();

  const loop = () => {
    const timeout = 1_000;
    runLoop({ ids, bucketsOf, lookups, k: 8, alpha: 3, spacing: 20, latency: LATENCY, loss: LOSS, timeout, random });
    return lookups;
  };
  let steps = 0;
  /** @param {object} options */
  const simulated = (options) => {
    const simulation = new Simulation(scenario, { protocol: genericProtocol, ...options });
    while (simulation.run(100_000));
    steps = simulation.events;
    return lookups;
  };
  /** @param {boolean} events */
  const recorded = (events) => {
    const recorder = new SimulationRecorder(scenario, genericProtocol, events, 0, () => {});
    return simulated({ hash: nativeHash(), ...recorder.options });
  };
  const works = {
    'a loop with lookups alone': loop,
    'the simulator': () => simulated({}),
    'and its state hash': () => simulated({ hash: nativeHash() }),
    'and a trace: scenario and hashes': () => recorded(false),
    'and a trace with all events': () => recorded(true),
  };
  const times = inTurns(Object.values(works), short ? 1 : 5);
  const [base = 1, plain = 1, hashed = 1, seedTrace = 1, whole = 1] = times;
  process.stdout.write(`${nodes} nodes, full tables, k 8, alpha 3, ${LOSS * 100} % loss, ${lookups} lookups\n`);
  printTable(
    ['', 'lookups/s', 'us a step', 'x loop'],
    Object.keys(works).map((name, i) => {
      const ns = times[i] ?? 1;
      return [name, digits(1e9 / ns), i === 0 ? '' : digits((ns * lookups) / steps / 1_000), ratio(ns, base)];
    }),
  );

  const sizes = short ? [['200 nodes, full', '--nodes', '200', '--tables', 'full', '--lookups', '50']] : LARGE;
  const rows = [];
  for (const [name = '', ...argv] of sizes) {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'sim', '--json', '--seed', '7', ...argv], {
      maxBuffer: 67_108_864,
    });
    const { wallMs, rssBytes, events, eventsPerSecond, recall } = JSON.parse(stdout);
    const gib = (rssBytes / 2 ** 30).toFixed(2);
    rows.push([name, (wallMs / 1_000).toFixed(1), gib, events, eventsPerSecond, recall.exact.toFixed(4)]);
  }
  process.stdout.write('\n');
  printTable(['', 's', 'GiB', 'steps', 'steps/s', 'exact'], rows);
  return [
    `sim: ${digits(1e9 / plain)} lookups/s, ${ratio(plain, base)} the loop's time`,
    `sim: a trace costs ${ratio(seedTrace, hashed)}, with all events ${ratio(whole, hashed)}`,
  ];
}

const LARGE = [
  [
    '100,000 nodes, full, k 8, 10,000 lookups',
    '--nodes',
    '100000',
    '--tables',
    'full',
    '--k',
    '8',
    '--lookups',
    '10000',
  ],
  ['10,000 nodes, joined, k 8', '--nodes', '10000', '--k', '8', '--lookups', '100'],
];
