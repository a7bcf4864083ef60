/** Long runs and large ones: what grows, and what a defence holds back. */
import { healthOf, tableOf } from '@xorrery/core';
import { genericProtocol, Simulation, scenarioOf } from '@xorrery/simulator';
import { describe, expect, it } from 'vitest';
import { resultFor, simulate } from './support.ts';

const HOUR = 3_600_000;

describe('a network that lives long', () => {
  it('[U09][X05] through a day of churn stays within its limits, and its nodes as small as they were', () => {
    const scenario = { nodes: 16, k: 4, lookups: 288, spacing: 300_000, churn: 'exp:3h', duration: 24 * HOUR } as const;
    const simulation = new Simulation(scenarioOf(scenario), { protocol: genericProtocol });
    const sizes: number[] = [];
    let next = HOUR;
    while (simulation.run(1_000)) {
      if (simulation.now < next) continue;
      next += HOUR;
      const states = simulation.town.residents.flatMap(({ state }) =>
        state === undefined ? [] : [JSON.stringify(state).length],
      );
      sizes.push(Math.max(...states));
    }
    expect(simulation.violation).toBeUndefined();
    expect(simulation.now).toBeGreaterThanOrEqual(24 * HOUR);
    expect(sizes.length).toBeGreaterThanOrEqual(23);
    const late = sizes.slice(12);
    expect(Math.max(...late)).toBeLessThan(1.5 * Math.max(...sizes.slice(2, 12)));
  });

  it('[U08][X05] of 1,000 nodes runs for ten minutes with all its upkeep, and finds everybody', () => {
    const { recall, joined, violation } = resultFor({
      nodes: 1_000,
      k: 8,
      lookups: 100,
      spacing: 6_000,
      duration: 600_000,
    });
    expect(violation).toBeUndefined();
    expect(joined).toBe(1_000);
    expect(recall.mean).toBeGreaterThan(0.99);
  });
});

describe('a defence', () => {
  const CAPS = { hostInBucket: 1, hostInTable: 2, networkInBucket: 1, networkInTable: 4 };
  const attack = { nodes: 100, lookups: 60, adversary: 'sybil:0.2', k: 8 } as const;

  it('[U12][X09] caps hold Sybils of one network to their places, in tables and in results', () => {
    const defended = simulate({ ...attack, config: { table: { caps: CAPS }, query: { maxPerNetwork: 2 } } });
    expect(defended.violation).toBeUndefined();
    const foul = new Set(defended.town.residents.filter((it) => it.role === 'sybil').map((it) => it.contact.id));
    expect(foul.size).toBe(20);
    for (const { state } of defended.town.residents) {
      if (state === undefined) continue;
      const { buckets } = tableOf(state.routing);
      const members = buckets.map((it) => it.members.filter(({ id }) => foul.has(id)).length);
      expect(Math.max(0, ...members)).toBeLessThanOrEqual(CAPS.networkInBucket);
      expect(members.reduce((sum, it) => sum + it, 0)).toBeLessThanOrEqual(CAPS.networkInTable);
      expect(healthOf(state).contacts).toBeGreaterThan(0);
    }
    for (const { foul: share } of defended.lookups.outcomes) expect(share).toBeLessThanOrEqual(2 / 8);
  });

  it('[U12][X09] with caps the nearest honest node is found, where without them Sybils take the place of all', () => {
    const off = resultFor(attack);
    const on = resultFor({ ...attack, config: { table: { caps: CAPS }, query: { maxPerNetwork: 2 } } });
    expect(off.foul).toBeGreaterThan(0.6);
    expect(on.foul).toBeLessThanOrEqual(0.25);
    expect(on.success).toBeGreaterThan(Math.max(0.9, off.success));
  });
});
