/** Whole simulated networks, small ones. */
import { makeNode, type NodeMachine } from '@xorrery/core';
import { generic, type Scenario } from '@xorrery/simulator';
import { describe, expect, it } from 'vitest';
import { resultFor, simulate } from './support.ts';

const FULL: Partial<Scenario> = { nodes: 200, lookups: 100, tables: 'full', k: 8 };

describe('a simulation', () => {
  it('[T23][X05][G01] of one seed is the same twice, and another for another seed', () => {
    const scenario = { nodes: 24, lookups: 10, loss: 0.1, duplicate: 0.05, reorder: 0.1, k: 8 };
    const first = resultFor({ ...scenario, seed: 5 });
    expect(first.stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect(resultFor({ ...scenario, seed: 5 })).toEqual(first);
    expect(resultFor({ ...scenario, seed: 6 }).stateHash).not.toBe(first.stateHash);
  });

  it('[U08] is the same in slices of one step as at one go', () => {
    const whole = simulate({ ...FULL, lookups: 5 });
    const sliced = simulate({ ...FULL, lookups: 5 });
    while (sliced.run(1));
    expect(sliced.lookups.outcomes).toEqual(whole.lookups.outcomes);
  });

  it('[X07][D19] finds exactly the true k closest in full tables, every time', () => {
    const { recall, reasons, violations, lookups } = resultFor(FULL);
    expect({ recall, reasons, violations, lookups }).toEqual({
      recall: { mean: 1, exact: 1 },
      reasons: { converged: 100 },
      violations: 0,
      lookups: 100,
    });
  });

  it('[X07][T23] lets nodes join one by one, and then finds nearly all', () => {
    const { joined, recall, violations, sizeEstimate } = resultFor({ nodes: 80, lookups: 60, k: 8 });
    expect([joined, violations]).toEqual([80, 0]);
    expect(recall.mean).toBeGreaterThan(0.98);
    expect(Math.abs(sizeEstimate / 80 - 1)).toBeLessThan(0.25);
  });

  it.each([1, 2, 8, 9])('[D21] of %i nodes with buckets of 8 ends by itself with a defined result', (nodes) => {
    const { recall, violations, lookups, messages } = resultFor({ ...FULL, nodes, lookups: 5 });
    expect([lookups, violations]).toEqual([5, 0]);
    expect(nodes === 1 ? messages.mean : recall.exact).toBe(nodes === 1 ? 0 : 1);
  });

  it('[F20][X05] counts what is lost, delivered twice and garbled, and every lookup ends all the same', () => {
    const { traffic, violations, lookups } = resultFor({
      ...FULL,
      loss: 0.2,
      duplicate: 0.1,
      malformed: 0.1,
      reorder: 0.2,
    });
    expect([lookups, violations]).toEqual([100, 0]);
    const { sent, lost, duplicated, garbled } = traffic;
    for (const [count, share] of [
      [lost, 0.2],
      [duplicated, 0.1],
      [garbled, 0.1],
    ] as const) {
      expect(Math.abs(count / sent - share)).toBeLessThan(0.03);
    }
  });

  it('[X05] plays sessions as they were measured', () => {
    const sessions = [
      { node: 0, from: 0, until: 400_000 },
      { node: 1, from: 1_000, until: 200_000 },
      { node: 2, from: 2_000, until: 300_000 },
    ];
    const simulation = simulate({ nodes: 3, lookups: 3, sessions, spacing: 100_000, k: 8 });
    expect(simulation.violation).toBeUndefined();
    expect(simulation.town.residents.map((it) => it.starts)).toEqual([1, 1, 1]);
    expect(simulation.lookups.outcomes.length + simulation.lookups.orphaned).toBeLessThanOrEqual(3);
  });

  it('ends at the first broken promise, and names it, the node and the instant', () => {
    const good = makeNode(generic);
    const broken: typeof good = {
      ...good,
      advance: (state, event, now) => {
        const step = good.advance(state, event, now);
        const isPast = event.type === 'received' && now > 500;
        return isPast ? { ...step, state: { ...step.state, waiting: new Array(300).fill({}) } } : step;
      },
    };
    const { violation, violations } = resultFor(FULL, { machine: broken as NodeMachine<never, never, never> });
    expect(violations).toBe(1);
    expect(violation?.claim).toBe('at most 256 operations wait for the join');
    expect(violation?.at).toBeGreaterThan(500);
  });

  it('takes a node that throws for a broken promise', () => {
    const good = makeNode(generic);
    const broken: typeof good = {
      ...good,
      advance: (state, event, now) => {
        if (event.type === 'received') throw new Error('a slip');
        return good.advance(state, event, now);
      },
    };
    const { violation } = resultFor(FULL, { machine: broken as NodeMachine<never, never, never> });
    expect(violation?.claim).toBe('a step does not throw: a slip');
  });
});
