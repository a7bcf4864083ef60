import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProjectInlineConfiguration } from 'vitest/config';

type Tier = 'fast' | 'ci';

const root = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * In the fast tier workspace packages resolve to their sources, so that it waits for no build. The ci tier loads what was
 * built, as users do, and past vite: that is quicker by a third, because vite makes a lookup of each call from file to file.
 */
const conditions = ['xorrery:source', 'module', 'node', 'development|production'];

const wholeNumber = (name: string, fallback: number): number => {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number, not ${text}`);
  return Number(text);
};

const runs = wholeNumber('XORRERY_RUNS', 1);
export const seed: number = wholeNumber('XORRERY_SEED', Math.floor(Math.random() * 2 ** 31));

/** One test project: a place and a tier. The name of a file says its tier: `x.ci.test.ts` is ci, `x.test.ts` is fast. */
const project = (name: string, dir: string, tier: Tier): TestProjectInlineConfiguration => {
  // Repeated, the fast tier has as many runs as the other.
  const isBrief = tier === 'fast' && runs === 1;
  return {
    ...(tier === 'fast' && { resolve: { conditions }, ssr: { resolve: { conditions } } }),
    test: {
      name: `${name}:${tier}`,
      root: root('.'),
      include: [`${dir}/**/*.${tier === 'ci' ? 'ci.test' : 'test'}.ts`],
      exclude: ['**/node_modules/**', '**/dist/**', ...(tier === 'fast' ? ['**/*.ci.test.ts'] : [])],
      setupFiles: [root('tools/vitest.setup.ts'), ...(name === 'core' ? [root('tools/stubs.setup.ts')] : [])],
      ...(tier === 'ci' && { server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } } }),
      testTimeout: isBrief ? 10_000 : 120_000 * runs,
      hookTimeout: isBrief ? 10_000 : 120_000 * runs,
      provide: { runs, propertyRuns: isBrief ? 100 : 1_000 * runs, seed },
    },
  };
};

const packages = readdirSync(root('packages')).filter((name) => existsSync(root(`packages/${name}/package.json`)));

const projects: TestProjectInlineConfiguration[] = [
  ...packages.flatMap((name) => [
    project(name, `packages/${name}/test`, 'fast'),
    project(name, `packages/${name}/test`, 'ci'),
  ]),
  project('tools', 'tools', 'fast'),
  project('examples', 'examples', 'ci'),
];

export default projects;
