/** Whole runs in one call, for tests. */
import { createHash } from 'node:crypto';
import {
  genericProtocol,
  type Hash,
  type Result,
  resultOf,
  type Scenario,
  Simulation,
  type SimulationOptions,
  scenarioOf,
} from '@xorrery/simulator';

export function nativeHash(): Hash {
  const hash = createHash('sha256');
  return { update: (bytes) => hash.update(bytes), hex: () => hash.copy().digest('hex') };
}

export function simulate(parts: Partial<Scenario>, options: Partial<SimulationOptions> = {}): Simulation {
  const simulation = new Simulation(scenarioOf(parts), { protocol: genericProtocol, ...options });
  while (simulation.run(10_000));
  return simulation;
}

export function resultFor(parts: Partial<Scenario>, options: Partial<SimulationOptions> = {}): Result {
  return resultOf(simulate(parts, { hash: nativeHash(), ...options }));
}
