/** Facts that other implementations hold their lookups to, over random networks. */
import { type Contact, compareDistance, type Id, nextBelow, type Random, seedRandom } from '@xorrery/core';
import { describe, expect, inject, it } from 'vitest';
import { id8, node, numbers, Run } from './support.ts';

class Chance {
  #random: Random;
  constructor(seed: number) {
    this.#random = seedRandom(seed);
  }
  below(bound: number): number {
    const [value, next] = nextBelow(this.#random, bound);
    this.#random = next;
    return value;
  }
  /** So many different nodes, never node 0 (ourselves). */
  nodes(count: number): number[] {
    const all = new Set<number>();
    while (all.size < count) all.add(1 + this.below(255));
    return [...all];
  }
}

const target: Id = id8(1);
const byDistance = (a: number, b: number): number => compareDistance(target, id8(a), id8(b));
const SEEDS = 300 * inject('runs');

describe('a new lookup', () => {
  it('[S43] holds its seeds in order of distance, nobody asked twice, and nothing found yet', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const chance = new Chance(seed);
      const seeds = chance.nodes(1 + chance.below(60));
      const run = new Run({ k: 20, alpha: 1, maxCandidates: 256 });
      expect(run.start(seeds), `seed ${seed}`).toHaveLength(1);
      const ordered = seeds.toSorted(byDistance);
      expect(numbers(run.searching.candidates as readonly Contact[])).toEqual(ordered);
      expect(run.statusOf(ordered[0] as number)).toBe('asked');
      run.cancel();
      expect(run.report.closest).toEqual([]);
    }
  });

  it('[S43] the first is silent at its deadline exactly; a late answer counts while it runs, and not after its end', () => {
    const run = new Run({ k: 2, alpha: 1 });
    run.start([4, 8]);
    expect(run.tick(99)).toEqual([]);
    expect(run.tick(100)).toEqual(['unanswered n4', 'send n8']);
    run.answer(4);
    run.answer(8);
    expect(numbers(run.report.closest)).toEqual([4, 8]);
    const late = new Run({ k: 2, alpha: 1 });
    late.start([4]);
    late.tick(100);
    expect(late.report.reason).toBe('exhausted');
    expect(late.answer(4)).toEqual([]);
    expect(late.report.closest).toEqual([]);
  });
});

describe('termination and parallelism', () => {
  it('[S44] asks the closest in order, never more than alpha at once; ends sorted, at most R, and short only if all were asked', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const chance = new Chance(seed);
      const [alpha, k] = [1 + chance.below(9), 1 + chance.below(24)];
      const seeds = chance.nodes(1 + chance.below(60));
      const run = new Run({ alpha, k, maxCandidates: 256 });
      const known = new Set(seeds);
      const open: number[] = [];
      let failures = 0;
      const note = (said: string[]): void => {
        for (const it of said) if (it.startsWith('send')) open.push(Number(it.slice(6)));
        expect(open.length, `seed ${seed}`).toBeLessThanOrEqual(alpha);
      };
      note(run.start(seeds));
      expect(open).toEqual(seeds.toSorted(byDistance).slice(0, Math.min(alpha, k)));
      while (run.state.status === 'searching') {
        const [n] = open.splice(chance.below(open.length), 1) as [number];
        if (chance.below(4) === 0) {
          failures++;
          note(run.fail(n));
        } else {
          const closer = chance.nodes(chance.below(10));
          for (const it of closer) known.add(it);
          note(run.answer(n, { closer }));
        }
      }
      const { closest, asked, reason } = run.report;
      const found = numbers(closest);
      expect(found, `seed ${seed}`).toEqual(found.toSorted(byDistance));
      expect(found.length).toBeLessThanOrEqual(k);
      if (found.length === k) expect(reason).toBe('converged');
      else {
        expect(reason).toBe('exhausted');
        expect(asked.length, `seed ${seed}: everybody known was asked`).toBe(known.size);
        expect(seeds.length < k || failures > 0 || known.size < k).toBe(true);
      }
    }
  });

  it('[S46] when everybody fails, it has asked everybody and ends', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const chance = new Chance(seed);
      const seeds = chance.nodes(1 + chance.below(40));
      const run = new Run({ alpha: 3, k: 20 });
      run.start(seeds);
      for (const n of seeds.toSorted(byDistance)) if (run.state.status === 'searching') run.fail(n);
      expect(run.report, `seed ${seed}`).toMatchObject({ reason: 'exhausted', closest: [] });
      expect(run.report.counts.failed).toBe(seeds.length);
    }
  });

  it('[S47] stalled, as many as k are asked at once; progress brings it back to alpha', () => {
    const run = new Run({ alpha: 2, k: 6, stall: 'widen' });
    run.start([40, 41, 42, 43, 44, 45, 46, 47]);
    run.fail(40);
    expect(run.fail(41).filter((it) => it.startsWith('send'))).toHaveLength(5);
    expect(run.searching.open).toHaveLength(6);
    run.answer(42, { closer: [5] });
    const before = run.searching.open.length;
    expect(run.fail(43)).toEqual([]);
    expect(run.searching.open.length).toBe(before - 1);
    expect(node(5).id).toBe(run.searching.candidates[0]?.id);
  });
});
