// Adds up the JSON reports of the test tiers and of tools/interop.mjs: totals.mjs FOLDER [FAILED STAGE]...
// Prints "N passed, N failed" as its last line and exits 1 when anything failed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...stages] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: totals.mjs FOLDER [FAILED STAGE]...');

let passed = 0;
let failed = 0;
const explained = new Set();
for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const label = name.replace(/\.json$/, '');
  if (report.checks !== undefined) {
    passed += report.passed;
    failed += report.failed;
    if (report.failed > 0) explained.add(label);
    continue;
  }
  passed += report.numPassedTests;
  // A file that could not be loaded has no tests to fail: it counts as one.
  const broken = report.testResults.filter(
    (/** @type {{ status: string, assertionResults: unknown[] }} */ file) =>
      file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  failed += report.numFailedTests + broken;
  if (report.numFailedTests + broken > 0) explained.add(label);
}
for (const stage of stages) if (!explained.has(stage)) failed += 1;

if (stages.length > 0) process.stdout.write(`\nfailed: ${stages.join(', ')}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
