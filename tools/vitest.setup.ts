import * as fc from 'fast-check';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** How many times over the ci tier repeats its properties and simulations: 1, or XORRERY_RUNS. */
    runs: number;
    /** Runs of a property that does not ask for another number. */
    propertyRuns: number;
    /** Seed of every property: XORRERY_SEED, or drawn when the run began. */
    seed: number;
  }
}

fc.configureGlobal({ numRuns: inject('propertyRuns'), seed: inject('seed') });
