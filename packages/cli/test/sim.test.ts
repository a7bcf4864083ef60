import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTrace, writeTrace } from '@xorrery/trace';
import { describe, expect, it } from 'vitest';
import { cellsOf } from '../src/grid.ts';
import { run } from '../src/program.ts';

/** Runs a command line in this process. */
const invoke = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  let [out, err] = ['', ''];
  const code = await run(argv, {
    out: {
      write: (text) => {
        out += text;
      },
    },
    err: {
      write: (text) => {
        err += text;
      },
    },
  });
  return { code, out, err };
};

const SMALL = ['--nodes', '60', '--lookups', '20', '--k', '8', '--tables', 'full'];

describe('xorrery sim', () => {
  it('[U08] prints one JSON document with the figures that scripts rely on, the same for the same seed', async () => {
    const { code, out } = await invoke('sim', ...SMALL, '--seed', '7', '--json');
    expect(code).toBe(0);
    const run = JSON.parse(out) as Record<string, unknown>;
    const again = JSON.parse((await invoke('sim', ...SMALL, '--seed', '7', '--json')).out) as Record<string, unknown>;
    expect(run).toMatchObject({
      nodes: 60,
      lookups: 20,
      seed: 7,
      k: 8,
      alpha: 3,
      recall: { mean: 1, exact: 1 },
      messages: { mean: expect.any(Number), sd: expect.any(Number) },
      hops: { mean: expect.any(Number), sd: expect.any(Number), histogram: expect.any(Array) },
      latencyMs: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
      reasons: { converged: 20 },
      events: expect.any(Number),
      wallMs: expect.any(Number),
      eventsPerSecond: expect.any(Number),
      rssBytes: expect.any(Number),
      stateHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      violations: 0,
    });
    for (const it of [run, again]) for (const name of ['wallMs', 'eventsPerSecond', 'rssBytes']) delete it[name];
    expect(again).toEqual(run);
  });

  it('simulates Mainline as well: its own buckets, caps and limits', async () => {
    const { code, out } = await invoke(
      'sim',
      '--profile',
      'mainline',
      '--nodes',
      '40',
      '--lookups',
      '10',
      '--k',
      '8',
      '--json',
    );
    expect(code).toBe(0);
    const run = JSON.parse(out) as { readonly joined: number; readonly recall: { readonly mean: number } };
    expect(run.joined).toBe(40);
    expect(run.recall.mean).toBeGreaterThan(0.9);
  });

  it('prints lines of at most 80 columns for people', async () => {
    const { code, out } = await invoke('sim', ...SMALL, '--adversary', 'liar:0.2', '--paths', '2');
    expect(code).toBe(0);
    expect(out).toContain('recall');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('reads a scenario file, and options win', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'xorrery-')), 'net.json');
    writeFileSync(file, JSON.stringify({ nodes: 500, lookups: 3, k: 4, tables: 'full', loss: 0.1 }));
    const { out } = await invoke('sim', '--scenario', file, '--nodes', '30', '--json');
    expect(JSON.parse(out)).toMatchObject({ nodes: 30, lookups: 3, k: 4 });
  });

  it('writes a report that stands by itself: plots inside, nothing loaded', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'xorrery-')), 'report.html');
    expect((await invoke('sim', ...SMALL, '--report', file)).code).toBe(0);
    const html = readFileSync(file, 'utf8');
    expect(html.match(/<svg/g)?.length).toBe(12);
    expect(html).not.toMatch(/<script|<link|src=|https?:\/\/(?!www\.w3\.org)/);
    for (const title of [
      'Recall',
      'Hops',
      'Messages',
      'Latency quantiles',
      'Table occupancy by depth',
      'Traffic over time',
      'Failures over time',
    ]) {
      expect(html).toContain(title);
    }
  });

  it.each([
    [['--loss', '1.5'], 'scenario.loss: must be a number from 0 to 1, got 1.5'],
    [['--loss', 'some'], 'scenario.loss: must be a number from 0 to 1, got "some"'],
    [['--nodes', '0'], "--nodes '0': want a whole number from 1"],
    [['--tables', 'half'], "scenario.tables: must be one of full, joined, got 'half'"],
    [['--latency', 'slow'], 'scenario.latency: want fixed:MS, uniform:LO,HI or lognormal:MEDIAN_MS,SIGMA'],
    [['--churn', 'exp:never'], 'scenario.churn: want a duration'],
    [['--adversary', 'ninja:0.1'], 'scenario.adversary: want KIND:SHARE'],
    [['--profile', 'gnutella'], "profile 'gnutella': want one of generic, mainline"],
    [['--report', '/nowhere/at/all.html'], "--report '/nowhere/at/all.html': ENOENT"],
    [['--scenario', 'not-there.json'], "--scenario 'not-there.json': ENOENT"],
  ])('refuses %j in one line', async (argv, line) => {
    const { code, out, err } = await invoke('sim', ...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(line);
    expect(err.trimEnd()).not.toContain('\n');
  });
});

describe('the trace of a simulation', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xorrery-'));
  const record = async (name: string, ...more: string[]): Promise<string> => {
    const file = join(directory, name);
    expect((await invoke('sim', ...SMALL, '--loss', '0.1', '--record', file, ...more)).code).toBe(0);
    return file;
  };

  it.each([['seed.ndjson'], ['events.ndjson.gz', '--record-events']])(
    '[X03] replays identically: %s',
    async (name, ...more) => {
      const file = await record(name, ...more);
      const { code, out } = await invoke('replay', file, '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ identical: true, truncated: false, kind: 'simulation' });
      expect(JSON.parse(out).events).toBeGreaterThan(100);
      expect(await invoke('shrink', file)).toMatchObject({ code: 1, err: expect.stringContaining('does not fail') });
    },
  );

  it('[X17] explains its lookups, also when its events are not written out', async () => {
    const file = await record('explained.ndjson');
    const { code, out } = await invoke('explain', file, '--query', 'L3', '--json');
    expect(code).toBe(0);
    const [query] = (
      JSON.parse(out) as { queries: readonly { id: string; reason: string; tree: readonly unknown[] }[] }
    ).queries;
    expect(query).toMatchObject({ id: 'L3', kind: 'closest', reason: 'converged' });
    expect(query?.tree.length).toBeGreaterThan(0);
  });

  it('[X03] whose hash is another diverges, with exit code 3', async () => {
    const file = await record('other.ndjson');
    const text = readFileSync(file, 'utf8');
    const trace = await loadTrace([text]);
    const entries = trace.entries.map((it) => (it.type === 'mark' ? { ...it, hash: '0'.repeat(64) } : it));
    writeFileSync(file, writeTrace({ ...trace, entries }));
    const { code, out } = await invoke('replay', file, '--json');
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ identical: false, divergence: { expected: { hash: '0'.repeat(64) } } });
  });
});

describe('a grid', () => {
  it('is every combination of what varies, for every seed', () => {
    const cells = cellsOf({
      base: { nodes: 9 },
      grid: { loss: [0, 0.1], 'config.query.paths': [1, 8] },
      seeds: [1, 2],
    });
    expect(cells).toHaveLength(8);
    expect(cells[7]).toMatchObject({
      point: { loss: 0.1, 'config.query.paths': 8 },
      scenario: { nodes: 9, loss: 0.1, seed: 2, config: { query: { paths: 8 } } },
    });
  });

  it.each([
    [[], 'grid file: must be an object'],
    [{ base: {}, axes: {} }, 'axes: is not known here'],
    [{ grid: { loss: 0.1 } }, 'grid.loss: must be a list of values'],
    [{ grid: { loss: [2] } }, 'scenario.loss: must be a number from 0 to 1'],
    [{ seeds: [] }, 'seeds: must be a list of seeds'],
    [{ grid: { a: new Array(400).fill(1), b: new Array(400).fill(1) } }, 'grid: has 160000 runs'],
  ])('%j is refused before anything runs', (grid, why) => {
    expect(() => cellsOf(grid)).toThrow(why);
  });

  it('that is not JSON, or not there, is one line', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'xorrery-'));
    writeFileSync(join(directory, 'grid.json'), '{');
    for (const file of ['grid.json', 'none.json']) {
      const { code, err } = await invoke('sweep', join(directory, file));
      expect(code).toBe(2);
      expect(err).toMatch(/^xorrery: GRID\.json '.*\n$/);
    }
    expect(readdirSync(directory)).toEqual(['grid.json']);
  });
});
