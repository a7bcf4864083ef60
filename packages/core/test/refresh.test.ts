/** Refresh alone, and in a node among strangers who answer as the test says. */
import {
  advanceRefresh,
  commonPrefix,
  compareDistance,
  DEFAULT_REFRESH,
  type Id,
  type Instant,
  initRefresh,
  nextRefreshDeadline,
  type RefreshConfig,
  type RefreshEvent,
  type RefreshState,
  tableOf,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lone, only, type Solo } from './routing-support.ts';
import { id8 } from './support.ts';

class Rounds {
  now: Instant = 0;
  state: RefreshState;

  constructor(changes: Partial<RefreshConfig> = {}) {
    this.state = initRefresh({ ...DEFAULT_REFRESH, seed: 1, ...changes });
  }

  step(event: RefreshEvent): string[] {
    const { state, effects } = advanceRefresh(this.state, event, this.now);
    this.state = state;
    return effects.map((it) => `${it.type} ${it.depth}`);
  }

  wake(): string[] {
    this.now = nextRefreshDeadline(this.state) as Instant;
    return this.step({ type: 'tick' });
  }

  end(depth: number): string[] {
    const lookup = this.state.running.find((it) => it.depth === depth)?.lookup ?? -1;
    return this.step({ type: 'lookup-ended', lookup });
  }
}

const HOUR = 3_600_000;

describe('refresh', () => {
  it.each([1, 1.1, 2])(
    '[S26][Z07] multiplier %d: the deeper the more often, the i-th interval is (i+1) times the first',
    (multiplier) => {
      const rounds = new Rounds({ multiplier });
      rounds.step({ type: 'deepest', depth: 20 });
      const grown = new Rounds({ multiplier, seed: 2 });
      for (const depth of [3, 25, 0, 7, 20]) grown.step({ type: 'deepest', depth });
      let before = 0;
      for (let i = 0; i <= 20; i++) {
        const quiet = HOUR + Math.floor(i * HOUR * multiplier);
        const due = rounds.state.due[20 - i] as Instant;
        // At most a twentieth by chance.
        expect(due).toBeGreaterThanOrEqual(quiet);
        expect(due).toBeLessThanOrEqual(quiet * 1.05);
        expect(quiet).toBeGreaterThan(before);
        expect(due).toBeGreaterThanOrEqual((i + 1) * HOUR);
        expect(grown.state.due[20 - i]).toBeGreaterThanOrEqual(quiet);
        expect(grown.state.due[20 - i]).toBeLessThanOrEqual(quiet * 1.05);
        before = quiet;
      }
    },
  );

  it('[T38] starts are a gap apart, and a depth that is being looked into is not scheduled again', () => {
    const rounds = new Rounds({ gap: 500, maxRunning: 3, interval: 1_000, multiplier: 0 });
    rounds.step({ type: 'deepest', depth: 4 });
    const starts: [Instant, string][] = [];
    for (let i = 0; i < 3; i++) for (const said of rounds.wake()) starts.push([rounds.now, said]);
    expect(new Set(starts.map(([, said]) => said)).size).toBe(3);
    starts.slice(1).forEach(([at], i) => {
      expect(at - (starts[i]?.[0] as number)).toBeGreaterThanOrEqual(500);
    });
    expect([rounds.state.status, nextRefreshDeadline(rounds.state)]).toEqual(['busy', undefined]);
    rounds.now += 100_000;
    expect(rounds.step({ type: 'tick' })).toEqual([]);
  });

  it('[T38][D06][X02] only quiet depths within the deepest are looked into, each once at a time, a gap apart', () => {
    const move = fc.tuple(fc.constantFrom('deepest', 'looked', 'end', 'wake', 'wake', 'wait'), fc.nat(9), fc.nat(400));
    fc.assert(
      fc.property(fc.array(move, { maxLength: 100 }), fc.nat(60), (moves, gap) => {
        const rounds = new Rounds({ interval: 1_000, gap, maxRunning: 2, maxDepth: 6 });
        const lookedInto: Instant[] = [];
        let lastStart = Number.NEGATIVE_INFINITY;
        for (const [kind, n, ms] of moves) {
          const due = nextRefreshDeadline(rounds.state);
          if (kind === 'wake' && due !== undefined) rounds.now = due;
          else rounds.now += kind === 'wait' ? ms : 0;
          const running = rounds.state.running.map((it) => it.depth);
          const depths = rounds.state.due.length;
          let said: string[];
          if (kind === 'deepest') said = rounds.step({ type: 'deepest', depth: n - 1 });
          else if (kind === 'looked') {
            lookedInto[n] = rounds.now;
            said = rounds.step({ type: 'looked-into', depth: n });
          } else if (kind === 'end') said = rounds.end(running[n % 2] ?? -1);
          else said = rounds.step({ type: 'tick' });
          for (const word of only(said, 'look-into')) {
            const depth = Number(word.split(' ')[1]);
            expect(depth).toBeLessThan(Math.max(depths, rounds.state.due.length));
            expect(depth).toBeLessThanOrEqual(6);
            expect(running.filter((it) => it === depth && kind !== 'end')).toEqual([]);
            expect(rounds.now - (lookedInto[depth] ?? -1e9)).toBeGreaterThanOrEqual(1_000);
            expect(rounds.now - lastStart).toBeGreaterThanOrEqual(Math.max(1, gap));
            lookedInto[depth] = rounds.now;
            lastStart = rounds.now;
          }
          expect(rounds.state.running.length).toBeLessThanOrEqual(2);
          const next = nextRefreshDeadline(rounds.state);
          if (next !== undefined) {
            expect(next).toBeGreaterThan(rounds.now);
            expect(advanceRefresh(rounds.state, { type: 'tick' }, next - 1)).toEqual({
              state: rounds.state,
              effects: [],
            });
          }
        }
      }),
    );
  });

  it('[F40] the end of a lookup that is over, or never was, says nothing; the report names the depth looked into', () => {
    const rounds = new Rounds();
    rounds.step({ type: 'deepest', depth: 2 });
    expect(rounds.wake()).toEqual(['look-into 2']);
    const lookup = rounds.state.running[0]?.lookup as number;
    rounds.step({ type: 'deepest', depth: 0 });
    expect(rounds.step({ type: 'lookup-ended', lookup })).toEqual(['refreshed 2']);
    expect(rounds.step({ type: 'lookup-ended', lookup })).toEqual([]);
    expect(rounds.step({ type: 'lookup-ended', lookup: 99 })).toEqual([]);
  });

  it('[T38] a lookup of ours into a depth counts as its refresh', () => {
    const rounds = new Rounds({ multiplier: 0 });
    rounds.step({ type: 'deepest', depth: 1 });
    rounds.now = HOUR / 2;
    rounds.step({ type: 'looked-into', depth: 1 });
    expect(rounds.wake()).toEqual(['look-into 0']);
    expect(rounds.now).toBeLessThan(1.05 * HOUR + 1);
    expect(rounds.wake()).toEqual(['look-into 1']);
    expect(rounds.now).toBeGreaterThanOrEqual(1.5 * HOUR);
  });
});

/** Node 128 whose members share 7 bits and none with it; refresh alone wakes it within the first hours. */
const refreshing = (changes: Partial<RefreshConfig> = {}, bucketPolicy: 'fixed' | 'split' = 'fixed'): Solo => {
  const refresh = { ...DEFAULT_REFRESH, ...changes };
  const probe = { questionableAfter: 1e9, contestedAfter: 1e9, retryAfter: 1_000, maxChecking: 3, maxUrgent: 9 };
  const table = { bucketPolicy, bucketSizes: [1], replacements: 0, maxFailures: 2, caps: 'off' } as const;
  return lone({ self: id8(128), refresh, probe, table });
};
const targetIn = (said: readonly string[]): Id => only(said, 'find')[0]?.split(' ')[2] as Id;

describe('refresh in a node', () => {
  it('[S27][S29] the first is due on time at the deepest bucket, with a target that shares exactly its bits; the next is one bit shallower', () => {
    const solo = refreshing();
    solo.meet(129, 4);
    expect(solo.due).toBeGreaterThanOrEqual(HOUR);
    expect(solo.due).toBeLessThanOrEqual(1.05 * HOUR);
    solo.now = (solo.due as Instant) - 1;
    expect(solo.tell({ type: 'tick' })).toEqual([]);
    const said = solo.wake();
    expect(commonPrefix(id8(128), targetIn(said))).toBe(7);
    expect(only(said, 'find')).toEqual([`find n129 ${targetIn(said)}`, `find n4 ${targetIn(said)}`]);
    solo.answer(129);
    expect(solo.answer(4)).toEqual(['refreshed 7']);
    const next = solo.wake();
    expect(solo.now).toBeGreaterThanOrEqual(2 * HOUR);
    // The deepest has been due again by then; whichever comes first, depth 6 follows it.
    const depths = [next, solo.pass(2.2 * HOUR, () => true)].flatMap((it) =>
      only(it, 'find').map((word) => commonPrefix(id8(128), word.split(' ')[2] as Id)),
    );
    expect(depths).toContain(6);
    expect(Math.min(...depths)).toBe(6);
  });

  it('[S28][F41] it follows what it is told, ordered by distance to its own target, to the end', () => {
    const solo = refreshing({ maxDepth: 7 });
    solo.meet(129, 4);
    const target = targetIn(solo.wake());
    solo.answer(129);
    const far = [8, 32, 200].sort((a, b) => compareDistance(target, id8(a), id8(b)));
    expect(only(solo.answer(4, { closer: [200, 8, 32] }), 'find')).toEqual(far.map((n) => `find n${n} ${target}`));
    solo.answer(far[0] as number, { closer: [16] });
    expect(
      [solo.answer(far[1] as number), solo.answer(far[2] as number)].flatMap((it) => only(it, 'refreshed')),
    ).toEqual([]);
    expect(only(solo.answer(16), 'refreshed')).toEqual(['refreshed 7']);
  });

  it('[F41] the nearest to the target are asked first, not the nearest to us', () => {
    const solo = lone({
      refresh: { ...DEFAULT_REFRESH, interval: HOUR, multiplier: 0, maxDepth: 0 },
      probe: { questionableAfter: 1e9, contestedAfter: 1e9, retryAfter: 1_000, maxChecking: 3, maxUrgent: 9 },
    });
    const all = [1, 2, 3, 129, 160, 199, 255];
    solo.meet(...all);
    const said = only(solo.wake(), 'find');
    const target = targetIn(said);
    expect(commonPrefix(id8(0), target)).toBe(0);
    const nearest = all.toSorted((a, b) => compareDistance(target, id8(a), id8(b))).slice(0, 3);
    expect(said).toEqual(nearest.map((n) => `find n${n} ${target}`));
  });

  it('[F40] an answer that comes when the refresh is over is counted and teaches nothing', () => {
    const solo = refreshing();
    solo.meet(129, 4);
    const said = solo.wake();
    solo.answer(129);
    const late = only(solo.pass(solo.now + 30_000), 'refreshed');
    expect(late).toEqual(['refreshed 7']);
    const members = solo.known;
    expect(only(solo.answer(4, { closer: [77] }), 'find', 'added', 'refreshed')).toEqual([]);
    expect(solo.known).toEqual(members);
    expect(solo.state.counters.unknownTransaction).toBe(1);
    expect(said.length).toBe(2);
  });

  it.each(['fixed', 'split'] as const)(
    '[F24][D06] policy %s: every depth up to the deepest is looked into in turn, each with a target of its own',
    (policy) => {
      const solo = refreshing({ multiplier: 0 }, policy);
      solo.meet(129, 130, 132, 136, 144, 160, 192, 4);
      const { buckets } = tableOf(solo.state.routing);
      const looked: number[] = [];
      while ((solo.due as Instant) < 1.2 * HOUR) {
        const said = only(
          solo.pass(solo.due as Instant, () => true),
          'find',
          'refreshed',
        );
        looked.push(...only(said, 'find').map((it) => commonPrefix(id8(128), it.split(' ')[2] as Id)));
      }
      const deepest = buckets.length - 1;
      expect([...new Set(looked)].sort((a, b) => a - b)).toEqual(Array.from({ length: deepest + 1 }, (_, i) => i));
    },
  );
});
