/**
 * Contract suites: what everyone relies on of a port or a strategy, as cases that any test runner can run over any
 * implementation: `for (const { claim, run } of suite) it(claim, run)`. A case that fails throws `ViolationError`.
 */

export interface ContractCase {
  /** What must hold, as a sentence. */
  readonly claim: string;
  run(): Promise<void>;
}

/** A case from its claim and what shows it. */
export function contractCase(claim: string, run: () => void | Promise<void>): ContractCase {
  return {
    claim,
    run: async () => {
      await run();
    },
  };
}
