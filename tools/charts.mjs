// Writes the generated part of docs/machines/*.md from the statecharts: charts.mjs [--check]. Needs a build.
// The prose around it is written by hand; between the markers stands what packages/charts says and its tests prove.
import { readFileSync, writeFileSync } from 'node:fs';
import { CHARTS, sectionOf } from '@xorrery/charts';

const OPEN = '<!-- generated:diagram -->';
const CLOSE = '<!-- /generated -->';

for (const name of new Set(CHARTS.map((it) => it.name))) {
  const file = new URL(`../docs/machines/${name}.md`, import.meta.url);
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(OPEN), text.indexOf(CLOSE)];
  if (from < 0 || to < from) throw new Error(`docs/machines/${name}.md has no place for its diagram`);
  const sections = CHARTS.filter((it) => it.name === name).map(sectionOf);
  const wanted = `${text.slice(0, from)}${OPEN}\n\n${sections.join('\n\n')}\n\n${text.slice(to)}`;
  if (wanted === text) continue;
  if (!process.argv.includes('--check')) writeFileSync(file, wanted);
  else {
    process.stderr.write(`docs/machines/${name}.md is out of date: run npm run docs\n`);
    process.exitCode = 1;
  }
}
