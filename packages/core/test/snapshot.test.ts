import {
  ConfigError,
  contactsOf,
  healthOf,
  includeMachine,
  initInclude,
  type NodeState,
  restoreNode,
  type Snapshot,
  SnapshotError,
  snapshotOf,
  tableOf,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { Network, nodeConfig, type Small, small } from './network.ts';
import { id8, numbers } from './support.ts';

type State = NodeState<Small, null, readonly string[]>;

const known = (state: State): number[] => numbers(contactsOf(state)).sort((a, b) => a - b);

/** Five nodes that know each other, one hour on. */
const grown = (): Network => {
  const net = new Network();
  for (const n of [3, 9, 27, 81, 200]) {
    net.add(n);
    net.tell(n, { type: 'start', seeds: n === 3 ? [] : ['n3'] });
    net.run();
  }
  net.run(3_600_000);
  return net;
};

const WALL = 1_700_000_000_000;
/** Taken once: it is only read. */
let ofNine: Snapshot<Small> | undefined;
const whole = (): Snapshot<Small> => (ofNine ??= taken(grown(), 9));

const taken = (net: Network, n: number): Snapshot<Small> =>
  JSON.parse(JSON.stringify(snapshotOf(small, net.at(n).state, net.now, WALL)));

describe('a snapshot', () => {
  it('[U11] goes through JSON, and restored it is the same snapshot again', () => {
    const net = grown();
    net.at(9).state = { ...net.at(9).state, server: ['a', 'b'] };
    const saved = taken(net, 9);
    expect(saved).toMatchObject({ format: 'xorrery-node', version: 1, self: id8(9), server: ['a', 'b'] });
    expect(saved.contacts.map((it) => it.age).every((age) => age >= 0 && age <= 900_000)).toBe(true);
    const restored = restoreNode(small, nodeConfig(0), saved, 50, WALL + 10);
    expect(restored.config.self).toBe(id8(9));
    expect(restored.server).toEqual(['a', 'b']);
    expect(numbers(restored.restored).toSorted((a, b) => a - b)).toEqual([3, 27, 81, 200]);
    expect(known(restored)).toEqual([]);
  });

  it('[U11][X25] a restored node joins without seeds, and enters nobody who did not answer again', () => {
    const net = grown();
    const saved = taken(net, 9);
    net.at(27).alive = false;
    net.at(9).state = restoreNode(small, nodeConfig(0), saved, net.now, WALL);
    net.at(9).effects.length = 0;
    net.tell(9, { type: 'start', seeds: [] });
    expect(known(net.at(9).state)).toEqual([]);
    net.run(net.now + 30_000);
    expect(known(net.at(9).state)).toEqual([3, 81, 200]);
    expect(net.said(9, 'join-finished').map((it) => it.outcome)).toEqual(['joined']);
  });

  it('[U11] what is kept published goes on being published, under a clock that counts anew', () => {
    const net = grown();
    const publish = {
      type: 'publish',
      id: 'p',
      target: id8(5),
      find: { ask: 'find', target: id8(5) },
      store: { ask: 'store', token: '' },
      every: 600_000,
    } as const;
    net.tell(9, publish);
    net.run(net.now + 1_000);
    const saved = taken(net, 9);
    expect(saved.kept).toEqual([publish]);
    const later = new Network();
    for (const n of [3, 27]) {
      later.add(n);
      later.tell(n, { type: 'start', seeds: n === 3 ? [] : ['n3'] });
      later.run(later.now + 5_000);
    }
    later.add(9);
    later.at(9).state = restoreNode(small, nodeConfig(0), saved, later.now, WALL + 86_400_000);
    later.tell(9, { type: 'start', seeds: ['n3'] });
    later.run(later.now + 700_000);
    const rounds = later.said(9, 'republished');
    expect(rounds.length).toBeGreaterThanOrEqual(2);
    expect(
      rounds
        .at(-1)
        ?.report.stored.map((it) => it.endpoint)
        .sort(),
    ).toEqual(['n27', 'n3']);
    expect(rounds.at(-1)?.target).toBe(id8(5));
  });

  it.each([
    ['not an object', 'x', 'corrupt'],
    ['nothing', null, 'corrupt'],
    ['something else', { a: 1 }, 'corrupt'],
    ['another version', { version: 2 }, 'version'],
    ['another protocol', { profile: { name: 'big', version: 1 } }, 'profile'],
    ['another version of the protocol', { profile: { name: 'small', version: 9 } }, 'profile'],
    ['no id', { self: 'zz' }, 'corrupt'],
    ['no time', { wall: 'today' }, 'corrupt'],
    ['no contacts', { contacts: 7 }, 'corrupt'],
    ['no list of what is kept', { kept: null }, 'corrupt'],
  ])('[U11] %s is a typed error that says why', (_, change, reason) => {
    const isPart = typeof change === 'object' && change !== null && !('a' in change);
    const saved = isPart ? { ...whole(), ...change } : change;
    const restore = () => restoreNode(small, nodeConfig(0), saved, 0, WALL);
    expect(restore).toThrow(SnapshotError);
    expect(restore).toThrow(expect.objectContaining({ reason }));
  });

  it.each([
    ['x', 'it is not a snapshot of a node'],
    [{ version: 2 }, 'it is of version 2, not 1'],
    [{ profile: { name: 'big', version: 3 } }, 'it is of big 3, not small 1'],
    [{ profile: undefined }, 'it is of undefined undefined, not small 1'],
    [{ self: 'zz' }, 'self is not an id'],
    [{ wall: 'today' }, 'wall is not a time'],
    [{ contacts: 7 }, 'contacts is not a list'],
    [{ kept: null }, 'kept is not a list'],
  ])('[U11] %j is refused in words that say what is wrong', (change, words) => {
    const saved = typeof change === 'string' ? change : { ...whole(), ...change };
    expect(() => restoreNode(small, nodeConfig(0), saved, 0, WALL)).toThrow(words);
  });

  it('[U11] whom we know is saved from the least to the most recently seen, each with its age', () => {
    const net = grown();
    const saved = taken(net, 9);
    const table = tableOf(net.at(9).state.routing);
    const seen = table.buckets.flatMap((it) => it.seen).sort((a, b) => a - b);
    expect(saved.contacts.map((it) => it.age)).toEqual(seen.map((it) => net.now - it));
    expect(new Set(seen).size).toBeGreaterThan(1);
    const restored = restoreNode(small, nodeConfig(0), saved, 0, WALL);
    expect(restored.restored.map((it) => it.endpoint)).toEqual(saved.contacts.map((it) => it.endpoint).reverse());
  });

  it('[J81] a damaged entry is left out, and the rest is kept', () => {
    const contacts = [...whole().contacts, null, 4, { id: 'zz', endpoint: 'n1', age: 0 }, { id: id8(5), age: 0 }];
    const kept = [null, { type: 'publish' }, { type: 'publish', target: 'zz', every: 5 }];
    const restored = restoreNode(small, nodeConfig(0), { ...whole(), contacts, kept }, 0, WALL);
    expect(restored.restored).toHaveLength(4);
    expect(restored.kept.size).toBe(0);
  });

  it('[U11] a wall clock that was set back counts as no time passed', () => {
    expect(() => restoreNode(small, nodeConfig(0), whole(), 0, WALL - 1_000_000)).not.toThrow();
  });

  it('[Z14] a bad configuration is refused as in a fresh node', () => {
    expect(() => restoreNode(small, nodeConfig(0, { storeSet: 0 }), whole(), 0, WALL)).toThrow(ConfigError);
  });
});

describe('health', () => {
  it('[U13] tells contacts by depth, the last answers, and joining from online from isolated', () => {
    const net = new Network();
    net.add(3);
    expect(healthOf(net.at(3).state)).toMatchObject({ status: 'stopped', contacts: 0 });
    net.add(9);
    net.tell(3, { type: 'start', seeds: [] });
    net.tell(9, { type: 'start', seeds: ['n3'] });
    expect(healthOf(net.at(9).state)).toMatchObject({ status: 'joining', contacts: 0 });
    net.run(1_000);
    const health = healthOf(net.at(9).state);
    expect(health).toMatchObject({ status: 'online', contacts: 1 });
    expect(health.perDepth).toEqual(tableOf(net.at(9).state.routing).buckets.map((it) => it.members.length));
    expect(health.answers.answered).toBe(health.answers.asked);
  });

  it('[U13] a table that runs empty shows as isolated within the join timeout, on the stream too', () => {
    const net = new Network();
    for (const n of [3, 9]) {
      net.add(n, { probe: { ...nodeConfig(0).probe, questionableAfter: 10_000, contestedAfter: 0 } });
      net.tell(n, { type: 'start', seeds: n === 3 ? [] : ['n3'] });
      net.run(net.now + 2_000);
    }
    net.at(3).alive = false;
    net.run(net.now + 60_000);
    expect(healthOf(net.at(9).state)).toMatchObject({ status: 'isolated', contacts: 0 });
    expect(net.said(9, 'join-finished').map((it) => it.outcome)).toEqual(['joined', 'isolated']);
    net.at(3).alive = true;
    net.run(net.now + 600_000);
    expect(healthOf(net.at(9).state)).toMatchObject({ status: 'online', contacts: 1 });
  });

  it('[X20][U13] of few nodes the size estimate is near the truth, and says how sure it is', () => {
    const net = new Network();
    const all = Array.from({ length: 60 }, (_, i) => (i * 37 + 5) % 256);
    for (const n of all) {
      net.add(n);
      net.tell(n, { type: 'start', seeds: n === all[0] ? [] : [`n${all[0]}`] });
      net.run(net.now + 2_000);
    }
    const target = 5;
    for (let i = 0; i < 12; i++) {
      const to = id8((target + i * 21) % 256);
      net.tell(all[7] as number, {
        type: 'lookup',
        id: `q${i}`,
        kind: 'closest',
        target: to,
        request: { ask: 'find', target: to },
      });
      net.run(net.now + 5_000);
    }
    const size = healthOf(net.at(all[7] as number).state).networkSize;
    expect(size?.lookups).toBeGreaterThanOrEqual(12);
    expect(size?.error).toBeLessThan(0.1);
    expect(size?.estimate).toBeGreaterThan(60 * 0.75);
    expect(size?.estimate).toBeLessThan(60 * 1.3);
  });
});

describe('vetting', () => {
  it('[Z13] a fallen member is checked once more, and not again within the hour', () => {
    const stranger = { id: id8(4), endpoint: 'n4' };
    let state = initInclude({ maxQueued: 4, maxChecking: 2, secondChanceEvery: 1_000 });
    const fall = (now: number): number => {
      const step = includeMachine.advance(state, { type: 'fallen', stranger }, now);
      state = includeMachine.advance(step.state, { type: 'check-failed', check: step.state.nextCheck - 1 }, now).state;
      return step.effects.length;
    };
    expect([fall(0), fall(10), fall(999), fall(1_000)]).toEqual([1, 0, 0, 1]);
  });
});
