/**
 * The key-value store as a profile of the core: what we ask on our own account, how a reply is read, and the server
 * that answers PING, FIND_NODE, FIND_VALUE and STORE from the table and the records. All of it pure.
 *
 * A candidate is identified by its id. Nobody is sent more than its request allows for before it has shown a token: a
 * value that does not fit is only said to be held.
 */
import {
  type Answer,
  type Asker,
  type Contact,
  DEFAULT_NODE,
  emptyRecords,
  type Id,
  type Instant,
  ipGroupOf,
  lifetimeAt,
  type NodeConfig,
  nextRecordExpiry,
  type Profile,
  type RecordsConfig,
  type Replica,
  recordAt,
  recordsAround,
  recordsSlept,
  type Server,
  type ServerAnswer,
  saveRecords,
  type Verdict,
  withoutExpiredRecords,
} from '@xorrery/core';
import {
  type InReply,
  type InRequest,
  KV_ERROR,
  type Kv,
  type KvOut,
  type KvRecord,
  type KvValue,
  type OutReply,
  type OutRequest,
} from './messages.ts';
import {
  bytesOf,
  isImmutable,
  type KvRecords,
  type KvStoreConfig,
  loadedRecords,
  MAX_VALUE,
  offered,
} from './records.ts';
import { TOKEN_ROTATION } from './token.ts';

type KvServer = Server<Kv, KvStoreConfig, KvRecords>;
type Answered = ReturnType<KvServer['answer']>;

export const kv: Profile<Kv, KvStoreConfig, KvRecords> = {
  name: 'kv',
  version: 1,
  identity: 'id',
  idBits: 160,
  ping: { method: 'ping' },
  findNode: (target) => ({ method: 'find_node', target }),
  granted: (store, token) => (store.method === 'store' ? { ...store, token } : store),
  cached,
  read,
  groupOf: ipGroupOf,
  sizeOf: packetSize,
  server: {
    init: (config) => emptyRecords(config.self, config),
    expire: withoutExpiredRecords,
    nextDeadline: nextRecordExpiry,
    slept: recordsSlept,
    renamed: recordsAround,
    held,
    answer,
    keep,
    replica,
    save: saveRecords,
    load: (config, saved, elapsed, now) => loadedRecords(emptyRecords(config.self, config), saved, elapsed, now),
  },
};

const HOUR = 3_600_000;

/** ms after which what we published ourselves is stored again: less than it lives. */
export const REPUBLISH: Instant = 22 * HOUR;

/** The generic profile's starting points, with the store's own limits. */
export const KV_DEFAULTS: Omit<NodeConfig<KvStoreConfig>, 'self' | 'seed' | 'server'> & {
  readonly server: RecordsConfig;
} = {
  ...DEFAULT_NODE,
  publish: { ...DEFAULT_NODE.publish, replicate: HOUR },
  server: {
    maxRecords: 1_024,
    maxBytes: 1_024 * MAX_VALUE,
    maxRecordBytes: MAX_VALUE,
    lifetime: 24 * HOUR,
    maxLifetime: 24 * HOUR,
  },
};

/** Only a value that is its own proof is cached: a copy of any other may be out of date, or a lie. */
function cached(value: KvValue, target: Id, lifetime: Instant): OutRequest | undefined {
  if (value.kind !== 'record' || !isImmutable(target, value.record)) return undefined;
  return storeOf(target, value.record, lifetime);
}

function storeOf(key: Id, record: KvRecord, lifetime: Instant | 'forever'): OutRequest {
  const immutable = isImmutable(key, record);
  const store = { method: 'store', key, record, immutable, token: '' } as const;
  return lifetime === 'forever' ? store : { ...store, lifetime };
}

function read({ contacts = [], record, held: isHeld, token }: InReply): Answer<KvValue> {
  const values = record !== undefined ? [valueFrom(record)] : isHeld === true ? [ELSEWHERE] : [];
  return token === undefined ? { contacts, values } : { contacts, values, token };
}

const ELSEWHERE: KvValue = { key: 'held', kind: 'elsewhere' };

function valueFrom(record: KvRecord): KvValue {
  return { key: `${record.digest}:${record.seq}`, kind: 'record', record };
}

function held(records: KvRecords, request: OutRequest, now: Instant): readonly KvValue[] {
  const record = request.method === 'find_value' ? recordAt(records, request.key, now) : undefined;
  return record === undefined ? [] : [valueFrom(record)];
}

function answer(records: KvRecords, request: InRequest, asker: Asker, now: Instant): Answered {
  switch (request.method) {
    case 'ping':
      return [records, { type: 'reply', reply: {} }];
    case 'find_node': {
      const contacts = fitting(asker.closest(request.target), asker.room - REPLY_BYTES);
      return [records, { type: 'reply', reply: { contacts, token: tokenAt(now) } }];
    }
    case 'find_value':
      return [records, tellValue(recordAt(records, request.key, now), request, asker, now)];
    case 'store':
      return takeStore(records, request, now);
  }
}

/** The value, if there is one and if it fits; and as many contacts as fit beside it. */
function tellValue(
  record: KvRecord | undefined,
  { key, token: shown }: Extract<InRequest, { method: 'find_value' }>,
  asker: Asker,
  now: Instant,
): ServerAnswer<Kv> {
  const token = tokenAt(now);
  // Whoever shows a token has been given contacts with it.
  const verified = shown !== undefined && shown !== 'bad';
  if (record !== undefined && verified) return { type: 'reply', reply: { record, token }, verified };
  const room = asker.room - REPLY_BYTES;
  const left = room - (record === undefined ? 0 : bytesOf(record));
  const reply: OutReply = { contacts: fitting(asker.closest(key), left < 0 ? room : left), token };
  if (record === undefined) return { type: 'reply', reply };
  return { type: 'reply', reply: left < 0 ? { ...reply, held: true } : { ...reply, record } };
}

const REFUSALS: Readonly<Record<Exclude<Verdict, 'stored'>, readonly [code: number, text: string]>> = {
  kept: [KV_ERROR.older, 'what is held is newer'],
  invalid: [KV_ERROR.malformed, 'not a record'],
  'too-large': [KV_ERROR.tooLarge, 'the value is too long'],
  full: [KV_ERROR.full, 'no room'],
};

function takeStore(
  records: KvRecords,
  { key, record, immutable, lifetime, token }: Extract<InRequest, { method: 'store' }>,
  now: Instant,
): Answered {
  if (token === 'bad') return [records, { type: 'error', code: KV_ERROR.badToken, text: 'bad token' }];
  if (immutable && !isImmutable(key, record)) {
    return [records, { type: 'error', code: KV_ERROR.badHash, text: 'the key is not the SHA-1 of the value' }];
  }
  const [after, verdict] = offered(records, key, record, lifetime, false, now);
  if (verdict === 'stored') {
    // Copies are handed on for what is left of their life; a publisher says nothing, or is taken for a holder.
    const by = lifetime === undefined ? 'publisher' : 'holder';
    return [after, { type: 'reply', reply: {}, stored: { key, by }, verified: true }];
  }
  const [code, text] = REFUSALS[verdict];
  return [records, { type: 'error', code, text }];
}

function keep(records: KvRecords, store: OutRequest, now: Instant): KvRecords {
  return store.method === 'store' ? offered(records, store.key, store.record, store.lifetime, true, now)[0] : records;
}

/** Handed on for what is left of its life: being handed on does not prolong it. */
function replica(records: KvRecords, target: Id, now: Instant): Replica<Kv> | undefined {
  const record = recordAt(records, target, now);
  const left = lifetimeAt(records, target, now);
  if (record === undefined || left === undefined) return undefined;
  return { find: kv.findNode(target), store: storeOf(target, record, left) };
}

/** Bytes of a packet without contacts, value and text, rounded up. */
const REPLY_BYTES = 100;

function packetSize(message: KvOut): number {
  if (message.type === 'error') return REPLY_BYTES + 3 * message.text.length;
  if (message.type === 'request') {
    const { request } = message;
    return 2 * REPLY_BYTES + (request.method === 'store' ? bytesOf(request.record) : 0);
  }
  const { contacts = [], record } = message.reply;
  let bytes = REPLY_BYTES + (record === undefined ? 0 : bytesOf(record));
  for (const contact of contacts) bytes += contactBytes(contact);
  return bytes;
}

/** Id, address and port, and two bytes that say how many. */
function contactBytes({ endpoint }: Contact): number {
  return endpoint.startsWith('[') ? 40 : 28;
}

/** The nearest contacts that take no more than `room` bytes. */
function fitting(contacts: readonly Contact[], room: number): readonly Contact[] {
  let left = room;
  const beyond = contacts.findIndex((contact) => {
    left -= contactBytes(contact);
    return left < 0;
  });
  return beyond === -1 ? contacts : contacts.slice(0, beyond);
}

function tokenAt(now: Instant): { readonly epoch: number } {
  return { epoch: Math.floor(now / TOKEN_ROTATION) };
}
