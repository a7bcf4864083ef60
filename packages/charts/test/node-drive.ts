/** A drive of a whole node of a tiny protocol on 8-bit ids, whose server keeps records. */
import { type AnyNodeState, nodeLaw } from '@xorrery/charts';
import {
  type Asker,
  type Contact,
  DEFAULT_NODE,
  emptyRecords,
  type Id,
  type Instant,
  makeNode,
  maps,
  type NodeConfig,
  type NodeEffect,
  type NodeEvent,
  type NodeState,
  nextRecordExpiry,
  offerRecord,
  type Profile,
  type Protocol,
  type RecordRules,
  type Records,
  recordAt,
  recordsSlept,
  type ServerAnswer,
  type SignatureCheck,
  type Value,
  withoutExpiredRecords,
} from '@xorrery/core';
import { contactOf, tinyId } from '@xorrery/testkit';
import type { Drive } from './drive.ts';

type Request =
  | { readonly ask: 'ping' }
  | { readonly ask: 'find'; readonly target: Id }
  | { readonly ask: 'store'; readonly target: Id; readonly token: string };

interface Told {
  readonly nodes: readonly Contact[];
  readonly values: readonly Value[];
  readonly token: string;
  /** The values count if this signature is good. */
  readonly signed?: string;
}

export interface Small extends Protocol {
  readonly outRequest: Request;
  readonly inRequest: Request;
  readonly outReply: Told;
  readonly inReply: Told;
  readonly value: Value;
}

type Kept = Records<string>;
const RULES: RecordRules<string> = { validate: () => true, select: (a) => a, sizeOf: () => 1 };

const checkOf = (signature: string): SignatureCheck => ({ publicKey: 'aa', message: 'bb', signature });

const answer = (kept: Kept, request: Request, asker: Asker, now: Instant): readonly [Kept, ServerAnswer<Small>] => {
  const reply: Told = { nodes: [], values: [], token: 't' };
  if (request.ask === 'ping') return [kept, { type: 'reply', reply }];
  if (request.ask === 'find')
    return [kept, { type: 'reply', reply: { ...reply, nodes: asker.closest(request.target) } }];
  const { target, token } = request;
  if (token === 's' && asker.signature === undefined) return [kept, { type: 'verify', check: checkOf(token) }];
  if (token !== 't' && asker.signature !== 'valid') return [kept, { type: 'error', code: 203, text: 'bad token' }];
  const [after] = offerRecord(kept, RULES, target, token, { own: false }, now);
  return [after, { type: 'reply', reply, stored: { key: target, by: 'publisher' } }];
};

const small: Profile<Small, null, Kept> = {
  name: 'small',
  version: 1,
  identity: 'endpoint',
  idBits: 8,
  ping: { ask: 'ping' },
  findNode: (target) => ({ ask: 'find', target }),
  granted: (store, token) => (store.ask === 'store' ? { ...store, token } : store),
  read: ({ nodes, values, token, signed }) => ({
    ...{ contacts: nodes, values, token },
    ...(signed === undefined ? undefined : { check: checkOf(signed) }),
  }),
  cached: (_, target) => ({ ask: 'store', target, token: '' }),
  groupOf: () => undefined,
  sizeOf: () => 100,
  server: {
    init: () =>
      emptyRecords(tinyId(0), { maxRecords: 4, maxBytes: 8, maxRecordBytes: 2, lifetime: 400, maxLifetime: 400 }),
    expire: withoutExpiredRecords,
    nextDeadline: nextRecordExpiry,
    slept: recordsSlept,
    held: (kept, request, now) =>
      request.ask === 'find' && recordAt(kept, request.target, now) !== undefined ? [{ key: 'own' }] : [],
    answer,
    keep: (kept, store, now) =>
      store.ask === 'store' ? offerRecord(kept, RULES, store.target, 't', { own: true }, now)[0] : kept,
    replica: (kept, target, now) =>
      recordAt(kept, target, now) === undefined
        ? undefined
        : { find: { ask: 'find', target }, store: { ask: 'store', target, token: '' } },
    save: () => null,
    load: () => {
      throw new Error('not saved');
    },
  },
};

export const machine = makeNode(small);

export const smallConfig = (changes: Partial<NodeConfig<null>> = {}): NodeConfig<null> => ({
  ...DEFAULT_NODE,
  self: tinyId(0),
  seed: 1,
  wire: { tidBytes: 2, poolBytes: 16 },
  query: { ...DEFAULT_NODE.query, k: 2, alpha: 2, requestTimeout: 100, lateFor: 150, slowAfter: 'off', deadline: 900 },
  storeSet: 2,
  table: { ...DEFAULT_NODE.table, bucketSizes: [1, 2], maxFailures: 1, replacements: 1 },
  bootstrap: { joinTimeout: 500, retryFirst: 300, retryMax: 2_000, maxLookups: 1, minContacts: 2 },
  probe: { questionableAfter: 700, contestedAfter: 100, retryAfter: 90, maxChecking: 1, maxUrgent: 2 },
  refresh: { interval: 1_000, multiplier: 0, gap: 10, maxDepth: 8, maxRunning: 2 },
  publish: { maxKept: 2, replicate: 800, maxReplicated: 2, maxRunning: 1, gap: 10 },
  server: null,
  ...changes,
});

const ME = tinyId(0);
const PEERS = [1, 2, 64, 128, 129, 200].map((n) => contactOf(n, tinyId(n)));
const PLACES = PEERS.slice(0, 2).map((it) => it.endpoint);
const target = tinyId(3);
const find: Request = { ask: 'find', target };
const store: Request = { ask: 'store', target, token: '' };

type State = NodeState<Small, null, Kept>;

const OPERATIONS: readonly NodeEvent<Small>[] = [
  { type: 'lookup', id: 'a', kind: 'closest', target, request: find },
  { type: 'lookup', id: 'b', kind: 'first', target, request: find, cacheOnPath: true },
  { type: 'lookup', id: 'c', kind: 'collect', target, request: find, settings: { k: 0 } },
  { type: 'ask', id: 'd', seeds: PEERS.slice(0, 3), request: { ask: 'ping' } },
  { type: 'ask', id: 'd', seeds: [], request: { ask: 'ping' } },
  { type: 'publish', id: 'e', target, find, store },
  { type: 'publish', id: 'f', target, find, store, every: 600 },
];

/** What may come of a request that is on its way. */
function answersTo(tid: string, endpoint: string): NodeEvent<Small>[] {
  const known = PEERS.find((it) => it.endpoint === endpoint) ?? contactOf(9, tinyId(9));
  const reply: Told = { nodes: PEERS, values: [], token: 't' };
  const say = (told: Told, sender = known.id): NodeEvent<Small> => ({
    type: 'received',
    from: endpoint,
    message: { type: 'reply', tid, sender, reply: told },
  });
  return [
    say(reply),
    say({ ...reply, nodes: [] }),
    say({ ...reply, values: [{ key: 'v' }] }),
    say({ ...reply, values: [{ key: 'w' }], signed: 's' }),
    say(reply, tinyId(250)),
    say(reply, ME),
    { type: 'received', from: endpoint, message: { type: 'error', tid, code: 201, text: 'no' } },
    { type: 'unsent', to: endpoint, tid, cause: 'none' },
  ];
}

const FROM_OUTSIDE: readonly NodeEvent<Small>[] = [
  ...PEERS.flatMap(({ id, endpoint }, i) => {
    const request = [
      { ask: 'ping' },
      find,
      { ...store, token: 't' },
      { ...store, token: 'x' },
      { ...store, token: 's' },
    ][i % 5] as Request;
    const message = { type: 'request', tid: '00', sender: id, readOnly: i === 5, request } as const;
    return [{ type: 'received', from: endpoint, message } as const];
  }),
  {
    type: 'received',
    from: 'n9',
    message: { type: 'request', tid: '00', sender: ME, readOnly: false, request: { ask: 'ping' } },
  },
  { type: 'malformed', from: 'n9', cause: 'junk', answer: { tid: '00', code: 203, text: 'junk' } },
  { type: 'malformed', from: 'n9', cause: 'junk' },
  { type: 'introduce', endpoint: 'n200' },
  { type: 'introduce', endpoint: 'n1' },
];

export const nodeDrive: Drive<State, NodeEvent<Protocol>, NodeEffect<Protocol>> = {
  law: nodeLaw(machine),
  detour: 3,
  breadth: 6,
  beginnings: [
    machine.init(smallConfig()),
    machine.init(smallConfig({ pool: { ...DEFAULT_NODE.pool, maxQueries: 1, maxQueued: 2, maxInFlight: 2 } })),
    machine.init(smallConfig({ whenEmpty: 'refuse', readOnly: true })),
    machine.init(smallConfig({ maxWaiting: 1 })),
  ],
  advance: (state, event, now) => machine.advance(state, event as NodeEvent<Small>, now),
  inputs: (state, now) => {
    const open = maps.entries(state.wire.open);
    // Slept past a record's end, it would be left with a deadline that has passed.
    const isStoring = state.publishing.size + state.schedule.kept.size + state.waiting.length > 0;
    const expiry = nextRecordExpiry(state.server) ?? (isStoring ? now + 400 : Number.MAX_SAFE_INTEGER);
    const sleeps = [0, 50, 1_000_000].filter((ms) => now + ms < expiry);
    const own = [
      { type: 'start', seeds: PLACES } as const,
      { type: 'start', seeds: [] } as const,
      { type: 'seeds', seeds: PLACES } as const,
      ...['a', 'b', 'd', 'e', 'f', 'nobody'].map((id) => ({ type: 'cancel', id }) as const),
      { type: 'unpublish', target } as const,
      ...sleeps.map((ms) => ({ type: 'clock-jumped', ms }) as const),
      { type: 'addresses-changed' } as const,
      { type: 'close' } as const,
    ];
    const entropy = { type: 'entropy', bytes: entropyOf(state) } as const;
    const verdicts = [0, 1, 2].flatMap((back) =>
      [true, false].map((valid) => ({ type: 'verified', job: state.checks.nextJob - 1 - back, valid }) as const),
    );
    const told = [...open.map((it) => [String(it.key), it.value.endpoint] as const), ['ffff', 'n1'] as const];
    const answers = told.flatMap(([tid, endpoint]) => answersTo(tid, endpoint));
    const ticks = Array.from({ length: 8 }, () => ({ type: 'tick' }) as const);
    return [
      ...own,
      ...OPERATIONS,
      ...answers,
      ...FROM_OUTSIDE,
      ...verdicts,
      entropy,
      entropy,
      entropy,
      entropy,
      ...ticks,
    ];
  },
};

/** Bytes that have not been used yet: a count of the requests made so far. */
function entropyOf(state: AnyNodeState): string {
  const lanes = state.pool.nextLane * 64 + state.joins;
  return Array.from({ length: 8 }, (_, i) => ((lanes * 8 + i) % 65_536).toString(16).padStart(4, '0')).join('');
}
