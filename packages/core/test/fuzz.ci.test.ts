/**
 * Any event in any state is legal: a million events, drawn from a few values so that they meet, in any order, many of
 * them absurd. Nothing may throw, no collection may pass its limit, deadlines lie ahead, and old states stay as they are.
 */
import {
  advanceBootstrap,
  advanceInclude,
  advancePool,
  advanceProbe,
  advanceQuery,
  advanceRefresh,
  advanceSchedule,
  advanceWire,
  type Contact,
  charged,
  contactFailed,
  DEFAULT_BOOTSTRAP,
  DEFAULT_INCLUDE,
  DEFAULT_NODE,
  DEFAULT_POOL,
  DEFAULT_PROBE,
  DEFAULT_REFRESH,
  DEFAULT_SCHEDULE,
  emptyRecords,
  emptyTable,
  initBootstrap,
  initInclude,
  initLimiter,
  initPool,
  initProbe,
  initQuery,
  initRefresh,
  initSchedule,
  initWire,
  insertContact,
  nextBelow,
  nextBootstrapDeadline,
  nextPoolDeadline,
  nextProbeDeadline,
  nextQueryDeadline,
  nextRecordExpiry,
  nextRefreshDeadline,
  nextScheduleDeadline,
  offerRecord,
  type PoolState,
  type QueryState,
  type Random,
  recordAt,
  recordsSlept,
  removeContact,
  seedRandom,
  sweepLimiter,
  type Table,
  tableOf,
  tableSize,
  withoutExpiredRecords,
} from '@xorrery/core';
import { describe, expect, inject, it } from 'vitest';
import { machine, nodeConfig } from './network.ts';
import { config, id8, node, type Tiny } from './support.ts';

const EVENTS = 1_000_000 * inject('runs');
const SHARE = Math.ceil(EVENTS / 11);

class Chance {
  #random: Random;

  constructor(seed: number) {
    this.#random = seedRandom(seed);
  }

  below(bound: number): number {
    const [value, next] = nextBelow(this.#random, bound);
    this.#random = next;
    return value;
  }

  of<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Small as a rule, absurd at times. */
  number(): number {
    return this.below(12) > 0 ? this.below(9) : this.of(-1, 999_999_999, 131_072 * 3 + 1, 4_294_967_296);
  }

  node(): Contact {
    const n = this.below(40);
    return this.below(6) > 0 ? node(n) : { id: id8(n), endpoint: `n${this.below(40)}` };
  }

  nodes(most: number): Contact[] {
    return Array.from({ length: this.below(most + 1) }, () => this.node());
  }
}

/**
 * Feeds a machine with its share of the events. Every hundredth step is looked at closely: the state goes through JSON,
 * and the state before must not have changed.
 */
const drive = <S, E>(
  make: () => S,
  step: (state: S, event: E, now: number) => S,
  draw: (chance: Chance, state: S) => E,
  check: (state: S, now: number) => void,
  share = SHARE,
): void => {
  const chance = new Chance(inject('seed'));
  let state = make();
  let now = 0;
  for (let i = 0; i < share; i++) {
    if (i % 5_000 === 0) {
      state = make();
      now = 0;
    }
    const event = draw(chance, state);
    const isSampled = i % 997 === 0;
    const before = isSampled ? JSON.stringify(state) : '';
    const after = step(state, event, now);
    check(after, now);
    if (isSampled) {
      expect(JSON.stringify(state), 'an old state has changed').toBe(before);
      state = JSON.parse(JSON.stringify(after)) as S;
    } else state = after;
    now += chance.of(0, 0, 1, 7, 60, 500, 20_000);
  }
};

const ahead = (due: number | undefined, now: number): void => {
  if (due !== undefined && due <= now) throw new Error(`a deadline at ${due} does not lie ahead of ${now}`);
};
const atMost = (size: number, limit: number, what: string): void => {
  if (size > limit) throw new Error(`${what}: ${size} of at most ${limit}`);
};

const reply = (chance: Chance) => ({
  contacts: chance.nodes(9),
  values: chance.of([], [], [{ key: `v${chance.below(4)}` }]),
  ...chance.of({}, { token: 't' }),
});

const ofQuery = (chance: Chance) => {
  const request = chance.number();
  return chance.of(
    { type: 'start', seeds: chance.nodes(9), firstRequest: 0, held: [] } as const,
    { type: 'response', request, from: chance.node().id, answer: reply(chance) } as const,
    { type: 'response', request, from: chance.node().id, answer: reply(chance) } as const,
    { type: 'failure', request, cause: chance.of('refused', 'unsent', 'wrong-id') } as const,
    { type: 'timeout', request } as const,
    { type: 'parked', request, by: chance.of('endpoint', 'pool') } as const,
    { type: 'unparked', request } as const,
    { type: 'tick' } as const,
    { type: 'tick' } as const,
  );
};

describe('[U03][G09] a million events, random, absurd and out of order', () => {
  it.each(['closest', 'collect', 'first', 'quorum', 'each'] as const)('[U02] Query, kind %s', (kind) => {
    drive<QueryState<Tiny>, Parameters<typeof advanceQuery<Tiny>>[1]>(
      () =>
        initQuery(
          config({ kind, k: 4, maxCandidates: 12, maxListening: 2, maxValues: 3, stall: 'widen', slowAfter: 30 }),
        ),
      (state, event, now) =>
        advanceQuery(state.status === 'ended' ? initQuery(config({ kind, k: 4 })) : state, event, now).state,
      (chance) => (chance.below(400) === 0 ? { type: 'cancel', reason: 'cancelled' } : ofQuery(chance)),
      (state, now) => {
        if (state.status !== 'searching') return;
        ahead(nextQueryDeadline(state), now);
        atMost(state.values.length, state.config.maxValues, 'values');
        atMost(state.open.filter((it) => it.phase === 'listening').length, state.config.maxListening, 'listening');
        atMost(state.candidates.filter((it) => it.status === 'fresh').length, state.config.maxCandidates, 'fresh');
      },
      Math.ceil(SHARE / 5),
    );
  });

  it('[U02][X27] Pool', () => {
    const limits = { ...DEFAULT_POOL, maxQueries: 3, maxQueued: 2, maxInFlight: 6, maxRemembered: 5 };
    drive<PoolState<Tiny>, Parameters<typeof advancePool<Tiny>>[1]>(
      () => initPool({ ...limits, maxRate: { perSecond: 50, burst: 9 } }),
      (state, event, now) => advancePool(state, event, now).state,
      (chance, state) => {
        const id = `q${chance.below(9)}`;
        const changes = { kind: chance.of('closest', 'first', 'each'), paths: chance.of(1, 1, 2), k: 4 } as const;
        const lane = 131_072 * Math.max(0, state.nextLane - 1 - chance.below(4));
        const event = { ...ofQuery(chance), request: lane + chance.below(12) };
        return chance.of<Parameters<typeof advancePool<Tiny>>[1]>(
          {
            type: 'add',
            id,
            priority: chance.of('user', 'background'),
            config: config(changes),
            seeds: chance.nodes(6),
          },
          { type: 'add', id, priority: 'user', config: config({ k: 0 }), seeds: [] },
          { type: 'cancel', id },
          { type: 'tick' },
          ...(event.type === 'response' || event.type === 'failure' || event.type === 'timeout'
            ? ([
                { type: 'query', event },
                { type: 'query', event },
              ] as const)
            : []),
        );
      },
      (state, now) => {
        ahead(nextPoolDeadline(state), now);
        atMost(state.running.size, 3, 'running');
        atMost(state.queue.length, 2, 'queued');
        atMost(state.flying, 6, 'in flight');
        atMost(state.byEndpoint.recent.size + state.byEndpoint.former.size, 5, 'remembered endpoints');
      },
    );
  });

  it('[U02] Wire', () => {
    drive(
      () => initWire<Tiny>({ tidBytes: 2, poolBytes: 16, self: id8(0), readOnly: false }),
      (state, event: Parameters<typeof advanceWire<Tiny>>[1]) => advanceWire(state, event).state,
      (chance) => {
        const tid = chance.of('0000', '0101', 'ff', '');
        const { id, endpoint } = chance.node();
        return chance.of<Parameters<typeof advanceWire<Tiny>>[1]>(
          { type: 'request', request: chance.below(20), to: endpoint, expected: id, payload: 'find' },
          { type: 'abandon', request: chance.number() },
          { type: 'abandon', request: chance.below(20) },
          { type: 'entropy', bytes: chance.of('00000101', '02', '', 'ffee'.repeat(40)) },
          { type: 'answer', from: endpoint, message: { type: 'reply', tid, sender: id, reply: { nodes: [] } } },
          { type: 'unsent', to: endpoint, tid },
        );
      },
      (state) => {
        atMost(state.pool.length, 64, 'digits of entropy');
        atMost(state.held.length, 20, 'held');
        if (state.open.size !== state.tids.size) throw new Error('the books of the wire disagree');
      },
    );
  });

  it('[U06] Bootstrap', () => {
    drive(
      () => initBootstrap({ ...DEFAULT_BOOTSTRAP, seed: 1 }),
      (state, event: Parameters<typeof advanceBootstrap>[1], now) => advanceBootstrap(state, event, now).state,
      (chance) =>
        chance.of<Parameters<typeof advanceBootstrap>[1]>(
          { type: 'start', seeds: chance.below(3), contacts: chance.below(3) },
          { type: 'self-found', neighbour: chance.below(10) - 1 },
          { type: 'bucket-filled' },
          { type: 'contacts-changed', contacts: chance.below(14) },
          { type: 'unsettled' },
          { type: 'lost' },
          { type: 'tick' },
        ),
      (state, now) => ahead(nextBootstrapDeadline(state), now),
    );
  });

  it('[U02] Include', () => {
    drive(
      () => initInclude({ ...DEFAULT_INCLUDE, maxQueued: 5 }),
      (state, event: Parameters<typeof advanceInclude>[1], now) => advanceInclude(state, event, now).state,
      (chance) =>
        chance.of<Parameters<typeof advanceInclude>[1]>(
          { type: 'candidate', stranger: chance.node() },
          { type: 'fallen', stranger: chance.node() },
          { type: 'check-passed', check: chance.number() },
          { type: 'check-failed', check: chance.below(500) },
          { type: 'tick' },
        ),
      (state) => {
        atMost(state.queue.length, 5, 'queue');
        atMost(state.checking.length, 3, 'checks');
        atMost(state.forgiven.length, 5, 'forgiven');
      },
    );
  });

  it('[U02][U10] Probe and the table', () => {
    const empty = emptyTable(id8(0), { ...DEFAULT_NODE.table, bucketSizes: [3], replacements: 2 });
    drive(
      () => initProbe({ probe: { ...DEFAULT_PROBE, maxUrgent: 4 }, table: empty }),
      (state, event: Parameters<typeof advanceProbe>[1], now) => advanceProbe(state, event, now).state,
      (chance, { table }) => {
        const contact = chance.node();
        const at = table.buckets.reduce((latest, { seen }) => Math.max(latest, seen.at(-1) ?? 0), 0);
        const changed: Table = chance.of(
          () => insertContact(table, contact, at + chance.below(9))[0],
          () => contactFailed(table, contact.id, at)[0],
          () => removeContact(table, contact.id),
        )();
        return chance.of<Parameters<typeof advanceProbe>[1]>(
          { type: 'table-changed', table: changed },
          { type: 'contested', member: contact, seen: chance.below(1_000) },
          { type: 'doubted', members: chance.nodes(6) },
          { type: 'check-passed', check: chance.number() },
          { type: 'check-failed', check: chance.below(900) },
          { type: 'tick' },
        );
      },
      (state, now) => {
        ahead(nextProbeDeadline(state), now);
        atMost(state.checking.length, 3, 'checks');
        atMost(state.urgent.length, 4, 'urgent');
        for (const { members, spares } of state.table.buckets) {
          atMost(members.length, 3, 'bucket');
          atMost(spares.length, 2, 'spares');
        }
      },
    );
  });

  it('[U02] Refresh', () => {
    drive(
      () => initRefresh({ ...DEFAULT_REFRESH, interval: 30_000, maxDepth: 9, seed: 1 }),
      (state, event: Parameters<typeof advanceRefresh>[1], now) => advanceRefresh(state, event, now).state,
      (chance) =>
        chance.of<Parameters<typeof advanceRefresh>[1]>(
          { type: 'deepest', depth: chance.below(14) - 1 },
          { type: 'looked-into', depth: chance.number() },
          { type: 'lookup-ended', lookup: chance.below(900) },
          { type: 'tick' },
        ),
      (state, now) => {
        ahead(nextRefreshDeadline(state), now);
        atMost(state.due.length, 10, 'depths');
        atMost(state.running.length, 3, 'refreshes');
      },
    );
  });

  it('[U02] Schedule', () => {
    drive(
      () => initSchedule({ ...DEFAULT_SCHEDULE, maxKept: 5, replicate: 40_000, maxReplicated: 4, seed: 1 }),
      (state, event: Parameters<typeof advanceSchedule>[1], now) => advanceSchedule(state, event, now).state,
      (chance) => {
        const target = chance.node().id;
        const owner = chance.of('own', 'other');
        return chance.of<Parameters<typeof advanceSchedule>[1]>(
          { type: 'kept', target, every: 1 + chance.below(90_000) },
          { type: 'dropped', owner, target },
          { type: 'stored-by-other', target, by: chance.of('publisher', 'holder') },
          { type: 'round-ended', owner, target },
          { type: 'hasten' },
          { type: 'tick' },
        );
      },
      (state, now) => {
        ahead(nextScheduleDeadline(state), now);
        atMost(state.kept.size, 9, 'kept keys');
        atMost(state.running.length, 3, 'rounds');
      },
    );
  });

  it('[U02][F36] Records', () => {
    const rules = {
      validate: (_: unknown, it: { n: number }) => it.n >= 0,
      select: <R extends { n: number }>(a: R, b: R): R => (b.n > a.n ? b : a),
      sizeOf: (it: { n: number }) => 1 + it.n,
    };
    const limits = { maxRecords: 6, maxBytes: 20, maxRecordBytes: 9, lifetime: 1_000, maxLifetime: 5_000 };
    drive(
      () => emptyRecords<{ n: number }>(id8(0), limits),
      (state, event: (state: ReturnType<typeof emptyRecords<{ n: number }>>, now: number) => typeof state, now) =>
        event(withoutExpiredRecords(state, now), now),
      (chance) => {
        const key = chance.node().id;
        const record = { n: chance.number() };
        const lifetime = chance.of<number | 'forever'>(1, 50, 9_999_999, 'forever');
        return chance.of(
          (state, now) => {
            const before = recordAt(state, key, now);
            const [after, verdict] = offerRecord(
              state,
              rules,
              key,
              record,
              { lifetime, own: chance.below(5) === 0 },
              now,
            );
            const now2 = recordAt(after, key, now);
            if (before !== undefined && now2 !== undefined && now2.n < before.n) throw new Error(`${verdict}: fell`);
            return after;
          },
          (state) => (chance.below(40) === 0 ? recordsSlept(state, chance.below(4_000)) : state),
        );
      },
      (state, now) => {
        const due = nextRecordExpiry(state);
        if (due !== undefined && due <= now && state.held.size > 0 && due < now - 4_000) throw new Error('overdue');
        atMost(state.held.size, 6, 'records');
        atMost(state.bytes, 20, 'bytes');
      },
    );
  });

  it('[U02][F42] Limiter', () => {
    const rate = { perSecond: 5, burst: 4 };
    drive(
      () => initLimiter({ perHost: rate, perNetwork: { perSecond: 9, burst: 9 }, maxEntries: 12 }),
      (state, event: { host: string; network: string }, now) => charged(sweepLimiter(state, now), event, now) ?? state,
      (chance) => ({ host: `h${chance.below(60)}`, network: `w${chance.below(9)}` }),
      (state) => atMost(state.accounts.size, 12, 'accounts'),
    );
  });

  it('[U02] Node', () => {
    const tight = nodeConfig(7, {
      include: { ...DEFAULT_INCLUDE, maxQueued: 4 },
      pool: { ...DEFAULT_POOL, maxQueries: 4, maxQueued: 4, maxInFlight: 8 },
      table: { ...DEFAULT_NODE.table, bucketSizes: [3], replacements: 2 },
      publish: { ...DEFAULT_SCHEDULE, maxKept: 3, replicate: 30_000 },
      responder: {
        checks: { maxRate: { perSecond: 2, burst: 4 }, maxPending: 2, deadline: 100 },
        limiter: { perHost: { perSecond: 9, burst: 30 }, perNetwork: 'off', maxEntries: 8 },
        maxRate: 'off',
        amplification: 3,
      },
      maxWaiting: 3,
    });
    type State = ReturnType<typeof machine.init>;
    drive<State, Parameters<typeof machine.advance>[1]>(
      () => machine.advance(machine.init(tight), { type: 'start', seeds: ['n1', 'n2'] }, 0).state,
      (state, event, now) => ({ ...machine.advance(state, event, now).state, server: [] }),
      (chance, state) => {
        const { id: sender, endpoint: from } = chance.node();
        const open = Object.keys(state.wire.open).length === 0 ? '0000' : openTid(state, chance);
        const tid = chance.of(open, open, '0000', 'ff');
        const target = id8(chance.below(256));
        const request = chance.of(
          { ask: 'find', target } as const,
          { ask: 'ping' } as const,
          { ask: 'store', token: from } as const,
          { ask: 'store', token: from, proof: 'p' } as const,
        );
        const find = { ask: 'find', target } as const;
        const id = `o${chance.below(5)}`;
        const to = endpointOf(state, tid) ?? from;
        const asking = { type: 'request', tid, sender, readOnly: chance.of(true, false), request } as const;
        const failing = { type: 'error', tid, code: 201, text: 'x' } as const;
        const answer = {
          type: 'reply',
          tid,
          sender: senderOf(to) ?? sender,
          reply: { nodes: chance.nodes(5), token: 't', ...chance.of({}, { signed: 's' }) },
        } as const;
        return chance.of<Parameters<typeof machine.advance>[1]>(
          {
            type: 'received',
            from,
            message: chance.of<typeof asking | typeof failing>(asking, failing),
            bytes: chance.of(10, 60),
          },
          { type: 'received', from: to, message: answer },
          { type: 'received', from: to, message: answer },
          { type: 'entropy', bytes: chance.below(65_536).toString(16).padStart(4, '0').repeat(8) },
          { type: 'tick' },
          { type: 'lookup', id, kind: chance.of('closest', 'first', 'quorum'), target, request: find },
          {
            type: 'publish',
            id,
            target,
            find,
            store: { ask: 'store', token: '' },
            ...chance.of({}, { every: 50_000 }),
          },
          { type: 'ask', id, seeds: chance.nodes(4), request: { ask: 'ping' } },
          { type: 'cancel', id },
          chance.of({ type: 'unpublish', target }, { type: 'introduce', endpoint: from }),
          chance.of(
            { type: 'clock-jumped', ms: chance.number() },
            { type: 'addresses-changed' },
            { type: 'start', seeds: [] },
          ),
          { type: 'unsent', to, tid, cause: 'x' },
          { type: 'verified', job: state.checks.nextJob - 1 - chance.below(3), valid: chance.of(true, false) },
          { type: 'malformed', from, cause: 'x', answer: { tid, code: 203, text: 'x' } },
        );
      },
      (state, now) => {
        ahead(machine.nextDeadline(state), now);
        atMost(state.pool.running.size, 4, 'running');
        atMost(state.pool.queue.length, 4, 'queued');
        atMost(state.routing.include.queue.length, 4, 'include');
        atMost(state.waiting.length, 3, 'waiting');
        atMost(state.kept.size, 3, 'kept');
        atMost(state.limiter.accounts.size, 8, 'accounts');
        atMost(state.checks.requests.size, 2, 'requests to check');
        atMost(state.checks.replies.size, 2, 'replies to check');
        atMost(state.sizes.length, 16, 'size samples');
        atMost(tableSize(tableOf(state.routing)), 24, 'contacts');
      },
      SHARE,
    );
  });
});

type NodeLike = ReturnType<typeof machine.init>;
interface Slot {
  readonly key?: string | number;
  readonly value?: { readonly endpoint?: string };
  readonly slots?: readonly Slot[];
}

/** The transaction ids that are open, read off the map's own shape. */
const leaves = (slot: Slot): Slot[] => (slot.slots === undefined ? [slot] : slot.slots.flatMap(leaves));
const openTid = (state: NodeLike, chance: Chance): string => {
  const open = leaves(state.wire.open as Slot).filter((it) => it.key !== undefined);
  return open.length === 0 ? '0000' : String(open[chance.below(open.length)]?.key);
};
const endpointOf = (state: NodeLike, tid: string): string | undefined =>
  leaves(state.wire.open as Slot).find((it) => it.key === tid)?.value?.endpoint;
const senderOf = (endpoint: string) => (/^n\d+$/.test(endpoint) ? id8(Number(endpoint.slice(1))) : undefined);
