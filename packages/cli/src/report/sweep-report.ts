/** The page about a sweep: each figure against what varies, and all runs as a table. */
import type { Cell } from '../grid.ts';
import type { Run } from '../simulate.ts';
import { lines, type Plot } from './plots.ts';
import { render } from './render.ts';
import { escaped, page } from './report.ts';

/** A run with its place in the grid. */
export interface SweepResult {
  readonly point: Cell['point'];
  readonly run: Run;
}

const FIGURES: readonly {
  readonly title: string;
  readonly unit: string;
  readonly of: (it: SweepResult['run']) => number;
}[] = [
  { title: 'Recall', unit: 'share of the true k closest', of: (it) => it.recall.mean },
  { title: 'Nearest honest node found', unit: 'share of lookups', of: (it) => it.success },
  { title: 'Hops', unit: 'mean', of: (it) => it.hops.mean },
  { title: 'Messages', unit: 'mean of a lookup', of: (it) => it.messages.mean },
  { title: 'Latency, median', unit: 'ms', of: (it) => it.latencyMs.p50 },
  { title: 'Latency, 95 %', unit: 'ms', of: (it) => it.latencyMs.p95 },
];

export async function sweepPage(name: string, results: readonly SweepResult[]): Promise<string> {
  const names = Object.keys(results[0]?.point ?? {});
  const figures: string[] = [];
  for (const { title, spec } of plots(results, names)) {
    figures.push(`<figure><figcaption>${escaped(title)}</figcaption>${await render(spec)}</figure>`);
  }
  const head = [...names, 'seed', ...FIGURES.map((it) => it.title), 'violations', 'state hash'];
  const rows = results.map(({ point, run }) => [
    ...names.map((it) => String(point[it])),
    String(run.seed),
    ...FIGURES.map((it) => it.of(run).toFixed(3)),
    String(run.violations),
    (run.stateHash ?? '').slice(0, 12),
  ]);
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((it) => `<${tag} class="number">${escaped(it)}</${tag}>`).join('')}</tr>`;
  return page(`Xorrery sweep: ${name}`, [
    `<div class="plots">${figures.join('\n')}</div>`,
    `<h2>Runs</h2><table>${row(head, 'th')}${rows.map((it) => row(it, 'td')).join('')}</table>`,
  ]);
}

/** Each figure over the first thing that varies, a line for each combination of the others; means over seeds. */
function plots(results: readonly SweepResult[], [first, ...others]: readonly string[]): readonly Plot[] {
  if (first === undefined) return [];
  const groups = new Map<
    string,
    { readonly x: unknown; readonly series: string; readonly runs: SweepResult['run'][] }
  >();
  for (const { point, run } of results) {
    const series = others.map((it) => `${it.split('.').at(-1)} ${point[it]}`).join(', ');
    const key = JSON.stringify([point[first], series]);
    const group = groups.get(key) ?? { x: point[first], series, runs: [] };
    group.runs.push(run);
    groups.set(key, group);
  }
  const isNumeric = results.every(({ point }) => typeof point[first] === 'number');
  return FIGURES.map(({ title, unit, of }) => {
    const values = [...groups.values()].map(({ x, series, runs }) => ({
      x: x as number | string,
      y: runs.reduce((sum, it) => sum + of(it), 0) / runs.length,
      series,
    }));
    const spec = lines(values, first, unit, others.length === 0 ? undefined : others.join(', '));
    if (isNumeric) return { title, spec };
    const { encoding } = spec as { encoding: Record<string, object> };
    const x = { ...encoding.x, type: 'nominal', sort: null, axis: { labelAngle: 0 } };
    return { title, spec: { ...spec, encoding: { ...encoding, x } } as Plot['spec'] };
  });
}
