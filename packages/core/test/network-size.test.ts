import {
  type Contact,
  type Id,
  idFromHex,
  networkSize,
  nextId,
  type Random,
  type SizeSample,
  seedRandom,
  withSample,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { compareDistance } from '../src/id.ts';

/** The estimate of a node that looked up so many random targets in a network of n, and the error it states. */
const estimated = (n: number, k: number, lookups: number, seed: number): { estimate: number; error: number } => {
  let random: Random = seedRandom(seed);
  const draw = (): Id => {
    const [id, next] = nextId(random, 160);
    random = next;
    return id;
  };
  const nodes = Array.from({ length: n }, (_, i): Contact => ({ id: draw(), endpoint: `n${i}` }));
  let samples: readonly SizeSample[] = [];
  for (let i = 0; i < lookups; i++) {
    const target = draw();
    const closest = nodes.toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, k);
    samples = withSample(samples, target, closest);
  }
  return networkSize(samples) ?? { estimate: 0, error: 1 };
};

describe('the size of the network', () => {
  it('is unknown before a lookup has found three nodes', () => {
    const two = ['00', '11'].map((id) => ({ id: idFromHex(id, 8), endpoint: id }));
    expect(networkSize([])).toBeUndefined();
    expect(networkSize(withSample([], idFromHex('01', 8), two))).toBeUndefined();
  });

  it.each([
    [8, 1],
    [8, 4],
    [20, 4],
  ])('[X20] with the %i closest of %i lookups is right on average, and wrong by as much as is said', (k, lookups) => {
    const runs = 300;
    const n = 250;
    let sum = 0;
    let squares = 0;
    let stated = 0;
    for (let seed = 0; seed < runs; seed++) {
      const { estimate, error } = estimated(n, k, lookups, seed);
      sum += estimate / n;
      squares += (estimate / n - 1) * (estimate / n - 1);
      stated = error;
    }
    expect(Math.abs(sum / runs - 1)).toBeLessThan((4 * stated) / Math.sqrt(runs) + 0.01);
    const spread = Math.sqrt(squares / runs);
    expect(spread / stated).toBeGreaterThan(0.75);
    expect(spread / stated).toBeLessThan(1.25);
  });

  it('[X20] remembers 16 lookups', () => {
    expect(estimated(100, 8, 40, 1).error).toBe(estimated(100, 8, 16, 2).error);
  });
});
