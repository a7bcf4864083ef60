/**
 * The generic profile: plain Kademlia (Maymounkov and Mazieres, 2002) without an encoding: ping, find_node, find_value
 * and store. A value stands for some bytes: its key is its hash, so it proves itself. Tokens tie a store to an address,
 * as in Mainline: the network mints them and judges them, and no key is needed where nobody can look into a packet.
 */
import {
  type Answer,
  type Asker,
  type Contact,
  DEFAULT_NODE,
  type Endpoint,
  emptyRecords,
  type Id,
  type InMessage,
  type Instant,
  ipGroupOf,
  lifetimeAt,
  loadRecords,
  type NodeSettings,
  nextRecordExpiry,
  type OutMessage,
  offerRecord,
  type Profile,
  type RecordRules,
  type Records,
  type RecordsConfig,
  type Replica,
  recordAt,
  recordsSlept,
  type SavedRecord,
  type ServerAnswer,
  SnapshotError,
  saveRecords,
  type Value,
  withoutExpiredRecords,
} from '@xorrery/core';
import type { SimulatedProtocol } from './protocol.ts';

type Asking<Token> =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node' | 'find_value'; readonly target: Id }
  /** `lifetime`: ms that are left of it, where it is handed on. */
  | {
      readonly method: 'store';
      readonly target: Id;
      readonly digest: Id;
      readonly lifetime?: Instant;
      readonly token: Token;
    };

interface Telling<Token> {
  readonly contacts?: readonly Contact[];
  /** What is held under the key: the hash of its bytes. */
  readonly digest?: Id;
  readonly token?: Token;
}

interface Kept {
  readonly digest: Id;
}

export interface Generic extends Record<'outRequest' | 'inRequest' | 'outReply' | 'inReply' | 'value', unknown> {
  readonly outRequest: Asking<string>;
  readonly inRequest: Asking<'current' | 'bad'>;
  readonly outReply: Telling<{ readonly epoch: number }>;
  readonly inReply: Telling<string>;
  readonly value: Value;
}

const HOUR = 3_600_000;
const TOKEN_ROTATION = 300_000;
/** Bytes of a packet without contacts, and of a contact. */
const HEADER_BYTES = 100;
const CONTACT_BYTES = 26;

const RULES: RecordRules<Kept> = { validate: (key, { digest }) => digest === key, select: (a) => a, sizeOf: () => 64 };

export const generic: Profile<Generic, RecordsConfig, Records<Kept>> = {
  name: 'generic',
  version: 1,
  identity: 'id',
  idBits: 160,
  ping: { method: 'ping' },
  findNode: (target) => ({ method: 'find_node', target }),
  granted: (store, token) => (store.method === 'store' ? { ...store, token } : store),
  cached: (_, target, lifetime) => ({ method: 'store', target, digest: target, lifetime, token: '' }),
  read,
  groupOf: ipGroupOf,
  sizeOf: packetSize,
  server: {
    init: (config, self) => emptyRecords(self, config),
    expire: withoutExpiredRecords,
    nextDeadline: nextRecordExpiry,
    slept: recordsSlept,
    held: (records, request, now) => {
      const kept = request.method === 'find_value' ? recordAt(records, request.target, now) : undefined;
      return kept === undefined ? [] : [valueFrom(kept.digest)];
    },
    answer,
    keep: (records, store, now) => (store.method === 'store' ? offer(records, store, true, now) : records),
    replica,
    save: saveRecords,
    load: (config, saved, elapsed, now, self) =>
      loadRecords(emptyRecords(self, config), RULES, readSaved(saved), elapsed, now),
  },
};

function read({ contacts = [], digest, token }: Telling<string>): Answer<Value> {
  const values = digest === undefined ? [] : [valueFrom(digest)];
  return token === undefined ? { contacts, values } : { contacts, values, token };
}

/** What a digest is the answer to is written in it. */
function valueFrom(digest: Id): Value {
  return { key: digest, target: digest };
}

function readSaved(saved: unknown): readonly SavedRecord<Kept>[] {
  if (!Array.isArray(saved)) throw new SnapshotError('corrupt', 'records is not a list');
  return saved as readonly SavedRecord<Kept>[];
}

function answer(
  records: Records<Kept>,
  request: Generic['inRequest'],
  asker: Asker,
  now: Instant,
): readonly [Records<Kept>, ServerAnswer<Generic>] {
  switch (request.method) {
    case 'ping':
      return [records, { type: 'reply', reply: {} }];
    case 'find_node':
      return [records, { type: 'reply', reply: { contacts: asker.closest(request.target), token: tokenAt(now) } }];
    case 'find_value': {
      const held = recordAt(records, request.target, now);
      const reply = { contacts: asker.closest(request.target), token: tokenAt(now) };
      return [records, { type: 'reply', reply: held === undefined ? reply : { ...reply, digest: held.digest } }];
    }
    case 'store': {
      if (request.token === 'bad') return [records, { type: 'error', code: 203, text: 'bad token' }];
      const by = request.lifetime === undefined ? 'publisher' : 'holder';
      const stored = { key: request.target, by } as const;
      return [offer(records, request, false, now), { type: 'reply', reply: {}, stored, verified: true }];
    }
  }
}

function offer(
  records: Records<Kept>,
  { target, digest, lifetime }: Extract<Asking<unknown>, { method: 'store' }>,
  own: boolean,
  now: Instant,
): Records<Kept> {
  const life = own ? ({ lifetime: 'forever' } as const) : lifetime === undefined ? {} : { lifetime };
  return offerRecord(records, RULES, target, { digest }, { ...life, own }, now)[0];
}

function replica(records: Records<Kept>, target: Id, now: Instant): Replica<Generic> | undefined {
  const lifetime = lifetimeAt(records, target, now);
  if (lifetime === undefined || lifetime === 'forever') return undefined;
  return {
    find: { method: 'find_node', target },
    store: { method: 'store', target, digest: target, lifetime, token: '' },
  };
}

function tokenAt(now: Instant): { readonly epoch: number } {
  return { epoch: Math.floor(now / TOKEN_ROTATION) };
}

function packetSize(message: OutMessage<Generic>): number {
  if (message.type !== 'reply') return HEADER_BYTES;
  return HEADER_BYTES + CONTACT_BYTES * (message.reply.contacts?.length ?? 0);
}

/** The generic profile as it is simulated. */
export const genericProtocol: SimulatedProtocol<Generic, RecordsConfig, Records<Kept>> = {
  profile: generic,
  settingsOf,
  carry,
  targetOf: (request) =>
    request.method === 'find_node' || request.method === 'find_value' ? request.target : undefined,
  forge: (request, contacts) => {
    // A liar claims to hold what was asked for, and cannot have the bytes: what it sends hashes to something else.
    const lie = request.method === 'find_value' ? { digest: contacts[0]?.id ?? request.target } : undefined;
    return { contacts, token: '/-1', ...lie };
  },
  tokenFor: generic.findNode,
  storeOf: (target) => ({ method: 'store', target, digest: target, token: '' }),
};

function settingsOf(k: number, alpha: number): NodeSettings<RecordsConfig> {
  return {
    ...DEFAULT_NODE,
    query: { ...DEFAULT_NODE.query, k, alpha },
    storeSet: k,
    table: { ...DEFAULT_NODE.table, bucketSizes: [k] },
    replySize: k,
    publish: { ...DEFAULT_NODE.publish, replicate: HOUR },
    server: {
      maxRecords: 1_024,
      maxBytes: 65_536,
      maxRecordBytes: 64,
      lifetime: 24 * HOUR,
      maxLifetime: 24 * HOUR,
    },
  };
}

/** A token on its way: who it was given to, and when. Nobody else can use it, and it wears off. */
function carry(message: OutMessage<Generic>, from: Endpoint, to: Endpoint, now: Instant): InMessage<Generic> {
  if (message.type === 'reply' && message.reply.token !== undefined) {
    const { contacts, digest, token } = message.reply;
    const reply = { contacts: contacts ?? [], token: `${to}/${token.epoch}` };
    return {
      type: 'reply',
      tid: message.tid,
      sender: message.sender,
      reply: digest === undefined ? reply : { ...reply, digest },
    };
  }
  if (message.type === 'request' && message.request.method === 'store') {
    const epoch = tokenAt(now).epoch;
    const { token } = message.request;
    const isGood = token === `${from}/${epoch}` || token === `${from}/${epoch - 1}`;
    return { ...message, request: { ...message.request, token: isGood ? 'current' : 'bad' } };
  }
  return message as InMessage<Generic>;
}
