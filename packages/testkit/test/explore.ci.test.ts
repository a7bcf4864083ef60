/** Every small network walked whole, the large ones as far as time allows, and worlds that were merged set side by side. */
import { explore, LARGE_NETS, SMALL_NETS, type SmallNet, summaryOf, walk, walkSummary } from '@xorrery/testkit';
import { describe, expect, inject, it } from 'vitest';
import { expectAlike, exploredWithPairs } from './explore-support.ts';

const runs = inject('runs');

/** Each small network is explored once, for what is found and for the pairs of worlds that were merged. */
const explorations = new Map<SmallNet, ReturnType<typeof exploredWithPairs>>();
const explored = (net: SmallNet): ReturnType<typeof exploredWithPairs> => {
  const known = explorations.get(net) ?? exploredWithPairs(net, 10 * runs);
  explorations.set(net, known);
  return known;
};

describe('every order of events in a small network', () => {
  it.each(SMALL_NETS)('[X08][X06][U01] $name: every promise is kept, and the frontier empties', (net) => {
    const { found } = explored(net);
    console.log(summaryOf(found));
    expect(found.violation).toBeUndefined();
    expect(found.exhausted).toBe(true);
    expect(found.ends).toBeGreaterThan(0);
  });

  it.each(LARGE_NETS)('[X08][X06] $name: every promise is kept as far as was walked', (net) => {
    const found = explore(net, { maxStates: 10_000 * runs });
    console.log(summaryOf(found));
    expect(found.violation).toBeUndefined();
    expect(found.states).toBeGreaterThanOrEqual(10_000);
  });

  it.each([...SMALL_NETS, ...LARGE_NETS])(
    '[X08][X06] $name: random priorities find no broken promise either',
    (net) => {
      const walks = walk(net, { seed: inject('seed'), walks: 300 * runs });
      console.log(walkSummary(walks));
      expect(walks.violation, `seed ${inject('seed')}`).toBeUndefined();
    },
  );
});

describe('worlds that were merged', () => {
  it.each(SMALL_NETS)('[X08] $name: behave alike for 100 further events', (net) => {
    const { pairs } = explored(net);
    expect(pairs.length).toBeGreaterThan(0);
    pairs.forEach((pair, i) => void expectAlike(net, pair, 100, inject('seed') + i));
  });
});
