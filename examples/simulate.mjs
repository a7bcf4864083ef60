// How many of the true closest nodes does a lookup find while packets get lost? A network in virtual time says, in a
// second and the same every time.
import { genericProtocol, resultOf, Simulation, scenarioOf } from '@xorrery/simulator';

for (const loss of [0, 0.1, 0.3]) {
  const scenario = scenarioOf({ nodes: 300, lookups: 100, k: 8, tables: 'full', loss, seed: 7 });
  const simulation = new Simulation(scenario, { protocol: genericProtocol });
  while (simulation.run(10_000));
  const { recall, messages, latencyMs } = resultOf(simulation);
  const found = `${(100 * recall.mean).toFixed(1)} %`.padStart(7);
  console.log(`loss ${loss}: recall ${found}, ${messages.mean.toFixed(1)} messages, median ${latencyMs.p50} ms`);
}
