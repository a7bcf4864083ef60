// Living with other clients: our node beside libtorrent, Transmission and aria2, in network namespaces made for it.
// Usage: npm run interop [-- --only NAME]... [--json]
// Progress goes to stderr, at the end a table to stdout, or with --json one document. Exit code 1: a check failed, or they
// cannot run though this is root. Where it is not root they are skipped.
import { parseArgs } from 'node:util';
import { CHECKS } from './interop/checks.mjs';
import { Lab } from './interop/lab.mjs';
import { prepare } from './interop/prepare.mjs';

/** ms for one check. All run side by side. */
const LIMIT = 240_000;

/** @typedef {{ name: string, ok: boolean, seconds: number, detail: string }} Outcome */

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true, default: [] }, json: { type: 'boolean', default: false } },
});
const unknown = values.only.filter((name) => !CHECKS.some((it) => it.name === name));
const checks = CHECKS.filter((it) => values.only.length === 0 || values.only.includes(it.name));

/** @param {string} line */
const progress = (line) => process.stderr.write(`${line}\n`);

/** @param {Lab} lab @param {import('./interop/checks.mjs').Check} check @returns {Promise<Outcome>} */
const perform = async (lab, { name, run }) => {
  const from = performance.now();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${LIMIT / 1_000} s`)), LIMIT);
  });
  /** @type {Pick<Outcome, 'ok' | 'detail'>} */
  let outcome;
  try {
    progress(`${name}: begins`);
    outcome = { ok: true, detail: String(await Promise.race([run(lab), late])) };
  } catch (error) {
    outcome = { ok: false, detail: /** @type {Error} */ (error).message };
  } finally {
    clearTimeout(timer);
  }
  const seconds = Math.round((performance.now() - from) / 100) / 10;
  progress(`${name}: ${outcome.ok ? 'ok' : 'FAILED'}, ${seconds} s: ${outcome.detail}`);
  return { name, ...outcome, seconds };
};

/** @param {readonly Outcome[]} outcomes */
const tableOf = (outcomes) => {
  const width = Math.max(...outcomes.map((it) => it.name.length));
  const rows = outcomes.map(
    (it) => `${it.name.padEnd(width)}  ${it.ok ? 'ok    ' : 'FAILED'}  ${it.seconds.toFixed(1).padStart(6)} s`,
  );
  return `\n${rows.join('\n')}\n`;
};

const main = async () => {
  if (unknown.length > 0) {
    progress(`no such check: ${unknown.join(', ')} (there are: ${CHECKS.map((it) => it.name).join(', ')})`);
    return 2;
  }
  const obstacle = prepare();
  if (obstacle !== undefined) {
    progress(`${obstacle.isFailure ? 'cannot run' : 'skipped'}: ${obstacle.why}`);
    if (values.json)
      process.stdout.write(`${JSON.stringify({ skipped: obstacle.why, passed: 0, failed: 0, checks: [] })}\n`);
    return obstacle.isFailure ? 1 : 0;
  }
  const lab = new Lab();
  const leave = (/** @type {number} */ code) => void lab.close().then(() => process.exit(code));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => leave(130));
  process.on('uncaughtException', (error) => {
    progress(String(error.stack));
    leave(1);
  });
  try {
    await lab.open();
    const outcomes = await Promise.all(checks.map((check) => perform(lab, check)));
    const failed = outcomes.filter((it) => !it.ok).length;
    if (values.json) {
      progress(tableOf(outcomes));
      const document = { passed: outcomes.length - failed, failed, checks: outcomes };
      process.stdout.write(`${JSON.stringify(document)}\n`);
    } else process.stdout.write(tableOf(outcomes));
    return failed > 0 ? 1 : 0;
  } finally {
    await lab.close();
  }
};

process.exitCode = await main();
