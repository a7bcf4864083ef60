import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impurities, PURE } from '../../../tools/purity.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The lines of `text` (from 1) on which a lint error lies when it is the source of a file of `packages/<name>/src`. */
type Lint = (name: string, text: string) => Set<number>;

const biomeIn = (dir: string): Lint => {
  // The real settings, in a tree of their own: nothing is written beside the sources.
  const settings = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as { $schema?: string; vcs?: unknown };
  delete settings.$schema;
  delete settings.vcs;
  writeFileSync(join(dir, 'biome.json'), JSON.stringify(settings));
  const entry = join(root, 'node_modules/@biomejs/biome/bin/biome');
  return (name, text) => {
    mkdirSync(join(dir, `packages/${name}/src`), { recursive: true });
    const file = `packages/${name}/src/probe.ts`;
    writeFileSync(join(dir, file), text);
    let report: string;
    try {
      const args = [entry, 'lint', '--reporter=json', '--max-diagnostics=none', '--diagnostic-level=error', file];
      report = execFileSync(process.execPath, args, {
        cwd: dir,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch (error) {
      report = (error as { stdout: string }).stdout;
    }
    const { diagnostics } = JSON.parse(report) as { diagnostics: { location?: { start?: { line: number } } }[] };
    return new Set(diagnostics.map((diagnostic) => diagnostic.location?.start?.line ?? 0));
  };
};

/** Each name that reads a clock, sets a timer, draws chance, or depends on the host. */
const deniedGlobals = [
  'Date.now()',
  'new Date()',
  'performance.now()',
  'crypto.getRandomValues',
  'new Intl.Collator()',
  'setTimeout(() => 0, 1)',
  'setInterval(() => 0, 1)',
  'setImmediate(() => 0)',
  'queueMicrotask(() => 0)',
  'console.log(1)',
  'process.env',
  'globalThis',
  'new WeakRef({})',
  'new FinalizationRegistry(() => 0)',
  'new SharedArrayBuffer(1)',
  'eval("1")',
  'new Function("return 1")',
];
const onlyInCore = ['Promise.resolve(1)', 'new Promise(() => 0)', 'AbortSignal.abort()'];

const mathAllowed = ['abs', 'clz32', 'floor', 'imul', 'max', 'min', 'sqrt', 'trunc'];
const mathDenied = Object.getOwnPropertyNames(Math).filter((name) => !mathAllowed.includes(name));

const arithmetic = [
  ...mathDenied.map((name) => `export const a = Math.${name};`),
  "export const a = Math['random']();",
  'export const a = Math;',
  'export const { random } = Math;',
  'export const a = { Math };',
  'export const a = [2 ** 3];',
  'export let a = 2; a **= 3;',
];
const locale = [
  "export const a = 'a'.localeCompare('b');",
  "export const a = 'a'?.localeCompare('b');",
  "export const a = 'a'['localeCompare']('b');",
  'export const { localeCompare } = String.prototype;',
  'export const a = (1).toLocaleString();',
  "export const a = 'a'.toLocaleUpperCase();",
];
const waiting = [
  'export async function a() {}',
  'export const a = async () => 1;',
  'export const a = async function () {};',
  'export const a = { async b() {} };',
  'export class A { async b() {} }',
  'export async function* a() {}',
  'export async function a(b: AsyncIterable<number>) { for await (const c of b) void c; }',
  'await 1; export {};',
];
const outside = [
  "import 'xstate';",
  "import { createActor } from 'xstate';",
  "import type { AnyActor } from 'xstate';",
  "export * from 'xstate';",
  "export type A = import('xstate').AnyActor;",
  "import { start } from '@xorrery/coordinator';",
  "import { readFileSync } from 'node:fs';",
  "import { readFileSync } from 'fs';",
  "export const a = import('./a.ts');",
  'export const a = import.meta.url;',
];
const allowed = [
  "import { a } from './a.ts';",
  "import type { A } from '../a.ts';",
  ...mathAllowed.map((name) => `export const a = Math.${name}(1, 2);`),
  'export const a = { pow: 1, async: 2, await: 3, random: 4 };',
  'export const a = (1 * 2 + 3 - 4) / 5;',
];

describe('purity by lint', () => {
  let dir = '';
  let lint: Lint = () => new Set();

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'xorrery-purity-'));
    lint = biomeIn(dir);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const missed = (name: string, expressions: readonly string[]): string[] => {
    const lines = lint(name, expressions.map((expression, i) => `export const a${i} = ${expression};`).join('\n'));
    return expressions.filter((_, i) => !lines.has(i + 1));
  };

  it('[G03] core may not name a clock, a timer, chance, crypto, a locale or the host', () => {
    expect(missed('core', deniedGlobals)).toEqual([]);
  });

  it('[G22] core may not name a promise', () => {
    expect(missed('core', onlyInCore)).toEqual([]);
  });

  it.each(['simulator', 'testkit'])('[G03] nor may %s', (name) => {
    expect(missed(name, deniedGlobals)).toEqual([]);
  });

  it('other packages may, and plain code passes everywhere', () => {
    const plain = ['[1, 2, 3]', 'new Map<string, number>()', 'new Uint8Array(20)', '"a".codePointAt(0)'];
    expect(missed('core', plain)).toEqual(plain);
    expect(missed('coordinator', ['Date.now()', 'Promise.resolve(1)'])).toEqual(['Date.now()', 'Promise.resolve(1)']);
  });

  it.each(arithmetic)('[G03] engines may differ in: %s', (text) => {
    for (const rules of Object.values(PURE)) expect(impurities(text, rules)).not.toEqual([]);
  });

  it.each(locale)('[G03] hosts may differ in: %s', (text) => {
    for (const rules of Object.values(PURE)) expect(impurities(text, rules)).not.toEqual([]);
  });

  it.each(waiting)('[G22] core may not wait: %s', (text) => {
    expect(impurities(text, PURE.core)).not.toEqual([]);
  });

  it.each(outside)('[G03] core stands alone: %s', (text) => {
    expect(impurities(text, PURE.core)).not.toEqual([]);
  });

  it.each(allowed)('allowed: %s', (text) => {
    expect(impurities(text, PURE.core)).toEqual([]);
  });
});

describe('purity by compiler', () => {
  const dir = resolve(root, 'packages/core');
  const config = ts.getParsedCommandLineOfConfigFile(
    join(dir, 'tsconfig.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
      },
    },
  );

  /** The codes of the errors in `text` as a file of core's sources. */
  const errors = (text: string): number[] => {
    if (config === undefined) throw new Error('no tsconfig');
    const probe = join(dir, 'src/probe.ts');
    const options = { ...config.options, noEmit: true, composite: false, incremental: false };
    delete options.tsBuildInfoFile;
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, target) =>
      name === probe ? ts.createSourceFile(name, text, target) : read(name, target);
    const exists = host.fileExists.bind(host);
    host.fileExists = (name) => name === probe || exists(name);
    const program = ts.createProgram([probe], options, host);
    const source = program.getSourceFile(probe);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ code }) => code,
    );
  };

  const CANNOT_FIND_NAME = [2304, 2552, 2580, 2584];
  const hostNames = [
    'setTimeout',
    'setInterval',
    'queueMicrotask',
    'performance',
    'crypto',
    'console',
    'process',
    'Buffer',
    'document',
    'window',
    'fetch',
    'structuredClone',
    'AbortController',
    'TextEncoder',
    'URL',
  ];

  it('[G03] no name of Node or of a browser compiles in core', { timeout: 60_000 }, () => {
    const found = errors(hostNames.map((name) => `export const ${name}_: unknown = ${name};`).join('\n'));
    expect(found).toHaveLength(hostNames.length);
    for (const code of found) expect(CANNOT_FIND_NAME).toContain(code);
  });

  it('[G03] the names of the language itself do compile in core', { timeout: 60_000 }, () => {
    expect(errors('export const a: number[] = [1].toSorted((x, y) => x - y);')).toEqual([]);
  });
});
