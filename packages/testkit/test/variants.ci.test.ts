/** What is broken on purpose must be found: each variant of the core is explored, and its fault has a name. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { explore, FOUR_NODES, type Machines, replay, SMALL_NETS, type SmallNet, THREE_NODES } from '@xorrery/testkit';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POOL_VARIANTS } from './variants/pool.ts';
import { QUERY_VARIANTS } from './variants/query.ts';
import { patched, type Variant } from './variants/variant.ts';
import { WIRE_VARIANTS } from './variants/wire.ts';

const CORE_SOURCES = fileURLToPath(new URL('../../core/src', import.meta.url));
/** Where a build lies, so that the copies are loaded like one. */
const BUILT = 'packages/core/dist';
const VARIANTS = [...QUERY_VARIANTS, ...POOL_VARIANTS, ...WIRE_VARIANTS];
/** Worlds within which each fault is found, and none where there is none. */
const WORLDS = 1_000;

let copies = '';
beforeAll(async () => {
  copies = await mkdtemp(join(tmpdir(), 'xorrery-variants-'));
  await writeFile(join(copies, 'package.json'), '{ "type": "module" }');
  for (const file of await readdir(CORE_SOURCES, { recursive: true })) {
    if (file.endsWith('.ts')) await writeBuilt('unbroken', file, await readFile(join(CORE_SOURCES, file), 'utf8'));
  }
});
afterAll(async () => {
  await rm(copies, { recursive: true, force: true });
});

const copyOf = (name: string): string => join(copies, name.replaceAll(/\W+/g, '-'), BUILT);

async function writeBuilt(name: string, file: string, source: string): Promise<void> {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  const path = join(copyOf(name), file.replace(/\.ts$/, '.js'));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, outputText);
}

/** The machines of a copy of the core, with the variant's fault in it. */
async function machinesOf(variant?: Variant): Promise<Machines> {
  const name = variant?.name ?? 'unbroken';
  if (variant !== undefined) {
    const { file } = variant;
    await cp(copyOf('unbroken'), copyOf(name), { recursive: true });
    await writeBuilt(name, file, patched(variant, await readFile(join(CORE_SOURCES, file), 'utf8')));
  }
  return import(/* @vite-ignore */ pathToFileURL(join(copyOf(name), 'index.js')).href);
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
    const machines = await machinesOf();
    for (const name of new Set(VARIANTS.map((it) => it.net))) {
      expect(explore(netOf(name), { machines, maxStates: WORLDS }).violation, name).toBeUndefined();
    }
  });

  it.each(VARIANTS)('[X06][X08] $name is caught: $breaks', async (variant) => {
    const machines = await machinesOf(variant);
    const net = netOf(variant.net);
    const { states, violation } = explore(net, { machines, maxStates: WORLDS });
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
