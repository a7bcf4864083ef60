import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { xorrery } from './processes.ts';

const BIN = fileURLToPath(new URL('../bin/xorrery.js', import.meta.url));

/** Everything in it that two engines might compute differently: powers, logarithms, sorting, numbers as text. */
const RUNS: readonly (readonly [string, string[]])[] = [
  [
    'full tables',
    ['--nodes', '500', '--lookups', '300', '--k', '8', '--tables', 'full', '--loss', '0.1', '--seed', '7'],
  ],
  [
    'Weibull churn and lognormal latency',
    ['--nodes', '60', '--lookups', '40', '--k', '8', '--churn', 'weibull:0.5,10m', '--latency', 'lognormal:80,0.7'],
  ],
  [
    'adversaries',
    ['--nodes', '60', '--lookups', '30', '--k', '8', '--adversary', 'liar:0.2,spoof:0.1', '--paths', '4'],
  ],
];

const figures = (text: string): unknown => {
  const { wallMs: _, eventsPerSecond: __, rssBytes: ___, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return rest;
};

describe('another version of Node', () => {
  it.each(RUNS)('[G01][X27] gives the same figures, to the last bit: %s', async (_what, argv) => {
    const here = await xorrery('sim', ...argv, '--json');
    expect(here.code, here.err).toBe(0);
    const there = await promisify(execFile)('npx', ['-y', 'node@24', BIN, 'sim', ...argv, '--json'], {
      timeout: 100_000,
      maxBuffer: 16_777_216,
    });
    expect(figures(there.stdout)).toEqual(figures(here.out));
  });

  it('[G01] is another one', async () => {
    const { stdout } = await promisify(execFile)('npx', ['-y', 'node@24', '--version'], { timeout: 100_000 });
    expect(stdout).toMatch(/^v24\./);
    expect(stdout.trim()).not.toBe(process.version);
  });
});
