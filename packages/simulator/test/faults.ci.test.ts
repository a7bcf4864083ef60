/** What befalls simulated networks: cuts, churn, sleep, slow lines, and those who are not honest. */
import type { Scenario } from '@xorrery/simulator';
import { describe, expect, it } from 'vitest';
import { resultFor } from './support.ts';

const FULL: Partial<Scenario> = { nodes: 200, lookups: 100, tables: 'full', k: 8 };

describe('a simulated network', () => {
  it('[X05] keeps the halves of a partition apart, and finds everybody again when it heals', () => {
    const partitions = [{ share: 0.5, from: 0, until: 60_000, direction: 'both' }] as const;
    const cut = resultFor({ ...FULL, partitions });
    expect(cut.recall.mean).toBeLessThan(0.9);
    const healed = resultFor({ ...FULL, partitions: [{ ...partitions[0], until: 1 }] });
    expect(healed.recall.exact).toBe(1);
  });

  it('[X05] has nodes come and go, back under a new id, the old one, or with what they had written down', () => {
    for (const rejoin of ['new-id', 'same-id', 'snapshot'] as const) {
      const result = resultFor({
        nodes: 60,
        k: 8,
        lookups: 60,
        spacing: 2_000,
        churn: 'weibull:0.5,10m',
        away: 5_000,
        rejoin,
      });
      expect(result.violation).toBeUndefined();
      expect(result.lookups + result.orphaned).toBeGreaterThan(50);
      expect(result.recall.mean).toBeGreaterThan(0.7);
    }
  });

  it('[X05] puts hosts to sleep: their clocks stand still, and they go on when they wake', () => {
    const { violations, recall } = resultFor({
      nodes: 40,
      k: 8,
      lookups: 40,
      spacing: 60_000,
      sleeps: [{ share: 0.3, from: 200_000, until: 1_400_000 }],
    });
    expect(violations).toBe(0);
    expect(recall.mean).toBeGreaterThan(0.6);
  });

  it('[X05] has slow nodes, limited lines, skewed clocks and address translation', () => {
    const plain = resultFor(FULL);
    const slow = resultFor({ ...FULL, slow: { share: 0.2, ms: 500 } });
    expect(slow.latencyMs.p50).toBeGreaterThan(plain.latencyMs.p50);
    const narrow = resultFor({ ...FULL, bandwidth: 2_000 });
    expect(narrow.latencyMs.p50).toBeGreaterThan(plain.latencyMs.p50);
    expect(resultFor({ ...FULL, skew: 5_000 }).recall.exact).toBe(1);
    const nat = resultFor({ ...FULL, nat: { share: 0.3, type: 'restricted', timeout: 30_000 } });
    expect(nat.recall.mean).toBeLessThan(1);
    const symmetric = resultFor({
      nodes: 40,
      k: 8,
      lookups: 20,
      nat: { share: 0.2, type: 'symmetric', timeout: 30_000 },
    });
    expect([slow, narrow, nat, symmetric].map((it) => it.violation)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('an adversary', () => {
  const share = { nodes: 200, lookups: 60, k: 8 };

  it.each([
    'sybil:0.2',
    'eclipse:0.1',
    'poison:0.2',
    'liar:0.2',
    'spoof:0.1',
    'token-thief:0.1',
    'slow-loris:0.2',
    'id-changer:0.2',
    'flood:0.1',
    'spoofed-flood:0.1',
    'reflection:0.1',
  ])('[X09] of kind %s breaks no promise of a node, and hangs no lookup', (adversary) => {
    for (const tables of ['full', 'joined'] as const) {
      const { violation, lookups, rejected } = resultFor({ ...share, nodes: 80, adversary, tables });
      expect(violation).toBeUndefined();
      expect(lookups + Object.values(rejected).reduce((a, b) => a + b, 0)).toBe(60);
    }
  });

  it('[X09] who lies hides the truth from a lookup on one path more often than from one on eight', () => {
    const success = (paths: number): number =>
      resultFor({ ...share, tables: 'full', adversary: 'liar:0.3', config: { query: { paths } } }).success;
    expect(success(8)).toBeGreaterThan(success(1));
  });
});
