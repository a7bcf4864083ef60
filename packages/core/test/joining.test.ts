/** Joining as a node does it, among seeds that the test plays. */
import { type BootstrapConfig, DEFAULT_BOOTSTRAP, type Instant, type NodeEffect } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import type { Small } from './network.ts';
import { only, QUIET, Solo } from './routing-support.ts';
import { nodes } from './support.ts';

const joining = (seeds: readonly number[], changes: Partial<BootstrapConfig> = {}, self = 0): Solo => {
  const solo = new Solo(self, { bootstrap: { ...DEFAULT_BOOTSTRAP, ...changes }, refresh: QUIET });
  solo.start(...seeds);
  return solo;
};
/** Enough nodes nearer to 0 than seed 250 for a lookup not to need it. */
const NEARER = Array.from({ length: 24 }, (_, i) => i + 1);
const sentTo = (effects: readonly NodeEffect<Small>[]): string[] =>
  effects.flatMap((it) => (it.type === 'transmit' && it.message.type === 'request' ? [it.to] : []));

describe('a node that joins', () => {
  it('[S23][Z04] asks its one seed for its own id, and rests once that is answered', () => {
    const solo = new Solo(0, { bootstrap: { ...DEFAULT_BOOTSTRAP, minContacts: 1 }, refresh: QUIET });
    expect(solo.start(4)).toEqual(['find n4 00']);
    solo.answer(4);
    expect(
      only(
        solo.pass(1_000, () => true),
        'joined',
      ),
    ).toEqual(['joined']);
    expect(solo.state.routing.bootstrap).toMatchObject({ status: 'settled', wakeAt: undefined });
    expect(solo.state.pool.running.size).toBe(0);
  });

  it('[S24][Z04] of four seeds asks three at once, and the fourth when one has answered', () => {
    const solo = new Solo(0, { refresh: QUIET });
    const first = only(solo.start(32, 4, 8, 16), 'find');
    expect(first.length).toBe(3);
    const asked = first.map((it) => Number(it.split(' ')[1]?.slice(1)));
    const fourth = [32, 4, 8, 16].find((n) => !asked.includes(n)) as number;
    expect(only(solo.answer(asked[0] as number), 'find')).toEqual([`find n${fourth} 00`]);
    expect([1, 2].flatMap((i) => only(solo.answer(asked[i] as number), 'find'))).toEqual([]);
    expect(solo.known).toEqual(asked.sort((a, b) => a - b));
    solo.answer(fourth);
    expect(solo.state.routing.bootstrap.status).toBe('filling');
    expect(
      only(
        solo.pass(1_000, () => true),
        'joined',
      ),
    ).toEqual(['joined']);
  });

  it('[T22][D12] then looks into every bucket farther than its closest neighbour, and into no other', () => {
    const solo = joining([5]);
    solo.answer(5, { closer: [20, 130] });
    const said = solo.pass(1_000, () => true);
    const targets = only(said, 'find').map((it) => it.split(' ')[2] as string);
    // 5 shares five bits with 0: buckets 0 to 4 are farther.
    const depths = targets.filter((it) => it !== '00').map((it) => Math.clz32(Number.parseInt(it, 16)) - 24);
    expect([...new Set(depths)].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('[R11][T39] nobody answers: isolated at 3 s, once, and it goes on in the background', () => {
    const solo = joining([4, 8]);
    expect(only(solo.pass(2_999), 'isolated', 'joined')).toEqual([]);
    expect(only(solo.pass(3_000), 'isolated', 'joined')).toEqual(['isolated']);
    expect(solo.now).toBe(3_000);
    const later = solo.pass(600_000);
    expect(only(later, 'isolated', 'joined')).toEqual([]);
    expect(only(later, 'find n4').length).toBeGreaterThan(5);
  });

  it('[U06] the order of the seeds does not matter: the same sends in the same order', () => {
    const all = [4, 8, 16, 77, 200];
    const order = fc.shuffledSubarray(all, { minLength: all.length });
    const fate = fc.uniqueArray(fc.constantFrom(...all), { maxLength: 5 });
    fc.assert(
      fc.property(order, fate, (seeds, dead) => {
        const run = (list: readonly number[]): [sends: string[], known: number[]] => {
          const solo = joining(list);
          solo.pass(30_000, (endpoint) => !dead.includes(Number(endpoint.slice(1))));
          const sends = solo.log.flatMap(({ effect }) => sentTo([effect]));
          return [sends, solo.known];
        };
        expect(run(seeds)).toEqual(run(all));
      }),
      { numRuns: inject('propertyRuns') / 10 },
    );
  });

  it('[U06] with fewer contacts than minContacts it goes back to the seeds, ever more slowly; with enough it does not', () => {
    const asked = (minContacts: number): Instant[] => {
      const solo = joining([4], { minContacts });
      solo.pass(3_600_000, () => true);
      return solo.log.filter((it) => sentTo([it.effect]).includes('n4')).map((it) => it.at);
    };
    const finds = (minContacts: number): number => {
      const solo = joining([4], { minContacts });
      return only(
        solo.pass(3_600_000, () => true),
        'find n4 00',
      ).length;
    };
    expect(finds(1)).toBe(0);
    // An hour: nine doublings from 1 s to 5 min, then one in 5 to 7.5 min.
    expect(finds(2)).toBeGreaterThanOrEqual(12);
    expect(finds(2)).toBeLessThanOrEqual(20);
    expect(asked(2).length).toBeGreaterThan(asked(1).length);
  });

  it('[J80] nine of the last ten unanswered: it joins again, and asks its seeds though its table is full enough', () => {
    const solo = joining([250], { minContacts: 10 });
    solo.answer(250, { nodes: nodes(...NEARER) });
    solo.pass(1_000, () => true);
    expect(solo.state.routing.bootstrap).toMatchObject({ status: 'settled', wakeAt: undefined });
    const ask = (from: number, count: number): void => {
      for (let i = from; i < from + count; i++) {
        solo.tell({ type: 'ask', id: `q${i}`, seeds: [{ endpoint: `n${100 + i}` }], request: { ask: 'ping' } });
      }
    };
    ask(0, 9);
    expect(only(solo.pass(6_000), 'find')).toEqual([]);
    ask(9, 12);
    const said = solo.pass(30_000, (endpoint) => endpoint === 'n250');
    // Again while the dead among its contacts are found out, at most as often as its waits allow.
    const again = only(said, 'find n250 00').length;
    expect(again >= 1 && again <= 5, `${again} times`).toBe(true);
    expect(solo.state.routing.bootstrap.status).toBe('settled');
  });

  it('[J80] a few unanswered ones among many do not make it join again', () => {
    const solo = joining([4], { minContacts: 1 });
    solo.pass(1_000, () => true);
    for (let i = 0; i < 40; i++) {
      solo.tell({
        type: 'ask',
        id: `a${i}`,
        seeds: [{ endpoint: i % 5 === 0 ? 'n4' : `n${200 + i}` }],
        request: { ask: 'ping' },
      });
    }
    const said = solo.pass(20_000, (endpoint) => endpoint === 'n4');
    expect(only(said, 'find')).toEqual([]);
  });
});
