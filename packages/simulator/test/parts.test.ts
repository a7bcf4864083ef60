/** The parts a simulation is made of, each by itself. */
import { commonPrefix, compareDistance, type Id } from '@xorrery/core';
import {
  Agenda,
  Chance,
  exp,
  fateOf,
  fixed,
  fullTables,
  lognormal,
  partitioned,
  quantileOf,
  restricted,
  Truth,
  uniform,
  weibull,
} from '@xorrery/simulator';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const idsFrom = (seed: number, count: number): Id[] => {
  const chance = new Chance(seed, 'ids');
  return Array.from({ length: count }, () => chance.id(160)).sort();
};

describe('an agenda', () => {
  it('[F20] gives what was added in the order of (at, seq), also while more is added', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 200 }), (plan) => {
        const agenda = new Agenda<readonly [number, number]>();
        const taken: (readonly [number, number])[] = [];
        let seq = 0;
        for (const [after, isTaken] of plan) {
          agenda.add(agenda.now + after, [agenda.now + after, seq++]);
          const thing = isTaken ? agenda.take() : undefined;
          if (thing !== undefined) taken.push(thing);
        }
        for (let thing = agenda.take(); thing !== undefined; thing = agenda.take()) taken.push(thing);
        expect(taken).toHaveLength(plan.length);
        expect(agenda.size).toBe(0);
        for (let i = 1; i < taken.length; i++) {
          const [before, after] = [taken[i - 1], taken[i]] as [[number, number], [number, number]];
          expect(before[0] < after[0] || (before[0] === after[0] && before[1] < after[1])).toBe(true);
        }
      }),
    );
  });

  it('[F20] refuses what is planned for the past, for that is a bug', () => {
    const agenda = new Agenda<string>();
    agenda.add(5, 'a');
    expect(agenda.next).toBe(5);
    expect(agenda.take()).toBe('a');
    expect(() => agenda.add(4, 'b')).toThrow('nothing is planned for the past');
  });
});

describe('chance', () => {
  it('[X27] is the same for the same seed and stream, and another for another', () => {
    const draw = (seed: number, stream: string): number[] => {
      const chance = new Chance(seed, stream);
      return Array.from({ length: 8 }, () => chance.word());
    };
    expect(draw(1, 'loss')).toEqual(draw(1, 'loss'));
    expect(draw(1, 'loss')).not.toEqual(draw(1, 'latency'));
    expect(draw(1, 'loss')).not.toEqual(draw(2, 'loss'));
  });

  it('draws as many different numbers of a range as it is asked for, all of them equally often', () => {
    const chance = new Chance(3, 'distinct');
    const counts = new Array<number>(10).fill(0);
    for (let run = 0; run < 10_000; run++) {
      const into = new Uint32Array(4);
      chance.distinct(100, 10, 3, into, 1);
      const drawn = [...into.subarray(1)];
      expect(new Set(drawn).size).toBe(3);
      for (const it of drawn) counts[it - 100] = (counts[it - 100] as number) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 3_000)).toBeLessThan(5 * Math.sqrt(3_000));
  });

  it('gives all of a range that is no larger than what was asked for', () => {
    const into = new Uint32Array(3);
    new Chance(1, 'all').distinct(7, 3, 8, into, 0);
    expect([...into]).toEqual([7, 8, 9]);
  });
});

describe('a distribution', () => {
  const draws = (duration: (chance: Chance) => number, count = 40_000): number[] => {
    const chance = new Chance(9, 'draws');
    return Array.from({ length: count }, () => duration(chance)).sort((a, b) => a - b);
  };
  const mean = (list: readonly number[]): number => list.reduce((sum, it) => sum + it, 0) / list.length;

  it('[X05] is fixed, or uniform with both ends', () => {
    expect(new Set(draws(fixed(30), 100))).toEqual(new Set([30]));
    const list = draws(uniform(20, 22));
    expect([list[0], list.at(-1)]).toEqual([20, 22]);
    expect(mean(list)).toBeCloseTo(21, 1);
  });

  it('[X05] is lognormal: its median and its spread are as told', () => {
    const list = draws(lognormal(100, 0.5));
    expect(Math.abs(quantileOf(list, 0.5) - 100)).toBeLessThan(2);
    // One standard deviation up: 100 x e^0.5.
    expect(Math.abs(quantileOf(list, 0.8413) - 164.9)).toBeLessThan(4);
  });

  it.each([0.34, 0.59, 1, 2])(
    '[X05] is Weibull of shape %f with the mean as told, and its median as it must be',
    (shape) => {
      const list = draws(weibull(shape, 3_600_000), 200_000);
      expect(Math.abs(mean(list) / 3_600_000 - 1)).toBeLessThan(0.08);
      const gamma = { 0.34: 5.6046, 0.59: 1.5405, 1: 1, 2: 0.886227 }[shape] as number;
      const median = (3_600_000 / gamma) * Math.LN2 ** (1 / shape);
      expect(Math.abs(quantileOf(list, 0.5) / median - 1)).toBeLessThan(0.1);
    },
  );

  it('[X27] raises e to a power without the engine: as Math.exp does, to 13 digits', () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
      }),
    );
  });
});

describe('the truth', () => {
  it('[X07] names exactly the k closest alive, whoever came and went', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 120 }), fc.array(fc.nat()), (seed, count, moves) => {
        const ids = idsFrom(seed, count);
        const truth = new Truth(ids);
        const alive = new Set(ids);
        for (const move of moves) {
          const id = move % 3 === 0 ? (idsFrom(move, 1)[0] as Id) : (ids[move % count] as Id);
          if (alive.has(id)) {
            alive.delete(id);
            truth.remove(id);
          } else {
            alive.add(id);
            truth.add(id);
          }
        }
        const target = new Chance(seed, 'target').id(160);
        const byForce = [...alive].sort((a, b) => compareDistance(target, a, b));
        expect(truth.size).toBe(alive.size);
        expect(truth.closest(target, 8)).toEqual(byForce.slice(0, 8));
        expect(truth.closest(target, 8, byForce[0])).toEqual(byForce.slice(1, 9));
      }),
    );
  });
});

describe('full tables', () => {
  it.each([
    [1, 8],
    [2, 8],
    [9, 8],
    [300, 4],
  ])('[X05] of %i nodes hold min(%i, subtree) different members in each bucket, all of its subtree', (count, k) => {
    const ids = idsFrom(7, count);
    const tables = fullTables(ids, [k], new Chance(7, 'tables'));
    let contacts = 0;
    ids.forEach((self, node) => {
      const buckets = tables.bucketsOf(node);
      const subtree = (depth: number): number[] =>
        ids.flatMap((id, i) => (i !== node && commonPrefix(self, id) === depth ? [i] : []));
      buckets.forEach((members, depth) => {
        const all = subtree(depth);
        expect(members).toHaveLength(Math.min(k, all.length));
        expect(new Set(members).size).toBe(members.length);
        expect(members.every((it) => all.includes(it))).toBe(true);
        contacts += members.length;
      });
    });
    expect(tables.contacts).toBe(contacts);
  });
});

describe('a fault', () => {
  const packet = (from: number, to: number, at = 0): { from: number; to: number; at: number } => ({ from, to, at });

  it('[F20] has its way when it is the first that does not pass', () => {
    expect(fateOf([() => 'pass', () => 'drop', () => 'duplicate'], packet(1, 2))).toBe('drop');
    expect(fateOf([() => 'pass'], packet(1, 2))).toBe('pass');
    expect(fateOf([() => 40, () => 'drop'], packet(1, 2))).toBe(40);
  });

  it('[X05] cuts a group off while it lasts: both ways, or one', () => {
    const fate = (direction: 'both' | 'only-send' | 'only-receive', from: number, to: number, at: number): string =>
      String(partitioned(new Set([1]), 10, 20, direction)(packet(from, to, at)));
    expect([fate('both', 1, 2, 9), fate('both', 1, 2, 10), fate('both', 2, 1, 19), fate('both', 2, 1, 20)]).toEqual([
      'pass',
      'drop',
      'drop',
      'pass',
    ]);
    expect([fate('only-send', 1, 2, 15), fate('only-send', 2, 1, 15)]).toEqual(['pass', 'drop']);
    expect([fate('only-receive', 1, 2, 15), fate('only-receive', 2, 1, 15)]).toEqual(['drop', 'pass']);
    expect(fate('both', 2, 3, 15)).toBe('pass');
  });

  it('[X05] lets in behind address translation only whom one has sent to lately', () => {
    const nat = restricted(new Set([1]), 60);
    expect(nat(packet(2, 1, 0))).toBe('drop');
    expect(nat(packet(1, 2, 5))).toBe('pass');
    expect([nat(packet(2, 1, 65)), nat(packet(3, 1, 10)), nat(packet(2, 1, 66))]).toEqual(['pass', 'drop', 'drop']);
  });
});
