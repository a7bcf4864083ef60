/** Small networks, walked whole: what holds in every order of events, and that the walk would notice if it did not. */
import {
  CORE,
  explore,
  FOUR_NODES,
  type Machines,
  replay,
  SMALL_NETS,
  type SmallNet,
  summaryOf,
  THREE_NODES,
  walk,
  walkSummary,
} from '@xorrery/testkit';
import { describe, expect, it } from 'vitest';
import { expectAlike, exploredWithPairs } from './explore-support.ts';

const TWO_LOOKUPS = SMALL_NETS.find((it) => it.name === 'two lookups of 3 nodes') as SmallNet;

/** The core, but for a pool that swallows one kind of effect. */
const mute = (type: string): Machines => ({
  ...CORE,
  advancePool: (state, event, now) => {
    const step = CORE.advancePool(state, event, now);
    return { state: step.state, effects: step.effects.filter((it) => it.type !== 'query' || it.effect.type !== type) };
  },
});

describe('exploring a small network', () => {
  it.each([THREE_NODES, FOUR_NODES, TWO_LOOKUPS])(
    '[X08][X06][U01] $name, alpha 2, k 2, one loss: every order keeps every promise, and the frontier empties',
    (net) => {
      const found = explore(net);
      console.log(summaryOf(found));
      expect(found.violation).toBeUndefined();
      expect(found.exhausted).toBe(true);
    },
  );

  it('[X08] walks exactly the same each time', () => {
    expect(explore(FOUR_NODES)).toEqual(explore(FOUR_NODES));
    expect(explore(THREE_NODES)).toMatchObject({ exhausted: true, ends: 2, paths: 239 });
  });

  it.each([THREE_NODES, FOUR_NODES, TWO_LOOKUPS])(
    '[X08] $name: worlds that were merged behave alike for 100 further events',
    (net) => {
      const { pairs } = exploredWithPairs(net, 5);
      expect(pairs.length).toBeGreaterThanOrEqual(5);
      pairs.forEach((pair, i) => void expectAlike(net, pair, 100, i));
    },
  );

  it('[X08][F19][G04] tells the shortest way to a broken promise, and replaying it breaks it in the same step', () => {
    const machines = mute('abandon');
    const { violation, exhausted } = explore(FOUR_NODES, { machines });
    expect(exhausted).toBe(false);
    expect(violation?.message).toContain('R06 F19');
    const told = replay(FOUR_NODES, violation?.choices ?? [], machines);
    expect(told).toHaveLength((violation?.choices.length ?? 0) + 1);
    expect(told[0]).toBe('    0  begin  ->  a: send n2, a: send n3');
    expect(told.at(-1)).toContain('abandoned first');
    const sound = replay(FOUR_NODES, violation?.choices ?? []);
    expect(sound.at(-1)).toMatch(/finished (converged|exhausted)$/);
  });

  it('[X08][F03] calls a pool that wants no waking a lost wake-up', () => {
    const machines: Machines = { ...CORE, nextPoolDeadline: () => undefined };
    expect(explore(THREE_NODES, { machines }).violation?.message).toContain('F03');
  });

  it('[X08] calls a machine that throws broken', () => {
    const advanceWire: Machines['advanceWire'] = (state, event) => {
      if (event.type === 'answer') throw new Error('not today');
      return CORE.advanceWire(state, event);
    };
    const { violation } = explore(THREE_NODES, { machines: { ...CORE, advanceWire } });
    expect(violation).toMatchObject({ message: 'not today', choices: [{ do: 'deliver' }, { do: 'deliver' }] });
  });

  it('[X08][U01] finds a path that never ends', () => {
    const { violation } = explore({ ...THREE_NODES, budget: { forgeries: Number.POSITIVE_INFINITY } });
    expect(violation?.message).toContain('U01');
  });

  it('[X08] says that it gave up, when it did', () => {
    expect(explore(FOUR_NODES, { maxStates: 10 })).toMatchObject({ exhausted: false });
    expect(explore(FOUR_NODES, { maxDepth: 3 })).toMatchObject({ exhausted: false, depth: 3 });
    expect(summaryOf(explore(FOUR_NODES, { maxDepth: 3 }))).toContain('frontier not emptied');
  });
});

describe('walking a small network by random priority', () => {
  it('[X08] ends every path, and takes the same ones for the same seed', () => {
    const walks = walk(FOUR_NODES, { seed: 7 });
    expect(walks.violation).toBeUndefined();
    expect(walks).toEqual(walk(FOUR_NODES, { seed: 7 }));
    expect(walks).not.toEqual(walk(FOUR_NODES, { seed: 8 }));
    expect(walkSummary(walks)).toBe(`4 nodes: walks 100, steps ${walks.steps}, states ${walks.states}, longest 12`);
  });

  it('[X08] enters no world that exploring does not know, and most of those it does', () => {
    const { states } = explore(FOUR_NODES);
    const walked = walk(FOUR_NODES, { walks: 500 }).states;
    expect(walked).toBeLessThanOrEqual(states);
    expect(walked).toBeGreaterThan(0.9 * states);
  });

  it('[X08][F19] finds a broken promise, and the way there', () => {
    const machines = mute('abandon');
    const { violation } = walk(FOUR_NODES, { machines });
    expect(replay(FOUR_NODES, violation?.choices ?? [], machines).at(-1)).toContain('R06 F19');
  });
});
