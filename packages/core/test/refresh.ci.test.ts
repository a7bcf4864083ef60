import { commonPrefix, type Id, idInBucket, nextId, seedRandom } from '@xorrery/core';
import { describe, expect, it } from 'vitest';

describe('targets', () => {
  it('[D06][X21][F24] 1,000 made for each of 160 buckets all fall inside it, at the first try, and differ', () => {
    let random = seedRandom(7);
    const draw = (): Id => {
      const [id, next] = nextId(random, 160);
      random = next;
      return id;
    };
    const self = draw();
    for (let depth = 0; depth < 160; depth++) {
      const seen = new Set<Id>();
      for (let i = 0; i < 1_000; i++) {
        const target = idInBucket(self, depth, draw());
        seen.add(target);
        if (commonPrefix(self, target) !== depth) throw new Error(`${target} is not at depth ${depth} of ${self}`);
      }
      if (depth < 120) expect(seen.size).toBe(1_000);
    }
  });
});
