/** What a simulation's agenda holds: what a scenario wants to happen, before the first packet is sent, and what comes later. */
import type { Instant } from '@xorrery/core';
import { Chance } from './chance.ts';
import { members } from './fault.ts';
import type { Resident } from './population.ts';
import type { Scenario } from './scenario.ts';
import type { Town } from './town.ts';
import type { Delivery } from './wires.ts';

/** What is planned. */
export type Thing =
  | Delivery
  | { readonly type: 'wake' | 'start' | 'leave' | 'act'; readonly who: Resident }
  | { readonly type: 'lookup' | 'ready' | 'sample' }
  | { readonly type: 'sleep'; readonly who: readonly Resident[]; readonly ms: Instant }
  | { readonly type: 'awake'; readonly who: readonly Resident[] };

/**
 * Plans who sleeps, comes, goes and acts; whoever has been here all along moves in. `last`: when the last one arrives.
 */
export function planFor(
  { tables, sleeps, churn, sessions, seed }: Scenario,
  town: Town,
  add: (at: Instant, thing: Thing) => void,
): { readonly last: Instant } {
  const { residents } = town;
  const chance = new Chance(seed, 'plans');
  for (const { share, from, until } of sleeps) {
    const who = [...members(residents.length, share, chance)].map((i) => residents[i] as Resident);
    add(from, { type: 'sleep', who, ms: until - from });
    add(until, { type: 'awake', who });
  }
  for (const { node, from, until } of sessions) {
    const who = residents[node] as Resident;
    add(from, { type: 'start', who });
    add(until, { type: 'leave', who });
  }
  const timed = new Set(sessions.map((it) => it.node));
  let last = 0;
  for (const who of town.inOrderOfArrival(chance)) {
    if (timed.has(who.number)) continue;
    if (tables === 'full') town.moveIn(who);
    else {
      last += town.arrivalGap;
      add(last, { type: 'start', who });
    }
    if (tables === 'full' && churn !== 'off') add(town.nextSession(), { type: 'leave', who });
    if (who.role !== 'honest') add(last + 1 + chance.below(1_000), { type: 'act', who });
  }
  return { last };
}
