import {
  advanceBootstrap,
  type BootstrapConfig,
  type BootstrapEvent,
  type BootstrapState,
  DEFAULT_BOOTSTRAP,
  type Instant,
  initBootstrap,
  nextBootstrapDeadline,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';

class Join {
  state: BootstrapState;
  now: Instant = 0;

  constructor(changes: Partial<BootstrapConfig> = {}) {
    this.state = initBootstrap({ ...DEFAULT_BOOTSTRAP, minContacts: 1, seed: 1, ...changes });
  }

  step(event: BootstrapEvent): string[] {
    const { state, effects } = advanceBootstrap(this.state, event, this.now);
    this.state = state;
    return effects.map((it) => (it.type === 'fill-bucket' ? `fill ${it.index}` : it.type));
  }

  wake(): string[] {
    this.now = nextBootstrapDeadline(this.state) as Instant;
    return this.step({ type: 'tick' });
  }
}

describe('bootstrap', () => {
  it('[S23][T22][D12] looks itself up, then every bucket farther than its closest neighbour, then says joined', () => {
    const join = new Join();
    expect(join.step({ type: 'start', seeds: 1, contacts: 0 })).toEqual(['find-self']);
    expect(join.step({ type: 'contacts-changed', contacts: 1 })).toEqual([]);
    expect(join.step({ type: 'self-found', neighbour: 5 })).toEqual(['fill 0', 'fill 1', 'fill 2']);
    expect(join.step({ type: 'bucket-filled' })).toEqual(['fill 3']);
    expect(join.step({ type: 'bucket-filled' })).toEqual(['fill 4']);
    expect([1, 2].map(() => join.step({ type: 'bucket-filled' }))).toEqual([[], []]);
    join.now = 777;
    expect(join.step({ type: 'bucket-filled' })).toEqual(['joined']);
    expect(join.state).toMatchObject({ status: 'settled', said: 'joined' });
    expect(nextBootstrapDeadline(join.state)).toBeUndefined();
  });

  it('[S24] at most maxLookups buckets at once', () => {
    const join = new Join({ maxLookups: 1 });
    join.step({ type: 'start', seeds: 1, contacts: 0 });
    join.step({ type: 'contacts-changed', contacts: 1 });
    expect(join.step({ type: 'self-found', neighbour: 2 })).toEqual(['fill 0']);
    expect(join.step({ type: 'bucket-filled' })).toEqual(['fill 1']);
    expect(join.step({ type: 'bucket-filled' })).toEqual(['joined']);
  });

  it('[R11][T39][F47] nobody by the join timeout: isolated, once; it goes on, and joined may follow', () => {
    const join = new Join({ joinTimeout: 3_000 });
    join.step({ type: 'start', seeds: 2, contacts: 0 });
    expect(nextBootstrapDeadline(join.state)).toBe(3_000);
    expect(join.wake()).toEqual(['isolated']);
    expect(join.step({ type: 'self-found', neighbour: -1 })).toEqual([]);
    expect(join.wake()).toEqual(['find-self']);
    join.step({ type: 'contacts-changed', contacts: 1 });
    expect(join.step({ type: 'self-found', neighbour: 0 })).toEqual(['joined']);
  });

  it('[U06] tries ever more slowly, with jitter, and never gives up: attempts grow with the logarithm of the time at first', () => {
    const join = new Join({ retryFirst: 1_000, retryMax: 300_000 });
    join.step({ type: 'start', seeds: 1, contacts: 0 });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 20; attempt++) {
      join.step({ type: 'self-found', neighbour: -1 });
      const rested = join.now;
      while (!join.wake().includes('find-self'));
      waits.push(join.now - rested);
    }
    waits.forEach((wait, i) => {
      const delay = Math.min(300_000, 1_000 * 2 ** i);
      expect(wait).toBeGreaterThanOrEqual(delay);
      expect(wait).toBeLessThanOrEqual(delay * 1.5 + 1);
    });
    const other = new Join({ seed: 2 });
    other.step({ type: 'start', seeds: 1, contacts: 0 });
    other.step({ type: 'self-found', neighbour: -1 });
    expect(nextBootstrapDeadline({ ...other.state, said: 'isolated' })).not.toBe(waits[0]);
  });

  it('without seeds it is isolated at once, has no deadline, and begins when somebody turns up', () => {
    const join = new Join();
    expect(join.step({ type: 'start', seeds: 0, contacts: 0 })).toEqual(['isolated']);
    expect(nextBootstrapDeadline(join.state)).toBeUndefined();
    expect(join.step({ type: 'contacts-changed', contacts: 1 })).toEqual(['find-self']);
    expect(join.step({ type: 'self-found', neighbour: 0 })).toEqual(['joined']);
  });

  it('[U06] begins anew when the table runs empty', () => {
    const join = new Join();
    join.step({ type: 'start', seeds: 1, contacts: 0 });
    join.step({ type: 'contacts-changed', contacts: 1 });
    expect(join.step({ type: 'self-found', neighbour: 0 })).toEqual(['joined']);
    expect(join.step({ type: 'contacts-changed', contacts: 3 })).toEqual([]);
    join.step({ type: 'contacts-changed', contacts: 0 });
    expect(join.wake()).toEqual(['find-self']);
  });

  it('[J79][J80] when its contacts may all be gone it asks the seeds too, however many contacts there are', () => {
    for (const event of ['unsettled', 'lost'] as const) {
      const join = new Join({ minContacts: 2 });
      join.step({ type: 'start', seeds: 1, contacts: 0 });
      join.step({ type: 'contacts-changed', contacts: 30 });
      join.step({ type: 'self-found', neighbour: 0 });
      // Lost, it waits before it tries again; unsettled, it does not.
      const told = advanceBootstrap(join.state, { type: event }, 9);
      const due = nextBootstrapDeadline(told.state);
      const then = due === undefined ? told : advanceBootstrap(told.state, { type: 'tick' }, due);
      expect([due !== undefined, then.effects]).toEqual([event === 'lost', [{ type: 'find-self', withSeeds: true }]]);
    }
  });

  it('[J81][X25] whom a former run knew is greeted first; ten that answer, and the seeds are left alone', () => {
    for (const [answered, withSeeds] of [
      [9, true],
      [10, false],
    ] as const) {
      const join = new Join({ minContacts: 10 });
      expect(join.step({ type: 'start', seeds: 1, contacts: 20 })).toEqual(['greet']);
      for (let contacts = 1; contacts < answered; contacts++)
        expect(join.step({ type: 'contacts-changed', contacts })).toEqual([]);
      const last = { type: 'contacts-changed', contacts: answered } as const;
      const enough = advanceBootstrap(join.state, last, 5);
      const over = advanceBootstrap(enough.state, { type: 'greeted' }, 6);
      expect([...enough.effects, ...over.effects]).toEqual([{ type: 'find-self', withSeeds }]);
      expect(enough.effects).toHaveLength(withSeeds ? 0 : 1);
    }
  });

  it('[X25] seeds whose names are resolved late are asked where somebody is missing, and only there', () => {
    const join = new Join({ minContacts: 2 });
    join.step({ type: 'start', seeds: 0, contacts: 1 });
    expect(join.step({ type: 'seeds', seeds: 3 })).toEqual([]);
    expect(join.step({ type: 'greeted' })).toEqual(['find-self']);
    const alone = new Join();
    alone.step({ type: 'start', seeds: 0, contacts: 0 });
    expect(alone.step({ type: 'seeds', seeds: 0 })).toEqual([]);
    expect(alone.step({ type: 'seeds', seeds: 3 })).toEqual(['find-self']);
    for (const [contacts, waits] of [
      [1, true],
      [2, false],
    ] as const) {
      const settled = new Join({ minContacts: 2 });
      settled.step({ type: 'start', seeds: 0, contacts: 1 });
      settled.step({ type: 'greeted' });
      settled.step({ type: 'contacts-changed', contacts });
      expect(settled.step({ type: 'self-found', neighbour: 0 })).toEqual(['joined']);
      expect(nextBootstrapDeadline(settled.state)).toBeUndefined();
      expect(settled.step({ type: 'seeds', seeds: 3 })).toEqual([]);
      expect(nextBootstrapDeadline(settled.state) !== undefined).toBe(waits);
    }
  });

  it('events that mean nothing in a status change nothing', () => {
    const join = new Join();
    const events: BootstrapEvent[] = [
      { type: 'bucket-filled' },
      { type: 'self-found', neighbour: 3 },
      { type: 'contacts-changed', contacts: 1 },
    ];
    for (const event of events) expect(join.step(event)).toEqual([]);
    expect(join.state.status).toBe('idle');
  });

  it.each([
    ['joinTimeout', { joinTimeout: 0 }],
    ['retryFirst', { retryFirst: 0 }],
    ['retryMax', { retryMax: 10 }],
    ['maxLookups', { maxLookups: 0 }],
    ['minContacts', { minContacts: -1 }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => new Join(change)).toThrow(`bootstrap.${field}`);
  });
});
