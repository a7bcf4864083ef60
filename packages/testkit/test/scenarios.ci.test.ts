import { makeNode, type NodeMachine } from '@xorrery/core';
import { generic } from '@xorrery/simulator';
import { runScenario, scenarios } from '@xorrery/testkit';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';

describe('whole networks', () => {
  it('[U01][F20][X01] break no promise and hang no lookup, whatever befalls them', () => {
    fc.assert(
      fc.property(scenarios(), (parts) => {
        runScenario(parts);
      }),
      { numRuns: 250 * inject('runs') },
    );
  });

  it('[G01][U08] are the same twice', () => {
    fc.assert(
      fc.property(scenarios({ maxNodes: 12, maxLookups: 4 }), (parts) => {
        expect(runScenario(parts)).toEqual(runScenario(parts));
      }),
      { numRuns: 30 * inject('runs') },
    );
  });

  it('[X04] a broken node is found, and the network shrunk to next to nothing', () => {
    const good = makeNode(generic);
    const broken: typeof good = {
      ...good,
      nextDeadline: (state) => {
        const due = good.nextDeadline(state);
        return state.counters.replies > 2 && due !== undefined ? state.at : due;
      },
    };
    const machine = broken as unknown as NodeMachine<never, never, never>;
    const found = fc.check(
      fc.property(scenarios(), (parts) => {
        runScenario(parts, { machine });
      }),
      { numRuns: 200 },
    );
    expect(found.failed).toBe(true);
    const [least] = found.counterexample as [{ readonly nodes: number; readonly loss: number }];
    expect(least.nodes).toBeLessThanOrEqual(8);
    expect(least.loss).toBe(0);
  });
});
