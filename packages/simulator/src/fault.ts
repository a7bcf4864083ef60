/**
 * What befalls packets: a tiny language. A fault looks at a packet and says what becomes of it, or `pass`; of several
 * the first that does not pass has its way, and what passes them all is delivered after the link's delay.
 */
import type { Instant } from '@xorrery/core';
import { Chance } from './chance.ts';
import type { Scenario } from './scenario.ts';

/** A packet as faults see it: node numbers, and the instant of sending. */
export interface Packet {
  readonly from: number;
  readonly to: number;
  readonly at: Instant;
}

/**
 * - `pass`: not this fault's affair. `drop`: it never arrives. `duplicate`: it arrives twice.
 * - `garble`: what arrives is no message. A number: it is held back by so many ms.
 */
export type Fate = 'pass' | 'drop' | 'duplicate' | 'garble' | number;

export type Fault = (packet: Packet) => Fate;

/** The first fate that is not `pass`. */
export function fateOf(faults: readonly Fault[], packet: Packet): Fate {
  for (let i = 0; i < faults.length; i++) {
    const fate = (faults[i] as Fault)(packet);
    if (fate !== 'pass') return fate;
  }
  return 'pass';
}

/** The faults of a scenario, in the order in which they are asked. */
export function faultsOf(scenario: Scenario, chance: Chance): readonly Fault[] {
  const { partitions, nat, loss, duplicate, reorder, malformed, nodes } = scenario;
  const faults: Fault[] = partitions.map(({ share, from, until, direction }) => {
    const inside = members(nodes, share, chance);
    return partitioned(inside, from, until, direction);
  });
  if (nat !== 'off') faults.push(restricted(translated(scenario), nat.timeout));
  if (loss + duplicate + reorder + malformed > 0) faults.push(mishaps(scenario, chance));
  return faults;
}

/** The nodes behind address translation: the same for whoever asks. */
export function translated({ nat, nodes, seed }: Scenario): ReadonlySet<number> {
  return nat === 'off' ? new Set() : members(nodes, nat.share, new Chance(seed, 'nat'));
}

/** A random share of all nodes. */
export function members(nodes: number, share: number, chance: Chance): ReadonlySet<number> {
  const count = Math.floor(nodes * share + 0.5);
  const drawn = new Uint32Array(count);
  chance.distinct(0, nodes, count, drawn, 0);
  return new Set(drawn);
}

/** Nothing crosses the border of a group while it is cut off, or only in one direction. */
export function partitioned(
  inside: ReadonlySet<number>,
  from: Instant,
  until: Instant,
  direction: 'both' | 'only-send' | 'only-receive',
): Fault {
  return (packet) => {
    if (packet.at < from || packet.at >= until) return 'pass';
    const leaves = inside.has(packet.from);
    if (leaves === inside.has(packet.to)) return 'pass';
    if (direction === 'only-send') return leaves ? 'pass' : 'drop';
    if (direction === 'only-receive') return leaves ? 'drop' : 'pass';
    return 'drop';
  };
}

/** Entries of one translation table; beyond it the oldest is forgotten. */
const MAX_MAPPINGS = 1_024;

/** Nodes behind address translation are reached only by those they sent to within the last `timeout` ms. */
export function restricted(behind: ReadonlySet<number>, timeout: Instant): Fault {
  const opened = new Map<number, Map<number, Instant>>();
  return ({ from, to, at }) => {
    if (behind.has(from)) {
      let table = opened.get(from);
      if (table === undefined) {
        table = new Map();
        opened.set(from, table);
      }
      table.delete(to);
      table.set(to, at);
      if (table.size > MAX_MAPPINGS) table.delete(table.keys().next().value as number);
    }
    if (!behind.has(to)) return 'pass';
    const sent = opened.get(to)?.get(from);
    return sent !== undefined && at - sent <= timeout ? 'pass' : 'drop';
  };
}

/** Most by which a packet is held back so that others overtake it, in ms. */
const LONGEST_DELAY = 1_000;

function mishaps({ loss, duplicate, reorder, malformed }: Scenario, chance: Chance): Fault {
  return () => {
    const drawn = chance.fraction();
    if (drawn < loss) return 'drop';
    if (drawn < loss + duplicate) return 'duplicate';
    if (drawn < loss + duplicate + malformed) return 'garble';
    return drawn < loss + duplicate + malformed + reorder ? 1 + chance.below(LONGEST_DELAY) : 'pass';
  };
}
