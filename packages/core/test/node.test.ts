import {
  type BootstrapEffect,
  type BootstrapEvent,
  type BootstrapState,
  type BroadcastEffect,
  type BroadcastEvent,
  type BroadcastState,
  ConfigError,
  type Contact,
  compareDistance,
  contactsOf,
  type Machine,
  type NodeConfig,
  type NodeEffect,
  type NodeEvent,
  type PoolEffect,
  type PoolEvent,
  type Protocol,
  type QueryEffect,
  type QueryEvent,
  type QueryState,
  type WireEffect,
  type WireEvent,
} from '@xorrery/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { machine, Network, nodeConfig, type Small } from './network.ts';
import { id8, numbers } from './support.ts';

const known = (net: Network, n: number): number[] => numbers(contactsOf(net.at(n).state)).sort((a, b) => a - b);

/** Nodes joined one after another, each through the first. */
const joined = (...all: number[]): Network => {
  const net = new Network();
  const [first, ...rest] = all as [number, ...number[]];
  net.add(first);
  net.tell(first, { type: 'start', seeds: [] });
  for (const n of rest) {
    net.add(n);
    net.tell(n, { type: 'start', seeds: [`n${first}`] });
    net.run();
  }
  return net;
};

const find = (id: string, target: number) =>
  ({
    type: 'lookup',
    id,
    kind: 'closest',
    target: id8(target),
    request: { ask: 'find', target: id8(target) },
  }) as const;

describe('joining', () => {
  it('[T22][D12] twelve nodes through one seed know each other, and each says joined', () => {
    const all = [3, 17, 40, 66, 90, 111, 130, 151, 180, 201, 222, 250];
    const net = joined(...all);
    for (const n of all) {
      expect(known(net, n), `node ${n}`).toEqual(all.filter((it) => it !== n));
      expect(net.said(n, 'join-finished').at(-1)?.outcome, `node ${n}`).toBe('joined');
    }
  });

  it('[R11] a node whose seed is dead says isolated at 3 s, and joined once the seed is back', () => {
    const net = new Network();
    net.add(4);
    net.add(9);
    net.at(4).alive = false;
    net.tell(9, { type: 'start', seeds: ['n4'] });
    net.run(20_000);
    expect(net.said(9, 'join-finished').map((it) => [it.outcome, it.elapsed])).toEqual([['isolated', 3_000]]);
    net.at(4).alive = true;
    net.tell(4, { type: 'start', seeds: [] });
    net.run(120_000);
    expect(net.said(9, 'join-finished').at(-1)?.outcome).toBe('joined');
    expect(known(net, 4)).toEqual([9]);
  });

  it('[T21] any number of seeds; the dead ones among them do no harm', () => {
    const net = joined(4, 8);
    net.add(77);
    net.tell(77, { type: 'start', seeds: ['n200', 'n4', 'n201'] });
    net.run();
    expect(known(net, 77)).toEqual([4, 8]);
  });
});

describe('the table and strangers', () => {
  it('[F35][T34] asking us puts nobody in the table before they answer; read-only askers are not even vetted', () => {
    const net = joined(4, 8);
    const ask = (n: number, readOnly: boolean): void => {
      const message = { type: 'request', tid: '0001', sender: id8(n), readOnly, request: { ask: 'ping' } } as const;
      net.tell(4, { type: 'received', from: `n${n}`, message });
      net.run();
    };
    ask(99, false);
    expect(known(net, 4)).toEqual([8]);
    expect(net.said(4, 'query').some((it) => it.id.startsWith('check:'))).toBe(true);
    net.add(98);
    net.tell(98, { type: 'start', seeds: [] });
    ask(98, false);
    expect(known(net, 4)).toEqual([8, 98]);
    const checks = net.said(4, 'query').length;
    ask(97, true);
    expect(net.said(4, 'query').length).toBe(checks);
  });

  it('[F35][U10] hearsay alone changes no entry', () => {
    const net = joined(4, 8, 16);
    const hearsay: Contact = { id: id8(201), endpoint: 'n201' };
    const message = { type: 'reply', tid: 'ffff', sender: id8(8), reply: { nodes: [hearsay] } } as const;
    net.tell(4, { type: 'received', from: 'n8', message });
    expect(known(net, 4)).toEqual([8, 16]);
    expect(net.said(4, 'anomaly').map((it) => it.cause)).toEqual(['unknown-transaction']);
    expect(net.at(4).state.counters.unknownTransaction).toBe(1);
  });

  it('[R13] another id at a member’s endpoint: the member goes, the new id is vetted and then enters', () => {
    const net = joined(4, 8);
    const state = net.at(8).state;
    net.at(8).state = {
      ...state,
      config: { ...state.config, self: id8(9) },
      wire: { ...state.wire, config: { ...state.wire.config, self: id8(9) } },
    };
    net.tell(4, find('q', 8));
    net.run();
    expect(net.said(4, 'contact-removed').map((it) => [it.contact.id, it.reason])).toEqual([[id8(8), 'changed-id']]);
    expect(known(net, 4)).toEqual([9]);
    expect(net.said(4, 'anomaly').map((it) => it.cause)).toEqual(['wrong-id']);
  });

  it('members that stop answering leave, and that is announced', () => {
    const net = joined(4, 8, 16);
    net.at(8).alive = false;
    for (const id of ['a', 'b']) {
      net.tell(4, find(id, 8));
      net.run();
    }
    expect(net.said(4, 'contact-removed').map((it) => [it.contact.endpoint, it.reason])).toEqual([
      ['n8', 'unanswering'],
    ]);
    expect(known(net, 4)).toEqual([16]);
  });

  it('a packet that bears our own id is an anomaly, and is not answered', () => {
    const net = joined(4, 8);
    const message = { type: 'request', tid: '01', sender: id8(4), readOnly: false, request: { ask: 'ping' } } as const;
    expect(net.tell(4, { type: 'received', from: 'evil', message })).toEqual([
      { type: 'anomaly', from: 'evil', cause: 'own-id' },
    ]);
  });

  it('[D08] a contact seen from outside is id, endpoint and when it last answered', () => {
    const net = joined(4, 8);
    expect(contactsOf(net.at(4).state)).toEqual([{ id: id8(8), endpoint: 'n8', lastSeen: expect.any(Number) }]);
  });

  it('answers a malformed packet where its sender is owed an error, and counts it', () => {
    const net = joined(4, 8);
    const answer = { tid: 'ab', code: 204, text: 'unknown method' };
    expect(net.tell(4, { type: 'malformed', from: 'x', cause: 'method', answer })).toEqual([
      { type: 'transmit', to: 'x', message: { type: 'error', ...answer } },
    ]);
    expect(net.tell(4, { type: 'malformed', from: 'x', cause: 'noise' })).toEqual([]);
    expect(net.at(4).state.counters.malformed).toBe(2);
  });

  it('[S76] a read-only node answers nobody, and marks what it asks', () => {
    const net = new Network();
    net.add(4, { readOnly: true });
    net.tell(4, { type: 'start', seeds: ['n8'] });
    const message = { type: 'request', tid: '01', sender: id8(8), readOnly: false, request: { ask: 'ping' } } as const;
    expect(net.tell(4, { type: 'received', from: 'n8', message })).toEqual([]);
    net.run(5_000);
    expect(net.said(4, 'transmit')[0]?.message).toMatchObject({ type: 'request', readOnly: true });
  });
});

describe('operations', () => {
  const all = [3, 17, 40, 66, 90, 111, 130, 151, 180, 201, 222, 250];

  it('[D13] findNode gives the k closest of the network, exactly', () => {
    const net = joined(...all);
    net.tell(3, find('q', 100));
    net.run();
    const end = net.said(3, 'query').find((it) => it.id === 'q' && it.effect.type === 'finished');
    const report = end?.effect.type === 'finished' ? end.effect.report : undefined;
    const others = all.filter((it) => it !== 3).map((it) => id8(it));
    expect(report?.closest.map((it) => it.id)).toEqual(others.sort((a, b) => compareDistance(id8(100), a, b)));
  });

  it('[R10][J19] publish stores at the closest, each with the token it gave, and reports each outcome', () => {
    const net = joined(...all);
    net.at(90).alive = false;
    const find = { ask: 'find', target: id8(100) } as const;
    net.tell(3, {
      type: 'publish',
      id: 'p',
      target: id8(100),
      find,
      store: { ask: 'store', token: '' },
      settings: { k: 4 },
    });
    net.run();
    const report = net.said(3, 'published')[0]?.report;
    expect(report).toMatchObject({ reason: 'converged', failed: [], notAttempted: [] });
    expect(numbers(report?.stored ?? [])).toEqual([111, 66, 40, 17].slice(0, 4));
    expect([111, 66].map((n) => net.at(n).state.server)).toEqual([['n3'], ['n3']]);
  });

  it('[R10] a publish that nobody takes fails, and says so', () => {
    const net = new Network();
    net.add(4);
    net.tell(4, { type: 'start', seeds: [] });
    const event = { find: { ask: 'find', target: id8(9) }, store: { ask: 'store', token: '' } } as const;
    net.tell(4, { type: 'publish', id: 'p', target: id8(9), ...event });
    expect(net.said(4, 'published')[0]?.report).toMatchObject({
      reason: 'failed',
      stored: [],
      lookup: { reason: 'exhausted' },
    });
  });

  it('[U14] an operation asked for while joining waits for the join, and is refused if so configured', () => {
    const net = joined(4, 8);
    net.add(16);
    net.add(32, { whenEmpty: 'refuse' });
    for (const n of [16, 32]) {
      net.tell(n, { type: 'start', seeds: ['n4'] });
      net.tell(n, find('q', 8));
    }
    expect(net.said(32, 'rejected')).toEqual([{ type: 'rejected', id: 'q', reason: 'isolated' }]);
    expect(net.at(16).state.waiting.length).toBe(1);
    net.run();
    const end = net
      .said(16, 'query')
      .filter((it) => it.id === 'q')
      .at(-1)?.effect;
    expect(end?.type === 'finished' && numbers(end.report.closest).sort((a, b) => a - b)).toEqual([4, 8, 32]);
  });

  it('[U07] one that waits and is cancelled sends nothing and reports cancelled; a publish too', () => {
    const net = new Network();
    net.add(4);
    net.tell(4, { type: 'start', seeds: ['n9'] });
    const before = net.said(4, 'transmit').length;
    net.tell(4, find('q', 8));
    const event = { find: { ask: 'find', target: id8(9) }, store: { ask: 'store', token: '' } } as const;
    net.tell(4, { type: 'publish', id: 'p', target: id8(9), ...event });
    expect(net.tell(4, { type: 'cancel', id: 'q' })).toMatchObject([
      { id: 'q', effect: { type: 'finished', report: { reason: 'cancelled', counts: { requests: 0 } } } },
    ]);
    expect(net.tell(4, { type: 'cancel', id: 'p' })).toMatchObject([
      { type: 'published', report: { reason: 'cancelled' } },
    ]);
    expect(net.said(4, 'transmit').length).toBe(before);
  });

  it('[G18][F08] refuses before start, a duplicate id, settings out of range, and after close', () => {
    const net = new Network();
    net.add(4, { maxWaiting: 1 });
    const reasons = (): string[] => net.said(4, 'rejected').map((it) => it.reason);
    net.tell(4, find('q', 8));
    net.tell(4, { type: 'start', seeds: ['n9'] });
    net.tell(4, find('q', 8));
    net.tell(4, find('q', 8));
    net.tell(4, { ...find('r', 8), settings: { alpha: 0 } });
    net.tell(4, find('s', 8));
    net.tell(4, { type: 'close' });
    net.tell(4, find('t', 8));
    expect(reasons()).toEqual(['not-running', 'duplicate', 'invalid', 'full', 'not-running']);
  });

  it('[F17][U05] closing ends every operation with reason closed, and nothing is sent then or ever after', () => {
    const net = joined(...all);
    net.tell(3, find('q', 100));
    const find2 = { ask: 'find', target: id8(9) } as const;
    net.tell(3, { type: 'publish', id: 'p', target: id8(9), find: find2, store: { ask: 'store', token: '' } });
    const said = net.tell(3, { type: 'close' });
    const sent = net.said(3, 'transmit').length;
    const ends = said.flatMap((it) =>
      it.type === 'query' && it.effect.type === 'finished' ? [`${it.id} ${it.effect.report.reason}`] : [],
    );
    expect(ends).toContain('q closed');
    expect(said.find((it) => it.type === 'published')).toMatchObject({ id: 'p', report: { reason: 'closed' } });
    expect(said.at(-1)).toEqual({ type: 'closed' });
    net.run();
    expect(net.said(3, 'transmit').length).toBe(sent);
    expect(machine.nextDeadline(net.at(3).state)).toBeUndefined();
  });

  it('closing while joining starts no further bucket lookup', () => {
    const net = joined(4, 8, 16, 32, 64, 128);
    net.add(5);
    net.tell(5, { type: 'start', seeds: ['n128'] });
    while (net.at(5).state.routing.bootstrap.status !== 'filling') net.run(net.now + 1);
    const said = net.tell(5, { type: 'close' });
    expect(said.filter((it) => it.type === 'transmit')).toEqual([]);
  });
});

describe('the contract', () => {
  it('[F02][X02] a tick before the deadline changes nothing, a tick at it changes the state, a second one nothing', () => {
    const net = joined(4, 8);
    net.at(8).alive = false;
    net.tell(4, find('q', 8));
    const { state } = net.at(4);
    const due = machine.nextDeadline(state) as number;
    expect(due).toBeGreaterThan(net.now);
    expect(machine.advance(state, { type: 'tick' }, due - 1)).toEqual({ state, effects: [] });
    const after = machine.advance(state, { type: 'tick' }, due);
    expect(after.state).not.toEqual(state);
    expect(machine.advance(after.state, { type: 'tick' }, due)).toEqual({ state: after.state, effects: [] });
  });

  it('[F14] time that falls is a bug in the driver, and asserted', () => {
    const net = joined(4, 8);
    expect(() => machine.advance(net.at(4).state, find('q', 8), net.at(4).state.at - 1)).toThrow('time never falls');
  });

  it('[G06][X12] any state survives JSON and goes on identically', () => {
    const net = joined(4, 8, 16);
    net.tell(4, find('q', 8));
    const { state } = net.at(4);
    const copy = JSON.parse(JSON.stringify(state));
    expect(structuredClone(state)).toEqual(state);
    const due = machine.nextDeadline(state) as number;
    expect(JSON.stringify(machine.advance(copy, { type: 'tick' }, due))).toBe(
      JSON.stringify(machine.advance(state, { type: 'tick' }, due)),
    );
  });

  it('[F01] events, effects and statuses of a machine share no discriminant', () => {
    expectTypeOf<QueryEvent<Protocol>['type'] & QueryEffect<Protocol>['type']>().toBeNever();
    expectTypeOf<QueryEvent<Protocol>['type'] & QueryState<Protocol>['status']>().toBeNever();
    expectTypeOf<QueryEffect<Protocol>['type'] & QueryState<Protocol>['status']>().toBeNever();
    expectTypeOf<BootstrapEvent['type'] & (BootstrapEffect['type'] | BootstrapState['status'])>().toBeNever();
    expectTypeOf<BootstrapEffect['type'] & BootstrapState['status']>().toBeNever();
    expectTypeOf<BroadcastEvent<Protocol>['type'] & (BroadcastEffect['type'] | BroadcastState['status'])>().toBeNever();
    expectTypeOf<WireEvent<Protocol>['type'] & WireEffect<Protocol>['type']>().toBeNever();
    // Envelopes keep their child's name on the way in and out: the one word that both sides of a parent share.
    expectTypeOf<PoolEvent<Protocol>['type'] & PoolEffect<Protocol>['type']>().toEqualTypeOf<'query'>();
    expectTypeOf<NodeEvent<Protocol>['type'] & NodeEffect<Protocol>['type']>().toBeNever();
  });

  it('[G12] the node is a Machine to the compiler', () => {
    const state = machine.init(nodeConfig(4));
    const one: Machine<NodeConfig<null>, typeof state, NodeEvent<Small>, NodeEffect<Small>> = machine;
    expectTypeOf(one.nextDeadline).returns.toEqualTypeOf<number | undefined>();
  });

  it.each([
    ['node.self', { self: 'zz' as never }],
    ['node.seed', { seed: -1 }],
    ['node.storeSet', { storeSet: 0 }],
    ['node.replySize', { replySize: 0 }],
    ['node.whenEmpty', { whenEmpty: 'panic' as never }],
    ['node.maxWaiting', { maxWaiting: -1 }],
    ['node.readOnly', { readOnly: 1 as never }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => machine.init(nodeConfig(4, change))).toThrow(ConfigError);
    expect(() => machine.init(nodeConfig(4, change))).toThrow(field);
  });
});
