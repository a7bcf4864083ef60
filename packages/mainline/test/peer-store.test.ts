import type { Id, Instant } from '@xorrery/core';
import { ConfigError } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  announced,
  DEFAULT_PEER_STORE,
  emptyPeerStore,
  nextExpiry,
  type PeerStore,
  type PeerStoreConfig,
  peerStoreSize,
  peersOf,
  withoutExpired,
} from '../src/peer-store.ts';

const hash = (n: number): Id => n.toString(16).padStart(40, '0') as Id;
const empty = (changes: Partial<PeerStoreConfig> = {}): PeerStore =>
  emptyPeerStore({ ...DEFAULT_PEER_STORE, ...changes });
const keys = (store: PeerStore, n: number): string[] =>
  peersOf(store, hash(n))
    .map((it) => it.key)
    .sort();

describe('announced peers', () => {
  it('[J71] live their lifetime, and are gone at its end without being read', () => {
    const store = announced(empty({ peerLifetime: 100 }), hash(1), 'p', 5);
    expect(nextExpiry(store)).toBe(105);
    expect(withoutExpired(store, 104)).toBe(store);
    const after = withoutExpired(store, 105);
    expect([peerStoreSize(after), nextExpiry(after)]).toEqual([{ torrents: 0, peers: 0 }, undefined]);
  });

  it('[J71] announced again, a peer lives longer and is still one peer', () => {
    const twice = announced(announced(empty({ peerLifetime: 100 }), hash(1), 'p', 0), hash(1), 'p', 60);
    expect(peerStoreSize(withoutExpired(twice, 100))).toEqual({ torrents: 1, peers: 1 });
    expect(nextExpiry(twice)).toBe(160);
  });

  it('[J71] a full torrent lets its oldest peer go', () => {
    let store = empty({ maxPeersPerTorrent: 2 });
    for (const [at, peer] of ['a', 'b', 'c'].entries()) store = announced(store, hash(1), peer, at);
    expect(keys(store, 1)).toEqual(['b', 'c']);
    expect(store.evicted).toBe(1);
    expect(announced(store, hash(1), 'c', 9).evicted).toBe(1);
  });

  it('[J71] a full store lets the torrent announced longest ago go', () => {
    let store = empty({ maxTorrents: 2 });
    for (const n of [1, 2, 3]) store = announced(store, hash(n), 'p', n);
    expect([keys(store, 1), keys(store, 2), keys(store, 3)]).toEqual([[], ['p'], ['p']]);
  });

  it('hands out at most maxPeersPerReply, and all of them in turn', () => {
    let store = empty({ maxPeersPerReply: 3 });
    const seen = new Set<string>();
    for (let i = 0; i < 10; i++) store = announced(store, hash(1), `p${i}`, 0);
    for (let i = 0; i < 10; i++) {
      store = announced(store, hash(1), 'p0', 0);
      const reply = peersOf(store, hash(1)).map((it) => it.key);
      expect(new Set(reply).size).toBe(3);
      for (const key of reply) seen.add(key);
    }
    expect(seen.size).toBe(10);
  });

  it('[J71][U02] agrees with a plain model, and never passes its limits', () => {
    const step = fc.record({ torrent: fc.nat(4), peer: fc.nat(4), wait: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let store = empty({ peerLifetime: 50, maxTorrents: 100, maxPeersPerTorrent: 100 });
        const model = new Map<string, Instant>();
        let now = 0;
        for (const { torrent, peer, wait } of steps) {
          now += wait;
          store = announced(withoutExpired(store, now), hash(torrent), `p${peer}`, now);
          model.set(`${torrent} p${peer}`, now + 50);
          const alive = [...model].filter(([, due]) => due > now).map(([key]) => key);
          const held = [0, 1, 2, 3, 4].flatMap((n) => keys(store, n).map((key) => `${n} ${key}`));
          expect(held.sort()).toEqual(alive.sort());
        }
        expect(peerStoreSize(withoutExpired(store, now + 50))).toEqual({ torrents: 0, peers: 0 });
      }),
    );
  });

  it('[G15] forgets at most 1,000 peers in a step; the rest is due right after', () => {
    let store = empty({ peerLifetime: 10, maxPeersPerTorrent: 2_500 });
    for (let i = 0; i < 2_500; i++) store = announced(store, hash(i % 2), `p${i}`, 0);
    const left: number[] = [];
    for (let now = 10; peerStoreSize(store).peers > 0; now = nextExpiry(store) ?? now) {
      store = withoutExpired(store, now);
      left.push(peerStoreSize(store).peers);
      expect(nextExpiry(store) ?? now + 1).toBe(now + 1);
    }
    expect(left).toEqual([1_500, 500, 0]);
  });

  it.each(['peerLifetime', 'maxTorrents', 'maxPeersPerTorrent', 'maxPeersPerReply'] as const)(
    '[Z14] a bad %s is a ConfigError that names it',
    (field) => {
      expect(() => empty({ [field]: 0 })).toThrow(ConfigError);
      expect(() => empty({ [field]: 0 })).toThrow(`peers.${field}`);
    },
  );
});
