/**
 * Mainline as a profile of the core (BEP 5, 33, 44, 51): what we ask on our own account, how a reply is read, and the
 * server that answers from the table, the announced peers and the items. All of it pure.
 *
 * A candidate is identified by its endpoint: a second id at a known endpoint is not asked again.
 */
import {
  type Asker,
  DEFAULT_NODE,
  type Endpoint,
  type Instant,
  ipGroupOf,
  type NodeConfig,
  type Profile,
  type ServerAnswer,
} from '@xorrery/core';
import { keepItem, takePut, tellItem } from './item-server.ts';
import { bytesOfItem } from './item-store.ts';
import type { InRequest, KrpcOut, Mainline, OutReply, OutRequest, SymbolicToken } from './messages.ts';
import { announced, filtersOf, type PeerStore, peersOf, sampleOf } from './peer-store.ts';
import { heldFor, read } from './reply-values.ts';
import { idFits, idFor } from './secure-id.ts';
import { ERROR_BYTES, FILTERS_BYTES, ITEM_KEYS_BYTES, PEER_BYTES, REPLY_BYTES, SAMPLES_BYTES } from './sizes.ts';
import {
  DEFAULT_STORE,
  emptyStore,
  expireStore,
  loadStore,
  type MainlineStore,
  type MainlineStoreConfig,
  nextStoreExpiry,
  saveStore,
  storeAround,
  storeSlept,
  withItems,
  withPeers,
} from './store.ts';
import { TOKEN_ROTATION } from './token.ts';
import { bytesOfNodes, nodesFor } from './wanted.ts';

/** Our own wrong turn, and a bad token: KRPC error codes of BEP 5. */
const PROTOCOL_ERROR = 203;

export const mainline: Profile<Mainline, MainlineStoreConfig, MainlineStore> = {
  name: 'mainline',
  version: 2,
  identity: 'endpoint',
  idBits: 160,
  ping: { method: 'ping' },
  findNode: (target) => ({ method: 'find_node', target }),
  granted,
  cached: () => undefined,
  read,
  groupOf: ipGroupOf,
  ids: { fits: idFits, at: (address, random) => idFor(`${address}:1`, random) },
  sizeOf: packetSize,
  server: {
    init: emptyStore,
    expire: expireStore,
    nextDeadline: nextStoreExpiry,
    slept: storeSlept,
    renamed: storeAround,
    held: heldFor,
    answer,
    // A peer's address is the one its announce came from, and we do not know our own: only items are kept.
    keep: (store, request, now) => withItems(store, keepItem(store.items, request, now)),
    replica: () => undefined,
    save: saveStore,
    load: loadStore,
  },
};

/** Places that one host and one /24 or /64 may take in the table (U12). */
const CAPS = { hostInBucket: 1, hostInTable: 2, networkInBucket: 1, networkInTable: 8 };

/** Mainline's starting points where they differ from the generic ones; buckets as large clients have them. */
export const MAINLINE_DEFAULTS: Omit<NodeConfig<MainlineStoreConfig>, 'self' | 'seed'> = {
  ...DEFAULT_NODE,
  query: { ...DEFAULT_NODE.query, k: 8, alpha: 4, maxPerNetwork: 2 },
  storeSet: 20,
  table: { bucketPolicy: 'split', bucketSizes: [128, 64, 32, 16, 8], replacements: 8, maxFailures: 2, caps: CAPS },
  replySize: 8,
  refresh: { ...DEFAULT_NODE.refresh, interval: 900_000 },
  responder: {
    // One host, or one network asking for nodes, must not use up what all together are answered with: a reply with nodes
    // has about 400 bytes, the longest about 1,100.
    limiter: { perHost: { perSecond: 5, burst: 50 }, perNetwork: { perSecond: 10, burst: 100 }, maxEntries: 10_000 },
    maxRate: { perSecond: 8_000, burst: 96_000 },
    // Enough for the longest item of BEP 44 and a few nodes.
    amplification: 15,
    checks: DEFAULT_NODE.responder.checks,
  },
  wire: { tidBytes: 4, poolBytes: 256 },
  server: DEFAULT_STORE,
};

function granted(store: OutRequest, token: string): OutRequest {
  return store.method === 'announce_peer' || store.method === 'put' ? { ...store, token } : store;
}

function answer(
  store: MainlineStore,
  request: InRequest,
  asker: Asker,
  now: Instant,
): readonly [MainlineStore, ServerAnswer<Mainline>] {
  switch (request.method) {
    case 'ping':
      return [store, { type: 'reply', reply: {} }];
    case 'find_node':
      return [store, { type: 'reply', reply: nodesFor(request, request.target, asker) }];
    case 'get_peers':
      return [store, tellPeers(store.peers, request, asker, now)];
    case 'sample_infohashes':
      return [store, tellSamples(store.peers, request, asker, now)];
    case 'announce_peer': {
      const [peers, told] = takeAnnounce(store.peers, request, asker, now);
      return [withPeers(store, peers), told];
    }
    case 'get':
      return [store, tellItem(store.items, request, asker, now)];
    case 'put': {
      const [items, told] = takePut(store.items, request, asker, now);
      return [withItems(store, items), told];
    }
  }
}

/** Nodes as well as peers (BEP 5 allows both), and always a token. */
function tellPeers(
  store: PeerStore,
  request: Extract<InRequest, { method: 'get_peers' }>,
  asker: Asker,
  now: Instant,
): ServerAnswer<Mainline> {
  const { infoHash, noseed, scrape } = request;
  const token = { infoHash, epoch: Math.floor(now / TOKEN_ROTATION) };
  const told = nodesFor(request, infoHash, asker);
  if (scrape === true) {
    const filters = filtersOf(store, infoHash);
    return { type: 'reply', reply: filters === undefined ? { ...told, token } : { ...told, token, filters } };
  }
  const peers = peersOf(store, infoHash, noseed);
  if (peers.length === 0) return { type: 'reply', reply: withToken(told, token) };
  const fit = Math.floor((asker.room - REPLY_BYTES - bytesOfNodes(told)) / PEER_BYTES);
  return {
    type: 'reply',
    reply: { ...told, peers: fit < peers.length ? peers.slice(0, Math.max(0, fit)) : peers, token },
  };
}

/** Written out where there are nodes of one family, as nearly always: to add a field to a spread takes 2 us. */
function withToken({ nodes, others }: ReturnType<typeof nodesFor>, token: SymbolicToken): OutReply {
  if (nodes === undefined) return others === undefined ? { token } : { others, token };
  return others === undefined ? { nodes, token } : { nodes, others, token };
}

/** Infohashes in one sample, and the ms for which it stays the same (BEP 51). */
const SAMPLE = 20;
const SAMPLE_INTERVAL = 21_600_000;

function tellSamples(
  store: PeerStore,
  request: Extract<InRequest, { method: 'sample_infohashes' }>,
  asker: Asker,
  now: Instant,
): ServerAnswer<Mainline> {
  const samples = sampleOf(store, SAMPLE, Math.floor(now / SAMPLE_INTERVAL));
  const num = store.torrents.size;
  const told = nodesFor(request, request.target, asker);
  return { type: 'reply', reply: { ...told, samples, num, interval: SAMPLE_INTERVAL / 1_000 } };
}

function packetSize(message: KrpcOut): number {
  if (message.type === 'error') return ERROR_BYTES + message.text.length;
  if (message.type === 'request') {
    const { request } = message;
    return 2 * REPLY_BYTES + (request.method === 'put' ? bytesOfItem(request.item) + ITEM_KEYS_BYTES : 0);
  }
  const { peers = [], samples, filters, value = '', publicKey = '', signature = '' } = message.reply;
  const item = value === '' ? 0 : (value.length + publicKey.length + signature.length) / 2 + ITEM_KEYS_BYTES;
  const sampled = samples === undefined ? 0 : SAMPLES_BYTES + samples.length * 20;
  const lists = bytesOfNodes(message.reply) + peers.length * PEER_BYTES + sampled;
  return REPLY_BYTES + lists + item + (filters === undefined ? 0 : FILTERS_BYTES);
}

function takeAnnounce(
  store: PeerStore,
  { infoHash, port, impliedPort, seed, token }: Extract<InRequest, { method: 'announce_peer' }>,
  asker: Asker,
  now: Instant,
): readonly [PeerStore, ServerAnswer<Mainline>] {
  if (token === 'bad') return [store, { type: 'error', code: PROTOCOL_ERROR, text: 'bad token' }];
  const peer = impliedPort ? asker.endpoint : withPort(asker.endpoint, port);
  return [announced(store, infoHash, peer, now, seed), { type: 'reply', reply: {}, verified: true }];
}

/** The same address with another port: a peer's address is where the packet came from, never what it claims. */
function withPort(endpoint: Endpoint, port: number): Endpoint {
  return `${endpoint.slice(0, endpoint.lastIndexOf(':'))}:${port}`;
}
