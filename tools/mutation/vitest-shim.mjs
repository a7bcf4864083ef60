// Stands in for `vitest` while mutants are judged: it collects tests, so that they can be run any number of times in one
// process, within milliseconds. It knows what the tests of the core use of vitest, and no more. The matchers are vitest's.
import { chai, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect';

/** @typedef {{ name: string, run: () => unknown }} Test */

/** What tests may read of the run. Few runs of each property, and of loops a hundredth: a mutant is met by many tests. */
const PROVIDED = { runs: 0.01, propertyRuns: 20, seed: 1 };

/** Groups and tests that judge no mutants, and why. */
const LEFT_OUT = new Set([
  // Of the text of the sources, which is another's here.
  'the sources of the core',
  // Of the exploration itself; what it finds in the core is the matter of others.
  'walking a small network by random priority',
  '[X08] $name: worlds that were merged behave alike for 100 further events',
  // Large: half of the time that all would take, for what smaller ones meet too.
  '[T22][D12] twelve nodes through one seed know each other, and each says joined',
  '[X20][U13] of few nodes the size estimate is near the truth, and says how sure it is',
  '[D13] findNode gives the k closest of the network, exactly',
  '[U06] the order of the seeds does not matter: the same sends in the same order',
  '[G13] after many lookups it holds none, and is no larger than at first',
  '[R14][D22] over stale tables every lookup ends, and names only the living; once failures have healed them it is exact',
  '[F37][U01] each of 12 busy lookups over the same 30 nodes ends exact, under every pair of caps',
  '[X08] walks exactly the same each time',
  '[F18] an answer costs no more comparisons among 10,000 candidates than a few times those among 200',
]);

/** @type {Test[]} */
let tests = [];
/** @type {string[]} */
const groups = [];

/** Hands over what was collected since the last time. */
export const collected = () => {
  const all = tests;
  tests = [];
  return all;
};

/** @param {string} title @param {() => void} body */
export const describe = (title, body) => {
  if (LEFT_OUT.has(title)) return;
  groups.push(title);
  body();
  groups.pop();
};

/** @param {string} title @param {() => unknown} run */
export const it = (title, run) => {
  if (LEFT_OUT.has(title)) return;
  tests.push({ name: [...groups, title].join(' > '), run });
};

/** One call for each row; a row that is a list holds several arguments. */
const each =
  (/** @type {(title: string, run: () => unknown) => void} */ define) =>
  (/** @type {readonly unknown[]} */ rows) =>
  (/** @type {string} */ title, /** @type {(...row: unknown[]) => unknown} */ run) => {
    if (LEFT_OUT.has(title)) return;
    for (const [i, row] of rows.entries()) {
      define(`${title} #${i}`, () => run(...(Array.isArray(row) ? row : [row])));
    }
  };
it.each = each(it);
describe.each = each(describe);

export const inject = (/** @type {keyof typeof PROVIDED} */ key) => PROVIDED[key];

/** Types are not there any more. */
export const expectTypeOf = () => anything;
/** @type {unknown} */
const anything = new Proxy(() => anything, { get: () => anything });

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const { expect } = chai;
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, configurable: true });
setState({ assertionCalls: 0 }, /** @type {never} */ (expect));
