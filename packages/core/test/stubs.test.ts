import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { DENIED } from '../../../tools/stubs.setup.ts';

/** A file whose path looks like the core's own. */
const dir = mkdtempSync(join(tmpdir(), 'stubs-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the whole suite of the core', () => {
  it('[X01][G03] runs with clocks, timers, chance and keys that throw when the core asks for them', () => {
    expect([...DENIED].sort()).toEqual(
      [
        'Date',
        'fetch',
        'getRandomValues',
        'now',
        'queueMicrotask',
        'random',
        'randomUUID',
        'setImmediate',
        'setInterval',
        'setTimeout',
      ].sort(),
    );
  });

  it.each([
    ['Date.now()', 'now'],
    ['new Date()', 'Date'],
    ['Math.random()', 'random'],
    ['performance.now()', 'now'],
    ['setTimeout(() => {}, 0)', 'setTimeout'],
    ['crypto.getRandomValues(new Uint8Array(1))', 'getRandomValues'],
  ])('[X01] %s throws when asked for by a file of the core, and works elsewhere', async (call, name) => {
    const text = `export const ask = () => { ${call}; };`;
    const inside = join(dir, 'packages', 'core', 'src');
    const { mkdirSync } = await import('node:fs');
    mkdirSync(inside, { recursive: true });
    const file = `${name}-${Math.abs(call.length)}.mjs`;
    writeFileSync(join(inside, file), text);
    writeFileSync(join(dir, file), text);
    const load = async (path: string): Promise<() => void> => (await import(pathToFileURL(path).href)).ask;
    const [core, elsewhere] = [await load(join(inside, file)), await load(join(dir, file))];
    expect(core).toThrow(`the core asked for ${name}`);
    expect(elsewhere).not.toThrow();
    expect(fileURLToPath(import.meta.url)).toContain('core');
  });
});
