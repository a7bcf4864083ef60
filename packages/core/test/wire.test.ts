import {
  advanceWire,
  type Id,
  type InMessage,
  initWire,
  nextId,
  seedRandom,
  type WireConfig,
  type WireEffect,
  type WireEvent,
  type WireState,
  wireMachine,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { id8, type Tiny } from './support.ts';

type Reply = Exclude<InMessage<Tiny>, { type: 'request' }>;

class Wire {
  state: WireState<Tiny>;
  effects: readonly WireEffect<Tiny>[] = [];

  constructor(changes: Partial<WireConfig> = {}) {
    this.state = initWire({ tidBytes: 2, poolBytes: 8, self: id8(0), readOnly: false, ...changes });
  }

  step(event: WireEvent<Tiny>): string[] {
    const { state, effects } = advanceWire(this.state, event);
    this.state = state;
    this.effects = effects;
    return effects.map((it) => {
      if (it.type === 'transmit') return `transmit ${it.to} ${it.message.tid}`;
      if (it.type === 'entropy-needed') return `entropy-needed ${it.bytes}`;
      if (it.type === 'answered') return `answered ${it.request} ${it.from}`;
      if (it.type === 'failed') return `failed ${it.request} ${it.cause}`;
      return `anomaly ${it.from} ${it.cause}`;
    });
  }

  request(request: number, to = 'door', expected?: Id): string[] {
    return this.step({ type: 'request', request, to, payload: 'find', ...(expected && { expected }) });
  }

  reply(tid: string, from = 'door', sender = id8(4)): string[] {
    return this.step({ type: 'answer', from, message: { type: 'reply', tid, sender, reply: { nodes: [] } } as Reply });
  }

  entropy(bytes: string): string[] {
    return this.step({ type: 'entropy', bytes });
  }
}

describe('the wire', () => {
  it('[R12] holds sends until it has entropy, then sends them in order under ids drawn from it', () => {
    const wire = new Wire();
    expect(wire.request(1, 'a')).toEqual(['entropy-needed 8']);
    expect(wire.request(2, 'b')).toEqual([]);
    expect(wire.entropy('1a2b3c4d5e6f7081')).toEqual(['transmit a 1a2b', 'transmit b 3c4d', 'entropy-needed 4']);
    expect(wire.state.held).toEqual([]);
  });

  it('[R12] asks for more when half is gone, once at a time, and keeps no more than its pool', () => {
    const wire = new Wire();
    wire.request(1);
    wire.entropy('00'.repeat(7) + '01'.repeat(20));
    expect(wire.state.pool.length).toBeLessThanOrEqual(16);
    expect(wire.state.asking).toBe(false);
  });

  it('[R12] never gives out an id that is open', () => {
    const wire = new Wire();
    wire.request(1);
    wire.request(2);
    expect(wire.entropy('aaaaaaaabbbbcccc')).toEqual(['transmit door aaaa', 'transmit door bbbb', 'entropy-needed 6']);
  });

  it('[X15][F31] takes an answer only for an open id, from the endpoint asked, by the id expected there', () => {
    const wire = new Wire();
    wire.request(1, 'door', id8(4));
    wire.request(2, 'door', id8(5));
    wire.entropy('1111222233334444');
    expect(wire.reply('9999')).toEqual(['anomaly door unknown-transaction']);
    expect(wire.reply('1111', 'elsewhere')).toEqual(['anomaly elsewhere wrong-source']);
    expect(wire.reply('1111')).toEqual(['answered 1 04']);
    expect(wire.reply('1111')).toEqual(['anomaly door unknown-transaction']);
    expect(wire.reply('2222', 'door', id8(9))).toEqual(['failed 2 wrong-id']);
    expect(wire.effects[0]).toMatchObject({ expected: id8(5), claimed: id8(9) });
  });

  it('an error ends its request, and only from the endpoint asked', () => {
    const wire = new Wire();
    wire.request(1);
    wire.entropy('1111222233334444');
    const message: Reply = { type: 'error', tid: '1111', code: 203, text: 'no' };
    expect(wire.step({ type: 'answer', from: 'elsewhere', message })).toEqual(['anomaly elsewhere wrong-source']);
    expect(wire.step({ type: 'answer', from: 'door', message })).toEqual(['failed 1 refused']);
  });

  it('[F19] an abandoned request frees its id at once, sent or held', () => {
    const wire = new Wire();
    wire.request(1);
    wire.request(2);
    wire.step({ type: 'abandon', request: 2 });
    expect(wire.entropy('11112222')).toEqual(['transmit door 1111', 'entropy-needed 6']);
    wire.step({ type: 'abandon', request: 1 });
    expect([wire.state.open.size, wire.state.tids.size]).toEqual([0, 0]);
    expect(wire.reply('1111')).toEqual(['anomaly door unknown-transaction']);
  });

  it('[J16] what could not be sent fails', () => {
    const wire = new Wire();
    wire.request(1);
    wire.entropy('1111222233334444');
    expect(wire.step({ type: 'unsent', to: 'elsewhere', tid: '1111' })).toEqual([]);
    expect(wire.step({ type: 'unsent', to: 'door', tid: '1111' })).toEqual(['failed 1 unsent']);
  });

  it('[J16] that something unknown could not be sent means nothing', () => {
    const wire = new Wire();
    expect(wire.step({ type: 'unsent', to: 'door', tid: '1111' })).toEqual(['entropy-needed 8']);
    expect(wire.step({ type: 'unsent', to: 'door', tid: '1111' })).toEqual([]);
  });

  it('[G16] a number in use, sent or held, is not used again', () => {
    const wire = new Wire();
    wire.request(1, 'a');
    expect(wire.request(1, 'b')).toEqual([]);
    wire.request(2, 'c');
    expect(wire.request(2, 'd')).toEqual([]);
    expect(wire.entropy('1111222233334444').slice(0, 2)).toEqual(['transmit a 1111', 'transmit c 2222']);
    expect(wire.request(2, 'd')).toEqual([]);
    expect([wire.state.open.size, wire.state.tids.size, wire.state.held.length]).toEqual([2, 2, 0]);
  });

  it('[R12] the last bytes make an id, and what came first goes first, whatever came since', () => {
    const wire = new Wire();
    wire.request(1, 'a');
    wire.request(2, 'b');
    expect(wire.entropy('1111')).toEqual(['transmit a 1111', 'entropy-needed 8']);
    expect(wire.request(3, 'c')).toEqual([]);
    expect(wire.entropy('2222')).toEqual(['transmit b 2222', 'entropy-needed 8']);
    expect(wire.state.held.map((it) => it.request)).toEqual([3]);
  });

  it('[G06] what is unknown has no field, in state or effects', () => {
    const wire = new Wire();
    wire.request(1);
    wire.entropy('1111222233334444');
    const { state } = wire;
    expect(state).toStrictEqual(JSON.parse(JSON.stringify(state)));
    wire.step({ type: 'unsent', to: 'door', tid: '1111' });
    expect(wire.effects).toStrictEqual([{ type: 'failed', cause: 'unsent', request: 1, endpoint: 'door' }]);
  });

  it('[F45] has no deadline, and a tick means nothing', () => {
    const machine = wireMachine<Tiny>();
    const state = machine.init({ tidBytes: 2, poolBytes: 8, self: id8(0), readOnly: false });
    const request = { type: 'request', request: 1, to: 'door', payload: 'find' } as const;
    const step = machine.advance(state, request, 0);
    expect(step.effects).toEqual([{ type: 'entropy-needed', bytes: 8 }]);
    expect(machine.nextDeadline(step.state)).toBeUndefined();
    const tick = machine.advance(step.state, { type: 'tick' }, 1_000);
    expect(tick.state).toBe(step.state);
    expect(tick.effects).toEqual([]);
  });

  it('[F30] over 10,000 requests: no constant difference between ids, and none is reused while in flight', () => {
    const wire = new Wire({ tidBytes: 2, poolBytes: 4_096 });
    let random = seedRandom(3);
    const bytes = (count: number): string => {
      const [id, next] = nextId(random, count * 8);
      random = next;
      return id;
    };
    const tids: number[] = [];
    const flying = new Set<number>();
    for (let request = 0; request < 10_000; request++) {
      let told = wire.request(request);
      if (wire.state.asking) told = told.concat(wire.entropy(bytes(4_096)));
      const tid = Number.parseInt(told.find((it) => it.startsWith('transmit'))?.slice(-4) as string, 16);
      expect(flying.has(tid)).toBe(false);
      flying.add(tid);
      tids.push(tid);
      if (request >= 300) {
        wire.step({ type: 'abandon', request: request - 300 });
        flying.delete(tids[request - 300] as number);
      }
    }
    const steps = new Map<number, number>();
    for (let i = 1; i < tids.length; i++) {
      const step = ((tids[i] as number) - (tids[i - 1] as number) + 65_536) % 65_536;
      steps.set(step, (steps.get(step) ?? 0) + 1);
    }
    expect(Math.max(...steps.values())).toBeLessThan(10);
  });

  it('marks requests of a read-only node', () => {
    const wire = new Wire({ readOnly: true });
    wire.request(1);
    wire.entropy('1111222233334444');
    expect(wire.effects[0]).toMatchObject({ message: { readOnly: true, sender: id8(0), request: 'find' } });
  });

  it.each([
    ['tidBytes', { tidBytes: 1 }],
    ['poolBytes', { poolBytes: 7 }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => new Wire(change)).toThrow(`wire.${field}`);
  });
});
