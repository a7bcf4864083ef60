/** What tests of explorations share: pairs of worlds that were merged, and a common future for both. */
import {
  type Choice,
  CORE,
  choicesOf,
  choiceView,
  Dice,
  type Exploration,
  explore,
  type SmallNet,
  saidView,
  take,
  viewOf,
  type World,
} from '@xorrery/testkit';
import { expect } from 'vitest';

export type Pair = readonly [kept: World, merged: World];

/** An exploration, and pairs of worlds it merged that have different numbers inside: `count` to twice as many, evenly. */
export function exploredWithPairs(
  net: SmallNet,
  count: number,
): { readonly found: Exploration; readonly pairs: Pair[] } {
  let pairs: Pair[] = [];
  let merges = 0;
  let every = 1;
  const found = explore(net, {
    onMerge: (kept, merged) => {
      if (merges++ % every !== 0 || JSON.stringify(kept) === JSON.stringify(merged)) return;
      pairs.push([kept, merged]);
      if (pairs.length <= 2 * count) return;
      pairs = pairs.filter((_, i) => i % 2 === 0);
      every *= 2;
    },
  });
  return { found, pairs };
}

/** Nothing is short any more, so that a network that has come to rest can be stirred again. */
const PLENTY = {
  losses: 1_000,
  copies: 1_000,
  forgeries: 1_000,
  refusals: 1_000,
  cancels: 1_000,
  closes: 1_000,
  adds: 1_000,
};

/** Lets the same happen to both, at random, and expects them to say the same and to stay alike. */
export function expectAlike(net: SmallNet, [kept, merged]: Pair, events: number, seed: number): void {
  const dice = new Dice(seed);
  let [a, b]: Pair = [
    { ...kept, left: PLENTY },
    { ...merged, left: PLENTY },
  ];
  expect(viewOf(net, b)).toBe(viewOf(net, a));
  for (let event = 1; event <= events; event++) {
    const [ours, theirs] = [choicesBy(net, a), choicesBy(net, b)];
    const names = [...ours.keys()].sort();
    expect([...theirs.keys()].sort()).toEqual(names);
    const name = dice.pick(names);
    const one = take(net, a, ours.get(name) as Choice, CORE);
    const other = take(net, b, theirs.get(name) as Choice, CORE);
    const where = `${net.name}, event ${event}: ${name}`;
    expect(saidView(other.said, other.world.now), where).toBe(saidView(one.said, one.world.now));
    expect(viewOf(net, other.world), where).toBe(viewOf(net, one.world));
    [a, b] = [one.world, other.world];
  }
}

/** The choices of a world by what they are called in every world like it. */
function choicesBy(net: SmallNet, world: World): Map<string, Choice> {
  const choices = choicesOf(net, world, CORE.nextPoolDeadline(world.pool));
  return new Map(choices.map((choice) => [choiceView(world, choice), choice]));
}
