// Mutation testing of the core; docs/mutation.md explains what survives.
// Usage: npm run mutate [-- PART...]   where a part is a folder under packages/core/src, or `rest`: the files beside them
// Each part is a run of its own, and what it found is kept: a part that has not changed since costs only its first tests.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const SOURCES = 'packages/core/src';
const KEPT = '.tmp/mutation';
/** Below this, in percent, the run fails. */
const LEAST = 80;
/** What became of a mutant: noticed, or not. Those that do not load, or were left out, do not count. */
const NOTICED = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((it) => it.isDirectory());
const parts = [...folders.map((it) => it.name), 'rest'];
const asked = process.argv.slice(2);
const unknown = asked.find((it) => !parts.includes(it));
if (unknown !== undefined) throw new Error(`there is no part '${unknown}', but ${parts.join(', ')}`);

const keptOf = (/** @type {string} */ part) => `${KEPT}/${part}.json`;

mkdirSync(KEPT, { recursive: true });
for (const part of asked.length === 0 ? parts : asked) {
  process.stdout.write(`== ${part}\n`);
  const stryker = new Stryker({
    mutate: [part === 'rest' ? `${SOURCES}/*.ts` : `${SOURCES}/${part}/**/*.ts`],
    ignorePatterns: ['/docs', '/bench', '/examples', '**/dist', '**/fixtures'],
    plugins: [fileURLToPath(new URL('mutation/runner.mjs', import.meta.url))],
    testRunner: 'in-process',
    coverageAnalysis: 'perTest',
    // What is worked out while a file loads, as defaults are, would mean loading everything anew for each.
    ignoreStatic: true,
    incremental: true,
    incrementalFile: keptOf(part),
    concurrency: 2,
    timeoutMS: 10_000,
    // All judges once, on a machine that has other things to do.
    dryRunTimeoutMinutes: 30,
    tempDirName: '.tmp/stryker',
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    allowConsoleColors: false,
    thresholds: { high: 90, low: LEAST, break: null },
  });
  await stryker.runMutationTest();
}

/** Mutants of one part, or of all. */
class Tally {
  noticed = 0;
  missed = 0;
  ignored = 0;

  get score() {
    const all = this.noticed + this.missed;
    return all === 0 ? 100 : (100 * this.noticed) / all;
  }
}

const total = new Tally();
const print = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
print('| part | mutants | noticed | missed | static | score |');
print('|---|---:|---:|---:|---:|---:|');
const row = (/** @type {string} */ name, /** @type {Tally} */ { noticed, missed, ignored, score }) =>
  print(`| ${name} | ${noticed + missed} | ${noticed} | ${missed} | ${ignored} | ${score.toFixed(1)} % |`);
const known = parts.filter((part) => existsSync(keptOf(part)));
for (const part of known) {
  const tally = new Tally();
  /** @type {{ files: Record<string, { mutants: { status: string }[] }> }} */
  const { files } = JSON.parse(readFileSync(keptOf(part), 'utf8'));
  for (const { status } of Object.values(files).flatMap((it) => it.mutants)) {
    for (const it of [tally, total]) {
      if (NOTICED.has(status)) it.noticed++;
      else if (MISSED.has(status)) it.missed++;
      else if (status === 'Ignored') it.ignored++;
    }
  }
  row(part, tally);
}
row('all', total);
if (known.length < parts.length) print(`\nNever run: ${parts.filter((it) => !known.includes(it)).join(', ')}.`);
if (total.score < LEAST) {
  process.exitCode = 1;
  print(`\nThe score is below ${LEAST} %.`);
}
