import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(here).filter((it) => it.endsWith('.mjs'));

/** A line each example prints when it works. */
const LINES: Readonly<Record<string, RegExp>> = {
  'node-in-15-lines.mjs': /^found 127\.0\.0\.1:6881$/m,
  'watch-a-lookup.mjs': /answered {2}127\.0\.0\.1:\d+ .*\n(.*\n)*\d+ {2}(converged|exhausted): asked \d+/,
  'items.mjs':
    /^e28910ea0adb94dd45ced75fbff3e135c01bc437: hello\na version 1 .*: sequence number less.*\nversion 2: final$/m,
  'kv.mjs': /^aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d at [12] others: hello, its own proof: true\nlatest: final$/m,
  'simulate.mjs': /^loss 0: recall 100\.0 %, .*\nloss 0\.1: recall .*\nloss 0\.3: recall/m,
  'property-of-a-network.mjs': /^50 networks: every lookup ended$/m,
  'find-node-promise.mjs': /^it is the one we looked for$/m,
};

it.each(files)('[G20] the example %s runs by itself and prints what it promises', async (file) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [here + file], { timeout: 30_000 });
  expect(stderr).toBe('');
  expect(stdout).toMatch(LINES[file] ?? /^there is no line for this example in LINES$/);
});

it('no line is left over from an example that is gone', () => {
  expect(Object.keys(LINES).sort()).toEqual([...files].sort());
});
