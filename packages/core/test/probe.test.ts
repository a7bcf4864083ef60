/** Probe alone over a table in the test's hand, and Probe in a node among strangers. */
import {
  advanceProbe,
  contactFailed,
  DEFAULT_NODE,
  DEFAULT_POOL,
  DEFAULT_PROBE,
  emptyTable,
  type Instant,
  initProbe,
  insertContact,
  nextProbeDeadline,
  type ProbeConfig,
  type ProbeEvent,
  removeContact,
  type TableConfig,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lone, only } from './routing-support.ts';
import { id8, node, nodes, numbers } from './support.ts';

const TABLE: TableConfig = { bucketPolicy: 'fixed', bucketSizes: [4], replacements: 4, maxFailures: 2, caps: 'off' };

/** Probe with interval 10, over members that are seen when the test says so. */
class Watch {
  now: Instant = 0;
  state;

  constructor(changes: Partial<ProbeConfig> = {}) {
    const probe = { ...DEFAULT_PROBE, questionableAfter: 10, contestedAfter: 0, retryAfter: 5, ...changes };
    this.state = initProbe({ probe, table: emptyTable(id8(0), TABLE) });
  }

  step(event: ProbeEvent, now: Instant = this.now): string[] {
    this.now = now;
    const { state, effects } = advanceProbe(this.state, event, now);
    this.state = state;
    return effects.map((it) => `check ${it.member.endpoint}`);
  }

  seen(n: number, now: Instant = this.now): string[] {
    return this.step({ type: 'table-changed', table: insertContact(this.state.table, node(n), now)[0] }, now);
  }

  gone(n: number): string[] {
    return this.step({ type: 'table-changed', table: removeContact(this.state.table, id8(n)) });
  }

  /** The check of a member ends. */
  end(n: number, type: 'check-passed' | 'check-failed'): string[] {
    const check = this.state.checking.find((it) => it.member.endpoint === `n${n}`)?.check ?? -1;
    if (type === 'check-passed') this.seen(n);
    return this.step({ type, check });
  }

  wake(): string[] {
    return this.step({ type: 'tick' }, nextProbeDeadline(this.state) as Instant);
  }
}

describe('probe', () => {
  it('[Z06][S35] the earliest due goes first, and a sign of life from elsewhere postpones', () => {
    const watch = new Watch();
    watch.seen(4, 0);
    watch.seen(3, 2);
    watch.seen(4, 9);
    expect(nextProbeDeadline(watch.state)).toBe(12);
    expect(watch.wake()).toEqual(['check n3']);
    watch.end(3, 'check-passed');
    expect(nextProbeDeadline(watch.state)).toBe(19);
    expect(watch.wake()).toEqual(['check n4']);
  });

  it('[Z06] of those seen at the same time the deepest bucket goes first, at most maxChecking at once', () => {
    const watch = new Watch({ maxChecking: 2 });
    for (const n of [128, 64, 1, 2]) watch.seen(n, 0);
    expect(watch.wake()).toEqual(['check n1', 'check n2']);
    expect([watch.state.status, nextProbeDeadline(watch.state)]).toEqual(['busy', undefined]);
    expect(watch.end(1, 'check-passed')).toEqual(['check n64']);
    expect(watch.end(2, 'check-passed')).toEqual(['check n128']);
    watch.end(64, 'check-passed');
    watch.end(128, 'check-passed');
    expect(watch.state.status).toBe('idle');
  });

  it('[S32] only members are checked', () => {
    const watch = new Watch();
    watch.seen(4);
    expect(watch.step({ type: 'doubted', members: nodes(9, 4, 7) })).toEqual(['check n4']);
    expect(watch.step({ type: 'contested', member: node(33), seen: -99 })).toEqual([]);
  });

  it('[S37] whoever is removed is never checked again', () => {
    const watch = new Watch();
    watch.seen(4);
    watch.gone(4);
    expect(nextProbeDeadline(watch.state)).toBeUndefined();
    expect(watch.step({ type: 'tick' }, 1_000)).toEqual([]);
  });

  it('[T32] however many newcomers want a place, its holder is checked once', () => {
    const watch = new Watch({ maxChecking: 1 });
    for (const n of [128, 129]) watch.seen(n, 0);
    const contest = (n: number): string[] => watch.step({ type: 'contested', member: node(n), seen: 0 }, 5);
    expect([contest(128), contest(128), contest(129), contest(129)]).toEqual([['check n128'], [], [], []]);
    expect(watch.end(128, 'check-passed')).toEqual(['check n129']);
    expect(watch.end(129, 'check-passed')).toEqual([]);
  });

  it('a member seen more recently than contestedAfter is left in peace', () => {
    const watch = new Watch({ contestedAfter: 5 });
    watch.seen(128, 0);
    expect(watch.step({ type: 'contested', member: node(128), seen: 0 }, 4)).toEqual([]);
    expect(watch.step({ type: 'contested', member: node(128), seen: 0 }, 5)).toEqual(['check n128']);
  });

  it('[J78] a failed check is repeated after a rest, not at once, unless a sign of life comes first', () => {
    const watch = new Watch({ retryAfter: 5 });
    watch.seen(4, 0);
    watch.seen(8, 0);
    expect(watch.wake()).toEqual(['check n4', 'check n8']);
    expect([watch.end(4, 'check-failed'), watch.end(8, 'check-failed')]).toEqual([[], []]);
    expect(nextProbeDeadline(watch.state)).toBe(15);
    watch.seen(8, 12);
    expect(watch.wake()).toEqual(['check n4']);
    expect(watch.now).toBe(15);
    watch.gone(4);
    watch.end(4, 'check-failed');
    expect(nextProbeDeadline(watch.state)).toBe(22);
  });

  it('[F02][X02] every deadline lies ahead and is sharp; each member is in hand at most once; each list has its limit', () => {
    const n = fc.integer({ min: 1, max: 255 });
    const move = fc.tuple(fc.constantFrom('seen', 'gone', 'fail', 'pass', 'miss', 'doubt', 'wake'), n, fc.nat(6));
    fc.assert(
      fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
        const watch = new Watch({ maxChecking: 2, maxUrgent: 3 });
        for (const [kind, pick, ms] of moves) {
          watch.now += ms;
          const { members = [] } = watch.state.table.buckets.find((it) => it.members.length > 0) ?? {};
          const member = members[pick % Math.max(1, members.length)];
          const checked = watch.state.checking[pick % Math.max(1, watch.state.checking.length)]?.member;
          if (kind === 'seen') watch.seen(pick);
          else if (kind === 'doubt') watch.step({ type: 'doubted', members: members.slice(0, 5) });
          else if (kind === 'wake') watch.step({ type: 'tick' });
          else if (kind === 'gone' && member !== undefined) watch.gone(numbers([member])[0] as number);
          else if (kind === 'miss' && member !== undefined) {
            watch.step({ type: 'table-changed', table: contactFailed(watch.state.table, member.id, watch.now)[0] });
          } else if (checked !== undefined) {
            watch.end(numbers([checked])[0] as number, kind === 'pass' ? 'check-passed' : 'check-failed');
          } else watch.step({ type: 'tick' });
          const { checking, resting, urgent } = watch.state;
          const inHand = [...checking.map((it) => it.member.id), ...resting.map((it) => it.member.id)];
          expect(new Set(inHand).size).toBe(inHand.length);
          expect([checking.length <= 2, urgent.length <= 3]).toEqual([true, true]);
          const due = nextProbeDeadline(watch.state);
          if (due === undefined) continue;
          expect(due).toBeGreaterThan(watch.now);
          expect(advanceProbe(watch.state, { type: 'tick' }, due - 1)).toMatchObject({
            state: watch.state,
            effects: [],
          });
          expect(advanceProbe(watch.state, { type: 'tick' }, due).state).not.toEqual(watch.state);
        }
      }),
    );
  });
});

describe('probe in a node', () => {
  const table = { ...TABLE, bucketSizes: [2] };

  it('[T01][F38][S34] a least recent member silent until its deadline goes, and the newcomer that waited takes its place', () => {
    const solo = lone({ table });
    solo.meet(128, 129);
    solo.now += DEFAULT_PROBE.contestedAfter;
    expect(only(solo.meet(130), 'ping', 'added')).toEqual(['ping n130', 'ping n128']);
    expect(solo.known).toEqual([128, 129]);
    const asked = solo.now;
    expect(only(solo.pass(asked + 4_000), 'removed', 'added')).toEqual(['removed n128', 'added n130']);
    expect(solo.known).toEqual([129, 130]);
  });

  it('[T01][D02][S57] one that answers before stays, becomes the most recent, and the newcomer gets no place', () => {
    const solo = lone({ table });
    solo.meet(128, 129);
    solo.now += DEFAULT_PROBE.contestedAfter;
    solo.meet(130);
    expect(only(solo.answer(128), 'added', 'removed')).toEqual([]);
    expect(numbers(solo.members)).toEqual([129, 128]);
    expect(solo.known).toEqual([128, 129]);
  });

  it('[T32] newcomers queue as spares, bounded, and the check that follows inherits those that remain', () => {
    const solo = lone({ table: { ...table, replacements: 2 } });
    solo.meet(128, 129);
    solo.now += DEFAULT_PROBE.contestedAfter;
    const pings = [130, 131, 132].flatMap((n) => only(solo.meet(n), 'ping n128', 'ping n129'));
    expect(pings).toEqual(['ping n128']);
    expect(solo.spares).toEqual([131, 132]);
    expect(only(solo.pass(solo.now + 4_000), 'removed', 'added')).toEqual(['removed n128', 'added n132']);
    expect(solo.spares).toEqual([131]);
    const said = solo.pass(DEFAULT_PROBE.questionableAfter + 4_000, (it) => it !== 'n129' && it !== 'n128');
    expect(only(said, 'removed', 'added')).toEqual(['removed n129', 'added n131']);
    expect(solo.spares).toEqual([]);
  });

  it('[J78][S34] without a spare two failures in a row remove a member, and an answer between them forgives the first', () => {
    const solo = lone();
    solo.meet(4, 8);
    const { questionableAfter, retryAfter } = DEFAULT_PROBE;
    const silent = (endpoint: string): boolean => endpoint !== 'n4';
    expect(only(solo.pass(questionableAfter + 4_000, silent), 'removed')).toEqual([]);
    const said = solo.pass(questionableAfter + retryAfter + 4_000, silent);
    expect(only(said, 'ping n4', 'removed')).toEqual(['ping n4', 'removed n4', 'ping n4']);
    const other = lone();
    other.meet(4);
    other.pass(questionableAfter + 4_000);
    other.pass(4 * questionableAfter, () => true);
    expect(other.known).toEqual([4]);
  });

  it('[J78] a member that answers a ping with an error is not asked again and again without a pause', () => {
    const solo = lone();
    solo.meet(4);
    solo.now = solo.due as Instant;
    expect(solo.tell({ type: 'tick' })).toEqual(['ping n4']);
    expect(solo.refuse(4)).toEqual([]);
    expect(solo.due).toBe(solo.now + DEFAULT_PROBE.retryAfter);
  });

  it('[G15] a pool without room for checks costs a pause, not an endless step', () => {
    const solo = lone({ pool: { ...DEFAULT_POOL, maxQueries: 1, maxQueued: 0 } });
    solo.meet(4, 8, 16);
    solo.now = (solo.due as Instant) - 5;
    solo.tell({ type: 'ask', id: 'q', seeds: [{ endpoint: 'n99' }], request: { ask: 'ping' } });
    expect(only(solo.pass(solo.now + 5), 'ping')).toEqual([]);
    expect(solo.due).toBeGreaterThan(solo.now);
    const later = solo.pass(solo.now + 3 * DEFAULT_PROBE.retryAfter + 5_000, () => true);
    expect(only(later, 'ping').sort()).toEqual(['ping n16', 'ping n4', 'ping n8']);
    expect(solo.known).toEqual([4, 8, 16, 99]);
  });

  it('[J78][F26] an idle node finds its dead without any traffic, and its deadline is always ahead', () => {
    const solo = lone({ table: DEFAULT_NODE.table });
    solo.meet(4, 8, 16, 32, 64);
    const alive = (endpoint: string): boolean => endpoint !== 'n8' && endpoint !== 'n32';
    solo.pass(3_600_000, alive);
    expect(solo.known).toEqual([4, 16, 64]);
  });
});
