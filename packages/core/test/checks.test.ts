/** Signatures that are judged outside: what waits for them, and what becomes of it. */
import { DEFAULT_NODE, type NodeConfig, type NodeEffect } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { type Small, small } from './network.ts';
import { lone, only, Solo } from './routing-support.ts';
import { id8, node } from './support.ts';

const withChecks = (
  changes: Partial<NodeConfig<null>['responder']['checks']>,
  more: Partial<NodeConfig<null>> = {},
) => ({
  responder: { ...DEFAULT_NODE.responder, checks: { ...DEFAULT_NODE.responder.checks, ...changes } },
  ...more,
});

const errors = (effects: readonly NodeEffect<Small>[]): number[] =>
  effects.flatMap((it) => (it.type === 'transmit' && it.message.type === 'error' ? [it.message.code] : []));

/** A node that has asked nodes 4 and 5 for something. */
const asking = (changes: Partial<NodeConfig<null>> = {}): Solo => {
  const solo = new Solo(7, changes);
  solo.start();
  solo.tell({ type: 'lookup', id: 'q', kind: 'collect', target: id8(1), request: { ask: 'find', target: id8(1) } });
  solo.tell({ type: 'ask', id: 'a', seeds: [node(4), node(5)], request: { ask: 'find', target: id8(1) } });
  return solo;
};

const valuesOf = (effects: readonly NodeEffect<Small>[]): string[] =>
  effects.flatMap((it) =>
    it.type === 'query' && it.effect.type === 'progressed' ? it.effect.values.map((value) => value.key) : [],
  );

describe('a request with a signature', () => {
  it('[U17] is judged after all else, and answered when the verdict has come', () => {
    const solo = lone();
    expect(only(solo.store(4, 'p', { token: 'n9' }), 'error', 'verify')).toEqual(['error n4']);
    expect(solo.store(4, 'p')).toEqual(['verify 0 p']);
    expect(solo.store(5, 'q')).toEqual(['verify 1 q']);
    expect(solo.state.server).toEqual([]);
    expect(only(solo.tell({ type: 'verified', job: 1, valid: true }), 'reply')).toEqual(['reply n5']);
    expect(solo.state.server).toEqual(['n5']);
    solo.tell({ type: 'verified', job: 0, valid: false });
    expect(errors(solo.effects)).toEqual([206]);
    expect([solo.state.server, solo.state.checks.requests.size]).toEqual([['n5'], 0]);
  });

  it('a verdict that nobody waits for changes nothing', () => {
    const solo = lone();
    solo.store(4, 'p');
    solo.tell({ type: 'verified', job: 0, valid: true });
    const { server, checks } = solo.state;
    for (const job of [0, 1, -1, 0.5]) expect(solo.tell({ type: 'verified', job, valid: true })).toEqual([]);
    expect([solo.state.server, solo.state.checks]).toEqual([server, checks]);
  });

  it('[U02] beyond so many a second, or so many that wait, it is dropped and counted', () => {
    const slow = lone(withChecks({ maxRate: { perSecond: 2, burst: 2 } }));
    const many = (solo: Solo): number => [4, 5, 6, 8].flatMap((n) => only(solo.store(n, 'p'), 'verify')).length;
    expect([many(slow), slow.state.counters.unchecked]).toEqual([2, 2]);
    slow.now = 500;
    expect([many(slow), slow.state.counters.unchecked]).toEqual([1, 5]);
    const few = lone(withChecks({ maxPending: 3 }));
    expect([many(few), few.state.counters.unchecked]).toEqual([3, 1]);
    few.tell({ type: 'verified', job: 1, valid: true });
    expect([many(few), few.state.counters.unchecked]).toEqual([1, 4]);
  });

  it('past its deadline it is dropped and counted, and a verdict comes too late', () => {
    const solo = lone(withChecks({ deadline: 300 }));
    solo.store(4, 'p');
    solo.now = 100;
    solo.store(5, 'p');
    solo.wake();
    expect([solo.now, solo.state.counters.unchecked, solo.state.checks.requests.size]).toEqual([300, 1, 1]);
    expect(solo.tell({ type: 'verified', job: 0, valid: true })).toEqual([]);
    expect(only(solo.tell({ type: 'verified', job: 1, valid: true }), 'reply')).toEqual(['reply n5']);
  });

  it('is not judged twice, whatever the protocol says', () => {
    const check = { publicKey: 'aa', message: 'bb', signature: 'cc' };
    const solo = lone({}, { server: { ...small.server, answer: (state) => [state, { type: 'verify', check }] } });
    expect(solo.hear(4)).toEqual(['verify 0 cc']);
    expect(only(solo.tell({ type: 'verified', job: 0, valid: true }), 'verify')).toEqual([]);
    expect(solo.state.counters.unchecked).toBe(1);
  });
});

describe('a reply with a signature', () => {
  it('[U17] brings its values only if that is good; whom it names, and that it came, counts at once', () => {
    for (const valid of [true, false]) {
      const solo = asking();
      expect(solo.answer(4, { signed: 'v', token: 't' })).toContain('verify 0 v');
      expect(solo.known).toEqual([4]);
      expect(valuesOf(solo.effects)).toEqual([]);
      solo.tell({ type: 'verified', job: 0, valid });
      expect(valuesOf(solo.effects)).toEqual(valid ? ['v'] : []);
      solo.answer(5);
      const ends = solo.effects.flatMap((it) =>
        it.type === 'query' && it.id === 'a' && it.effect.type === 'finished' ? [it.effect.report] : [],
      );
      expect(ends).toMatchObject([{ counts: { answered: 2 }, values: valid ? [{ key: 'v' }] : [] }]);
      expect(ends[0]?.asked.map((it) => it.token)).toEqual(['t', undefined]);
    }
  });

  it('[U02] past its deadline, or one too many, it counts without its values', () => {
    const late = asking(withChecks({ deadline: 300 }));
    late.answer(4, { signed: 'v' });
    while (late.state.checks.replies.size > 0) late.wake();
    expect([late.now, valuesOf(late.effects), late.state.counters.unchecked]).toEqual([300, [], 1]);
    expect(late.effects).toContainEqual(expect.objectContaining({ type: 'query', id: 'a' }));
    const full = asking(withChecks({ maxPending: 1 }));
    expect(only(full.answer(4, { signed: 'v' }), 'verify')).toEqual(['verify 0 v']);
    expect(only(full.answer(5, { signed: 'w' }), 'verify')).toEqual([]);
    expect([valuesOf(full.effects), full.state.counters.unchecked]).toEqual([[], 1]);
  });

  it('whose lookup has ended meanwhile is forgotten', () => {
    const solo = asking();
    solo.answer(4, { signed: 'v' });
    solo.tell({ type: 'cancel', id: 'a' });
    solo.tell({ type: 'verified', job: 0, valid: true });
    expect([valuesOf(solo.effects), solo.state.checks.replies.size]).toEqual([[], 0]);
  });
});

describe('who refuses', () => {
  it('[R10] says why, in the report of a store', () => {
    const solo = asking();
    solo.answer(4, { token: 't' });
    const store = { ask: 'store', token: 'x' } as const;
    solo.tell({ type: 'ask', id: 's', seeds: [node(4)], request: store });
    solo.refuse(4);
    const [report] = solo.effects.flatMap((it) =>
      it.type === 'query' && it.effect.type === 'finished' ? [it.effect.report] : [],
    );
    expect(report?.asked).toMatchObject([{ result: 'failed', cause: 'refused', refusal: { code: 202, text: 'no' } }]);
  });
});
