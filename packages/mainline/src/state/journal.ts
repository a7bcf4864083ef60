/**
 * What has to be written so that the store says what a node's state says: the differences between the state that was
 * written last and the one there is now. Persistent maps share what did not change, so that finding a few changes costs
 * a few steps, and nothing has to be remembered while the node runs: what could not be written is found again next time.
 *
 * Pure but for what it remembers. Instants become Unix time on the way, so that lifetimes go on while nothing runs.
 */
import {
  type Contact,
  type Id,
  type Instant,
  maps,
  type NodeState,
  type PersistentMap,
  savedContacts,
  type Table,
  tableOf,
  tableSize,
} from '@xorrery/core';
import type { ItemStore } from '../item-store.ts';
import type { Mainline } from '../messages.ts';
import { isSeed, type PeerStore } from '../peer-store.ts';
import type { MainlineStore, MainlineStoreConfig } from '../store.ts';
import { type Change, keyOf } from './entry.ts';

export type MainlineState = NodeState<Mainline, MainlineStoreConfig, MainlineStore>;

/** What is to be written, and what to call once it is. */
export interface Plan {
  readonly changes: readonly Change[];
  /** Whether something of our own is among it: then it has to be on the disk, not only on its way. */
  readonly isOwn: boolean;
  done(): void;
}

/** ms of a run after which those whom only a former run knew are forgotten, if there are contacts enough. */
const SETTLED = 900_000;
/** Contacts that are not in the table and yet kept, at most. */
const MAX_FORMER = 1_024;

type Torrent = PeerStore['torrents'] extends PersistentMap<infer T> ? T : never;

/** A contact as it stands in the store. */
interface Written {
  readonly endpoint: string;
  /** When it last answered, by the clock; of a contact of a former run: never by this one. */
  readonly seen: Instant | undefined;
}

export class Journal {
  readonly #address: string;
  readonly #since: Instant;
  /** The state that is in the store; nothing is, before the first time. */
  #saved: MainlineState | undefined;
  #table: Table | undefined;
  #contacts: ReadonlyMap<Id, Written>;
  /** Whether some of them are in the store alone. */
  #hasFormer: boolean;

  /**
   * `former`: contacts that are in the store and not in the table. `saved`: the state that was read from it; what is our own
   * is written again all the same, so that it is also in the newest of LevelDB's files.
   */
  constructor(address: string, former: readonly Contact[], saved: MainlineState | undefined, now: Instant) {
    this.#address = address;
    this.#since = now;
    this.#saved = saved && { ...saved, kept: maps.emptyMap() };
    this.#contacts = new Map(former.map(({ id, endpoint }) => [id, { endpoint, seen: undefined }]));
    this.#hasFormer = former.length > 0;
  }

  plan(state: MainlineState, now: Instant, wall: number, isFirst = false): Plan {
    const own: Change[] = [];
    const saved = this.#saved;
    if (isFirst || saved?.config.self !== state.config.self) {
      own.push({ key: keyOf('id', this.#address), value: { id: state.config.self } });
    }
    const kept = maps.changes(saved?.kept ?? maps.emptyMap(), state.kept);
    for (const { key, value } of kept.set) own.push({ key: this.#key('own', key), value });
    for (const key of kept.gone) own.push({ key: this.#key('own', key) });
    const contacts = this.#contactChanges(state, now, wall);
    const stored = [
      ...this.#peerChanges(saved?.server.peers, state.server.peers, now, wall),
      ...this.#itemChanges(saved?.server.items, state.server.items, now, wall),
    ];
    const changes = [...own, ...contacts.changes, ...stored];
    return {
      changes,
      isOwn: own.length > 0,
      done: () => {
        this.#saved = state;
        this.#table = contacts.table;
        this.#contacts = contacts.written;
        this.#hasFormer = contacts.written.size > contacts.members;
      },
    };
  }

  #peerChanges(before: PeerStore | undefined, after: PeerStore, now: Instant, wall: number): Change[] {
    const changes: Change[] = [];
    const none = maps.emptyMap<never>();
    const old: PersistentMap<Torrent> = before?.torrents ?? none;
    const { set, gone } = maps.changes(old, after.torrents);
    const untilOf = (due: Instant): number => wall + due - after.ahead - now;
    for (const { key, value } of set) {
      const peers = maps.changes(maps.get(old, key)?.peers ?? none, value.peers);
      for (const peer of peers.set)
        changes.push({
          key: this.#key('peer', key, peer.key),
          value: { until: untilOf(peer.due), ...(isSeed(peer.value) && { seed: true }) },
        });
      for (const peer of peers.gone) changes.push({ key: this.#key('peer', key, peer) });
    }
    for (const key of gone) {
      for (const peer of maps.entries(maps.get(old, key)?.peers ?? none))
        changes.push({ key: this.#key('peer', key, peer.key) });
    }
    return changes;
  }

  /** `until` is left out where an item is kept for ever. */
  #itemChanges(before: ItemStore | undefined, after: ItemStore, now: Instant, wall: number): Change[] {
    const { set, gone } = maps.changes(before?.held ?? maps.emptyMap<never>(), after.held);
    const written = set.map(({ key, value: { record, own }, due }) => {
      const until = due === maps.NEVER ? undefined : { until: wall + due - after.ahead - now };
      return { key: this.#key('item', key), value: { item: record, own, ...until } };
    });
    return [...written, ...gone.map((key) => ({ key: this.#key('item', key) }))];
  }

  /**
   * Whoever is in the table, as it stands; and for as long as there are too few, whoever was: a node that cannot reach
   * anybody for a while must not forget whom it knew.
   */
  #contactChanges(
    state: MainlineState,
    now: Instant,
    wall: number,
  ): {
    readonly changes: Change[];
    readonly table: Table;
    readonly written: ReadonlyMap<Id, Written>;
    readonly members: number;
  } {
    const table = tableOf(state.routing);
    const isSettled = now - this.#since >= SETTLED;
    if (table === this.#table && !(isSettled && this.#hasFormer))
      return { changes: [], table, written: this.#contacts, members: tableSize(table) };
    const changes: Change[] = [];
    const members = new Map<Id, Written>();
    for (const { id, endpoint, age, roundTrip } of savedContacts(state, now)) {
      const seen = now - age;
      members.set(id, { endpoint, seen });
      const known = this.#contacts.get(id);
      if (known?.endpoint === endpoint && known.seen === seen) continue;
      const value = { endpoint, seen: wall - age, ...(roundTrip === undefined ? undefined : { roundTrip }) };
      changes.push({ key: this.#key('contact', id), value });
    }
    const former = [...this.#contacts].filter(([id]) => !members.has(id));
    const isRich = members.size >= state.config.bootstrap.minContacts;
    const left = isSettled && isRich ? 0 : Math.min(former.length, MAX_FORMER);
    for (const [id] of former.slice(0, former.length - left)) changes.push({ key: this.#key('contact', id) });
    const written = new Map([...former.slice(former.length - left), ...members]);
    return { changes, table, written, members: members.size };
  }

  #key(kind: 'own' | 'peer' | 'item' | 'contact', ...rest: readonly maps.Key[]): string {
    return keyOf(kind, this.#address, ...rest.map(String));
  }
}
