/**
 * Mainline as a profile of the core (BEP 5): what we ask on our own account, how a reply is read, and the server that
 * answers ping, find_node, get_peers and announce_peer from the table and the announced peers. All of it pure.
 *
 * A candidate is identified by its endpoint: a second id at a known endpoint is not asked again.
 */
import {
  type Answer,
  type Asker,
  DEFAULT_NODE,
  type Endpoint,
  type Id,
  type Instant,
  type NodeConfig,
  type Profile,
  type Server,
  type ServerAnswer,
} from '@xorrery/core';
import type { InReply, InRequest, Mainline, OutRequest, Peer } from './messages.ts';
import {
  announced,
  DEFAULT_PEER_STORE,
  emptyPeerStore,
  nextExpiry,
  type PeerStore,
  type PeerStoreConfig,
  peersOf,
  withoutExpired,
} from './peer-store.ts';
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
  read,
  server: { init: emptyPeerStore, expire: withoutExpired, nextDeadline: nextExpiry, held, answer },
};

/** Mainline's starting points where they differ from the generic ones; buckets as large clients have them. */
export const MAINLINE_DEFAULTS: Omit<NodeConfig<PeerStoreConfig>, 'self' | 'seed'> = {
  ...DEFAULT_NODE,
  query: { ...DEFAULT_NODE.query, k: 8, alpha: 4 },
  storeSet: 20,
  table: { bucketPolicy: 'split', bucketSizes: [128, 64, 32, 16, 8], replacements: 8, maxFailures: 2 },
  replySize: 8,
  wire: { tidBytes: 4, poolBytes: 256 },
  server: DEFAULT_PEER_STORE,
};

function granted(store: OutRequest, token: string): OutRequest {
  return store.method === 'announce_peer' ? { ...store, token } : store;
}

function read(reply: InReply): Answer<Peer> {
  const { nodes = [], peers = [], token } = reply;
  return { contacts: nodes, values: peers, ...(token === undefined ? undefined : { token }) };
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
      return [store, { type: 'reply', reply: { nodes: asker.closest(request.target) } }];
    case 'get_peers':
      return [store, tellPeers(store, request.infoHash, asker, now)];
    case 'announce_peer':
      return takeAnnounce(store, request, asker, now);
  }
}

/** Nodes as well as peers (BEP 5 allows both), and always a token. */
function tellPeers(store: PeerStore, infoHash: Id, asker: Asker, now: Instant): ServerAnswer<Mainline> {
  const peers = peersOf(store, infoHash);
  const token = { infoHash, epoch: Math.floor(now / TOKEN_ROTATION) };
  const nodes = asker.closest(infoHash);
  return { type: 'reply', reply: peers.length === 0 ? { nodes, token } : { nodes, peers, token } };
}

function takeAnnounce(
  store: PeerStore,
  { infoHash, port, impliedPort, token }: Extract<InRequest, { method: 'announce_peer' }>,
  asker: Asker,
  now: Instant,
): ReturnType<MainlineServer['answer']> {
  if (token === 'bad') return [store, { type: 'error', code: PROTOCOL_ERROR, text: 'bad token' }];
  const peer = impliedPort ? asker.endpoint : withPort(asker.endpoint, port);
  return [announced(store, infoHash, peer, now), { type: 'reply', reply: {} }];
}

/** The same address with another port: a peer's address is where the packet came from, never what it claims. */
function withPort(endpoint: Endpoint, port: number): Endpoint {
  return `${endpoint.slice(0, endpoint.lastIndexOf(':'))}:${port}`;
}
