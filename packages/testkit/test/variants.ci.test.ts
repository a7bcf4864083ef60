/** What is broken on purpose must be found: each variant of the core is explored, and its fault has a name. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { explore, FOUR_NODES, type Machines, replay, SMALL_NETS, type SmallNet, THREE_NODES } from '@xorrery/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POOL_VARIANTS } from './variants/pool.ts';
import { QUERY_VARIANTS } from './variants/query.ts';
import { patched, type Variant } from './variants/variant.ts';
import { WIRE_VARIANTS } from './variants/wire.ts';

const CORE_SOURCES = fileURLToPath(new URL('../../core/src', import.meta.url));
const VARIANTS = [...QUERY_VARIANTS, ...POOL_VARIANTS, ...WIRE_VARIANTS];

let copies = '';
beforeAll(async () => {
  copies = await mkdtemp(join(tmpdir(), 'xorrery-variants-'));
});
afterAll(async () => {
  await rm(copies, { recursive: true, force: true });
});

/** The machines of a copy of the core, with the variant's fault in it. */
async function machinesOf(name: string, variant?: Variant): Promise<Machines> {
  const copy = join(copies, name.replaceAll(/\W+/g, '-'));
  await cp(CORE_SOURCES, copy, { recursive: true });
  if (variant !== undefined) {
    const file = join(copy, variant.file);
    await writeFile(file, patched(variant, await readFile(file, 'utf8')));
  }
  return import(/* @vite-ignore */ pathToFileURL(join(copy, 'index.ts')).href);
}

const netOf = (name: string): SmallNet => {
  const found = [THREE_NODES, FOUR_NODES, ...SMALL_NETS].find((it) => it.name === name);
  if (found === undefined) throw new Error(`there is no small net '${name}'`);
  return found;
};

describe('a broken variant of the core', () => {
  it('[X06] there are enough of them, each by a name of its own', () => {
    expect(VARIANTS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(VARIANTS.map((it) => it.name)).size).toBe(VARIANTS.length);
  });

  it('[X08] an unbroken copy is found sound', async () => {
    const machines = await machinesOf('unbroken');
    for (const name of new Set(VARIANTS.map((it) => it.net))) {
      expect(explore(netOf(name), { machines, maxStates: 10_000 }).violation, name).toBeUndefined();
    }
  });

  it.each(VARIANTS)('[X06][X08] $name is caught: $breaks', async (variant) => {
    const machines = await machinesOf(variant.name, variant);
    const net = netOf(variant.net);
    const { states, violation } = explore(net, { machines });
    const { message = 'nothing', choices = [] } = violation ?? {};
    const where = `${net.name}, after ${choices.length} choices and ${states} states`;
    console.log(`${variant.name}: ${where}: ${message.slice(0, 80)}`);
    expect(message).toContain(variant.caughtBy);
    expect(replay(net, choices, machines).at(-1)).toContain(message);
  });

  it('[X06] whose place in the sources has moved says so', () => {
    const [variant] = VARIANTS as [Variant];
    expect(() => patched(variant, 'nothing like it')).toThrow(`variant '${variant.name}': its text occurs 0 times`);
    expect(() => patched(variant, variant.find + variant.find)).toThrow('occurs 2 times');
  });
});
