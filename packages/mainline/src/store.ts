/** All that a Mainline node keeps for others: announced peers (BEP 5, BEP 33) and items (BEP 44). */
import {
  earliest,
  emptyRecords,
  type Id,
  type Instant,
  nextRecordExpiry,
  type RecordsConfig,
  recordsAround,
  recordsSlept,
  type SavedRecord,
  SnapshotError,
  savedRecordAt,
  saveRecords,
  withoutExpiredRecords,
} from '@xorrery/core';
import type { Item } from './item.ts';
import { DEFAULT_ITEM_STORE, type ItemStore, loadItems } from './item-store.ts';
import {
  DEFAULT_PEER_STORE,
  emptyPeerStore,
  loadPeers,
  nextExpiry,
  type PeerStore,
  type PeerStoreConfig,
  peersSlept,
  type SavedPeers,
  type SavedTorrent,
  savedPeersAt,
  savePeers,
  withoutExpired,
} from './peer-store.ts';

export interface MainlineStoreConfig {
  readonly peers: PeerStoreConfig;
  readonly items: RecordsConfig;
}

export const DEFAULT_STORE: MainlineStoreConfig = { peers: DEFAULT_PEER_STORE, items: DEFAULT_ITEM_STORE };

export interface MainlineStore {
  readonly peers: PeerStore;
  readonly items: ItemStore;
}

/** As JSON, with remaining lifetimes in place of instants. */
export interface SavedStore {
  readonly peers: SavedPeers;
  readonly items: readonly SavedRecord<Item>[];
}

/** Throws `ConfigError` naming the first field that is out of range. */
export function emptyStore(config: MainlineStoreConfig, self: Id): MainlineStore {
  return { peers: emptyPeerStore(config.peers), items: emptyRecords(self, config.items) };
}

export function withPeers(store: MainlineStore, peers: PeerStore): MainlineStore {
  return peers === store.peers ? store : { ...store, peers };
}

export function withItems(store: MainlineStore, items: ItemStore): MainlineStore {
  return items === store.items ? store : { ...store, items };
}

/** The store without what has expired at `now`. */
export function expireStore(store: MainlineStore, now: Instant): MainlineStore {
  return withItems(withPeers(store, withoutExpired(store.peers, now)), withoutExpiredRecords(store.items, now));
}

export function nextStoreExpiry({ peers, items }: MainlineStore): Instant | undefined {
  return earliest(nextExpiry(peers), nextRecordExpiry(items));
}

/** The store under another id of ours. */
export function storeAround(store: MainlineStore, self: Id): MainlineStore {
  return { ...store, items: recordsAround(store.items, self) };
}

/** The host slept: `ms` of every lifetime have passed. */
export function storeSlept({ peers, items }: MainlineStore, ms: Instant): MainlineStore {
  return { peers: peersSlept(peers, ms), items: recordsSlept(items, ms) };
}

export function saveStore({ peers, items }: MainlineStore, now: Instant): SavedStore {
  return { peers: savePeers(peers, now), items: saveRecords(items, now) };
}

/** What `saveStore` has of one torrent: its live peers; `undefined` when there are none. */
export function savedTorrentAt({ peers }: MainlineStore, infoHash: Id, now: Instant): SavedTorrent | undefined {
  return savedPeersAt(peers, infoHash, now);
}

/** What `saveStore` has of one item; `undefined` when it is not held. */
export function savedItemAt({ items }: MainlineStore, target: Id, now: Instant): SavedRecord<Item> | undefined {
  return savedRecordAt(items, target, now);
}

/**
 * Reads back what was saved, as a whole or entry by entry, `elapsed` ms later. Damaged entries are left out. Throws
 * `SnapshotError` where it cannot be a store.
 */
export function loadStore(
  config: MainlineStoreConfig,
  saved: unknown,
  elapsed: Instant,
  now: Instant,
  self: Id,
): MainlineStore {
  const it = saved as Partial<SavedStore> | null;
  if (typeof it !== 'object' || it === null) throw new SnapshotError('corrupt', 'what was stored is not an object');
  const empty = emptyStore(config, self);
  return {
    peers: loadPeers(config.peers, it.peers, elapsed, now),
    items: loadItems(empty.items, it.items, elapsed, now),
  };
}
