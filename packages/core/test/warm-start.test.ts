/** A node that goes on where a former run left off: whom it greets, and when it needs its seeds. */
import {
  DEFAULT_BOOTSTRAP,
  DEFAULT_NODE,
  maps,
  type NodeState,
  restoreNode,
  type SavedContact,
  type Snapshot,
  savedContacts,
  tableOf,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { nodeConfig, type Shown, type Small, small } from './network.ts';
import { only, QUIET, Solo } from './routing-support.ts';
import { id8, node, numbers } from './support.ts';

const saved = (contacts: readonly SavedContact[]): Snapshot<Small> => ({
  format: 'xorrery-node',
  version: 1,
  profile: { name: 'small', version: 1 },
  wall: 0,
  self: id8(0),
  contacts,
  kept: [],
  server: [],
});

/** Contacts 1 to `count`, the first of them seen most recently. */
const known = (count: number): SavedContact[] =>
  Array.from({ length: count }, (_, i) => ({ ...node(count - i), age: (count - i) * 1_000 }));

const warm = (contacts: readonly SavedContact[], changes: Partial<Parameters<typeof nodeConfig>[1]> = {}): Solo => {
  const solo = new Solo(0, { refresh: QUIET, ...changes });
  const restored = restoreNode(small, nodeConfig(0, { refresh: QUIET, ...changes }), saved(contacts), 0, 0);
  solo.state = { ...restored, wire: solo.state.wire };
  return solo;
};

describe('a warm start', () => {
  it('[X25][J81] greets the most recently seen at once, twice as many as it wants; with ten answers the seeds stay unasked', () => {
    const solo = warm(known(30));
    const greeted = only(solo.start(250), 'ping').map((it) => Number(it.split(' ')[1]?.slice(1)));
    expect(greeted.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(greeted.slice(20)).toEqual([21, 22, 23]);
    for (let n = 1; n <= 9; n++) expect(only(solo.answer(n), 'find')).toEqual([]);
    expect(only(solo.answer(10), 'find').length).toBeGreaterThan(0);
    const said = solo.pass(60_000, (endpoint) => endpoint !== 'n250');
    expect(only(said, 'joined')).toEqual(['joined']);
    expect(said.filter((it) => it.includes('n250'))).toEqual([]);
  });

  it('[X25] with fewer answers it asks its seeds once the greeting has ended, not before', () => {
    const solo = warm(known(30));
    solo.start(250);
    for (let n = 1; n <= 9; n++) solo.answer(n);
    const alive = (endpoint: string) => Number(endpoint.slice(1)) <= 9 || endpoint === 'n250';
    const before = solo.pass(1_999, alive);
    expect(before.filter((it) => it.includes('n250'))).toEqual([]);
    expect(only(solo.pass(4_000, alive), 'find').some((it) => it.startsWith('find n250 '))).toBe(true);
  });

  it('[X25] all of them gone and no seeds: isolated at the join timeout, and seeds that are named later are asked', () => {
    const solo = warm(known(3));
    solo.start();
    expect(only(solo.pass(20_000), 'isolated')).toEqual(['isolated']);
    expect(solo.tell({ type: 'seeds', seeds: ['n250'] })).toEqual(['find n250 00']);
    expect(only(solo.answer(250), 'joined')).toEqual(['joined']);
  });

  it('[S70] a blocked one is neither greeted nor vetted', () => {
    const solo = warm(known(4), { blocked: ['n2', 'n4'], bootstrap: { ...DEFAULT_BOOTSTRAP, minContacts: 1 } });
    expect(solo.start()).toEqual(['ping n1', 'ping n3']);
  });

  it('without anybody to greet because none are wanted it looks for itself at once', () => {
    const solo = warm(known(4), { bootstrap: { ...DEFAULT_BOOTSTRAP, minContacts: 0 } });
    expect(only(solo.start(250), 'ping')).toEqual(['ping n1', 'ping n2', 'ping n3']);
    expect(solo.state.routing.bootstrap.status).not.toBe('greeting');
  });
});

describe('what a former run published', () => {
  const publish = (n: number) =>
    ({
      type: 'publish',
      id: `p${n}`,
      target: id8(n),
      find: { ask: 'find', target: id8(n) },
      store: { ask: 'store', token: '' },
      every: 600_000,
    }) as const;

  it('[U11] is stored again once there is somebody to store it at, one after the other, and not before', () => {
    const solo = new Solo(0, { refresh: QUIET });
    const kept = [publish(5), publish(6)];
    const restored = restoreNode(small, nodeConfig(0, { refresh: QUIET }), { ...saved(known(3)), kept }, 0, 0);
    solo.state = { ...restored, wire: solo.state.wire };
    solo.start();
    solo.pass(500);
    expect([solo.state.schedule.running, solo.state.schedule.kept.due]).toEqual([[], maps.NEVER]);
    solo.pass(20_000, (endpoint) => endpoint === 'n2');
    const rounds = solo.log.filter((it) => it.effect.type === 'republished');
    expect(rounds.map(({ effect }) => effect.type === 'republished' && effect.target).toSorted()).toEqual([
      id8(5),
      id8(6),
    ]);
  });

  it('[U11] a node that was alone for a while does not do it twice', () => {
    const solo = new Solo(0, { refresh: QUIET });
    solo.start();
    solo.meet(4);
    solo.tell(publish(5));
    solo.pass(60_000, () => true);
    const rounds = solo.log.filter((it) => it.effect.type === 'republished');
    expect(rounds).toEqual([]);
  });

  it('[F43] more of it than may be kept is not', () => {
    const publishing = { ...DEFAULT_NODE.publish, maxKept: 1 };
    const kept = [publish(5), publish(6)];
    const restored = restoreNode(small, nodeConfig(0, { publish: publishing }), { ...saved([]), kept }, 0, 0);
    expect(restored.schedule.kept.size).toBe(1);
    expect(restored.kept.size).toBe(1);
  });
});

describe('round trips', () => {
  const trip = (state: NodeState<Small, null, Shown>, endpoint: string) =>
    maps.get(state.pool.byEndpoint.recent, endpoint);

  it('[X25] go with the contacts they were measured with, and come back as a shorter wait', () => {
    const solo = new Solo(0, { refresh: QUIET });
    solo.tell({ type: 'start', seeds: [] });
    solo.tell({ type: 'introduce', endpoint: 'n4' });
    solo.now += 120;
    solo.answer(4);
    solo.meet(8);
    const contacts = JSON.parse(JSON.stringify(savedContacts(solo.state, solo.now + 50))) as SavedContact[];
    expect(contacts.map((it) => [it.endpoint, it.age, it.roundTrip]).sort()).toEqual([
      ['n4', 50, 120],
      ['n8', 50, 0],
    ]);
    const later = restoreNode(small, nodeConfig(0), saved(contacts), 0, 0);
    expect(trip(later, 'n4')).toEqual({ status: 'measured', smoothed: 120, variation: 60 });
    expect(trip(later, 'n5')).toBeUndefined();
    expect(later.pool.roundTrips.status).toBe('measured');
    solo.now += 120_000;
    solo.meet(16);
    const old = savedContacts(solo.state, solo.now).find((it) => it.endpoint === 'n4');
    expect(old).not.toHaveProperty('roundTrip');
  });

  it.each([-1, 1.5, 'soon', null])('[J81] %j is no round trip: the entry is left out', (roundTrip) => {
    const contacts = [
      { ...node(4), age: 0, roundTrip },
      { ...node(8), age: 0 },
    ] as SavedContact[];
    expect(numbers(restoreNode(small, nodeConfig(0), saved(contacts), 0, 0).restored)).toEqual([8]);
  });

  it('[F43] no more of them are remembered than by a node that measured them itself', () => {
    const pool = { ...DEFAULT_NODE.pool, maxRemembered: 2 };
    const contacts = known(5).map((it) => ({ ...it, roundTrip: 7 }));
    expect(restoreNode(small, nodeConfig(0, { pool }), saved(contacts), 0, 0).pool.byEndpoint).toMatchObject({
      recent: { size: 1 },
      former: { size: 1 },
    });
  });
});

describe('a split table of eight', () => {
  const changes = {
    table: { ...DEFAULT_NODE.table, bucketPolicy: 'split', bucketSizes: [8] },
    refresh: QUIET,
  } as const;

  it('[J76] only our own bucket splits; a full one keeps its eight, and who was silent is counted', () => {
    const solo = new Solo(0, changes);
    solo.start();
    for (let n = 128; n < 140; n++) solo.meet(n);
    for (let n = 64; n < 75; n++) solo.meet(n);
    const { buckets } = tableOf(solo.state.routing);
    expect(buckets.map((it) => it.members.length)).toEqual([8, 8, 0]);
    expect(buckets[0]?.spares.length).toBe(4);
  });

  it('[J76] a member is questionable after 15 minutes, and goes after two requests in a row that it leaves unanswered', () => {
    const solo = new Solo(0, changes);
    solo.start();
    solo.meet(4);
    solo.pass(1, () => true);
    expect(solo.pass(899_999)).toEqual(expect.not.arrayContaining(['ping n4']));
    expect(solo.pass(900_000)).toContain('ping n4');
    const failures = () => tableOf(solo.state.routing).buckets.flatMap((it) => it.failures);
    solo.pass(905_000);
    expect([failures(), solo.known]).toEqual([[1], [4]]);
    solo.pass(1_000_000);
    expect(solo.known).toEqual([]);
  });

  it('[J76] saved and restored it is the same table again, once all have answered', () => {
    const solo = new Solo(0, changes);
    solo.start();
    for (let n = 128; n < 136; n++) solo.meet(n);
    for (let n = 1; n < 7; n++) solo.meet(n);
    const contacts = JSON.parse(JSON.stringify(savedContacts(solo.state, solo.now)));
    const again = warm(contacts, changes);
    again.start();
    again.pass(60_000, () => true);
    expect(again.known).toEqual(solo.known);
    const shape = (it: Solo) => tableOf(it.state.routing).buckets.map(({ members }) => numbers(members).sort());
    expect(shape(again)).toEqual(shape(solo));
  });
});
