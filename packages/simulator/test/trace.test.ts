/** Traces of simulations: recorded, run again, and made small when they fail. */
import { makeNode, type NodeMachine } from '@xorrery/core';
import {
  generic,
  genericProtocol,
  reduceScenario,
  resultOf,
  type Scenario,
  Simulation,
  SimulationRecorder,
  SimulationReplay,
  type SimulationReplayReport,
  scenarioOf,
} from '@xorrery/simulator';
import { loadTrace, replay, type Trace, TraceError } from '@xorrery/trace';
import { describe, expect, it } from 'vitest';
import { nativeHash } from './support.ts';

type AnyMachine = NodeMachine<never, never, never>;

const SMALL: Partial<Scenario> = {
  nodes: 30,
  lookups: 10,
  k: 8,
  loss: 0.05,
  tables: 'full',
  churn: 'exp:1m',
  spacing: 3_000,
};

const record = async (
  parts: Partial<Scenario>,
  events: boolean,
  machine?: AnyMachine,
): Promise<{ text: string; trace: Trace }> => {
  const scenario = scenarioOf(parts);
  let text = '';
  const recorder = new SimulationRecorder(scenario, genericProtocol, events, 0, (piece) => {
    text += piece;
  });
  const simulation = new Simulation(scenario, {
    protocol: genericProtocol,
    hash: nativeHash(),
    ...recorder.options,
    ...(machine === undefined ? undefined : { machine }),
  });
  while (simulation.run(1_000));
  recorder.end(simulation, resultOf(simulation).stateHash);
  return { text, trace: await loadTrace([text]) };
};

const again = (trace: Trace, machine?: AnyMachine): SimulationReplayReport => {
  const run = new SimulationReplay(trace.header, genericProtocol, nativeHash(), machine);
  for (const entry of trace.entries) if (!run.take(entry)) break;
  return run.report(trace.truncated);
};

/** A node that forgets to wait: the first answer it gets after a while makes it throw, or break a promise. */
const broken = (how: 'throws' | 'breaks'): AnyMachine => {
  const good = makeNode(generic);
  const machine: typeof good = {
    ...good,
    advance: (state, event, now) => {
      const isBad = event.type === 'received' && event.message.type === 'reply' && state.counters.replies >= 5;
      if (isBad && how === 'throws') throw new Error('lost its way');
      const step = good.advance(state, event, now);
      return isBad ? { ...step, state: { ...step.state, waiting: new Array(300).fill({}) } } : step;
    },
  };
  return machine as unknown as AnyMachine;
};

describe('the trace of a simulation', () => {
  it('[X03] is its scenario and hashes alone, and replays to the same end', async () => {
    const { text, trace } = await record(SMALL, false);
    expect(text.split('\n')).toHaveLength(3);
    expect(again(trace)).toMatchObject({ identical: true, truncated: false });
  });

  it('[X03] has every event where that is asked for, and each is compared', async () => {
    const { trace } = await record({ ...SMALL, nodes: 12, lookups: 3 }, true);
    const report = again(trace);
    expect(report.identical).toBe(true);
    expect(report.events).toBe(trace.entries.filter((it) => it.type === 'event').length);
  });

  it('[X03][G04] of another version of the node diverges, and says where: step, expected and actual', async () => {
    const { trace } = await record({ ...SMALL, nodes: 12, lookups: 3 }, true);
    const { identical, divergence } = again(trace, broken('breaks'));
    // The state is another from then on, and so is the end.
    expect(identical).toBe(false);
    expect(divergence?.step).toBeGreaterThan(0);
  });

  it('[G04] of a failing run fails again, in the same step and in the same way', async () => {
    const { trace } = await record(SMALL, false, broken('breaks'));
    const first = again(trace, broken('breaks'));
    expect(first.violation?.claim).toBe('at most 256 operations wait for the join');
    expect(again(trace, broken('breaks'))).toEqual(first);
    expect(first.identical).toBe(true);
  });

  it('[X03] cut off, it is run as far as it goes; edited, it is refused', async () => {
    const { text } = await record({ ...SMALL, nodes: 12, lookups: 3 }, true);
    const half = await loadTrace([text.slice(0, text.length / 2)]);
    expect(half.truncated).toBe(true);
    expect(again(half)).toMatchObject({ identical: true, truncated: true });
    const worse = text.replace('"loss":0.05', '"loss":7');
    await expect(loadTrace([worse])).rejects.toThrow(TraceError);
    const [header, ...rest] = text.split('\n');
    const lone = await loadTrace([`${header?.replace('"loss":0.05', '"loss":7')}\n`]);
    expect(rest.length).toBeGreaterThan(1);
    expect(() => again(lone)).toThrow('its scenario is refused: scenario.loss');
  });

  it('is refused by another profile', async () => {
    const { trace } = await record({ nodes: 2, lookups: 1, tables: 'full' }, false);
    const other = { ...genericProtocol, profile: { ...generic, version: 2 } };
    expect(() => new SimulationReplay(trace.header, other, nativeHash())).toThrow(
      'it is of generic 1, and this is generic 2',
    );
  });
});

describe('a failing simulation', () => {
  it.each(['throws', 'breaks'] as const)(
    '[X04] of 1,000 nodes one of which %s comes down to fewer than 20 events of that node',
    async (how) => {
      const machine = broken(how);
      const scenario = scenarioOf({ nodes: 1_000, lookups: 40, k: 8, tables: 'full', loss: 0.1 });
      const reduced = reduceScenario(scenario, { protocol: genericProtocol, machine, wall: 0 });
      expect(reduced?.before).toBeGreaterThan(20);
      expect(reduced?.shrunk?.after).toBeLessThan(20);
      expect(reduced?.scenario.nodes).toBeLessThan(1_000);
      // What is left fails in the same way, without a network.
      const trace = reduced?.shrunk?.trace as Trace;
      const report = await replay(trace, machine);
      if (how === 'throws') expect(report.divergence?.actual).toEqual({ error: 'lost its way' });
      else expect(report.events).toBe(reduced?.shrunk?.after);
    },
  );

  it('[X04] is left alone when it does not fail', () => {
    const scenario = scenarioOf({ nodes: 10, lookups: 2, tables: 'full' });
    expect(reduceScenario(scenario, { protocol: genericProtocol, wall: 0 })).toBeUndefined();
  });
});
