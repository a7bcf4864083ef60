/** Include alone, and in a node among strangers. */
import {
  advanceInclude,
  DEFAULT_INCLUDE,
  DEFAULT_PROBE,
  type IncludeConfig,
  type IncludeEvent,
  type Instant,
  initInclude,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lone, only } from './routing-support.ts';
import { node } from './support.ts';

const HOUR = 3_600_000;

class Vetting {
  now: Instant = 0;
  state;

  constructor(changes: Partial<IncludeConfig> = {}) {
    this.state = initInclude({ ...DEFAULT_INCLUDE, ...changes });
  }

  step(event: IncludeEvent): string[] {
    const { state, effects } = advanceInclude(this.state, event, this.now);
    this.state = state;
    return effects.map((it) => `check ${it.check} ${it.stranger.endpoint}`);
  }

  offer(n: number): string[] {
    return this.step({ type: 'candidate', stranger: node(n) });
  }

  fall(n: number): string[] {
    return this.step({ type: 'fallen', stranger: node(n) });
  }

  done(check: number, type: 'check-passed' | 'check-failed' = 'check-passed'): string[] {
    return this.step({ type, check });
  }
}

describe('include', () => {
  it('[Z05] checks a stranger at once, at most maxChecking together, and the rest in turn', () => {
    const vetting = new Vetting({ maxChecking: 2 });
    expect(vetting.offer(4)).toEqual(['check 0 n4']);
    expect(vetting.offer(8)).toEqual(['check 1 n8']);
    expect(vetting.offer(16)).toEqual([]);
    expect(vetting.done(0)).toEqual(['check 2 n16']);
  });

  it('[S31][Z05] three at once, two wait, and the sixth is dropped and counted, without error', () => {
    const vetting = new Vetting({ maxChecking: 3, maxQueued: 2 });
    expect([4, 2, 3].map((n) => vetting.offer(n))).toEqual([['check 0 n4'], ['check 1 n2'], ['check 2 n3']]);
    expect(vetting.state.status).toBe('busy');
    expect([5, 6, 7].map((n) => vetting.offer(n))).toEqual([[], [], []]);
    expect(vetting.state).toMatchObject({ queue: [node(5), node(6)], dropped: 1 });
    expect(vetting.done(1)).toEqual(['check 3 n5']);
  });

  it('asks an endpoint that is checked or waits only once', () => {
    const vetting = new Vetting({ maxChecking: 1 });
    for (const n of [4, 4, 8, 8]) vetting.offer(n);
    expect(vetting.state.queue).toEqual([node(8)]);
    expect(vetting.done(77)).toEqual([]);
  });

  it('[F39] three who never answer do not wedge it: once their checks end, the fourth is checked', () => {
    const vetting = new Vetting({ maxChecking: 3 });
    for (const n of [1, 2, 3, 4]) vetting.offer(n);
    expect([0, 1, 2].flatMap((check) => vetting.done(check, 'check-failed'))).toEqual(['check 3 n4']);
  });

  it('[Z13] who fell silent gets one second chance an hour, whatever comes of it', () => {
    const vetting = new Vetting();
    expect(vetting.fall(4)).toEqual(['check 0 n4']);
    vetting.done(0, 'check-failed');
    vetting.now = HOUR - 1;
    expect(vetting.fall(4)).toEqual([]);
    vetting.now = HOUR;
    expect(vetting.fall(4)).toEqual(['check 1 n4']);
    expect(vetting.state.dropped).toBe(1);
  });

  it('[Z13] second chances are bounded: an endpoint has one in any hour, and no more are remembered than may wait', () => {
    const fall = fc.tuple(fc.nat(6), fc.nat(HOUR / 2));
    fc.assert(
      fc.property(fc.array(fall, { maxLength: 60 }), (falls) => {
        const vetting = new Vetting({ maxQueued: 4, maxChecking: 1_000 });
        const given: [endpoint: string, at: Instant][] = [];
        for (const [n, wait] of falls) {
          vetting.now += wait;
          for (const said of vetting.fall(n)) given.push([said.split(' ')[2] as string, vetting.now]);
          for (const { check } of vetting.state.checking) vetting.done(check, 'check-failed');
          expect(vetting.state.forgiven.length).toBeLessThanOrEqual(4);
        }
        given.forEach(([endpoint, at], i) => {
          const before = given.slice(0, i).findLast((it) => it[0] === endpoint);
          if (before !== undefined) expect(at - before[1]).toBeGreaterThanOrEqual(HOUR);
        });
      }),
    );
  });

  it('[Z05] never more than maxChecking in hand nor maxQueued waiting, nobody twice, and the status says how many', () => {
    const event = fc.tuple(fc.constantFrom('offer', 'fall', 'done', 'tick'), fc.nat(30));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const vetting = new Vetting({ maxChecking: 3, maxQueued: 4 });
        for (const [kind, n] of events) {
          if (kind === 'offer') vetting.offer(n);
          else if (kind === 'fall') vetting.fall(n);
          else if (kind === 'done') vetting.done(vetting.state.checking[n % 3]?.check ?? n);
          else expect(vetting.step({ type: 'tick' })).toEqual([]);
          const { status, checking, queue } = vetting.state;
          const all = [...checking, ...queue].map((it) => it.endpoint);
          expect(new Set(all).size).toBe(all.length);
          expect(queue.length).toBeLessThanOrEqual(4);
          expect(status).toBe(['idle', 'checking', 'checking', 'busy'][checking.length]);
          if (status !== 'busy') expect(queue).toEqual([]);
        }
      }),
    );
  });
});

describe('include in a node', () => {
  it('[S30] who passes the check is a member then, who fails it is not', () => {
    const solo = lone();
    expect(solo.hear(4)).toEqual(['reply n4', 'ping n4']);
    expect([solo.known, solo.state.routing.include.status]).toEqual([[], 'checking']);
    expect(only(solo.answer(4), 'added')).toEqual(['added n4']);
    solo.hear(8);
    expect(only(solo.pass(5_000), 'added', 'removed')).toEqual([]);
    expect([solo.known, solo.state.routing.include.status]).toEqual([[4], 'idle']);
  });

  it('[F39] checks that never come back end at their deadlines, and the fourth stranger is checked then', () => {
    const solo = lone();
    expect([1, 2, 3, 4].flatMap((n) => only(solo.hear(n), 'ping'))).toEqual(['ping n1', 'ping n2', 'ping n3']);
    const deadline = solo.due as Instant;
    expect(deadline).toBeLessThanOrEqual(4_000);
    expect(only(solo.pass(4_000), 'ping')).toEqual(['ping n4']);
  });

  it('[F35] being named and asking us put nobody in the table; answering does', () => {
    const solo = lone();
    solo.meet(4);
    solo.tell({ type: 'ask', id: 'q', seeds: [{ endpoint: 'n4' }], request: { ask: 'ping' } });
    solo.answer(4, { closer: [9, 17, 33] });
    solo.hear(65);
    expect(solo.known).toEqual([4]);
    solo.answer(65);
    expect(solo.known).toEqual([4, 65]);
  });

  it('[Z13] a member removed by Probe is asked once more, and not again within the hour however often it falls', () => {
    const solo = lone();
    solo.meet(4);
    const { questionableAfter, retryAfter } = DEFAULT_PROBE;
    const said = solo.pass(questionableAfter + retryAfter + 10_000);
    expect(only(said, 'ping', 'removed')).toEqual(['ping n4', 'ping n4', 'removed n4', 'ping n4']);
    expect(only(solo.pass(HOUR), 'ping')).toEqual([]);
  });

  it('[Z13] one that flaps, dead to Probe and alive to Include, is never in a loop: back once, and then gone', () => {
    const solo = lone();
    solo.meet(4, 8);
    const pings: number[] = [];
    for (const day = 24 * HOUR; solo.due !== undefined && solo.due <= day; ) {
      const said = solo.wake();
      if (said.includes('ping n4')) pings.push(solo.now);
      if (said.includes('removed n4') && said.includes('ping n4')) expect(solo.answer(4)).toEqual(['added n4']);
      while (solo.open.includes('n8')) solo.answer(8);
    }
    // Two failures, the second chance, and two failures more within the hour.
    expect(pings.length).toBe(5);
    expect(solo.known).toEqual([8]);
  });

  it.each([
    ['maxQueued', { maxQueued: -1 }],
    ['maxChecking', { maxChecking: 0 }],
    ['secondChanceEvery', { secondChanceEvery: 0 }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => new Vetting(change)).toThrow(`include.${field}`);
  });
});
