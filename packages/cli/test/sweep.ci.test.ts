import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { xorrery } from './processes.ts';

const directory = mkdtempSync(join(tmpdir(), 'xorrery-'));
const grid = join(directory, 'grid.json');
const base = { nodes: 50, lookups: 20, k: 8, churn: 'weibull:0.5,30m', latency: 'lognormal:80,0.6', spacing: 500 };
writeFileSync(grid, JSON.stringify({ base, grid: { loss: [0, 0.1], alpha: [1, 3] }, seeds: [1, 2] }));

interface Swept {
  readonly runs: number;
  readonly failed: number;
  readonly report: string;
  readonly results: readonly Record<string, unknown>[];
}

const figures = ({ results }: Swept): unknown =>
  results.map(({ wallMs: _, eventsPerSecond: __, rssBytes: ___, ...rest }) => rest);

it('[G01][X27] a sweep has the same figures with one worker and with two, and goes on where it was interrupted', async () => {
  const sweep = async (...argv: string[]): Promise<Swept> => {
    const ended = await xorrery('sweep', grid, '--json', ...argv);
    expect(ended.code, ended.err).toBe(0);
    return JSON.parse(ended.out) as Swept;
  };
  const one = await sweep('--workers', '1');
  expect([one.runs, one.failed, one.results.length]).toEqual([8, 0, 8]);
  const kept = join(directory, 'runs');
  const two = await sweep('--workers', '2', '--resume', kept);
  expect(figures(two)).toEqual(figures(one));

  const files = readdirSync(kept).filter((it) => it.endsWith('.json'));
  expect(files).toHaveLength(8);
  // Half a file, as an interruption would never leave it, is no run; the others are not run again.
  writeFileSync(join(kept, files[0] as string), '{"half');
  const again = await sweep('--resume', kept);
  expect(figures(again)).toEqual(figures(one));
  const unchanged = again.results.filter((it, i) => it.wallMs === two.results[i]?.wallMs);
  expect(unchanged.length).toBeGreaterThanOrEqual(7);
  expect(readFileSync(again.report, 'utf8').match(/<svg/g)?.length).toBe(6);
});
