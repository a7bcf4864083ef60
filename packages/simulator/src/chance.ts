/**
 * Chance for simulations: one seed gives as many independent streams as there are things that draw, so that taking one
 * fault out leaves the luck of everything else as it was. It is pure-rand's xoroshiro128+, on 32-bit integers only, and
 * so the same on every engine. It refuses to: be unpredictable.
 */
import type { Id } from '@xorrery/core';
import { seedRandom } from '@xorrery/core';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

const WORD = 4_294_967_296;
/** Each byte as two digits: to write a word as one number goes through the engine's formatting of fractions. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export class Chance {
  readonly #generator: { next(): number };

  /** The stream of this name (a short ASCII word) under this seed. */
  constructor(seed: number, stream: string) {
    let mixed = seed >>> 0;
    for (let i = 0; i < stream.length; i++) mixed = Math.imul(mixed ^ stream.charCodeAt(i), 0x01000193) >>> 0;
    const [a, b, c, d] = seedRandom(mixed ^ seed);
    this.#generator = xoroshiro128plusFromState([a | 0, b | 0, c | 0, d | 0]);
  }

  /** An integer from 0 to 2^32 - 1. */
  word(): number {
    return this.#generator.next() >>> 0;
  }

  /** An integer from 0 to `bound - 1`; bound at most 2^32. Bias below 2^-12 for bounds up to a million. */
  below(bound: number): number {
    return Math.floor((this.word() / WORD) * bound);
  }

  /** From 0 to below 1, in steps of 2^-32. */
  fraction(): number {
    return this.word() / WORD;
  }

  /** True with this probability: 0 never, 1 always. Draws nothing for either. */
  happens(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.fraction() < probability);
  }

  /** So many bytes, as hex. */
  hex(bytes: number): string {
    let text = '';
    for (let left = bytes; left > 0; left -= 4) {
      const word = this.word();
      for (let i = 0; i < 4 && i < left; i++) text += BYTES[(word >>> (24 - 8 * i)) & 255];
    }
    return text;
  }

  /** A uniform id of `bits`. */
  id(bits: number): Id {
    return this.hex(bits / 8) as Id;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /**
   * `count` different integers from `low` to `low + size - 1`, in no order that means anything, written to `into` from
   * `at` on; all of them where there are no more. O(count) draws on average while count is at most half of size.
   */
  distinct(low: number, size: number, count: number, into: Uint32Array, at: number): void {
    if (count >= size) {
      for (let i = 0; i < size; i++) into[at + i] = low + i;
      return;
    }
    // Floyd's: each of the last `count` numbers, or one drawn below it that is not taken yet.
    for (let i = 0; i < count; i++) {
      const last = size - count + i;
      const drawn = low + this.below(last + 1);
      let isTaken = false;
      for (let j = at; j < at + i && !isTaken; j++) isTaken = into[j] === drawn;
      into[at + i] = isTaken ? low + last : drawn;
    }
  }
}
