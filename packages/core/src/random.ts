/**
 * The seeded generator whose state is part of a machine's state: xoshiro128** (Blackman and Vigna, 2018), on 32-bit
 * integers only, so that it is the same on every engine. For jitter and sampling. It is not for anything that must be
 * unpredictable to the network: such bytes come from the Entropy port as events.
 */
import type { Id } from './id.ts';

/** The generator's state: four 32-bit words, not all zero. */
export type Random = readonly [number, number, number, number];

/** A generator seeded by splitmix32, so that neighbouring seeds give unrelated streams. */
export function seedRandom(seed: number): Random {
  let z = seed >>> 0;
  const word = (): number => {
    z = (z + 0x9e3779b9) >>> 0;
    let x = z ^ (z >>> 16);
    x = Math.imul(x, 0x21f0aaad);
    x ^= x >>> 15;
    x = Math.imul(x, 0x735a2d97);
    return (x ^ (x >>> 15)) >>> 0;
  };
  return [word(), word(), word(), word() | 1];
}

/** A number from 0 to 2^32 - 1, and the generator after it. */
export function nextUint32(random: Random): readonly [number, Random] {
  const [a, b, c, d] = random;
  const product = Math.imul(b, 5);
  const value = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  const c2 = c ^ a;
  const d2 = d ^ b;
  return [value, [(a ^ d2) >>> 0, (b ^ c2) >>> 0, (c2 ^ (b << 9)) >>> 0, ((d2 << 11) | (d2 >>> 21)) >>> 0]];
}

/** An integer from 0 to `bound - 1` (bound at most 2^32), and the generator after it. Bias below 2^-20 for bounds below 4,096. */
export function nextBelow(random: Random, bound: number): readonly [number, Random] {
  const [value, next] = nextUint32(random);
  return [Math.floor((value / 4_294_967_296) * bound), next];
}

/** A uniform id of `bits`, and the generator after it. */
export function nextId(random: Random, bits: number): readonly [Id, Random] {
  let text = '';
  let current = random;
  while (text.length < bits / 4) {
    const [word, next] = nextUint32(current);
    text += word.toString(16).padStart(8, '0');
    current = next;
  }
  return [text.slice(0, bits / 4) as Id, current];
}
