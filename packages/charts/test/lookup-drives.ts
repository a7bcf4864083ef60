/** Drives of the machines that look up and store. */
import { broadcastLaw, poolLaw, queryLaw, scheduleLaw } from '@xorrery/charts';
import {
  advanceBroadcast,
  advancePool,
  advanceQuery,
  advanceSchedule,
  type BroadcastEffect,
  type BroadcastEvent,
  type BroadcastState,
  type Contact,
  type FailureCause,
  type Id,
  initBroadcast,
  initPool,
  initQuery,
  initSchedule,
  maps,
  type PoolConfig,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  type Protocol,
  pathsOf,
  type QueryConfig,
  type QueryEffect,
  type QueryEvent,
  type QueryReport,
  type QueryState,
  type Reply,
  runningQueries,
  type ScheduleEffect,
  type ScheduleEvent,
  type ScheduleState,
  type Seed,
} from '@xorrery/core';
import { contactOf, modelQuery, type Plain, tinyId } from '@xorrery/testkit';
import type { Drive } from './drive.ts';

const TARGET = tinyId(1);
const SELF = tinyId(0);
export const CONTACTS = [2, 3, 5, 9, 17, 33, 65, 129].map((n, i) => contactOf(i, tinyId(n)));

const lookup = (changes: Partial<QueryConfig<Plain>>): QueryConfig<Plain> =>
  modelQuery(TARGET, {
    self: SELF,
    k: 3,
    alpha: 2,
    requestTimeout: 100,
    slowAfter: 40,
    lateFor: 300,
    deadline: 2_000,
    maxListening: 1,
    ...changes,
  });

const CONFIGS = [
  lookup({}),
  lookup({ kind: 'collect', k: 8, alpha: 1, stall: 'off', slowAfter: 'off' }),
  lookup({ kind: 'first', earlyExit: 'noProgress' }),
  lookup({ kind: 'quorum', quorum: 1, identity: 'id' }),
  lookup({ kind: 'quorum', quorum: 2, k: 2, deadline: 350 }),
  lookup({ kind: 'each', alpha: 3, lateFor: 100 }),
  lookup({ maxCandidates: 3, maxListening: 0 }),
  lookup({ maxListening: 3, lateFor: 150, alpha: 3 }),
  lookup({ k: 1, alpha: 1 }),
];
const CAUSES: readonly FailureCause[] = ['refused', 'unsent', 'wrong-id'];
const BARE: readonly Seed<Plain>[] = CONTACTS.slice(3, 5).map(({ endpoint }) => ({ endpoint }));

/** What may be said of a request to this endpoint: the right one answers, or another, or nobody. */
function repliesTo(request: number, to: { readonly id: Id | undefined; readonly endpoint: string }): Reply<Plain>[] {
  const known = CONTACTS.find((it) => it.endpoint === to.endpoint) as Contact;
  const from = to.id ?? known.id;
  const place = CONTACTS.indexOf(known);
  const nearer = CONTACTS.slice(Math.max(0, place - 2), place);
  const values = [{ key: 'v' }];
  return [
    { type: 'response', request, from, answer: { contacts: nearer, values: [] } },
    { type: 'response', request, from, answer: { contacts: [], values: [] } },
    { type: 'response', request, from, answer: { contacts: CONTACTS, values } },
    { type: 'response', request, from: tinyId(250), answer: { contacts: CONTACTS, values } },
    { type: 'response', request, from: SELF, answer: { contacts: [], values } },
    { type: 'timeout', request },
    ...CAUSES.map((cause) => ({ type: 'failure', request, cause }) as const),
  ];
}

const BOGUS = { request: 99_999, id: TARGET, endpoint: 'n0' };

export const queryDrive: Drive<QueryState<Protocol>, QueryEvent<Protocol>, QueryEffect<Protocol>> = {
  law: queryLaw,
  beginnings: CONFIGS.map((it) => initQuery(it)),
  advance: (state, event, now) => advanceQuery(state, event, now),
  inputs: (state) => {
    const values = [{ key: 'own' }];
    const starts = [[], CONTACTS.slice(4), CONTACTS, BARE, [...CONTACTS.slice(0, 2), ...BARE]].flatMap((seeds) => [
      { type: 'start', seeds, firstRequest: 7 } as const,
      { type: 'start', seeds, firstRequest: 7, held: values } as const,
    ]);
    const open = state.status === 'searching' ? state.open : [];
    const told = [...open, BOGUS].flatMap(({ request, id, endpoint }) => [
      ...repliesTo(request, { id, endpoint }),
      { type: 'parked', request, by: 'endpoint' } as const,
      { type: 'parked', request, by: 'pool' } as const,
      { type: 'unparked', request } as const,
    ]);
    const ticks = Array.from({ length: 3 + told.length / 6 }, () => ({ type: 'tick' }) as const);
    // Told twice, it would gather our own values again: see the query's page.
    const begin = state.status === 'idle' ? starts : starts.slice(0, 1);
    return [...begin, ...told, { type: 'cancel', reason: 'cancelled' }, ...ticks];
  },
};

const pool = (changes: Partial<PoolConfig>): PoolState<Plain> =>
  initPool({
    maxQueries: 2,
    maxQueued: 2,
    maxInFlight: 3,
    maxPerEndpoint: 1,
    maxRate: 'off',
    adaptiveTimeout: 'off',
    maxRemembered: 4,
    ...changes,
  });

const PING = lookup({ kind: 'each', slowAfter: 'off', lateFor: 100 });
/** Asks one after the other. */
export const CHAIN = lookup({ kind: 'collect', k: 1, alpha: 1 });

const ADDED: readonly PoolEvent<Plain>[] = [
  { type: 'add', id: 'u1', priority: 'user', config: PING, seeds: CONTACTS.slice(0, 1) },
  { type: 'add', id: 'u2', priority: 'user', config: CHAIN, seeds: CONTACTS.slice(3, 5) },
  { type: 'add', id: 'u3', priority: 'user', config: { ...CHAIN, paths: 2 }, seeds: CONTACTS.slice(2, 6) },
  { type: 'add', id: 'b1', priority: 'background', config: PING, seeds: CONTACTS.slice(0, 2) },
  { type: 'add', id: 'b2', priority: 'background', config: lookup({ deadline: 90 }), seeds: CONTACTS },
];
const ODD: readonly PoolEvent<Plain>[] = [
  { type: 'add', id: 'none', priority: 'user', config: lookup({}), seeds: [] },
  {
    type: 'add',
    id: 'held',
    priority: 'background',
    config: lookup({ kind: 'first' }),
    seeds: CONTACTS,
    held: [{ key: 'own' }],
  },
  {
    type: 'add',
    id: 'more',
    priority: 'user',
    config: lookup({ kind: 'collect' }),
    seeds: CONTACTS,
    held: [{ key: 'own' }],
  },
  { type: 'add', id: 'bad', priority: 'user', config: lookup({ k: 0 }), seeds: CONTACTS },
];

export const poolDrive: Drive<PoolState<Protocol>, PoolEvent<Protocol>, PoolEffect<Protocol>> = {
  law: poolLaw,
  detour: 3,
  breadth: 12,
  beginnings: [
    pool({}),
    pool({ maxQueries: 1 }),
    pool({ maxQueries: 3, maxQueued: 0, maxInFlight: 8 }),
    pool({ maxInFlight: 1, maxRate: { perSecond: 20, burst: 2 } }),
    pool({ maxQueries: 1, maxQueued: 3, adaptiveTimeout: { min: 10, max: 200 } }),
  ],
  advance: (state, event, now) => advancePool(state, event, now),
  inputs: (state) => {
    const open = runningQueries(state).flatMap(({ query }) => pathsOf(query).flatMap((path) => path.open));
    const told = [...open, BOGUS].flatMap(({ request, id, endpoint }) =>
      repliesTo(request, { id, endpoint }).map((event) => ({ type: 'query', event }) as const),
    );
    const here = maps.entries(state.lanes).map((it) => ({ type: 'cancel', id: String(it.key) }) as const);
    const ticks = Array.from({ length: 5 + told.length / 4 }, () => ({ type: 'tick' }) as const);
    return [...ADDED, ...ODD, ...told, ...here, { type: 'cancel', id: 'nobody' }, { type: 'close' }, ...ticks];
  },
};

const TARGETS = [2, 3, 4].map((n) => tinyId(n));

export const scheduleDrive: Drive<ScheduleState, ScheduleEvent, ScheduleEffect> = {
  law: scheduleLaw,
  beginnings: [1, 2, 3].flatMap((maxRunning) =>
    [0, 50].flatMap((gap) =>
      (['off', 200] as const).map((replicate) =>
        initSchedule({ maxKept: 2, replicate, maxReplicated: 1, maxRunning, gap, seed: 1 }),
      ),
    ),
  ),
  advance: advanceSchedule,
  inputs: ({ running }) => [
    ...TARGETS.flatMap((target) => [
      // Kept anew while its round runs, a key would come to run twice.
      ...(running.includes(`own:${target}`) ? [] : [100, 1_000]).map(
        (every) => ({ type: 'kept', target, every }) as const,
      ),
      ...(running.includes(`own:${target}`) ? [] : [{ type: 'resumed', target, every: 100 } as const]),
      ...(['publisher', 'holder'] as const).map((by) => ({ type: 'stored-by-other', target, by }) as const),
      ...(['own', 'other'] as const).flatMap((owner) => [
        { type: 'dropped', owner, target } as const,
        { type: 'round-ended', owner, target } as const,
      ]),
    ]),
    { type: 'joined' },
    { type: 'hasten' },
    ...Array.from({ length: 6 }, () => ({ type: 'tick' }) as const),
  ],
};

const report = (changes: Partial<QueryReport<Protocol>>): QueryReport<Protocol> => ({
  kind: 'collect',
  target: TARGET,
  reason: 'converged',
  closest: [],
  values: [],
  asked: [],
  counts: { requests: 0, answered: 0, failed: 0, silent: 0, abandoned: 0, late: 0 },
  evidence: { window: 0, open: 0 },
  dropped: { candidates: 0, values: 0, unowed: 0 },
  hops: 0,
  elapsed: 0,
  ...changes,
});

const asked = (token: string | undefined): QueryReport<Protocol>['asked'] =>
  CONTACTS.map(({ id, endpoint }, i) => ({
    id,
    endpoint,
    result: (['answered', 'failed', 'silent', 'abandoned'] as const)[i % 4] as 'answered',
    hops: 0,
    via: undefined,
    cause: i % 4 === 1 ? 'refused' : undefined,
    refusal: i % 4 === 1 ? { code: 203, text: 'no' } : undefined,
    token,
    gave: false,
  }));

const REPORTS = (['converged', 'exhausted', 'expired', 'cancelled', 'closed'] as const).flatMap((reason) => [
  report({ reason, asked: asked('token') }),
  report({ reason, asked: asked(undefined) }),
  report({ reason }),
]);

export const broadcastDrive: Drive<BroadcastState, BroadcastEvent<Protocol>, BroadcastEffect> = {
  law: broadcastLaw,
  beginnings: [initBroadcast({ target: TARGET, storeSet: 2 })],
  advance: advanceBroadcast,
  inputs: () => [
    ...REPORTS.flatMap((it) => [{ type: 'found', report: it } as const, { type: 'stored', report: it } as const]),
    ...Array.from({ length: 10 }, () => ({ type: 'start' }) as const),
    { type: 'tick' },
  ],
};
