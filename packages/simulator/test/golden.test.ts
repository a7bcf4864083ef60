/** Golden traces of simulations: what they were when they were written, they still are. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  genericProtocol,
  resultOf,
  type Scenario,
  Simulation,
  SimulationRecorder,
  SimulationReplay,
  scenarioOf,
} from '@xorrery/simulator';
import { loadTrace } from '@xorrery/trace';
import { describe, expect, it } from 'vitest';
import { nativeHash } from './support.ts';

/** `XORRERY_GOLDEN=write npx vitest run --project simulator:fast golden` writes them anew; the diff is to be read. */
const isWriting = process.env.XORRERY_GOLDEN === 'write';

const SMALL = { nodes: 24, lookups: 12, k: 8 } as const;
const GOLDEN: Readonly<Record<string, Partial<Scenario>>> = {
  'full-loss': { ...SMALL, nodes: 200, tables: 'full', loss: 0.2, duplicate: 0.1, reorder: 0.1 },
  'joined-churn': {
    ...SMALL,
    churn: 'weibull:0.4,5m',
    latency: 'lognormal:80,0.8',
    rejoin: 'snapshot',
    spacing: 5_000,
  },
  'cut-and-asleep': {
    ...SMALL,
    spacing: 10_000,
    partitions: [{ share: 0.4, from: 5_000, until: 90_000, direction: 'both' }],
    sleeps: [{ share: 0.3, from: 20_000, until: 80_000 }],
  },
  besieged: { ...SMALL, nodes: 40, adversary: 'liar:0.2,spoof:0.1,token-thief:0.1', config: { query: { paths: 4 } } },
};

const pathOf = (name: string): string => fileURLToPath(new URL(`golden/${name}.ndjson`, import.meta.url));

const write = (parts: Partial<Scenario>): string => {
  const scenario = scenarioOf(parts);
  let text = '';
  const recorder = new SimulationRecorder(scenario, genericProtocol, false, 0, (piece) => {
    text += piece;
  });
  const simulation = new Simulation(scenario, { protocol: genericProtocol, hash: nativeHash(), ...recorder.options });
  while (simulation.run(10_000));
  recorder.end(simulation, resultOf(simulation).stateHash);
  return text;
};

describe.each(Object.entries(GOLDEN))('the golden simulation %s', (name, parts) => {
  it.runIf(isWriting)('is written', () => {
    writeFileSync(pathOf(name), write(parts));
  });

  it('[X03][G01] replays to the same end', async () => {
    expect(existsSync(pathOf(name))).toBe(true);
    const trace = await loadTrace([readFileSync(pathOf(name), 'utf8')]);
    const run = new SimulationReplay(trace.header, genericProtocol, nativeHash());
    for (const entry of trace.entries) run.take(entry);
    const report = run.report(trace.truncated);
    expect(report).toMatchObject({ identical: true, truncated: false });
    expect(report.violation).toBeUndefined();
  });
});
