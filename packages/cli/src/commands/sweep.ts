/**
 * `xorrery sweep`: a grid of simulations on all cores, merged into one report. With a directory it keeps each run there
 * as it ends, and goes on where it was interrupted.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { Piscina } from 'piscina';
import { wholeNumber } from '../args.ts';
import { EXIT, Failure, oneLine } from '../failure.ts';
import { type Cell, cellsOf } from '../grid.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkWritable, writeWhole } from '../report/report.ts';
import { type SweepResult, sweepPage } from '../report/sweep-report.ts';
import type { Run } from '../simulate.ts';
import { type Io, Live, paintFor } from '../ui/terminal.ts';
import { bar, count, time } from '../ui/text.ts';

interface SweepOptions {
  readonly workers?: number;
  readonly resume?: string;
  readonly report?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
GRID.json:
  {"base": {"nodes": 1000, "tables": "full"},
   "grid": {"loss": [0, 0.1, 0.3], "config.query.paths": [1, 8]},
   "seeds": [1, 2, 3]}

Examples:
  xorrery sweep grid.json --report loss.html
  xorrery sweep grid.json --workers 8 --resume runs --json

Exit codes: 0 done, 2 bad usage or input, 3 a run broke a promise, 130 ended by
Ctrl-C; with --resume nothing that was done is lost.`;

export function addSweep(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('sweep')
    .summary('simulate a grid of scenarios')
    .description('Simulate every combination of a grid, on several cores, and merge the results into one report.')
    .argument('<GRID.json>', 'what all runs have in common, what varies, and the seeds')
    .option('-w, --workers <number>', 'threads (as many as there are cores)', wholeNumber(1, 256))
    .option('--resume <dir>', 'keep each run in this directory, and skip those that are there')
    .option('--report <file.html>', 'write a page with plots (with --resume: DIR/report.html)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (grid: string, options: SweepOptions) => exit(await sweep(grid, options, io)));
}

async function sweep(file: string, { resume, json = false, ...options }: SweepOptions, io: Io): Promise<number> {
  const cells = cellsOf(readGrid(file));
  if (resume !== undefined) makeDirectory(resume);
  const report = options.report ?? (resume === undefined ? undefined : join(resume, 'report.html'));
  if (report !== undefined) checkWritable('--report', report);
  const results = await runAll(cells, options.workers ?? availableParallelism(), resume, json, io);
  const failed = results.filter(({ run }) => run.violations > 0);
  if (report !== undefined) writeWhole(report, await sweepPage(file, results));
  if (json) {
    const flat = results.map(({ point, run: { series: _, ...run } }) => ({ point, ...run }));
    io.out.write(
      `${JSON.stringify({ runs: results.length, failed: failed.length, results: flat, report: report ?? null })}\n`,
    );
  } else io.out.write(`${tableOf(results).join('\n')}\n`);
  const first = failed[0];
  if (first === undefined) return EXIT.DONE;
  const where = `${JSON.stringify(first.point)}, seed ${first.run.seed}`;
  throw new Failure(
    `${failed.length} of ${count(results.length, 'run')} broke a promise, first ${where}`,
    EXIT.DIVERGED,
  );
}

async function runAll(
  cells: readonly Cell[],
  workers: number,
  directory: string | undefined,
  json: boolean,
  io: Io,
): Promise<readonly SweepResult[]> {
  const results = cells.map((cell) => (directory === undefined ? undefined : readRun(fileOf(directory, cell))));
  const kept = results.filter((it) => it !== undefined).length;
  const from = performance.now();
  let done = kept;
  const paint = paintFor(io.err);
  const status = (): string => {
    const left =
      done === kept ? '' : `, ${time(((performance.now() - from) / (done - kept)) * (cells.length - done))} left`;
    return `${done} of ${count(cells.length, 'run')}${kept > 0 ? `, ${kept} from before` : ''}${left}`;
  };
  const live = new Live(io.err, () => [`${paint.cyan(bar(done / cells.length, 24).padEnd(24))} ${status()}`]);
  const stop = new AbortController();
  const pool = new Piscina<Cell['scenario'], Run>({
    filename: fileURLToPath(new URL('./../sweep-worker.js', import.meta.url)),
    minThreads: 0,
    maxThreads: Math.min(workers, cells.length),
  });
  const release = onInterrupt(() => {
    stop.abort();
    void pool.destroy();
  });
  try {
    await Promise.all(
      cells.map(async (cell, i) => {
        if (results[i] !== undefined) return;
        const run = await pool.run(cell.scenario);
        results[i] = run;
        done++;
        if (directory !== undefined) writeWhole(fileOf(directory, cell), JSON.stringify(run));
        if (io.err.isTTY !== true && !json) io.err.write(`${status()}\n`);
      }),
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const again = directory === undefined ? '' : `; the same command goes on from ${count(done, 'run')}`;
    throw new Failure(`interrupted${again}`, EXIT.INTERRUPTED);
  } finally {
    live.end(false);
    release();
    await pool.destroy();
  }
  return cells.map(({ point }, i) => ({ point, run: results[i] as Run }));
}

/** Where a run is kept: under the hash of its scenario, so that a changed grid never meets another one's results. */
function fileOf(directory: string, { scenario }: Cell): string {
  const name = createHash('sha256').update(JSON.stringify(scenario)).digest('hex').slice(0, 24);
  return join(directory, `${name}.json`);
}

/** A run that was kept; `undefined` when there is none, or what is there is no run. */
function readRun(file: string): Run | undefined {
  try {
    const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
    return typeof run.stateHash === 'string' ? run : undefined;
  } catch {
    return undefined;
  }
}

function readGrid(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Failure(`GRID.json '${file}': ${oneLine((error as Error).message, 160)}`);
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new Failure(`--resume '${directory}': ${oneLine((error as Error).message)}`);
  }
}

/** The runs as a table, within 80 columns where what varies allows it. */
function tableOf(results: readonly SweepResult[]): readonly string[] {
  const names = Object.keys(results[0]?.point ?? {});
  const heads = [
    ...names.map((it) => it.split('.').at(-1) as string),
    'seed',
    'recall',
    'exact',
    'messages',
    'hops',
    'p50',
    'p95',
  ];
  const rows = results.map(({ point, run }) => [
    ...names.map((it) => String(point[it])),
    String(run.seed),
    run.recall.mean.toFixed(4),
    run.recall.exact.toFixed(4),
    run.messages.mean.toFixed(2),
    run.hops.mean.toFixed(2),
    String(run.latencyMs.p50),
    String(run.latencyMs.p95),
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] as string).length)));
  return [heads, ...rows].map((row) => row.map((cell, i) => cell.padStart(widths[i] as number)).join('  '));
}
