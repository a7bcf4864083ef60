/**
 * Whole simulated networks as a property test has them: a network, its faults and its lookups, drawn and shrunk by
 * fast-check, and one function that runs such a scenario to its end and throws when a promise was broken. A failure is
 * told as the scenario itself, which is all that is needed to run it again.
 */
import {
  type AnyProtocol,
  genericProtocol,
  type Result,
  resultOf,
  type Scenario,
  Simulation,
  type SimulationOptions,
  scenarioOf,
} from '@xorrery/simulator';
import * as fc from 'fast-check';
import { ViolationError } from './violation.ts';

export interface ScenarioLimits {
  /** Default 24. */
  readonly maxNodes?: number;
  /** Default 8. */
  readonly maxLookups?: number;
}

type Parts = Partial<Scenario>;

/** Scenarios of small networks with any mixture of faults. They shrink towards fewer nodes and no faults. */
export function scenarios({ maxNodes = 24, maxLookups = 8 }: ScenarioLimits = {}): fc.Arbitrary<Parts> {
  const share = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most * 100 }).map((it) => it / 100);
  const span = fc.tuple(fc.nat(120_000), fc.integer({ min: 1, max: 120_000 }));
  const sometimes = <T, U>(off: U, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | U> =>
    fc.oneof({ withCrossShrink: true }, { weight: 2, arbitrary: fc.constant(off) }, { weight: 1, arbitrary });
  return fc.record({
    seed: fc.nat(0xffff_ffff),
    nodes: fc.integer({ min: 1, max: maxNodes }),
    lookups: fc.nat(maxLookups),
    k: fc.integer({ min: 1, max: 8 }),
    alpha: fc.integer({ min: 1, max: 5 }),
    tables: fc.constantFrom('full', 'joined'),
    spacing: fc.constantFrom(1, 200, 20_000),
    latency: fc.constantFrom('fixed:0', 'fixed:50', 'uniform:20,200', 'lognormal:80,1'),
    loss: sometimes(0, share(0.3)),
    duplicate: sometimes(0, share(0.2)),
    reorder: sometimes(0, share(0.2)),
    malformed: sometimes(0, share(0.2)),
    bandwidth: sometimes('off', fc.constantFrom(500, 20_000)),
    nat: sometimes(
      'off',
      fc.record({
        share: share(0.5),
        type: fc.constantFrom('restricted', 'symmetric'),
        timeout: fc.constantFrom(1_000, 60_000),
      }),
    ),
    partitions: fc.array(
      fc
        .record({ share: share(0.6), span, direction: fc.constantFrom('both', 'only-send', 'only-receive') })
        .map(({ span: [from, length], ...rest }) => ({ ...rest, from, until: from + length })),
      { maxLength: 2 },
    ),
    churn: sometimes('off', fc.constantFrom('exp:30s', 'weibull:0.4,2m')),
    rejoin: fc.constantFrom('new-id', 'same-id', 'snapshot'),
    away: fc.constantFrom(1, 5_000, 60_000),
    sleeps: fc.array(
      fc
        .record({ share: share(0.6), span })
        .map(({ share: of, span: [from, length] }) => ({ share: of, from, until: from + length })),
      { maxLength: 2 },
    ),
    slow: sometimes('off', fc.record({ share: share(0.5), ms: fc.constantFrom(300, 3_000) })),
    skew: fc.constantFrom(0, 10_000),
    adversary: sometimes(
      'off',
      fc.constantFrom(
        'sybil:0.3',
        'eclipse:0.3',
        'poison:0.3',
        'liar:0.3,spoof:0.2',
        'token-thief:0.2',
        'slow-loris:0.3',
        'id-changer:0.3',
        'flood:0.2',
        'spoofed-flood:0.2',
        'reflection:0.2',
      ),
    ),
  }) as fc.Arbitrary<Parts>;
}

/**
 * Runs a scenario to its end; what it came to. Throws `ViolationError` when a node broke a promise or a lookup never
 * ended, and `ConfigError` for a scenario that cannot be.
 */
export function runScenario(
  parts: Parts,
  { protocol = genericProtocol, ...options }: Partial<SimulationOptions> & { readonly protocol?: AnyProtocol } = {},
): Result {
  const scenario = scenarioOf(parts);
  const simulation = new Simulation(scenario, { protocol, ...options });
  while (simulation.run(10_000));
  const { violation } = simulation;
  if (violation !== undefined) {
    const { at, node, claim } = violation;
    throw new ViolationError(`${claim} (node ${node} at ${at} ms of ${JSON.stringify(parts)})`);
  }
  const result = resultOf(simulation);
  const refused = Object.values(result.rejected).reduce((sum, it) => sum + it, 0);
  if (result.lookups + result.orphaned + refused > scenario.lookups) {
    throw new ViolationError(`a lookup ends once (${JSON.stringify(parts)})`);
  }
  return result;
}
