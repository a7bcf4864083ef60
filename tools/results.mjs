// Runs the grids in docs/results and writes what came of them: docs/results.md and a picture for each. Takes minutes; it
// is run by hand when a default is in question. Usage: npm run results [-- NAME...]
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lines } from '../packages/cli/dist/report/plots.js';
import { render } from '../packages/cli/dist/report/render.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}docs/results/`;

/** @typedef {{ point: Record<string, unknown>, recall: { mean: number, exact: number }, success: number, foul: number,
 *   messages: { mean: number }, hops: { mean: number }, latencyMs: { p50: number, p95: number }, violations: number,
 *   harm: { requests: number, requestBytes: number, granted: number, answerBytes: number }, virtualMs: number }} Run */
/** @typedef {{ title: string, about: string, figure: string, verdict: string, grid: object }} Page */

/** @typedef {Record<string, { head: string, of: (run: Run) => number, digits: number }>} Figures */

/** @type {Figures} */
const FIGURES = {
  recall: { head: 'recall', of: (it) => it.recall.mean, digits: 4 },
  exact: { head: 'exact', of: (it) => it.recall.exact, digits: 3 },
  success: { head: 'nearest honest', of: (it) => it.success, digits: 3 },
  foul: { head: 'foul', of: (it) => it.foul, digits: 3 },
  hops: { head: 'hops', of: (it) => it.hops.mean, digits: 2 },
  messages: { head: 'messages', of: (it) => it.messages.mean, digits: 2 },
  p50: { head: 'p50 ms', of: (it) => it.latencyMs.p50, digits: 0 },
  p95: { head: 'p95 ms', of: (it) => it.latencyMs.p95, digits: 0 },
};

/** What attackers got, where there are such that want something. @type {Figures} */
const HARM = {
  granted: { head: 'granted', of: ({ harm }) => harm.granted / harm.requests, digits: 3 },
  gain: { head: 'gain', of: ({ harm }) => harm.answerBytes / harm.requestBytes, digits: 2 },
  rate: { head: 'kB/s', of: ({ harm, virtualMs }) => harm.answerBytes / virtualMs, digits: 1 },
};

const names = readdirSync(folder)
  .filter((it) => it.endsWith('.json'))
  .map((it) => it.slice(0, -'.json'.length));
const wanted = process.argv.slice(2);

/** One section of the page. @param {string} name */
const section = async (name) => {
  const { title, about, figure, verdict, ...grid } = /** @type {Page & Record<string, unknown>} */ (
    JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8'))
  );
  const grids = /** @type {object[]} */ (grid.grids);
  /** @type {Run[]} */
  const runs = [];
  const scratch = mkdtempSync(join(tmpdir(), 'xorrery-'));
  for (const it of grids) {
    const file = join(scratch, 'grid.json');
    writeFileSync(file, JSON.stringify(it));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [`${root}packages/cli/bin/xorrery.js`, 'sweep', file, '--json'],
      { maxBuffer: 1 << 28 },
    );
    runs.push(...JSON.parse(stdout).results);
  }
  rmSync(scratch, { recursive: true });
  /** @type {Map<string, Run[]>} */
  const groups = new Map();
  for (const run of runs) {
    const key = JSON.stringify(run.point);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const heads = [...new Set(runs.flatMap((it) => Object.keys(it.point)))];
  const cell = (/** @type {unknown} */ value) =>
    typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
  const mean = (/** @type {Run[]} */ all, /** @type {(run: Run) => number} */ of) =>
    all.reduce((sum, it) => sum + of(it), 0) / all.length;
  const isHarmed = runs.every((it) => it.harm.requests > 0);
  const figures = isHarmed ? { ...FIGURES, ...HARM } : FIGURES;
  const rows = [...groups.values()].map((all) => [
    ...heads.map((head) => cell(all[0]?.point[head])),
    ...Object.values(figures).map(({ of, digits }) => mean(all, of).toFixed(digits)),
  ]);
  const head = [...heads.map((it) => it.split('.').at(-1) ?? it), ...Object.values(figures).map((it) => it.head)];
  const table = [head, head.map(() => '---'), ...rows].map((it) => `| ${it.join(' | ')} |`).join('\n');
  const [first = '', second] = heads;
  const values = [...groups.values()].map((all) => ({
    x: /** @type {number} */ (all[0]?.point[first]),
    y: mean(all, figures[figure]?.of ?? (() => 0)),
    series: second === undefined ? '' : `${second.split('.').at(-1)} ${cell(all[0]?.point[second])}`,
  }));
  const isDrawn = values.every((it) => typeof it.x === 'number');
  if (isDrawn) {
    const spec = lines(values, first, FIGURES[figure]?.head ?? '', second?.split('.').at(-1));
    writeFileSync(`${folder}${name}.svg`, await render(spec));
  }
  const picture = isDrawn ? `![${title}](results/${name}.svg)\n\n` : '';
  const broken = runs.filter((it) => it.violations > 0).length;
  if (broken > 0) throw new Error(`${name}: ${broken} runs broke a promise`);
  return `## ${title}\n\n${about}\n\n\`npm run results -- ${name}\`\n\n${picture}${table}\n\n${verdict}\n`;
};

const page = `${root}docs/results.md`;
const HEAD = `# What simulations say

Each section is a grid of simulations ([docs/results](results)); the command under its title makes it again, figure for figure.
Means over the seeds of the grid. *recall*: the share of the true k closest that a lookup found; *exact*: lookups that found
all of them; *nearest honest*: lookups that found the nearest honest node; *foul*: the share of results that are not honest.
How to read a scenario: [simulator.md](simulator.md).
`;
/** Sections as they stand, by title. */
const standing = new Map(
  (existsSync(page) ? readFileSync(page, 'utf8') : '')
    .split(/^(?=## )/m)
    .slice(1)
    .map((text) => [text.slice(3, text.indexOf('\n')), `${text.trimEnd()}\n`]),
);
const sections = [];
for (const name of names) {
  if (wanted.length === 0 || wanted.includes(name)) {
    process.stderr.write(`${name}\n`);
    sections.push(await section(name));
  } else sections.push(standing.get(JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')).title) ?? '');
}
writeFileSync(page, [HEAD, ...sections].join('\n'));
