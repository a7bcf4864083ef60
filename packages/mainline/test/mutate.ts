/** Damages packets with knowledge of their structure: strings that lie about their length, types exchanged, depth. */
import { latin1 } from './krpc-samples.ts';

/** Chance that is quick: xorshift32. One seed, one run. */
export class Chance {
  #x: number;

  constructor(seed: number) {
    this.#x = seed | 1;
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    let x = this.#x;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#x = x;
    return (x >>> 0) % bound;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** So many bytes, as hex. */
  hex(bytes: number): string {
    let digits = '';
    while (digits.length < 2 * bytes) digits += this.below(256).toString(16).padStart(2, '0');
    return digits;
  }
}

const splice = (packet: Buffer, from: number, to: number, middle: Buffer | string): Buffer =>
  Buffer.concat([packet.subarray(0, from), typeof middle === 'string' ? latin1(middle) : middle, packet.subarray(to)]);

/** A string somewhere in the packet: where its length begins, where its bytes begin, and where they end. */
const someString = (packet: Buffer, chance: Chance): [number, number, number] => {
  const found = [...packet.toString('latin1').matchAll(/\d{1,4}:/g)];
  if (found.length === 0) return [0, 0, packet.length];
  const match = chance.pick(found);
  const body = match.index + match[0].length;
  return [match.index, body, Math.min(packet.length, body + Number.parseInt(match[0], 10))];
};

type Mutation = (packet: Buffer, chance: Chance, corpus: readonly Buffer[]) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  function flip(packet, chance) {
    const copy = Buffer.from(packet);
    if (copy.length > 0) copy[chance.below(copy.length)] = chance.below(256);
    return copy;
  },
  function truncate(packet, chance) {
    return packet.subarray(0, chance.below(packet.length + 1));
  },
  function remove(packet, chance) {
    const at = chance.below(packet.length + 1);
    return splice(packet, at, Math.min(packet.length, at + chance.below(30)), '');
  },
  function graft(packet, chance, corpus) {
    const other = chance.pick(corpus);
    const from = chance.below(other.length);
    const at = chance.below(packet.length + 1);
    return splice(packet, at, at, other.subarray(from, from + chance.below(60)));
  },
  function nest(packet, chance) {
    const [start, , end] = someString(packet, chance);
    const depth = 1 + chance.below(chance.pick([5, 40, 5000]));
    const open = chance.pick(['l', 'd1:a']);
    return splice(
      packet,
      start,
      end,
      open.repeat(depth) + chance.pick(['', 'i1e']) + 'e'.repeat(chance.below(2) * depth),
    );
  },
  function retype(packet, chance) {
    const [start, , end] = someString(packet, chance);
    return splice(
      packet,
      start,
      end,
      chance.pick(['i1e', 'i-0e', 'le', 'de', '0:', 'li1ee', 'd1:ai1ee', 'i99999999999999999999e']),
    );
  },
  function resize(packet, chance) {
    const [, body, end] = someString(packet, chance);
    const length = chance.pick([0, 1, 5, 6, 7, 18, 19, 20, 21, 26, 27, 33, 129, 1300]);
    const start = body - 1 - String(end - body).length;
    return splice(
      packet,
      Math.max(0, start),
      end,
      Buffer.concat([latin1(`${length}:`), Buffer.alloc(length, chance.below(256))]),
    );
  },
  function claim(packet, chance) {
    const [start, body] = someString(packet, chance);
    return splice(
      packet,
      start,
      body,
      chance.pick(['-1:', '-3:', '00:', '9999999999:', '4294967296:', ':', '1e3:', '65507:']),
    );
  },
  function repeat(packet) {
    return splice(packet, 1, 1, packet.subarray(1, Math.max(1, packet.length - 1)));
  },
];

/** The packet, damaged one to three times. Pieces of others in the corpus may turn up in it. */
export const mutated = (packet: Buffer, chance: Chance, corpus: readonly Buffer[]): Buffer => {
  let damaged = packet;
  for (let steps = 1 + chance.below(3); steps > 0; steps--) damaged = chance.pick(MUTATIONS)(damaged, chance, corpus);
  return damaged;
};
