/** Simulated static networks beside what theory says of them: figures computed from models, with no code of this project. */
import { describe, expect, it } from 'vitest';
import { resultFor, simulate } from './support.ts';

/** P(hops = 0, 1, 2, ...) of a greedy walk in n nodes with buckets of k: the exact recursion. */
const GREEDY: Readonly<Record<string, readonly number[]>> = {
  '100/8': [0.01, 0.3633, 0.6134, 0.0133],
  '100/20': [0.01, 0.6485, 0.3415],
  '1000/8': [0.001, 0.063, 0.5226, 0.3956, 0.0177],
  '1000/20': [0.001, 0.1313, 0.8057, 0.062],
};

/** Means and standard deviations of messages, by brute force over exact networks. */
const MESSAGES: Readonly<Record<string, readonly [mean: number, sd: number]>> = {
  '100/8/1': [8.115, 0.35],
  '100/8/3': [9.028, 1.1],
  '100/20/1': [20, 0.05],
  '1000/8/1': [8.796, 0.57],
  '1000/8/3': [10.912, 1.16],
  '1000/20/1': [20.252, 0.43],
  '1000/20/3': [21.529, 1.15],
};

/** The upper 0.1 % points of chi-square with 1, 2, 3, ... degrees of freedom. */
const CHI_SQUARE = [10.83, 13.82, 16.27, 18.47, 20.52];

describe('a static network', () => {
  it.each(Object.entries(GREEDY))(
    '[D19] of %s nodes and k: the hops of lookups are those of theory',
    (name, greedy) => {
      const [nodes, k] = name.split('/').map(Number) as [number, number];
      const lookups = 2_000;
      const { hops } = resultFor({ nodes, k, lookups, alpha: 1, tables: 'full', seed: 3 });
      // An iterative lookup first hears of the closest node one hop before a greedy walk gets there.
      const expected = [(greedy[0] as number) + (greedy[1] as number), ...greedy.slice(2)];
      let sum = 0;
      let cells = 0;
      let [restSeen, restExpected] = [0, 0];
      expected.forEach((share, i) => {
        const seen = hops.histogram[i] ?? 0;
        if (share * lookups < 10) {
          restSeen += seen;
          restExpected += share * lookups;
          return;
        }
        sum += ((seen - share * lookups) * (seen - share * lookups)) / (share * lookups);
        cells++;
      });
      if (restExpected >= 5) {
        sum += ((restSeen - restExpected) * (restSeen - restExpected)) / restExpected;
        cells++;
      }
      expect(sum).toBeLessThan(CHI_SQUARE[cells - 2] as number);
    },
  );

  it.each(Object.entries(MESSAGES))(
    '[D19] of %s nodes, k and alpha: lookups send as many messages as theory says',
    (name, [mean, sd]) => {
      const [nodes, k, alpha] = name.split('/').map(Number) as [number, number, number];
      const lookups = 1_500;
      const { messages, recall } = resultFor({ nodes, k, lookups, alpha, tables: 'full', seed: 5 });
      const standardError = Math.max(sd, messages.sd) / Math.sqrt(lookups);
      expect(Math.abs(messages.mean - mean)).toBeLessThan(4 * standardError + 0.01 * mean);
      expect(recall.exact).toBe(1);
    },
  );

  it('[X05] tables hold as many contacts as theory expects', () => {
    for (const [nodes, k, expected] of [
      [100, 8, 35.93],
      [100, 20, 64.46],
      [1_000, 8, 62.55],
      [1_000, 20, 130.9],
    ] as const) {
      const { tables } = simulate({ nodes, k, lookups: 0, tables: 'full', seed: 11 }).town;
      expect(Math.abs((tables?.contacts ?? 0) / nodes / expected - 1)).toBeLessThan(0.02);
    }
  });

  it('[D19] 50 nodes, full tables: exact every time, whatever the seed and k', () => {
    for (const k of [4, 8, 20]) {
      for (let seed = 0; seed < 60; seed++) {
        const { recall, violations } = resultFor({ nodes: 50, k, lookups: 10, tables: 'full', seed });
        expect({ k, seed, exact: recall.exact, violations }).toEqual({ k, seed, exact: 1, violations: 0 });
      }
    }
  });

  it('[X20] of 2,500 nodes is estimated within 20 % from 4 lookups, on average of 10 runs', () => {
    let sum = 0;
    for (let seed = 0; seed < 10; seed++) {
      // One asker at a time does not matter here: each says what its own lookups told it.
      const { sizeEstimate } = resultFor({ nodes: 2_500, k: 20, lookups: 4, tables: 'full', seed });
      sum += sizeEstimate / 10;
    }
    expect(Math.abs(sum / 2_500 - 1)).toBeLessThan(0.2);
  });
});

describe('a network with liars in it', () => {
  it('[X09][U12] disjoint paths find the nearest honest node the more often, the more there are', () => {
    const success = (paths: number): number =>
      resultFor({
        nodes: 1_000,
        k: 20,
        lookups: 300,
        tables: 'full',
        adversary: 'liar:0.4',
        config: { query: { paths } },
      }).success;
    const [one, four, eight] = [success(1), success(4), success(8)];
    expect(eight).toBeGreaterThanOrEqual(0.97);
    expect(four).toBeGreaterThanOrEqual(one);
    expect(eight).toBeGreaterThan(one);
  });
});

describe('a network that was joined', () => {
  it.each([5, 20])('[D24] of %i nodes: everybody finds all others', (nodes) => {
    for (let seed = 0; seed < 20; seed++) {
      const { recall, joined } = resultFor({ nodes, lookups: 20, seed });
      expect({ seed, joined, exact: recall.exact }).toEqual({ seed, joined: nodes, exact: 1 });
    }
  });

  it('[D26] of 15 nodes of which one leaves: every lookup finds exactly those who are left', () => {
    for (let seed = 0; seed < 20; seed++) {
      const sessions = [{ node: 3, from: 0, until: 200_000 }];
      const simulation = simulate({ nodes: 15, lookups: 20, spacing: 20_000, sessions, seed });
      const after = simulation.lookups.outcomes.filter((it) => it.at > 260_000);
      expect(after.length).toBeGreaterThan(5);
      expect(after.every((it) => it.recall === 1)).toBe(true);
    }
  });

  it('[D20] of which 30 % die at once: every lookup ends, and finds most of those who are left', () => {
    for (const [k, least] of [
      [8, 0.85],
      [20, 0.7],
    ] as const) {
      let sum = 0;
      const runs = 6;
      for (let seed = 0; seed < runs; seed++) {
        const sessions = Array.from({ length: 15 }, (_, i) => ({ node: i * 3, from: 0, until: 30_000 }));
        const { recall, violations, lookups, orphaned } = resultFor({
          nodes: 50,
          k,
          lookups: 10,
          spacing: 100,
          sessions,
          seed,
        });
        expect([violations, lookups + orphaned]).toEqual([0, 10]);
        sum += recall.mean;
      }
      expect(sum / runs).toBeGreaterThan(least);
    }
  });
});
