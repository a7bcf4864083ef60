/** What is written of a node, and what is read of it again: entries, the journal of changes, and damage. No files. */
import {
  maps,
  type NodeState,
  offerRecord,
  type PublishEvent,
  removeContact,
  restoreNode,
  type SavedRecord,
  saveRecords,
  tableOf,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Item, targetOf } from '../src/item.ts';
import { ITEM_RULES } from '../src/item-store.ts';
import type { Mainline } from '../src/messages.ts';
import { announced, DEFAULT_PEER_STORE, emptyPeerStore } from '../src/peer-store.ts';
import { MAINLINE_DEFAULTS, mainline } from '../src/profile.ts';
import { keyOf, readKey, readText, textOf } from '../src/state/entry.ts';
import { fromLevel, fromSystem } from '../src/state/errors.ts';
import { Journal } from '../src/state/journal.ts';
import { Findings, type Found, snapshotFrom } from '../src/state/restore.ts';
import {
  expireStore,
  type MainlineStore,
  type MainlineStoreConfig,
  storeSlept,
  withItems,
  withPeers,
} from '../src/store.ts';
import { at, Bench, idOf, node } from './mainline-bench.ts';

type State = NodeState<Mainline, MainlineStoreConfig, MainlineStore>;

const WALL = 1_700_000_000_000;

describe('an entry', () => {
  it('comes back as it was, and with any character changed it does not come back at all', () => {
    const key = keyOf('peer', '::', idOf(1), '[2001:db8::1]:6881');
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), fc.nat(255), (value, place, code) => {
        const text = textOf(key, value);
        expect(readText(key, text)).toEqual(JSON.parse(JSON.stringify(value)));
        const i = place % text.length;
        const changed = `${text.slice(0, i)}${String.fromCharCode(code)}${text.slice(i + 1)}`;
        // The character between checksum and JSON says nothing.
        if (changed !== text && i !== 10) expect(readText(key, changed)).toBeUndefined();
        expect(readText(key, text.slice(0, i))).toBeUndefined();
        expect(readText(`${key}0`, text)).toBeUndefined();
      }),
    );
  });

  it('says what it is and whose, whatever the address looks like', () => {
    for (const address of ['0.0.0.0', '::', 'fe80::1%eth0', 'a/b %2F']) {
      expect(readKey(keyOf('own', address, 'x'))).toEqual({ kind: 'own', address, rest: ['x'] });
    }
    for (const key of ['', 'meta', 'own', 'other/x/y', 'own/%zz/x']) expect(readKey(key)).toBeUndefined();
  });
});

const findingsIn = (entries: readonly { key: string; value: unknown }[], wall: number): Findings => {
  const findings = new Findings(wall);
  for (const { key, value } of entries) findings.take(key, value);
  return findings;
};

/** A store in memory, and a node whose changes go there. */
class Disk {
  readonly bench = new Bench();
  readonly entries = new Map<string, string>();
  readonly journal = new Journal('h', [], undefined, 0);
  batches: string[][] = [];
  isOwn = false;

  constructor() {
    this.save(true);
  }

  save(isFirst = false): void {
    const { state, now } = this.bench;
    const { changes, isOwn, done } = this.journal.plan(state, now, WALL + now, isFirst);
    for (const { key, value } of changes) {
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, textOf(key, value));
    }
    this.isOwn = isOwn;
    this.batches.push(changes.map((it) => it.key));
    done();
  }

  announce(n: number, peer: number): void {
    const { state, now } = this.bench;
    this.change({ server: withPeers(state.server, announced(state.server.peers, idOf(n), at(peer), now, n === 3)) });
  }

  put(item: Item, own = false): void {
    const { server } = this.bench.state;
    const offered = offerRecord(server.items, ITEM_RULES, targetOf(item), item, { own }, this.bench.now);
    this.change({ server: withItems(server, offered[0]) });
  }

  change(changes: Partial<State>): void {
    this.bench.state = { ...this.bench.state, ...changes };
  }

  read(): Found {
    const all = [...this.entries].map(([key, text]) => ({ key, value: readText(key, text) }));
    const { found, damaged } = findingsIn(all, WALL + this.bench.now);
    expect(damaged).toBe(0);
    return found.get('h') as Found;
  }

  get last(): string[] {
    return this.batches.at(-1) as string[];
  }
}

const itemOf = (n: number): Item => ({ type: 'immutable', value: Buffer.from(`3:a0${n}`).toString('hex') });

const publish = (n: number): PublishEvent<Mainline> => ({
  type: 'publish',
  id: `p${n}`,
  target: idOf(n),
  find: { method: 'get_peers', infoHash: idOf(n) },
  store: { method: 'announce_peer', infoHash: idOf(n), port: 1, impliedPort: false, token: '' },
  every: 900_000,
});

describe('the journal', () => {
  it('[X25] writes what changed and nothing else', () => {
    const disk = new Disk();
    const { bench } = disk;
    expect(disk.last).toEqual([keyOf('id', 'h')]);
    expect(disk.isOwn).toBe(true);
    disk.save();
    expect(disk.last).toEqual([]);
    disk.announce(5, 1);
    disk.save();
    expect([disk.last, disk.isOwn]).toEqual([[keyOf('peer', 'h', idOf(5), at(1))], false]);
    disk.announce(5, 2);
    disk.change({ kept: maps.set(bench.state.kept, idOf(9), publish(9)) });
    disk.save();
    expect(disk.last).toEqual([keyOf('own', 'h', idOf(9)), keyOf('peer', 'h', idOf(5), at(2))]);
    expect(disk.isOwn).toBe(true);
    bench.meet(node(3));
    disk.save();
    expect(disk.last).toEqual([keyOf('contact', 'h', idOf(3))]);
    disk.change({ config: { ...bench.state.config, self: idOf(77) } });
    disk.save();
    expect([disk.last, disk.read().id]).toEqual([[keyOf('id', 'h')], idOf(77)]);
  });

  it('what could not be written is found again the next time', () => {
    const disk = new Disk();
    const { bench, journal } = disk;
    disk.change({ kept: maps.set(bench.state.kept, idOf(9), publish(9)) });
    journal.plan(bench.state, 0, WALL);
    disk.announce(5, 1);
    disk.save();
    expect(disk.last).toEqual([keyOf('own', 'h', idOf(9)), keyOf('peer', 'h', idOf(5), at(1))]);
  });

  it('[X25][F43] whatever happens, the store says what the state says, down to the lifetimes', () => {
    const deed = fc.record({
      what: fc.constantFrom('announce', 'put', 'publish', 'unpublish', 'expire', 'sleep', 'save'),
      n: fc.nat(6),
      peer: fc.nat(4),
      ms: fc.nat(900_000),
    });
    const server = { ...DEFAULT_PEER_STORE, maxTorrents: 4, maxPeersPerTorrent: 3 };
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const disk = new Disk();
        const { bench } = disk;
        disk.change({ server: withPeers(bench.state.server, emptyPeerStore(server)) });
        for (const { what, n, peer, ms } of deeds) {
          const { state } = bench;
          if (what === 'announce') disk.announce(n, peer);
          else if (what === 'put') disk.put(itemOf(n), peer === 0);
          else if (what === 'publish') disk.change({ kept: maps.set(state.kept, idOf(n), publish(n)) });
          else if (what === 'unpublish') disk.change({ kept: maps.remove(state.kept, idOf(n)) });
          else if (what === 'sleep') disk.change({ server: storeSlept(state.server, ms) });
          else if (what === 'save') disk.save();
          else bench.now += ms;
          disk.change({ server: expireStore(bench.state.server, bench.now) });
        }
        disk.save();
        const { state, now } = bench;
        const { own, peers, items, id } = disk.read();
        expect(id).toBe(idOf(0));
        expect(new Set(own)).toEqual(new Set(maps.entries(state.kept).map((it) => it.value)));
        // Here the host's time does not go on while it sleeps, as it does in truth.
        const slept = deeds.some((it) => it.what === 'sleep');
        const livesOf = (all: readonly SavedRecord<Item>[]) =>
          new Map(all.map(([target, , left, mine]) => [target, [slept ? 1 : left, mine]]));
        expect(livesOf(items)).toEqual(livesOf(saveRecords(state.server.items, now)));
        const held = maps
          .entries(state.server.peers.torrents)
          .map(({ key, value }) => [
            key,
            new Map(
              maps.entries(value.peers).map((it) => [it.key, slept ? 1 : it.due - state.server.peers.ahead - now]),
            ),
          ]);
        const found = [...peers].map(([key, { endpoints, left }]) => [
          key,
          new Map(endpoints.map((endpoint, i) => [endpoint, slept ? 1 : left[i]])),
        ]);
        expect(new Map(found as [string, unknown][])).toEqual(new Map(held as [string, unknown][]));
      }),
    );
  });

  it('[X25] keeps whom it knew while there are too few to do without, and forgets them once there are enough', () => {
    const disk = new Disk();
    const { bench } = disk;
    const some = Array.from({ length: 12 }, (_, i) => node(i + 1));
    bench.meet(...some);
    disk.save();
    const known = () =>
      disk
        .read()
        .contacts.map((it) => it.id)
        .toSorted();
    expect(known()).toEqual(some.map((it) => it.id));
    const leave = (count: number): void => {
      const { routing } = bench.state;
      const table = some.slice(0, count).reduce((it, { id }) => removeContact(it, id), tableOf(routing));
      disk.change({ routing: { ...routing, probe: { ...routing.probe, table } } });
    };
    leave(1);
    disk.save();
    expect(known()).toHaveLength(12);
    bench.now = 900_000;
    disk.save();
    expect(known()).toHaveLength(11);
    leave(12);
    disk.save();
    expect([bench.members, known()]).toEqual([[], some.slice(1).map((it) => it.id)]);
  });
});

describe('what is read again', () => {
  it('[J81] damaged entries are left out one by one, and counted; the id survives', () => {
    const disk = new Disk();
    disk.bench.meet(node(1), node(2), node(3));
    disk.change({
      kept: maps.set(maps.set(maps.emptyMap(), idOf(8), publish(8)), idOf(9), publish(9)),
    });
    disk.announce(5, 1);
    disk.announce(5, 2);
    disk.put(itemOf(1));
    disk.put(itemOf(2));
    disk.save();
    const lost = keyOf('item', 'h', targetOf(itemOf(2)));
    const spoilt = [
      lost,
      keyOf('contact', 'h', idOf(2)),
      keyOf('own', 'h', idOf(8)),
      keyOf('peer', 'h', idOf(5), at(1)),
    ];
    const all = [...disk.entries].map(([key, text]) => ({
      key,
      value: readText(key, spoilt.includes(key) ? text.replace('"', "'") : text),
    }));
    const { found, damaged, useless } = findingsIn(all, WALL);
    const it = found.get('h') as Found;
    expect([it.id, damaged, new Set(useless)]).toEqual([idOf(0), 4, new Set(spoilt)]);
    const state = restoreNode(
      mainline,
      { ...MAINLINE_DEFAULTS, self: idOf(7), seed: 1 },
      snapshotFrom(it, idOf(0), WALL),
      0,
      WALL,
    );
    expect(state.config.self).toBe(idOf(0));
    expect(state.restored.map((known) => known.id).toSorted()).toEqual([idOf(1), idOf(3)]);
    expect(maps.entries(state.kept).map((kept) => kept.key)).toEqual([idOf(9)]);
    expect(maps.entries(state.server.items.held).map((held) => held.key)).toEqual([targetOf(itemOf(1))]);
    expect(maps.entries(state.server.peers.torrents).map((torrent) => torrent.value.peers.size)).toEqual([1]);
  });

  it.each([
    ['id', ['x'], { id: 'zz' }],
    ['contact', ['zz'], { endpoint: 'a', seen: 1 }],
    ['contact', [idOf(1)], { endpoint: 4, seen: 1 }],
    ['contact', [idOf(1)], { endpoint: 'a', seen: 'now' }],
    ['contact', [idOf(1)], null],
    ['peer', [idOf(1)], { until: WALL + 5 }],
    ['peer', [idOf(1), at(1)], { until: -1 }],
    ['peer', ['zz', at(1)], { until: WALL + 5 }],
    ['item', [idOf(1)], { item: { type: 'immutable', value: '00' }, own: false, until: WALL + 5 }],
    ['item', [idOf(1)], { item: null, own: false }],
    ['item', [idOf(1)], { item: { type: 'other' }, own: true }],
    ['own', [idOf(1)], { ...publish(1), every: 0 }],
    ['own', [idOf(2)], publish(1)],
    ['own', [idOf(1)], { ...publish(1), find: null }],
    ['own', [idOf(1)], { ...publish(1), store: { method: 4 } }],
    ['own', [idOf(1)], [1]],
  ] as const)('[J81] %s/%j with %j is damaged, though its checksum is right', (kind, rest, value) => {
    const { damaged, useless } = findingsIn([{ key: keyOf(kind, 'h', ...rest), value }], WALL);
    expect([damaged, useless.length]).toEqual([1, 1]);
  });

  it('[U11] what has expired meanwhile is taken out, and is no damage; keys of others are left alone', () => {
    const key = keyOf('peer', 'h', idOf(1), at(1));
    expect(findingsIn([{ key, value: { until: WALL } }], WALL)).toMatchObject({ damaged: 0, useless: [key] });
    expect(findingsIn([{ key: 'theirs', value: 1 }], WALL)).toMatchObject({ damaged: 0, useless: [] });
  });

  it('[U11] a contact’s age is what has passed since it answered, however often it was saved between', () => {
    const disk = new Disk();
    disk.bench.meet(node(1));
    disk.save();
    disk.bench.now = 50_000;
    disk.save();
    const all = [...disk.entries].map(([key, text]) => ({ key, value: readText(key, text) }));
    const later = findingsIn(all, WALL + 86_400_000).found.get('h');
    expect(later?.contacts).toMatchObject([{ id: idOf(1), endpoint: at(1), age: 86_400_000 }]);
    const back = findingsIn(all, WALL - 86_400_000).found.get('h');
    expect(back?.contacts).toMatchObject([{ age: 0 }]);
  });
});

describe('errors of the directory', () => {
  it.each([
    ['EACCES', 'permission'],
    ['EROFS', 'read-only'],
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['ENOTDIR', 'not-a-directory'],
    ['EIO', 'failed'],
  ])('%s is %s, in one line that names it', (code, kind) => {
    const error = fromSystem('/a/b', Object.assign(new Error('x'), { code }));
    expect([error.code, error.directory]).toEqual([kind, '/a/b']);
    expect(error.message).toMatch(/^cannot keep state in '\/a\/b': [^\n]+$/);
  });

  it.each([
    ['LEVEL_LOCKED', 'IO error: lock /x/LOCK: Resource temporarily unavailable', 'in-use'],
    ['LEVEL_IO_ERROR', 'IO error: /x/000003.log: No space left on device', 'full'],
    ['LEVEL_IO_ERROR', 'IO error: /x/LOCK: Read-only file system', 'read-only'],
    ['LEVEL_IO_ERROR', 'IO error: /x/LOCK: Permission denied', 'permission'],
    ['LEVEL_IO_ERROR', 'IO error: /x/LOG: Too many open files', 'failed'],
    ['LEVEL_IO_ERROR', 'IO error: /x/MANIFEST-000002: No such file or directory', undefined],
    ['LEVEL_CORRUPTION', 'Corruption: no meta-nextfile entry in descriptor', undefined],
    ['LEVEL_DATABASE_NOT_OPEN', 'Database is not open', 'failed'],
  ])('%s, %s: %s', (code, message, kind) => {
    const cause = Object.assign(new Error(message), { code });
    expect(fromLevel('/x', Object.assign(new Error('outer'), { cause }))?.code).toBe(kind);
  });
});
