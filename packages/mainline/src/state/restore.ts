/**
 * From what the store holds to what a node starts with: a snapshot for each address, and which entries are of no use any
 * more. What is damaged, has expired or finds no room is left out entry by entry, and counted; the id is not lost for it.
 */
import { type Endpoint, type Id, type Instant, isId, type SavedRecord, type Snapshot } from '@xorrery/core';
import { type Item, isItemOf } from '../item.ts';
import type { Mainline } from '../messages.ts';
import type { SavedTorrent } from '../peer-store.ts';
import { mainline } from '../profile.ts';
import { readKey } from './entry.ts';

/** What a start found in the store. */
export interface Restored {
  readonly contacts: number;
  readonly torrents: number;
  readonly peers: number;
  readonly items: number;
  /** Publications of our own that go on. */
  readonly own: number;
  /** Entries that were damaged, each left out. */
  readonly damaged: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type SavedContact = Mutable<Snapshot<Mainline>['contacts'][number]>;

/** The peers of a torrent, by column: there may be 100,000 of them, and each takes two words here. */
export interface FoundPeers {
  readonly endpoints: Endpoint[];
  /** ms each has left. */
  readonly left: Instant[];
  /** Those that have all of the torrent. */
  readonly seeds: Set<Endpoint>;
}

/** What was saved of one address. */
export interface Found {
  id?: Id;
  readonly contacts: SavedContact[];
  /** By infohash. */
  readonly peers: Map<Id, FoundPeers>;
  /** As the records of the core are saved. */
  readonly items: SavedRecord<Item>[];
  readonly own: unknown[];
}

/** What is found, by address. */
export class Findings {
  readonly found: Map<string, Found> = new Map();
  /** Keys of what is damaged, or over. */
  readonly useless: string[] = [];
  damaged = 0;
  readonly #wall: number;

  /** `wall` is Unix time. */
  constructor(wall: number) {
    this.#wall = wall;
  }

  /** Takes in an entry; without a value it is damaged. Keys that are none of ours are left alone. */
  take(key: string, value: unknown): void {
    const parts = readKey(key);
    if (parts === undefined) return;
    const { kind, address, rest } = parts;
    let at = this.found.get(address);
    if (at === undefined) {
      at = { contacts: [], peers: new Map(), items: [], own: [] };
      this.found.set(address, at);
    }
    const verdict = TAKE[kind](at, value as Loose, rest, this.#wall);
    if (verdict === 'kept') return;
    this.useless.push(key);
    if (verdict === 'damaged') this.damaged++;
  }
}

/** The snapshot that `restoreNode` goes on from; `self`: its id. */
export function snapshotFrom(found: Found, self: Id, wall: number): Snapshot<Mainline> {
  return {
    format: 'xorrery-node',
    version: 1,
    profile: { name: mainline.name, version: mainline.version },
    wall: Math.floor(wall),
    self,
    contacts: found.contacts.sort((a, b) => b.age - a.age),
    kept: found.own as Snapshot<Mainline>['kept'],
    server: { peers: savedPeers(found), items: found.items },
  };
}

/** As they are saved, one torrent at a time. */
function* savedPeers({ peers }: Found): Generator<SavedTorrent> {
  for (const [infoHash, { endpoints, left, seeds }] of peers) {
    const savedAt = (endpoint: Endpoint, i: number): SavedTorrent[1][number] =>
      seeds.has(endpoint) ? [endpoint, left[i] as Instant, 1] : [endpoint, left[i] as Instant];
    yield [infoHash, endpoints.map(savedAt)];
  }
}

/** What was written, as far as anybody can tell before looking. */
type Loose = Readonly<Record<string, unknown>> | null | undefined;
type Verdict = 'kept' | 'damaged' | 'expired';
type Take = (found: Found, value: Loose, rest: readonly string[], wall: number) => Verdict;

const isTime = (it: unknown): it is number => Number.isSafeInteger(it) && (it as number) >= 0;
const isRequest = (it: unknown): boolean =>
  typeof (it as { readonly method?: unknown } | null | undefined)?.method === 'string';

function isStoredItem(target: Id, it: unknown): it is Item {
  const item = it as Partial<Item> | null | undefined;
  return (item?.type === 'immutable' || item?.type === 'mutable') && isItemOf(target, item as Item);
}

const TAKE: Readonly<Record<'id' | 'contact' | 'peer' | 'item' | 'own', Take>> = {
  id: (found, value) => {
    const { id } = value ?? {};
    if (!isId(id, mainline.idBits)) return 'damaged';
    found.id = id;
    return 'kept';
  },
  contact: (found, value, [id], wall) => {
    const { endpoint, seen, roundTrip } = value ?? {};
    if (!isId(id, mainline.idBits) || typeof endpoint !== 'string' || !isTime(seen)) return 'damaged';
    const contact: SavedContact = { id, endpoint, age: Math.max(0, wall - seen) };
    if (isTime(roundTrip)) contact.roundTrip = roundTrip;
    found.contacts.push(contact);
    return 'kept';
  },
  peer: (found, value, [infoHash, endpoint], wall) => {
    const { until } = value ?? {};
    if (!isId(infoHash, mainline.idBits) || endpoint === undefined || !isTime(until)) return 'damaged';
    if (until <= wall) return 'expired';
    const peers = found.peers.get(infoHash) ?? { endpoints: [], left: [], seeds: new Set() };
    peers.endpoints.push(endpoint);
    peers.left.push(until - wall);
    if (value?.seed === true) peers.seeds.add(endpoint);
    found.peers.set(infoHash, peers);
    return 'kept';
  },
  item: (found, value, [target], wall) => {
    const { item, own, until } = value ?? {};
    if (!isId(target, mainline.idBits) || typeof own !== 'boolean' || !isStoredItem(target, item)) return 'damaged';
    if (until !== undefined && !isTime(until)) return 'damaged';
    if (until !== undefined && until <= wall) return 'expired';
    found.items.push([target, item, until === undefined ? -1 : until - wall, own]);
    return 'kept';
  },
  own: (found, value, [target]) => {
    const { type, target: named, find, store, every } = value ?? {};
    const isWhole = type === 'publish' && isRequest(find) && isRequest(store) && isTime(every) && every > 0;
    if (!isWhole || named !== target || !isId(target, mainline.idBits)) return 'damaged';
    found.own.push(value);
    return 'kept';
  },
};
