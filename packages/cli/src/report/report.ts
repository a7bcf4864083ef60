/**
 * A page about simulations: one self-contained HTML file, plots as SVG inside it, figures as tables. It loads nothing
 * and runs nothing. The plots are made by Vega-Lite, without a browser.
 */
import { accessSync, constants, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Scenario } from '@xorrery/simulator';
import { Failure, oneLine } from '../failure.ts';
import type { Run } from '../simulate.ts';
import { simLines } from '../ui/sim-screen.ts';
import { PLAIN } from '../ui/terminal.ts';
import { plotsOf } from './plots.ts';
import { render } from './render.ts';

/** Throws `Failure` unless a file can be written there: before the work, not after it. */
export function checkWritable(option: string, file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error('it is a directory');
  } catch (error) {
    throw new Failure(`${option} '${file}': ${oneLine((error as Error).message)}`);
  }
}

/** Writes the page about one run; whole, or not at all. */
export async function writeReport(file: string, scenario: Scenario, run: Run): Promise<void> {
  const figures: string[] = [];
  for (const { title, spec } of plotsOf(run)) {
    figures.push(`<figure><figcaption>${escaped(title)}</figcaption>${await render(spec)}</figure>`);
  }
  const settings = Object.entries(scenario).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const html = page(`Xorrery: ${run.nodes} nodes, seed ${run.seed}`, [
    `<pre>${escaped(simLines(scenario, run, PLAIN).join('\n'))}</pre>`,
    ...(run.violation === undefined ? [] : [`<p class="bad">Broken: ${escaped(JSON.stringify(run.violation))}</p>`]),
    `<div class="plots">${figures.join('\n')}</div>`,
    '<h2>Scenario</h2>',
    `<table>${settings.map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value)}</td></tr>`).join('')}</table>`,
  ]);
  writeWhole(file, html);
}

/** A file that is there whole or not at all. */
export function writeWhole(file: string, text: string): void {
  const half = `${file}.${process.pid}.half`;
  writeFileSync(half, text);
  renameSync(half, file);
}

export function page(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2733; background: #fff; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
pre { background: #f4f6f8; padding: 1rem; overflow-x: auto; font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: .3rem; }
svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 13px; } th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #e3e8ed; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: #a40000; font-weight: 600; }
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${parts.join('\n')}
</body>
</html>
`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
