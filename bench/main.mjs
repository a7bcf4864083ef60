// Runs every benchmark of this folder, one after the other: npm run bench [-- --short] [NAME]...
// A benchmark is a file NAME.bench.mjs that exports `run({ short })`; it prints its own table, ratios taken in one run,
// and may return lines for the summary at the end.
import { readdirSync } from 'node:fs';

const args = process.argv.slice(2);
const short = args.includes('--short');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.slice(0, -'.bench.mjs'.length))
  .sort();

const missing = wanted.filter((name) => !names.includes(name));
if (missing.length > 0) {
  process.stderr.write(`no such benchmark: ${missing.join(', ')} (there are: ${names.join(', ') || 'none'})\n`);
  process.exitCode = 2;
} else {
  const summary = [];
  for (const name of wanted.length > 0 ? wanted : names) {
    process.stdout.write(`\n== ${name}\n`);
    const { run } = await import(`./${name}.bench.mjs`);
    summary.push(...((await run({ short })) ?? []));
  }
  if (summary.length > 0) process.stdout.write(`\n== summary${short ? ' (short: the figures mean nothing)' : ''}\n`);
  for (const line of summary) process.stdout.write(`${line}\n`);
}
