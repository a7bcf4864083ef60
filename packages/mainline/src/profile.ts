/**
 * Mainline as a profile of the core (BEP 5): what we ask on our own account, how a reply is read, and the server that
 * answers ping, find_node, get_peers and announce_peer from the table and the announced peers. All of it pure.
 *
 * A candidate is identified by its endpoint: a second id at a known endpoint is not asked again.
 */
import {
  type Answer,
  type Asker,
  type Contact,
  DEFAULT_NODE,
  type Endpoint,
  type Id,
  type Instant,
  ipGroupOf,
  type NodeConfig,
  type Profile,
  type SeenAs,
  type Server,
  type ServerAnswer,
} from '@xorrery/core';
import { familyOf } from './compact.ts';
import type { InReply, InRequest, KrpcOut, Mainline, OutReply, OutRequest, Peer, Sample, Wanting } from './messages.ts';
import {
  announced,
  DEFAULT_PEER_STORE,
  emptyPeerStore,
  loadPeers,
  nextExpiry,
  type PeerStore,
  type PeerStoreConfig,
  peersOf,
  peersSlept,
  sampleOf,
  savePeers,
  withoutExpired,
} from './peer-store.ts';
import { idFits, idFor } from './secure-id.ts';
import { TOKEN_ROTATION } from './token.ts';

/** Our own wrong turn, and a bad token: KRPC error codes of BEP 5. */
const PROTOCOL_ERROR = 203;

type MainlineServer = Server<Mainline, PeerStoreConfig, PeerStore>;

export const mainline: Profile<Mainline, PeerStoreConfig, PeerStore> = {
  name: 'mainline',
  version: 1,
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
    init: emptyPeerStore,
    expire: withoutExpired,
    nextDeadline: nextExpiry,
    slept: peersSlept,
    held,
    answer,
    // A peer's address is the one its announce came from, and we do not know our own.
    keep: (store) => store,
    replica: () => undefined,
    save: savePeers,
    load: loadPeers,
  },
};

/** Places that one host and one /24 or /64 may take in the table (U12). */
const CAPS = { hostInBucket: 1, hostInTable: 2, networkInBucket: 1, networkInTable: 8 };

/** Mainline's starting points where they differ from the generic ones; buckets as large clients have them. */
export const MAINLINE_DEFAULTS: Omit<NodeConfig<PeerStoreConfig>, 'self' | 'seed'> = {
  ...DEFAULT_NODE,
  query: { ...DEFAULT_NODE.query, k: 8, alpha: 4, maxPerNetwork: 2 },
  storeSet: 20,
  table: { bucketPolicy: 'split', bucketSizes: [128, 64, 32, 16, 8], replacements: 8, maxFailures: 2, caps: CAPS },
  replySize: 8,
  refresh: { ...DEFAULT_NODE.refresh, interval: 900_000 },
  responder: {
    limiter: { perHost: { perSecond: 5, burst: 50 }, perNetwork: { perSecond: 20, burst: 200 }, maxEntries: 10_000 },
    maxRate: { perSecond: 8_000, burst: 24_000 },
    amplification: 12,
    checks: DEFAULT_NODE.responder.checks,
  },
  wire: { tidBytes: 4, poolBytes: 256 },
  server: DEFAULT_PEER_STORE,
};

function granted(store: OutRequest, token: string): OutRequest {
  return store.method === 'announce_peer' ? { ...store, token } : store;
}

function read(reply: InReply): Answer<Peer | Sample> {
  const { nodes = [], peers = [], samples, token, seenAs } = reply;
  const values = samples === undefined ? peers : samples.map((key) => ({ key }));
  const answer = token === undefined ? { contacts: nodes, values } : { contacts: nodes, values, token };
  const seen = seenAs === undefined ? undefined : seenIn(seenAs);
  return seen === undefined ? answer : { ...answer, seenAs: seen };
}

/** The address others know us by; none where they see a local one, as those on our own network do. */
function seenIn(endpoint: Endpoint): SeenAs | undefined {
  const { host, local } = ipGroupOf(endpoint);
  return local ? undefined : { family: familyOf(endpoint) === 4 ? 'v4' : 'v6', address: host };
}

/** Peers that were announced to us. */
function held(store: PeerStore, request: OutRequest): readonly Peer[] {
  return request.method === 'get_peers' ? peersOf(store, request.infoHash) : [];
}

function answer(
  store: PeerStore,
  request: InRequest,
  asker: Asker,
  now: Instant,
): readonly [PeerStore, ServerAnswer<Mainline>] {
  switch (request.method) {
    case 'ping':
      return [store, { type: 'reply', reply: {} }];
    case 'find_node':
      return [store, { type: 'reply', reply: nodesFor(request, request.target, asker) }];
    case 'get_peers':
      return [store, tellPeers(store, request, asker, now)];
    case 'sample_infohashes':
      return [store, tellSamples(store, request, asker, now)];
    case 'announce_peer':
      return takeAnnounce(store, request, asker, now);
  }
}

/** Nodes of the families the asker wants (BEP 32): without a word, of the one it asks over. */
function nodesFor(
  { want, others }: Wanting,
  target: Id,
  asker: Asker,
): { readonly nodes?: readonly Contact[]; readonly others?: readonly Contact[] } {
  const nodes = want === undefined || want.includes(familyOf(asker.endpoint)) ? asker.closest(target) : undefined;
  if (others === undefined) return nodes === undefined ? {} : { nodes };
  return nodes === undefined ? { others } : { nodes, others };
}

/** Nodes as well as peers (BEP 5 allows both), and always a token. */
function tellPeers(
  store: PeerStore,
  request: Extract<InRequest, { method: 'get_peers' }>,
  asker: Asker,
  now: Instant,
): ServerAnswer<Mainline> {
  const { infoHash } = request;
  const peers = peersOf(store, infoHash);
  const token = { infoHash, epoch: Math.floor(now / TOKEN_ROTATION) };
  const told = nodesFor(request, infoHash, asker);
  if (peers.length === 0) return { type: 'reply', reply: { ...told, token } };
  const fit = Math.floor((asker.room - REPLY_BYTES - contactBytes(told)) / PEER_BYTES);
  return {
    type: 'reply',
    reply: { ...told, peers: fit < peers.length ? peers.slice(0, Math.max(0, fit)) : peers, token },
  };
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

/** Bytes of a reply without nodes and peers, of a node (IPv6) and of a peer (IPv6), all rounded up. */
const REPLY_BYTES = 120;
const CONTACT_BYTES = 38;
const PEER_BYTES = 21;

function contactBytes({ nodes = [], others = [] }: Pick<OutReply, 'nodes' | 'others'>): number {
  return (nodes.length + others.length) * CONTACT_BYTES;
}

function packetSize(message: KrpcOut): number {
  if (message.type === 'error') return 40 + message.text.length;
  if (message.type === 'request') return 2 * REPLY_BYTES;
  const { peers = [], samples = [] } = message.reply;
  return REPLY_BYTES + contactBytes(message.reply) + peers.length * PEER_BYTES + samples.length * 20;
}

function takeAnnounce(
  store: PeerStore,
  { infoHash, port, impliedPort, token }: Extract<InRequest, { method: 'announce_peer' }>,
  asker: Asker,
  now: Instant,
): ReturnType<MainlineServer['answer']> {
  if (token === 'bad') return [store, { type: 'error', code: PROTOCOL_ERROR, text: 'bad token' }];
  const peer = impliedPort ? asker.endpoint : withPort(asker.endpoint, port);
  return [announced(store, infoHash, peer, now), { type: 'reply', reply: {}, verified: true }];
}

/** The same address with another port: a peer's address is where the packet came from, never what it claims. */
function withPort(endpoint: Endpoint, port: number): Endpoint {
  return `${endpoint.slice(0, endpoint.lastIndexOf(':'))}:${port}`;
}
