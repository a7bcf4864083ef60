/** What a node answers, what it does not, and how each is counted: one node under a test's control. */
import {
  DEFAULT_NODE,
  healthOf,
  type NodeConfig,
  type NodeEffect,
  type NodeEvent,
  type ResponderConfig,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { machine, Network, nodeConfig, type Small } from './network.ts';
import { id8, node } from './support.ts';

class Lone {
  state: ReturnType<typeof machine.init>;
  now = 0;

  constructor(changes: Partial<NodeConfig<null>> = {}) {
    this.state = machine.init(nodeConfig(7, changes));
    this.step({ type: 'start', seeds: [] });
    this.step({
      type: 'entropy',
      bytes: Array.from({ length: 64 }, (_, i) => (i + 1).toString(16).padStart(2, '0')).join(''),
    });
  }

  step(event: NodeEvent<Small>): readonly NodeEffect<Small>[] {
    const { state, effects } = machine.advance(this.state, event, this.now);
    this.state = state;
    return effects;
  }

  /** What is sent to an asker. */
  asked(
    n: number,
    request: { ask: 'ping' } | { ask: 'store'; token: string } = { ask: 'ping' },
    bytes?: number,
  ): string[] {
    const message = { type: 'request', tid: 'aa', sender: id8(n), readOnly: true, request } as const;
    const received = { type: 'received', from: `n${n}`, message, ...(bytes === undefined ? {} : { bytes }) } as const;
    return this.step(received).flatMap((it) => (it.type === 'transmit' ? [`${it.message.type} ${it.to}`] : []));
  }
}

const responding = (changes: Partial<ResponderConfig>): Lone =>
  new Lone({ responder: { ...DEFAULT_NODE.responder, ...changes } });

describe('what comes in', () => {
  it('is counted by kind: requests, those refused, replies, errors, what could not be sent', () => {
    const lone = new Lone();
    expect(lone.asked(4)).toEqual(['reply n4']);
    expect(lone.asked(4, { ask: 'store', token: 'n5' })).toEqual(['error n4']);
    expect(lone.state.counters).toMatchObject({ requests: 2, refused: 1, replies: 0, errors: 0, unsent: 0 });
    const reply = { type: 'reply', tid: 'ffff', sender: id8(4), reply: { nodes: [] } } as const;
    lone.step({ type: 'received', from: 'n4', message: reply });
    expect(lone.state.counters).toMatchObject({ replies: 1, errors: 0, unknownTransaction: 1 });
    lone.step({ type: 'received', from: 'n4', message: { type: 'error', tid: 'ffff', code: 1, text: '' } });
    expect(lone.state.counters).toMatchObject({
      requests: 2,
      refused: 1,
      replies: 1,
      errors: 1,
      unknownTransaction: 2,
    });
  });

  it('[J16] a request that could not be sent fails, and is counted', () => {
    const lone = new Lone();
    const ask = { type: 'ask', id: 'q', seeds: [node(4)], request: { ask: 'ping' } } as const;
    const [sent] = lone.step(ask).flatMap((it) => (it.type === 'transmit' ? [it] : []));
    const tid = sent?.message.tid as string;
    const said = lone.step({ type: 'unsent', to: 'n4', tid, cause: 'no route' });
    const ends = said.flatMap((it) => (it.type === 'query' && it.effect.type === 'finished' ? [it.effect.report] : []));
    expect(ends).toMatchObject([
      { counts: { requests: 1, failed: 1 }, asked: [{ result: 'failed', cause: 'unsent' }] },
    ]);
    expect([lone.state.counters.unsent, healthOf(lone.state).answers]).toEqual([1, { asked: 1, answered: 0 }]);
  });
});

describe('what goes out', () => {
  it('[J75] an asker beyond its rate is not answered, and counted', () => {
    const rate = { perSecond: 1, burst: 2 };
    for (const limiter of [
      { perHost: rate, perNetwork: 'off', maxEntries: 9 },
      { perHost: 'off', perNetwork: rate, maxEntries: 9 },
    ] as const) {
      const lone = responding({ limiter });
      expect([1, 2, 3, 4].map(() => lone.asked(4).length)).toEqual([1, 1, 0, 0]);
      expect(lone.asked(5)).toEqual(['reply n5']);
      expect(lone.state.counters).toMatchObject({ requests: 5, limited: 2 });
      lone.now = 1_000;
      expect([1, 2].map(() => lone.asked(4).length)).toEqual([1, 0]);
    }
    const open = responding({});
    expect([1, 2, 3, 4].map(() => open.asked(4).length)).toEqual([1, 1, 1, 1]);
    expect([open.state.counters.limited, open.state.limiter.accounts.size]).toEqual([0, 0]);
  });

  it('[U16] nobody unproven is sent more than so many times what it sent', () => {
    const lone = responding({ amplification: 3 });
    // An answer is of 100 bytes.
    expect([lone.asked(4, undefined, 33), lone.asked(4, undefined, 34), lone.asked(4)]).toEqual([
      [],
      ['reply n4'],
      ['reply n4'],
    ]);
    expect(lone.state.counters.oversized).toBe(1);
    expect(responding({ amplification: 'off' }).asked(4, undefined, 1)).toEqual(['reply n4']);
  });

  it('[U16] a member has shown that it is where it says, at its endpoint alone', () => {
    const net = new Network();
    const responder = { ...DEFAULT_NODE.responder, amplification: 3 };
    for (const n of [7, 4]) {
      net.add(n, { responder });
      net.tell(n, { type: 'start', seeds: n === 7 ? [] : ['n7'] });
      net.run(net.now + 8_000);
    }
    const message = { type: 'request', tid: 'aa', sender: id8(4), readOnly: true, request: { ask: 'ping' } } as const;
    const from = (endpoint: string): number =>
      net.tell(7, { type: 'received', from: endpoint, message, bytes: 1 }).filter((it) => it.type === 'transmit')
        .length;
    expect([from('n4'), from('n5')]).toEqual([1, 0]);
  });

  it('[U16] all answers together keep to a rate in bytes', () => {
    const lone = responding({ maxRate: { perSecond: 100, burst: 250 } });
    expect([4, 5, 6].map((n) => lone.asked(n).length)).toEqual([1, 1, 0]);
    expect(lone.state.counters.shed).toBe(1);
    lone.now = 499;
    expect(lone.asked(6)).toEqual([]);
    lone.now = 500;
    expect(lone.asked(6)).toEqual(['reply n6']);
    expect(lone.state.counters).toMatchObject({ shed: 2, limited: 0, oversized: 0 });
  });

  it('[U16] errors leave half of what is saved up to replies', () => {
    const lone = responding({ maxRate: { perSecond: 100, burst: 400 } });
    const refused = { ask: 'store', token: 'bad' } as const;
    expect([4, 5, 6, 7].map((n) => lone.asked(n, refused).length)).toEqual([1, 1, 0, 0]);
    expect([4, 5, 6].map((n) => lone.asked(n).length)).toEqual([1, 1, 0]);
    // What flows off is for replies first, as long as somebody wants them.
    lone.now = 1_000;
    expect([lone.asked(4, refused), lone.asked(4)].map((it) => it.length)).toEqual([0, 1]);
    lone.now = 4_000;
    expect(lone.asked(4, refused)).toHaveLength(1);
  });

  it('an asker is named so many others, and never itself', () => {
    const net = new Network();
    for (const n of [7, 4, 5, 6]) {
      net.add(n, { replySize: 2 });
      net.tell(n, { type: 'start', seeds: n === 7 ? [] : ['n7'] });
      net.run(net.now + 8_000);
    }
    const request = { ask: 'find', target: id8(4) } as const;
    const named = (from: string): string[] => {
      const message = { type: 'request', tid: 'aa', sender: id8(99), readOnly: true, request } as const;
      const [sent] = net
        .tell(7, { type: 'received', from, message })
        .flatMap((it) => (it.type === 'transmit' ? [it.message] : []));
      return sent?.type === 'reply' ? sent.reply.nodes.map((it) => it.endpoint) : [];
    };
    expect([named('n99'), named('n4'), named('n5')]).toEqual([
      ['n4', 'n5'],
      ['n5', 'n6'],
      ['n4', 'n6'],
    ]);
  });
});

describe('what lookups say of the network', () => {
  it('[U13] is taken from those that converged on a target other than our own id', () => {
    const net = new Network();
    for (const n of [7, 64, 128, 192, 33]) {
      net.add(n, { query: { ...DEFAULT_NODE.query, k: 3 } });
      net.tell(n, { type: 'start', seeds: n === 7 ? [] : ['n7'] });
      net.run(net.now + 8_000);
    }
    const { sizes } = net.at(33).state;
    const look = (id: string, target: number): void => {
      const request = { ask: 'find', target: id8(target) } as const;
      net.tell(33, { type: 'lookup', id, kind: 'closest', target: id8(target), request });
      net.run(net.now + 300);
    };
    look('own', 33);
    expect(net.at(33).state.sizes).toEqual(sizes);
    look('other', 40);
    const { length } = net.at(33).state.sizes;
    expect(length).toBeGreaterThan(sizes.length);
    net.tell(33, { type: 'ask', id: 'ask', seeds: [node(7), node(64), node(128)], request: { ask: 'ping' } });
    net.run(net.now + 300);
    expect(net.at(33).state.sizes.length).toBe(length);
  });
});
