// What sim.bench.mjs times in a process of its own: the loop, the simulator, and the simulator with a hash and with traces,
// in turns. Prints the ns of a lookup of each and the steps of a run, as JSON.
import { createHash } from 'node:crypto';
import { Chance, fullTables, genericProtocol, Simulation, SimulationRecorder, scenarioOf } from '@xorrery/simulator';
import { runLoop } from './sim.loop.mjs';
import { inTurns } from './support.mjs';

const LATENCY = /** @type {[number, number]} */ ([20, 200]);
const [nodes = 0, lookups = 0, rounds = 0, loss = 0] = process.argv.slice(2).map(Number);

const nativeHash = () => {
  const hash = createHash('sha256');
  return {
    update: (/** @type {Uint8Array} */ bytes) => void hash.update(bytes),
    hex: () => hash.copy().digest('hex'),
  };
};

const scenario = scenarioOf({ nodes, lookups, k: 8, alpha: 3, tables: 'full', loss, seed: 7 });
const chance = new Chance(7, 'loop');
const ids = Array.from({ length: nodes }, () => chance.id(160)).sort();
const { bucketsOf } = fullTables(ids, [8], new Chance(7, 'tables'));
const random = () => chance.fraction();

const loop = () => {
  const timeout = 1_000;
  runLoop({ ids, bucketsOf, lookups, k: 8, alpha: 3, spacing: 20, latency: LATENCY, loss, timeout, random });
  return lookups;
};
let steps = 0;
/** @param {object} options */
const simulated = (options) => {
  const simulation = new Simulation(scenario, { protocol: genericProtocol, ...options });
  while (simulation.run(100_000));
  steps = simulation.events;
  return lookups;
};
/** @param {boolean} events */
const recorded = (events) => {
  const recorder = new SimulationRecorder(scenario, genericProtocol, events, 0, () => {});
  return simulated({ hash: nativeHash(), ...recorder.options });
};

const times = inTurns(
  [loop, () => simulated({}), () => simulated({ hash: nativeHash() }), () => recorded(false), () => recorded(true)],
  rounds,
);
process.stdout.write(JSON.stringify({ times, steps }));
