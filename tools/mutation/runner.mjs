// A test runner for Stryker that loads the tests of the core once and runs those that meet a mutant in its own process,
// within milliseconds. Stryker's runner for vitest starts anew for each mutant: a second or more, and there are 6,000.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { configureGlobal, readConfigureGlobal } from 'fast-check';
import { createViteServer } from 'vitest/node';

/** @typedef {import('./vitest-shim.mjs')} Shim */
/** @typedef {{ id: string, name: string, file: string, run: () => unknown }} Test */
/** @typedef {{ activeMutant?: string | undefined, currentTestId?: string | undefined, hitCount?: number, hitLimit?: number | undefined, mutantCoverage?: import('@stryker-mutator/api/core').MutantCoverage }} Namespace */

/** @typedef {{ took: Record<string, number>, hits: Record<string, Record<string, number>> }} Findings */

/**
 * Whose tests judge: the fast ones of the core, and those of the ci tier, few times over, in which its machines meet
 * whatever may come. Not those of the text of the sources, nor those that test the tests.
 */
const FOLDERS = ['packages/core/test', 'packages/testkit/test', 'tools/mutation'];
const NO_JUDGES = new Set(
  [
    ...['purity', 'stubs', 'contracts', 'invariants', 'mock-network'],
    // Large, and in small they judge nothing that others do not.
    ...['variants.ci', 'explore.ci', 'exact.ci', 'upkeep.ci', 'joining.ci', 'refresh.ci', 'scenarios.ci'],
  ].map((it) => `${it}.test.ts`),
);
const isJudge = (/** @type {string} */ name) =>
  (name.endsWith('.test.ts') || name.endsWith('.judge.ts')) && !NO_JUDGES.has(name);

/**
 * What the run without mutants found, for every process that judges them: the ms that each test took, so that the quick
 * ones are asked first, and how often each mutant's place was passed in it, so that endless loops are known for what they
 * are. The limit is for one test, and counts: it is the same on a busy machine.
 */
const FINDINGS = '.findings.json';
const limitOf = (/** @type {number} */ hits) => 10_000 + 20 * hits;

/** What instrumented sources read and write. */
const shared = /** @type {Record<string, Namespace | undefined>} */ (/** @type {unknown} */ (globalThis));
const SHARED_AS = '__stryker__';
const namespace = shared[SHARED_AS] ?? {};
shared[SHARED_AS] = namespace;

const ENVIRONMENT = 'ssr';

class InProcessRunner {
  #root = process.cwd();
  /** @type {import('vite').ViteDevServer | undefined} */
  #server;
  /** @type {Test[]} */
  #tests = [];
  /** @type {Findings['hits']} */
  #hits = {};

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    const at = (/** @type {string} */ path) => join(this.#root, path);
    const alias = {
      '@xorrery/core': at('packages/core/src/index.ts'),
      '@xorrery/testkit': at('packages/testkit/src/index.ts'),
      vitest: at('tools/mutation/vitest-shim.mjs'),
    };
    this.#server = await createViteServer({
      configFile: false,
      root: this.#root,
      logLevel: 'error',
      appType: 'custom',
      server: { middlewareMode: true, watch: null, hmr: false, ws: false },
      optimizeDeps: { noDiscovery: true },
      resolve: { alias },
    });
  }

  async dispose() {
    await this.#server?.close();
  }

  /** @returns {Promise<import('@stryker-mutator/api/test-runner').DryRunResult>} */
  async dryRun() {
    namespace.activeMutant = undefined;
    await this.#load();
    const tests = await this.#run(this.#tests, false);
    const { mutantCoverage = { static: {}, perTest: {} } } = namespace;
    const took = Object.fromEntries(tests.map((it) => [it.id, it.timeSpentMs]));
    writeFileSync(FINDINGS, JSON.stringify({ took, hits: mutantCoverage.perTest }));
    this.#recall();
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  /** @param {import('@stryker-mutator/api/test-runner').MutantRunOptions} options */
  async mutantRun({ activeMutant, mutantActivation, reloadEnvironment, testFilter, disableBail }) {
    namespace.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
    try {
      if (reloadEnvironment) this.#tests = [];
      await this.#load();
    } catch (error) {
      // Not even loading went well with this mutant: that is noticed too.
      const killedBy = testFilter?.slice(0, 1) ?? [];
      return toMutantRunResult({
        status: DryRunStatus.Complete,
        tests: killedBy.map((id) => failed(id, id, 0, error)),
      });
    }
    namespace.activeMutant = activeMutant.id;
    const wanted = testFilter === undefined ? undefined : new Set(testFilter);
    const tests = this.#tests.filter((it) => wanted?.has(it.id) ?? true);
    const results = await this.#run(tests, !disableBail);
    namespace.activeMutant = undefined;
    const timeout = determineHitLimitReached(namespace.hitCount, namespace.hitLimit);
    return toMutantRunResult(timeout ?? { status: DryRunStatus.Complete, tests: results });
  }

  async #load() {
    if (this.#tests.length > 0) return;
    if (this.#server === undefined) throw new Error('init comes first');
    const { runner } = /** @type {import('vite').RunnableDevEnvironment} */ (this.#server.environments[ENVIRONMENT]);
    runner.clearCache();
    const shim = /** @type {Shim} */ (await runner.import('/tools/mutation/vitest-shim.mjs'));
    await runner.import('/tools/vitest.setup.ts');
    // That a mutant fails is enough; in how few steps is nobody's question.
    configureGlobal({ ...readConfigureGlobal(), endOnFailure: true });
    for (const folder of FOLDERS) {
      for (const name of readdirSync(join(this.#root, folder)).filter(isJudge).sort()) {
        const file = `${folder}/${name}`;
        await runner.import(`/${file}`);
        this.#tests.push(...shim.collected().map((it) => ({ ...it, file, id: `${file}#${it.name}` })));
      }
    }
    this.#recall();
  }

  #recall() {
    if (!existsSync(FINDINGS)) return;
    const { took, hits } = /** @type {Findings} */ (JSON.parse(readFileSync(FINDINGS, 'utf8')));
    this.#hits = hits;
    this.#tests.sort((a, b) => (took[a.id] ?? 0) - (took[b.id] ?? 0));
  }

  /** @param {readonly Test[]} tests @param {boolean} bail */
  async #run(tests, bail) {
    /** @type {import('@stryker-mutator/api/test-runner').TestResult[]} */
    const results = [];
    for (const { id, name, file, run } of tests) {
      const start = performance.now();
      namespace.currentTestId = id;
      if (namespace.activeMutant !== undefined) {
        namespace.hitCount = 0;
        namespace.hitLimit = limitOf(this.#hits[id]?.[namespace.activeMutant] ?? 0);
      }
      try {
        await run();
        results.push({ id, name, fileName: file, status: TestStatus.Success, timeSpentMs: performance.now() - start });
      } catch (error) {
        results.push(failed(id, name, performance.now() - start, error));
        if (bail) break;
      } finally {
        namespace.currentTestId = undefined;
      }
    }
    return results;
  }
}

/**
 * @param {string} id @param {string} name @param {number} timeSpentMs @param {unknown} error
 * @returns {import('@stryker-mutator/api/test-runner').FailedTestResult}
 */
const failed = (id, name, timeSpentMs, error) => ({
  id,
  name,
  status: TestStatus.Failed,
  timeSpentMs,
  failureMessage: error instanceof Error ? error.message : String(error),
});

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
