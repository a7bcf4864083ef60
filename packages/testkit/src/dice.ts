/** Chance for tests: the core's seeded generator with a memory, so that one number repeats a whole run. */
import { assert, type Id, nextBelow, nextId, type Random, seedRandom } from '@xorrery/core';

export class Dice {
  #random: Random;

  constructor(seed: number) {
    this.#random = seedRandom(seed);
  }

  /** An integer from 0 to `bound - 1`. */
  below(bound: number): number {
    const [value, random] = nextBelow(this.#random, bound);
    this.#random = random;
    return value;
  }

  /** True with this probability: 0 never, 1 always. */
  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  /** A uniform id of `bits`. */
  id(bits: number): Id {
    const [id, random] = nextId(this.#random, bits);
    this.#random = random;
    return id;
  }

  pick<T>(list: readonly T[]): T {
    assert(list.length > 0, 'there is something to pick from');
    return list[this.below(list.length)] as T;
  }

  /** `count` of the list, each at most once, in random order; all of it, shuffled, when there are no more. */
  sample<T>(list: readonly T[], count: number = list.length): T[] {
    const rest = list.slice();
    const taken: T[] = [];
    while (taken.length < count && rest.length > 0) {
      const at = this.below(rest.length);
      taken.push(rest[at] as T);
      rest[at] = rest[rest.length - 1] as T;
      rest.pop();
    }
    return taken;
  }
}
