import {
  advancePool,
  DEFAULT_POOL,
  type FailureCause,
  type Instant,
  initPool,
  maps,
  nextPoolDeadline,
  type PoolConfig,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  pathsOf,
  poolMachine,
  type QueryConfig,
  runningQueries,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { config, id8, node, nodes, said, type Tiny } from './support.ts';

class Pool {
  state: PoolState<Tiny>;
  now: Instant = 0;
  readonly requests = new Map<string, number>();

  constructor(changes: Partial<PoolConfig> = {}) {
    this.state = initPool({ ...DEFAULT_POOL, adaptiveTimeout: 'off', ...changes });
  }

  step(event: PoolEvent<Tiny>): string[] {
    const { state, effects } = advancePool(this.state, event, this.now);
    this.state = state;
    return effects.map((effect) => this.tell(effect));
  }

  add(
    id: string,
    seeds: number[],
    changes: Partial<QueryConfig<Tiny>> = {},
    priority: 'user' | 'background' = 'user',
  ): string[] {
    return this.step({ type: 'add', id, priority, config: config(changes), seeds: nodes(...seeds) });
  }

  answer(query: string, from: number, closer: number[] = []): string[] {
    const request = this.requests.get(`${query} n${from}`) as number;
    const answer = { contacts: nodes(...closer), values: [] };
    return this.step({ type: 'query', event: { type: 'response', request, from: id8(from), answer } });
  }

  fail(query: string, from: number, cause: FailureCause = 'refused'): string[] {
    const request = this.requests.get(`${query} n${from}`) as number;
    return this.step({ type: 'query', event: { type: 'failure', request, cause } });
  }

  tick(at: Instant): string[] {
    this.now = at;
    return this.step({ type: 'tick' });
  }

  private tell(effect: PoolEffect<Tiny>): string {
    if (effect.type === 'rejected') return `${effect.id}: rejected ${effect.reason}`;
    if (effect.effect.type === 'send')
      this.requests.set(`${effect.id} ${effect.effect.to.endpoint}`, effect.effect.request);
    return `${effect.id}: ${said(effect.effect)}`;
  }
}

describe('the pool', () => {
  it('[S20][F45] idle without lookups; one that is added asks, and its end is told under its id', () => {
    const pool = new Pool();
    expect(nextPoolDeadline(pool.state)).toBeUndefined();
    expect(pool.add('q', [4])).toEqual(['q: send n4']);
    expect(pool.answer('q', 4)).toEqual(['q: progressed n4', 'q: finished exhausted']);
    expect([pool.state.running.size, pool.state.lanes.size, nextPoolDeadline(pool.state)]).toEqual([0, 0, undefined]);
  });

  it('[F05] one tick expires the due requests of all lookups', () => {
    const pool = new Pool();
    pool.add('a', [4], { requestTimeout: 60 });
    pool.add('b', [8], { requestTimeout: 60 });
    expect(pool.tick(60)).toEqual([
      'a: unanswered n4',
      'a: abandon n4',
      'a: finished exhausted',
      'b: unanswered n8',
      'b: abandon n8',
      'b: finished exhausted',
    ]);
  });

  it('[F05][Z02] queued lookups start in the order in which they came, users before background', () => {
    const pool = new Pool({ maxQueries: 1 });
    pool.add('first', [4]);
    expect(pool.add('upkeep', [8], {}, 'background')).toEqual([]);
    expect(pool.add('second', [16])).toEqual([]);
    expect(pool.add('third', [32])).toEqual([]);
    expect(pool.answer('first', 4)).toEqual(['first: progressed n4', 'first: finished exhausted', 'second: send n16']);
    expect(pool.answer('second', 16)).toContain('third: send n32');
    expect(pool.answer('third', 32)).toContain('upkeep: send n8');
  });

  it('[F08] refuses a duplicate id and a full queue, and says which', () => {
    const pool = new Pool({ maxQueries: 1, maxQueued: 1 });
    pool.add('a', [4]);
    expect(pool.add('a', [8])).toEqual(['a: rejected duplicate']);
    pool.add('b', [8]);
    expect(pool.add('b', [8])).toEqual(['b: rejected duplicate']);
    expect(pool.add('c', [16])).toEqual(['c: rejected full']);
    expect(pool.add('d', [16], { k: 0 })).toEqual(['d: rejected full']);
    expect(new Pool().add('d', [16], { k: 0 })).toEqual(['d: rejected invalid']);
  });

  it('[G14] a send to a busy endpoint is parked: the slot goes to the next candidate, the deadline starts when it leaves', () => {
    const pool = new Pool({ maxPerEndpoint: 1 });
    pool.add('a', [4], { requestTimeout: 1_000 });
    expect(pool.add('b', [4, 8], { alpha: 1, requestTimeout: 100 })).toEqual(['b: send n8']);
    pool.now = 70;
    expect(pool.answer('b', 8)).toEqual(['b: progressed n8']);
    expect(nextPoolDeadline(pool.state)).toBe(1_000);
    pool.now = 500;
    expect(pool.answer('a', 4)).toEqual(['a: progressed n4', 'a: finished exhausted', 'b: send n4']);
    expect(nextPoolDeadline(pool.state)).toBe(600);
    expect(pool.answer('b', 4)).toEqual(['b: progressed n4', 'b: finished exhausted']);
  });

  it('[F42] forgets an endpoint once nothing is open there', () => {
    const pool = new Pool();
    pool.add('a', [4, 8]);
    pool.answer('a', 4);
    expect(pool.state.inFlight.size).toBe(1);
    pool.fail('a', 8);
    expect([pool.state.flying, pool.state.inFlight.size, pool.state.parked.length]).toEqual([0, 0, 0]);
  });

  it('[F42] frees the endpoint of a request that fell silent, though it still listens', () => {
    const pool = new Pool();
    pool.add('a', [4, 8, 16], { requestTimeout: 50, alpha: 1 });
    expect(pool.add('b', [4])).toEqual([]);
    expect(pool.tick(50)).toEqual(['a: unanswered n4', 'a: send n8', 'b: send n4']);
  });

  it('[G14] the node-wide limit keeps slots: a send over it waits, and leaves first come first served', () => {
    const pool = new Pool({ maxInFlight: 2 });
    expect(pool.add('a', [4, 8, 16])).toEqual(['a: send n4', 'a: send n8']);
    expect(pool.add('b', [32])).toEqual([]);
    expect(pool.answer('a', 4)).toEqual(['a: progressed n4', 'a: send n16']);
    expect(pool.answer('a', 8)).toEqual(['a: progressed n8', 'b: send n32']);
    expect(pool.state.inFlight.size).toBe(2);
  });

  it('a parked request that is no longer wanted never leaves, and nobody outside is told to forget it', () => {
    const pool = new Pool();
    pool.add('a', [4]);
    pool.add('b', [4]);
    expect(pool.step({ type: 'cancel', id: 'b' })).toEqual(['b: finished cancelled']);
    expect(pool.answer('a', 4)).toEqual(['a: progressed n4', 'a: finished exhausted']);
  });

  it('[F17][U01] a lookup that waits in the queue past its deadline ends like any other', () => {
    const pool = new Pool({ maxQueries: 1 });
    pool.add('a', [4], { requestTimeout: 5_000, deadline: 9_000 });
    pool.add('b', [8], { deadline: 300 });
    expect(nextPoolDeadline(pool.state)).toBe(300);
    expect(pool.tick(300)).toEqual(['b: finished expired']);
    pool.add('c', [8]);
    expect(pool.step({ type: 'cancel', id: 'c' })).toEqual(['c: finished cancelled']);
  });

  it('[F17] closing ends every lookup, queued or running, and starts none', () => {
    const pool = new Pool({ maxQueries: 1 });
    pool.add('a', [4]);
    pool.add('b', [8]);
    expect(pool.step({ type: 'close' })).toEqual(['b: finished closed', 'a: abandon n4', 'a: finished closed']);
    expect([pool.state.inFlight.size, nextPoolDeadline(pool.state)]).toEqual([0, undefined]);
  });

  it('[X27] full, a user’s lookup sheds the background one that has waited longest; the others wait on', () => {
    const pool = new Pool({ maxQueries: 1, maxQueued: 3 });
    pool.add('running', [4], {}, 'background');
    pool.add('user', [8]);
    pool.add('old', [16], {}, 'background');
    pool.add('young', [32], {}, 'background');
    expect(pool.add('more', [64], {}, 'background')).toEqual(['more: rejected full']);
    expect(pool.add('urgent', [64])).toEqual(['old: finished cancelled']);
    expect(pool.state.shed).toBe(1);
    expect(pool.state.queue.map((it) => it.id)).toEqual(['user', 'urgent', 'young']);
    expect(pool.add('bad', [64], { k: 0 })).toEqual(['bad: rejected invalid']);
    expect([pool.state.shed, pool.add('last', [1]), pool.add('none', [2])]).toEqual([
      1,
      ['young: finished cancelled'],
      ['none: rejected full'],
    ]);
    // An id that was shed is free again.
    expect(pool.step({ type: 'cancel', id: 'old' })).toEqual([]);
    expect(pool.step({ type: 'cancel', id: 'urgent' })).toEqual(['urgent: finished cancelled']);
    expect(pool.state.queue.map((it) => it.id)).toEqual(['user', 'last']);
    expect(pool.add('old', [16])).toEqual([]);
  });

  it('[F17] of those that wait only the overdue expire, each in its time', () => {
    const pool = new Pool({ maxQueries: 1 });
    pool.add('a', [4], { requestTimeout: 5_000, deadline: 9_000 });
    for (const [id, deadline] of [
      ['c', 300],
      ['d', 200],
      ['e', 300],
      ['f', 400],
    ] as const)
      pool.add(id, [8], { deadline });
    expect(pool.tick(199)).toEqual([]);
    expect(pool.tick(200)).toEqual(['d: finished expired']);
    expect(pool.tick(300)).toEqual(['c: finished expired', 'e: finished expired']);
    expect(pool.state.queue.map((it) => it.id)).toEqual(['f']);
    const before = pool.state;
    expect(pool.tick(399)).toEqual([]);
    expect(pool.state).toBe(before);
  });

  it('[U16] so many requests a second leave, at most a burst at once; what waits goes at the first instant there is room', () => {
    const pool = new Pool({ maxRate: { perSecond: 3, burst: 2 } });
    expect(pool.add('a', [4, 8, 16, 32], { kind: 'each', alpha: 4, requestTimeout: 9_000, slowAfter: 'off' })).toEqual([
      'a: send n4',
      'a: send n8',
    ]);
    // A request takes a third of a second of the budget.
    expect(nextPoolDeadline(pool.state)).toBe(334);
    expect(pool.tick(333)).toEqual([]);
    expect(pool.tick(334)).toEqual(['a: send n16']);
    expect(nextPoolDeadline(pool.state)).toBe(667);
    expect(pool.tick(667)).toEqual(['a: send n32']);
    // Nothing waits, so nothing is released.
    expect(pool.state.releaseAt).toBeUndefined();
    pool.now = 5_000;
    expect(pool.add('b', [64, 128, 129], { kind: 'each', alpha: 3 })).toEqual(['b: send n64', 'b: send n128']);
  });

  it('[U16] addresses that are exempt leave at once, and take nothing from the budget', () => {
    const rules = { groupOf: () => undefined, isExempt: (endpoint: string) => endpoint === 'n4' || endpoint === 'n8' };
    const sends = (...seeds: number[]): string[] => {
      const state = initPool<Tiny>({ ...DEFAULT_POOL, maxRate: { perSecond: 1, burst: 1 } });
      const lookup = config({ kind: 'each', alpha: 9 });
      const add = { type: 'add', id: 'a', priority: 'user', config: lookup, seeds: nodes(...seeds) } as const;
      return advancePool(state, add, 0, rules).effects.flatMap((it) => (it.type === 'query' ? [said(it.effect)] : []));
    };
    expect(sends(4, 8, 16, 32)).toEqual(['send n4', 'send n8', 'send n16']);
    expect(sends(16, 32, 8, 4)).toEqual(['send n16', 'send n8', 'send n4']);
  });

  it('[F37] what waits for a busy endpoint, then for room in the pool, goes when there is room', () => {
    const pool = new Pool({ maxInFlight: 2 });
    pool.add('a', [4], { requestTimeout: 1_000 });
    pool.add('b', [4], { requestTimeout: 1_000 });
    expect(pool.state.parked.map((it) => it.by)).toEqual(['endpoint']);
    pool.add('c', [8, 16, 32], { kind: 'each', alpha: 3, requestTimeout: 1_000 });
    expect(pool.state.parked.map((it) => it.by)).toEqual(['endpoint', 'pool', 'pool']);
    // The endpoint of b is free, and the room that this makes is b's: it has waited longest.
    expect(pool.answer('a', 4)).toEqual(['a: progressed n4', 'a: finished exhausted', 'b: send n4']);
    expect(pool.answer('c', 8)).toEqual(['c: progressed n8', 'c: send n16']);
    expect(pool.state.parked.map((it) => it.effect.to.endpoint)).toEqual(['n32']);
    expect(pool.step({ type: 'cancel', id: 'c' }).at(-1)).toBe('c: finished cancelled');
    expect([pool.state.parked.length, pool.state.inFlight.size]).toEqual([0, 1]);
  });

  it('[F37][G21] each of many lookups gets its turn at the one endpoint they share', () => {
    const pool = new Pool();
    const ids = Array.from({ length: 10 }, (_, i) => `q${i}`);
    for (const id of ids) pool.add(id, [4]);
    const order: string[] = ['q0'];
    for (let i = 0; i < ids.length; i++) {
      for (const text of pool.answer(order.at(-1) as string, 4)) {
        if (text.includes('send')) order.push(text.slice(0, text.indexOf(':')));
      }
    }
    expect(order).toEqual(ids);
  });

  it('[G13] after many lookups it holds none, and is no larger than at first', () => {
    const pool = new Pool();
    const size = (): number => JSON.stringify({ ...pool.state, nextLane: 0 }).length;
    pool.add('first', [4]);
    pool.answer('first', 4);
    const before = size();
    for (let i = 0; i < 2_000; i++) {
      pool.add(`q${i}`, [4, 8]);
      pool.answer(`q${i}`, 4);
      pool.fail(`q${i}`, 8);
    }
    expect([runningQueries(pool.state).length, size()]).toEqual([0, before]);
  });

  it('[T33][F40] an answer for a lookup that has ended is counted and teaches nothing', () => {
    const pool = new Pool();
    pool.add('a', [4, 8]);
    pool.step({ type: 'cancel', id: 'a' });
    expect(pool.answer('a', 4, [1, 2])).toEqual([]);
    expect(pool.state.unowed).toBe(1);
  });

  it('[J74] the request timeout follows the round trips measured, within its bounds', () => {
    const pool = new Pool({ adaptiveTimeout: { min: 300, max: 4_000 } });
    const timeoutOf = (id: string): number | undefined =>
      runningQueries(pool.state)
        .filter((it) => it.id === id)
        .flatMap((it) => pathsOf(it.query))
        .flatMap((it) => it.open)
        .flatMap((it) => ('deadline' in it ? it.deadline - pool.now : []))[0];
    pool.add('a', [4], { requestTimeout: 2_000 });
    expect(timeoutOf('a')).toBe(2_000);
    pool.now = 20;
    pool.answer('a', 4);
    pool.add('b', [4], { requestTimeout: 2_000 });
    expect(timeoutOf('b')).toBe(300);
    pool.now = 2_020 - 1;
    pool.add('c', [8], { requestTimeout: 2_000 });
    for (let i = 0; i < 40; i++) {
      pool.add(`slow${i}`, [100 + i], { requestTimeout: 60_000, lateFor: 60_000 });
    }
    expect(timeoutOf('c')).toBe(300);
    const fixed = new Pool();
    fixed.add('a', [4], { requestTimeout: 777 });
    expect(nextPoolDeadline(fixed.state)).toBe(777);
  });

  it('[J74] smooths as RFC 6298 has it, and remembers an endpoint for one to two minutes', () => {
    const pool = new Pool({ adaptiveTimeout: { min: 1, max: 4_000 }, maxRemembered: 4 });
    let round = 0;
    /** The timeout of a request that is then answered after so long. */
    const ask = (n: number, ms: number): number => {
      const id = `q${round++}`;
      pool.add(id, [n], { requestTimeout: 4_000, slowAfter: 'off' });
      const timeout = (nextPoolDeadline(pool.state) as number) - pool.now;
      pool.now += ms;
      pool.answer(id, n);
      return timeout;
    };
    // The first: smoothed 100, variation 50; then (7 * 100 + 200) / 8 = 112.5 and (3 * 50 + 100) / 4 = 62.5.
    expect([ask(4, 100), ask(4, 200), ask(4, 0)]).toEqual([4_000, 301, 363]);
    // Whoever is unknown is given what all have shown together: 98.4375 and four times 75.
    expect([ask(8, 10), ask(8, 10)]).toEqual([399, 31]);
    const known = (): unknown[][] => {
      const { recent, former } = pool.state.byEndpoint;
      return [recent, former].map((map) => maps.entries(map).map((it) => it.key));
    };
    expect(known()).toEqual([expect.arrayContaining(['n4', 'n8']), []]);
    // Four are remembered: with the third the other two are the former ones, and with the fifth they go.
    ask(16, 10);
    expect(known()).toEqual([['n16'], expect.arrayContaining(['n4', 'n8'])]);
    expect([ask(8, 10), ask(4, 10)].map((it) => it < 300)).toEqual([true, false]);
    expect(known()).toEqual([['n4'], expect.arrayContaining(['n16', 'n8'])]);
    // After a minute the recent ones are the former; after another one they are gone.
    pool.now += 60_000;
    ask(64, 10);
    expect(known()).toEqual([['n64'], ['n4']]);
    pool.now += 120_000;
    ask(32, 10);
    expect(known()).toEqual([['n32'], []]);
  });

  it('[F45] the machine wants what its parts want', () => {
    const machine = poolMachine<Tiny>();
    const idle = machine.init({ ...DEFAULT_POOL, adaptiveTimeout: 'off' });
    expect(machine.nextDeadline(idle)).toBeUndefined();
    expect(machine.advance(idle, { type: 'tick' }, 5)).toEqual({ state: idle, effects: [] });
    const lookup = config({ requestTimeout: 60 });
    const add = { type: 'add', id: 'a', priority: 'user', config: lookup, seeds: nodes(4) } as const;
    const { state, effects } = machine.advance(idle, add, 0);
    expect([effects.length, machine.nextDeadline(state)]).toEqual([1, 60]);
  });

  it.each([
    ['maxQueries', { maxQueries: 0 }],
    ['maxQueued', { maxQueued: -1 }],
    ['maxInFlight', { maxInFlight: 0 }],
    ['maxPerEndpoint', { maxPerEndpoint: 1.5 }],
    ['adaptiveTimeout', { adaptiveTimeout: 'on' as never }],
    ['adaptiveTimeout.max', { adaptiveTimeout: { min: 300, max: 200 } }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => new Pool(change)).toThrow(`pool.${field}: must be`);
  });

  it('[G06] its state survives JSON and goes on identically', () => {
    const pool = new Pool({ maxQueries: 2 });
    pool.add('a', [4, 8]);
    pool.add('b', [4, 16], { kind: 'each' });
    pool.add('c', [32]);
    const copy = new Pool();
    copy.state = JSON.parse(JSON.stringify(pool.state));
    for (const [key, value] of pool.requests) copy.requests.set(key, value);
    const rest = (it: Pool): string[][] => [
      it.answer('a', 4),
      it.fail('b', 16),
      it.answer('a', 8),
      it.tick(100),
      it.tick(60_000),
    ];
    expect(rest(copy)).toEqual(rest(pool));
    expect(maps.entries(copy.state.running)).toEqual(maps.entries(pool.state.running));
    expect(node(4).endpoint).toBe('n4');
  });
});
