/**
 * From what the store holds to what a node starts with: a snapshot for each address, and which entries are of no use any
 * more. What is damaged, has expired or finds no room is left out entry by entry, and counted; the id is not lost for it.
 */
import { type Id, isId, type Snapshot } from '@xorrery/core';
import type { Mainline } from '../messages.ts';
import { mainline } from '../profile.ts';
import { readKey } from './entry.ts';
import type { Entry } from './store.ts';

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

/** What was saved of one address. */
export interface Found {
  id?: Id;
  readonly contacts: SavedContact[];
  /** By infohash: each peer and the ms it has left. */
  readonly peers: Map<string, [endpoint: string, left: number][]>;
  readonly own: unknown[];
}

/** Reads entries by address; `wall` is Unix time. `useless`: keys of what is damaged, or over. */
export function readEntries(
  entries: readonly Entry[],
  wall: number,
): { readonly found: Map<string, Found>; readonly useless: readonly string[]; readonly damaged: number } {
  const found = new Map<string, Found>();
  const useless: string[] = [];
  let damaged = 0;
  for (const { key, value } of entries) {
    const parts = readKey(key);
    if (parts === undefined) continue;
    const { kind, address, rest } = parts;
    let at = found.get(address);
    if (at === undefined) {
      at = { contacts: [], peers: new Map(), own: [] };
      found.set(address, at);
    }
    const verdict = TAKE[kind](at, value as Loose, rest, wall);
    if (verdict === 'kept') continue;
    useless.push(key);
    if (verdict === 'damaged') damaged++;
  }
  return { found, useless, damaged };
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
    server: [...found.peers],
  };
}

/** What was written, as far as anybody can tell before looking. */
type Loose = Readonly<Record<string, unknown>> | null | undefined;
type Verdict = 'kept' | 'damaged' | 'expired';
type Take = (found: Found, value: Loose, rest: readonly string[], wall: number) => Verdict;

const isTime = (it: unknown): it is number => Number.isSafeInteger(it) && (it as number) >= 0;
const isRequest = (it: unknown): boolean =>
  typeof (it as { readonly method?: unknown } | null | undefined)?.method === 'string';

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
    const peers = found.peers.get(infoHash) ?? [];
    peers.push([endpoint, until - wall]);
    found.peers.set(infoHash, peers);
    return 'kept';
  },
  item: () => 'damaged',
  own: (found, value, [target]) => {
    const { type, target: named, find, store, every } = value ?? {};
    const isWhole = type === 'publish' && isRequest(find) && isRequest(store) && isTime(every) && every > 0;
    if (!isWhole || named !== target || !isId(target, mainline.idBits)) return 'damaged';
    found.own.push(value);
    return 'kept';
  },
};
