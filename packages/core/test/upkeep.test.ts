/** The node as the whole of its upkeep: what is due first, sleeps and moves, who is never dealt with. */
import {
  advanceRouting,
  DEFAULT_BOOTSTRAP,
  DEFAULT_NODE,
  DEFAULT_PROBE,
  DEFAULT_REFRESH,
  type Instant,
  initRouting,
  insertContact,
  type NodeEffect,
  type NodeEvent,
  nextRoutingDeadline,
  type RoutingState,
  tableOf,
  ungrouped,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Small } from './network.ts';
import { lone, only, QUIET, Solo } from './routing-support.ts';
import { id8, node } from './support.ts';

const MINUTE = 60_000;

describe('order', () => {
  /** Routing of node 0 that has a member and has Bootstrap, Probe and Refresh all due at instant 100. */
  const allDue = (): RoutingState => {
    const { table, include } = DEFAULT_NODE;
    const start = initRouting({
      self: id8(0),
      seed: 1,
      table,
      include,
      bootstrap: DEFAULT_BOOTSTRAP,
      probe: { ...DEFAULT_PROBE, questionableAfter: 100, contestedAfter: 0 },
      refresh: { ...DEFAULT_REFRESH, interval: 1, gap: 0 },
    });
    const bootstrap = { ...start.bootstrap, status: 'settled', seeds: 1, said: 'joined', wakeAt: 100 } as const;
    const members = insertContact(start.probe.table, node(4), 0)[0];
    const refresh = { ...start.refresh, due: [100] };
    return { ...start, bootstrap: { ...bootstrap, contacts: 1 }, probe: { ...start.probe, table: members }, refresh };
  };

  it('[Z10] what falls due together goes Bootstrap, Probe, Refresh, and a start goes Bootstrap, Include: whom it greets, it does not vet besides', () => {
    const state = allDue();
    expect(nextRoutingDeadline(state)).toBe(100);
    const { effects } = advanceRouting(state, { type: 'tick' }, 100, ungrouped);
    expect(
      effects.map((it) => (it.type === 'look' ? it.lookup.for : it.type === 'check' ? it.check.by : it.type)),
    ).toEqual(['self', 'probe', 'refresh']);
    const fresh = new Solo(0, { bootstrap: { ...DEFAULT_BOOTSTRAP, minContacts: 1 } });
    fresh.state = { ...fresh.state, restored: [node(9), node(10), node(11)] };
    expect(fresh.start(4)).toEqual(['ping n9', 'ping n10', 'ping n11']);
    const checks = fresh.state.routing.include.checking.map((it) => it.endpoint);
    expect(checks).toEqual(['n11']);
  });

  it('[Z12] whatever arrives at or after a deadline, what was due is done first, in that very step', () => {
    const arrival = fc.constantFrom<NodeEvent<Small>>(
      {
        type: 'received',
        from: 'n77',
        message: { type: 'request', tid: '1', sender: id8(77), readOnly: false, request: { ask: 'ping' } },
      },
      { type: 'malformed', from: 'n78', cause: 'noise' },
      { type: 'received', from: 'n79', message: { type: 'error', tid: 'ffff', code: 201, text: '' } },
    );
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 1, maxLength: 20 }), fc.nat(2_000), (flood, late) => {
        const calm = lone();
        calm.meet(4, 8);
        calm.now = (calm.due as Instant) + late;
        const flooded = Object.assign(lone(), { state: calm.state, now: calm.now });
        const due = calm.tell({ type: 'tick' });
        expect(due).toEqual(['ping n4', 'ping n8']);
        const [first, ...others] = flood as [NodeEvent<Small>, ...NodeEvent<Small>[]];
        expect(flooded.tell(first).slice(0, due.length)).toEqual(due);
        for (const it of others) flooded.tell(it);
        expect(flooded.due).toBeGreaterThan(flooded.now);
      }),
    );
  });

  it('[Z12][F04] a flood of requests every millisecond moves no deadline', () => {
    const times = (flood: boolean): Instant[] => {
      const solo = lone();
      solo.meet(4);
      solo.now = (solo.due as Instant) - 50;
      for (let i = 0; i < 5_000; i++, solo.now++) {
        if (flood)
          solo.tell({
            type: 'received',
            from: 'n4',
            message: { type: 'request', tid: '1', sender: id8(4), readOnly: false, request: { ask: 'ping' } },
          });
        else if (solo.due === solo.now) solo.tell({ type: 'tick' });
      }
      return solo.log
        .filter((it) => it.effect.type === 'transmit' && it.effect.message.type === 'request')
        .map((it) => it.at);
    };
    const calm = times(false);
    expect(calm.length).toBeGreaterThan(1);
    expect(times(true)).toEqual(calm);
  });
});

describe('sleep and change of address', () => {
  const silent = (it: NodeEffect<Small>, endpoint: string): boolean =>
    it.type === 'query' && it.effect.type === 'unanswered' && it.effect.to.endpoint === endpoint;
  const members = Array.from({ length: 24 }, (_, i) => i * 10 + 4);
  const settled = (): Solo => {
    // Without spares, which would let any member go on its first failure.
    const table = { ...DEFAULT_NODE.table, bucketSizes: [64], replacements: 0 };
    const solo = new Solo(0, { refresh: QUIET, table });
    solo.start(250);
    solo.pass(100, () => true);
    solo.meet(...members.map((n) => n));
    solo.pass(1_000, () => true);
    return solo;
  };

  it('[X28][J79] a minute: eight members are pinged, and one failure removes nobody', () => {
    const solo = settled();
    const before = solo.known;
    const said = [...solo.tell({ type: 'clock-jumped', ms: MINUTE }), ...solo.pass(solo.now + 5_000)];
    expect(only(said, 'ping').length).toBe(8);
    expect(new Set(only(said, 'ping')).size).toBe(8);
    expect(only(said, 'find n', 'removed')).toEqual([]);
    expect(solo.known).toEqual(before);
  });

  it.each([
    ['an hour', 60 * MINUTE],
    ['a day', 24 * 60 * MINUTE],
    ['15 minutes', 15 * MINUTE],
  ])(
    '[X28][J79] %s: sixteen are put to the test, the first failure removes, and it joins again through seeds and survivors',
    (_, ms) => {
      const solo = settled();
      const first = solo.tell({ type: 'clock-jumped', ms });
      const { checking, urgent } = solo.state.routing.probe;
      // Pinged, but for those that the join finds to be there, or gone, before their turn.
      const doubted = [...checking.map((it) => it.member), ...urgent];
      expect(new Set(doubted).size).toBe(16);
      expect(only(first, 'find').every((it) => it.endsWith(' 00'))).toBe(true);
      expect(solo.state.routing.bootstrap.status).toBe('seeking');
      const alive = (endpoint: string): boolean => Number(endpoint.slice(1)) % 20 === 4 || endpoint === 'n250';
      const said = [...first, ...solo.pass(solo.now + 30_000, alive)];
      for (const { endpoint } of doubted) {
        expect(solo.known.includes(Number(endpoint.slice(1))), endpoint).toBe(alive(endpoint));
        const failure = solo.log.findIndex(({ effect: it }) => silent(it, endpoint));
        const removal = solo.log.findIndex(
          ({ effect: it }) => it.type === 'contact-removed' && it.contact.endpoint === endpoint,
        );
        if (!alive(endpoint)) expect(removal, endpoint).toBe(failure + 1);
      }
      expect(only(said, 'find').filter((it) => it.endsWith(' 00')).length).toBeGreaterThan(2);
      expect(solo.state.routing.bootstrap.status).toBe('settled');
    },
  );

  it('[X28] a jump to the past, or of nothing, changes nothing but the time', () => {
    const solo = settled();
    for (const ms of [0, -5_000]) expect(solo.tell({ type: 'clock-jumped', ms })).toEqual([]);
    expect(solo.state.routing.bootstrap.status).toBe('settled');
  });

  it('[X28] another address: eight members are pinged and it joins again; a day’s jump and a move repeat the same way', () => {
    const story = (): string[] => {
      const solo = settled();
      const said = [...solo.tell({ type: 'addresses-changed' }), ...solo.pass(solo.now + 30_000, () => true)];
      expect(new Set(only(said, 'ping')).size).toBe(8);
      expect(only(said, 'find').filter((it) => it.endsWith(' 00')).length).toBeGreaterThan(2);
      return [...said, ...solo.tell({ type: 'clock-jumped', ms: 86_400_000 })];
    };
    expect(story()).toEqual(story());
  });
});

describe('blocked addresses', () => {
  it('[S70] are neither answered nor pinged nor entered, and counted; without the filter they are', () => {
    const meeting = (blocked: string[]): [heard: string[], introduced: string[], known: number[], count: number] => {
      const solo = lone({ blocked });
      solo.meet(4);
      const heard = solo.hear(8);
      if (heard.includes('ping n8')) solo.answer(8);
      const introduced = solo.tell({ type: 'introduce', endpoint: 'n9' });
      if (introduced.includes('ping n9')) solo.answer(9);
      return [heard, introduced, solo.known, solo.state.counters.blocked];
    };
    expect(meeting(['n8', 'n9'])).toEqual([[], [], [4], 1]);
    expect(meeting([])).toEqual([['reply n8', 'ping n8'], ['ping n9'], [4, 8, 9], 0]);
  });

  it('[S70] not as seeds, not when named by others, and a malformed packet of theirs gets no error', () => {
    const solo = new Solo(0, { blocked: ['n8', 'n16'], refresh: QUIET });
    expect(solo.start(4, 8)).toEqual(['find n4 00']);
    expect(only(solo.answer(4, { closer: [16, 32] }), 'find')).toEqual(['find n32 00']);
    const answer = { tid: '1', code: 204, text: 'no' };
    expect(solo.tell({ type: 'malformed', from: 'n8', cause: 'x', answer })).toEqual([]);
    expect(solo.tell({ type: 'malformed', from: 'n5', cause: 'x', answer })).toEqual(['error n5']);
  });

  it('[S70] a network may be blocked as a whole', () => {
    const groupOf = (endpoint: string) => ({ host: endpoint, network: endpoint.slice(0, 2), local: false });
    const solo = lone({ blocked: ['n8'] }, { groupOf });
    expect([solo.hear(80), solo.hear(85), solo.hear(90)]).toEqual([[], [], ['reply n90', 'ping n90']]);
  });
});

describe('the table in a node', () => {
  it('[U10][F35][F16] whatever strangers say, its members are those that answered us and never we ourselves', () => {
    const n = fc.integer({ min: 0, max: 40 });
    const said = fc.tuple(fc.constantFrom('hear', 'name', 'answer', 'silent'), n, fc.array(n, { maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), (story) => {
        const solo = lone();
        const answered = new Set<number>();
        for (const [kind, who, others] of story) {
          if (kind === 'hear') solo.hear(who);
          else if (kind === 'silent') solo.pass(solo.now + 1_000);
          else {
            const asked = solo.open.filter((it) => Number(it.slice(1)) % 41 === who || kind === 'answer');
            const endpoint = asked[who % Math.max(1, asked.length)];
            if (endpoint === undefined) continue;
            answered.add(Number(endpoint.slice(1)));
            solo.answer(endpoint, { closer: others });
          }
          expect(solo.known.filter((it) => !answered.has(it))).toEqual([]);
          expect(solo.known).not.toContain(0);
          for (const bucket of tableOf(solo.state.routing).buckets)
            expect(bucket.members.length).toBeLessThanOrEqual(20);
        }
      }),
    );
  });
});
