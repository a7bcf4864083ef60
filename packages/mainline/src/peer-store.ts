/**
 * Announced peers: which peers are in which torrent, as others told us, for 45 minutes at a time (BEP 5 leaves the
 * time open). Pure data with deadlines: an entry is gone at its expiry without being read.
 *
 * Bounded twice: a torrent that is full lets its oldest peer go, a store that is full the torrent that was announced
 * longest ago. Of each it is known whether it has all of the torrent, so that others can be told of those who have not, and
 * how many there are (BEP 33). It refuses to: verify that a peer is there, or keep a peer's port 0.
 */
import {
  checkInteger,
  type Endpoint,
  type Id,
  type Instant,
  isId,
  maps,
  type PersistentMap,
  SnapshotError,
} from '@xorrery/core';
import { filterOf, marksOf } from './bloom.ts';
import type { Filters, Peer } from './messages.ts';

export interface PeerStoreConfig {
  /** ms a peer stays after its announce. */
  readonly peerLifetime: Instant;
  readonly maxTorrents: number;
  readonly maxPeersPerTorrent: number;
  /** Peers in one reply. */
  readonly maxPeersPerReply: number;
}

export const DEFAULT_PEER_STORE: PeerStoreConfig = {
  peerLifetime: 45 * 60_000,
  maxTorrents: 2_000,
  maxPeersPerTorrent: 500,
  maxPeersPerReply: 100,
};

/**
 * What is known of a peer, in one number, for a node may hold 100,000 of them: lowest, whether it has all of the torrent;
 * above that the bits that stand for its address in filters, plus 1. Those are kept so that a scrape costs no hashes.
 */
type Announced = number;

interface Torrent {
  /** By endpoint, due at expiry. */
  readonly peers: PersistentMap<Announced>;
  /** Announces so far: where in the peers the next reply begins, so that all of them are handed out in turn. */
  readonly turn: number;
}

export interface PeerStore {
  readonly config: PeerStoreConfig;
  /** By infohash, due when its first peer expires. */
  readonly torrents: PersistentMap<Torrent>;
  /** ms that passed while the host slept: the store's own time is the clock's, plus this. */
  readonly ahead: Instant;
  /** Peers and torrents that had to go before their time. */
  readonly evicted: number;
}

/** Expired peers forgotten in one step; the rest follow in the next. */
const MAX_EXPIRIES = 1_000;

/** Throws `ConfigError` naming the first field that is out of range. */
export function emptyPeerStore(config: PeerStoreConfig): PeerStore {
  checkInteger('peers.peerLifetime', config.peerLifetime, 1);
  checkInteger('peers.maxTorrents', config.maxTorrents, 1, 1_000_000);
  checkInteger('peers.maxPeersPerTorrent', config.maxPeersPerTorrent, 1, 100_000);
  checkInteger('peers.maxPeersPerReply', config.maxPeersPerReply, 1, 1_000);
  return { config, torrents: maps.emptyMap(), ahead: 0, evicted: 0 };
}

/** The store with a peer announced at `now`; announced again, it lives longer. `seed`: it has all of the torrent. */
export function announced(store: PeerStore, infoHash: Id, endpoint: Endpoint, now: Instant, seed = false): PeerStore {
  const { config, ahead } = store;
  let { torrents, evicted } = store;
  const [torrentHash, peerHash] = [maps.hashOf(infoHash), maps.hashOf(endpoint)];
  const torrent = maps.get(torrents, infoHash, torrentHash) ?? { peers: maps.emptyMap<Announced>(), turn: 0 };
  if (torrent.peers.size === 0 && torrents.size >= config.maxTorrents) {
    torrents = maps.withoutFirst(torrents);
    evicted++;
  }
  let { peers } = torrent;
  const known = maps.get(peers, endpoint, peerHash);
  if (known === undefined && peers.size >= config.maxPeersPerTorrent) {
    peers = maps.withoutFirst(peers);
    evicted++;
  }
  // Most announce themselves again: their bits need not be worked out anew.
  const about = known === undefined ? aboutOf(endpoint, seed) : known - (known % 2) + (seed ? 1 : 0);
  peers = maps.set(peers, endpoint, about, now + ahead + config.peerLifetime, peerHash);
  torrents = maps.set(torrents, infoHash, { peers, turn: torrent.turn + 1 }, maps.nextDue(peers), torrentHash);
  return { config, torrents, ahead, evicted };
}

function aboutOf(endpoint: Endpoint, seed: boolean): Announced {
  return 2 * (marksOf(endpoint) + 1) + (seed ? 1 : 0);
}

/** Whether a peer has all of the torrent. */
export function isSeed(about: Announced): boolean {
  return about % 2 === 1;
}

/**
 * Peers of a torrent, at most as many as go into a reply; which ones moves on with each announce. `noseed`: without those
 * that have all of it.
 */
export function peersOf(store: PeerStore, infoHash: Id, noseed = false): readonly Peer[] {
  const torrent = maps.get(store.torrents, infoHash);
  if (torrent === undefined) return [];
  const known = maps.entries(torrent.peers);
  const all = noseed ? known.filter((it) => !isSeed(it.value)) : known;
  const { maxPeersPerReply } = store.config;
  const start = all.length <= maxPeersPerReply ? 0 : torrent.turn % all.length;
  const found: Peer[] = [];
  for (let i = 0; i < Math.min(all.length, maxPeersPerReply); i++) {
    found.push({ key: (all[(start + i) % all.length] as (typeof all)[number]).key as Endpoint });
  }
  return found;
}

/** How many there are, told apart by whether they have all of the torrent (BEP 33); `undefined` when there are none. */
export function filtersOf(store: PeerStore, infoHash: Id): Filters | undefined {
  const torrent = maps.get(store.torrents, infoHash);
  if (torrent === undefined) return undefined;
  const all = maps.entries(torrent.peers).map((it) => it.value);
  const of = (seed: boolean): string =>
    filterOf(all.filter((it) => isSeed(it) === seed).map((it) => Math.floor(it / 2) - 1));
  return { seeds: of(true), peers: of(false) };
}

/** At most `count` infohashes of those with peers; which ones moves on with `round`. */
export function sampleOf(store: PeerStore, count: number, round: number): readonly Id[] {
  const all = maps.entries(store.torrents);
  const start = all.length <= count ? 0 : (round * count) % all.length;
  const found: Id[] = [];
  for (let i = 0; i < Math.min(all.length, count); i++) found.push(all[(start + i) % all.length]?.key as Id);
  return found;
}

/** The store without what has expired at `now`. */
export function withoutExpired(store: PeerStore, clock: Instant): PeerStore {
  const now = clock + store.ahead;
  let { torrents } = store;
  let left = MAX_EXPIRIES;
  // A torrent whose turn does not come is put off to the next instant, so that what is due is always in the future.
  for (const { key, value } of maps.entriesDue(torrents, now)) {
    let { peers } = value;
    for (const peer of maps.entriesDue(peers, now).slice(0, left)) {
      peers = maps.remove(peers, peer.key);
      left--;
    }
    torrents =
      peers.size === 0 ? maps.remove(torrents, key) : maps.set(torrents, key, { ...value, peers }, dueOf(peers, now));
  }
  return torrents === store.torrents ? store : { ...store, torrents };
}

export function nextExpiry(store: PeerStore): Instant | undefined {
  const due = maps.nextDue(store.torrents);
  return due === undefined ? undefined : due - store.ahead;
}

/** The host slept: `ms` of every lifetime have passed. */
export function peersSlept(store: PeerStore, ms: Instant): PeerStore {
  return { ...store, ahead: store.ahead + ms };
}

/** Who was announced, as JSON: by infohash, each peer, the ms it has left, and 1 if it has all of the torrent. */
export type SavedPeers = readonly SavedTorrent[];
export type SavedTorrent = readonly [
  infoHash: Id,
  peers: readonly (readonly [peer: Endpoint, left: Instant, seed?: 1])[],
];

export function savePeers(store: PeerStore, now: Instant): SavedPeers {
  return maps.entries(store.torrents).flatMap(({ key }) => {
    const saved = savedPeersAt(store, key as Id, now);
    return saved === undefined ? [] : [saved];
  });
}

/** What `savePeers` has of one torrent; `undefined` when nobody is there any more. */
export function savedPeersAt(store: PeerStore, infoHash: Id, now: Instant): SavedTorrent | undefined {
  const time = now + store.ahead;
  const torrent = maps.get(store.torrents, infoHash);
  const live = torrent === undefined ? [] : maps.entries(torrent.peers).filter(({ due }) => due > time);
  if (live.length === 0) return undefined;
  return [
    infoHash,
    live.map(({ key, value, due }) =>
      isSeed(value) ? [key as Endpoint, due - time, 1] : [key as Endpoint, due - time],
    ),
  ];
}

/**
 * Reads them back `elapsed` ms later, torrent by torrent, so that not all of them need be there at once; without those whose
 * time is up. Damaged entries are left out.
 */
export function loadPeers(config: PeerStoreConfig, saved: unknown, elapsed: Instant, now: Instant): PeerStore {
  const empty = emptyPeerStore(config);
  if (!isIterable(saved)) throw new SnapshotError('corrupt', 'the announced peers are not a list');
  let { torrents } = empty;
  for (const torrent of saved) {
    if (torrents.size >= config.maxTorrents) break;
    if (!isSavedTorrent(torrent)) continue;
    const [infoHash, peers] = torrent;
    let held = maps.emptyMap<Announced>();
    for (const [endpoint, left, seed] of peers.filter(isSavedPeer).slice(0, config.maxPeersPerTorrent)) {
      const due = now + Math.min(left, config.peerLifetime) - elapsed;
      if (due > now) held = maps.set(held, endpoint, aboutOf(endpoint, seed === 1), due);
    }
    if (held.size > 0) torrents = maps.set(torrents, infoHash, { peers: held, turn: 0 }, maps.nextDue(held));
  }
  return { ...empty, torrents };
}

function isIterable(it: unknown): it is Iterable<unknown> {
  return typeof it === 'object' && it !== null && Symbol.iterator in it;
}

function isSavedTorrent(it: unknown): it is SavedPeers[number] {
  return Array.isArray(it) && isId(it[0], 160) && Array.isArray(it[1]);
}

function isSavedPeer(it: unknown): it is SavedPeers[number][1][number] {
  return Array.isArray(it) && typeof it[0] === 'string' && Number.isSafeInteger(it[1]);
}

/** How many torrents and peers are held. */
export function peerStoreSize(store: PeerStore): { readonly torrents: number; readonly peers: number } {
  let peers = 0;
  for (const { value } of maps.entries(store.torrents)) peers += value.peers.size;
  return { torrents: store.torrents.size, peers };
}

function dueOf(peers: PersistentMap<Announced>, now: Instant): Instant {
  return Math.max(maps.nextDue(peers) as Instant, now + 1);
}
