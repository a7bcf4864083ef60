// A property of whole networks, checked on fifty drawn at random, with any mixture of loss, churn, cuts and liars in
// them. A failing one is shrunk, and printed as the scenario that repeats it.
import { runScenario, scenarios } from '@xorrery/testkit';
import * as fc from 'fast-check';

const allLookupsEnd = fc.property(scenarios({ maxNodes: 12, maxLookups: 4 }), (scenario) => {
  const { lookups, orphaned, rejected } = runScenario(scenario);
  const refused = Object.values(rejected).reduce((sum, many) => sum + many, 0);
  return lookups + orphaned + refused <= (scenario.lookups ?? 0);
});

fc.assert(allLookupsEnd, { numRuns: 50, seed: 1 });
console.log('50 networks: every lookup ended');
