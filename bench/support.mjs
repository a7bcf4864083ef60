// What the benchmarks share: taking turns, medians, tables, random data with a fixed seed, and child processes.
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A generator with a fixed seed (xorshift32), so that each run sees the same data: bytes by their number. */
export const bytesFrom = (seed) => {
  let x = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x & 255;
    });
};

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * ns for one unit of each piece of work, from `rounds` in which all take turns. Of the first it is the median; of the
 * others, the first's times the median of how much longer they took in the same round: a slow moment of some seconds hits
 * all of a round alike. A piece of work is called once a round and says how many units it did.
 */
export const inTurns = (works, rounds) => {
  const times = works.map(() => []);
  for (const work of works) work();
  for (let round = 0; round < rounds; round++) {
    works.forEach((work, i) => {
      const start = process.hrtime.bigint();
      const units = work();
      times[i].push(Number(process.hrtime.bigint() - start) / units);
    });
  }
  const [first = []] = times;
  const base = median(first);
  return times.map((its) => base * median(its.map((time, round) => time / (first[round] ?? base))));
};

/** Bytes of the heap and beside it that are in use once all garbage is gone. */
export const memoryInUse = async () => {
  if (globalThis.gc === undefined) throw new Error('run node with --expose-gc');
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Prints rows under a head; the first column is text, the others are set to the right. */
export const printTable = (head, rows) => {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of cells) {
    const line = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] + 2))).join('');
    process.stdout.write(`${line.trimEnd()}\n`);
  }
};

/** A number with three digits that count. */
export const digits = (number) =>
  number >= 100
    ? number.toFixed(0)
    : number >= 10
      ? number.toFixed(1)
      : number >= 1
        ? number.toFixed(2)
        : number.toFixed(3);

export const ratio = (number, base) => `${digits(number / base)}x`;

/**
 * A child process that answers one request at a time: `ask(name, argument)` resolves to what its handler returned.
 * Its CPU time is its own, which is the point of it.
 */
export const startChild = (file, ...args) => {
  const child = fork(new URL(file, import.meta.url), args, { execArgv: ['--expose-gc'] });
  /** @type {any} */
  let settle = { resolve: () => {}, reject: () => {} };
  child.on('message', (/** @type {any} */ { result, error }) =>
    error === undefined ? settle.resolve(result) : settle.reject(new Error(error)),
  );
  child.on('exit', (code) => settle.reject(new Error(`${file} ${args.join(' ')} ended with code ${code}`)));
  return {
    ask: (name, argument) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        child.send({ name, argument });
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send({ name: 'stop' });
      await once(child, 'exit');
    },
  };
};

/** The other side of `startChild`. */
export const serveParent = (handlers) => {
  const answer = (/** @type {object} */ message) => process.send?.(message);
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ name, argument }) => {
    if (name === 'stop') process.exit();
    try {
      answer({ result: await handlers[name](argument) });
    } catch (error) {
      answer({ error: error instanceof Error ? error.stack : String(error) });
    }
  });
};

/** us of CPU this process has used, in user and in system mode. */
export const cpuTime = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
