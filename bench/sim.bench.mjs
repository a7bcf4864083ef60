// The simulator: lookups a second beside a loop that does nothing but lookups, what hashing and recording cost, and how
// long large networks take. All of it in processes of their own: the first with as much room for what dies young as the
// command gives itself, the others are the command.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { digits, printTable, ratio } from './support.mjs';

const CLI = fileURLToPath(new URL('../packages/cli/bin/xorrery.js', import.meta.url));
const TURNS = fileURLToPath(new URL('sim.turns.mjs', import.meta.url));
const LOSS = 0.01;
const NAMES = [
  'a loop with lookups alone',
  'the simulator',
  'and its state hash',
  'and a trace: scenario and hashes',
  'and a trace with all events',
];

/** @param {string[]} args */
const told = async (args) => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 67_108_864 });
  return JSON.parse(stdout);
};

/** @param {{ short: boolean }} options */
export async function run({ short }) {
  const nodes = short ? 500 : 10_000;
  const lookups = short ? 100 : 4_000;
  const counts = [nodes, lookups, short ? 1 : 5, LOSS].map(String);
  /** @type {{ times: number[], steps: number }} */
  const { times, steps } = await told(['--max-semi-space-size=128', TURNS, ...counts]);
  const [base = 1, plain = 1, hashed = 1, seedTrace = 1, whole = 1] = times;
  process.stdout.write(`${nodes} nodes, full tables, k 8, alpha 3, ${LOSS * 100} % loss, ${lookups} lookups\n`);
  printTable(
    ['', 'lookups/s', 'us a step', 'x loop'],
    NAMES.map((name, i) => {
      const ns = times[i] ?? 1;
      return [name, digits(1e9 / ns), i === 0 ? '' : digits((ns * lookups) / steps / 1_000), ratio(ns, base)];
    }),
  );

  const sizes = short ? [['200 nodes, full', '--nodes', '200', '--tables', 'full', '--lookups', '50']] : LARGE;
  const rows = [];
  for (const [name = '', ...argv] of sizes) {
    const run = await told([CLI, 'sim', '--json', '--seed', '7', ...argv]);
    const { wallMs, rssBytes, events, eventsPerSecond, recall } = run;
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
