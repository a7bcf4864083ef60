/** Networks that live for hours: what idling costs, who stays, and what healing brings back. */
import {
  type Bucket,
  closest,
  compareDistance,
  contactsOf,
  DEFAULT_NODE,
  DEFAULT_PROBE,
  DEFAULT_REFRESH,
  emptyTable,
  type Id,
  insertContact,
  type NodeConfig,
  tableOf,
  tableSize,
} from '@xorrery/core';
import { Dice, rankContacts, seededContacts } from '@xorrery/testkit';
import { describe, expect, inject, it } from 'vitest';
import { Network } from './network.ts';
import { id8, numbers } from './support.ts';

const HOUR = 3_600_000;
const known = (net: Network, n: number): number[] => numbers(contactsOf(net.at(n).state)).sort((a, b) => a - b);

const grown = (members: readonly number[], changes: Partial<NodeConfig<null>> = {}): Network => {
  const net = new Network();
  for (const [i, n] of members.entries()) {
    net.add(n, changes);
    net.tell(n, { type: 'start', seeds: i === 0 ? [] : [`n${members[0]}`] });
    net.run(net.now + 1_000);
    for (const it of net.residents.values()) it.effects.length = 0;
  }
  net.run(net.now + 10_000);
  return net;
};

/** The nodes that a lookup for `target` at `n` ends with, nearest first. */
const found = (net: Network, n: number, id: string, target: Id, k: number): number[] => {
  const request = { ask: 'find', target } as const;
  net.at(n).effects.length = 0;
  net.tell(n, { type: 'lookup', id, kind: 'closest', target, request, settings: { k } });
  while (net.at(n).state.pool.running.size > 0 && net.at(n).effects.every((it) => !ended(it, id)))
    net.run(net.now + 200);
  const end = net.at(n).effects.find((it) => ended(it, id));
  return end?.type === 'query' && end.effect.type === 'finished' ? numbers(end.effect.report.closest) : [];
};
const ended = (
  it: { readonly type: string; readonly id?: string; readonly effect?: { readonly type: string } },
  id: string,
): boolean => it.type === 'query' && it.id === id && it.effect?.type === 'finished';
const distinct = (seed: number, count: number): number[] =>
  new Dice(seed).sample(
    Array.from({ length: 256 }, (_, i) => i),
    count,
  );

describe('50 idle healthy nodes', () => {
  it('[F32][U15] for 24 h: nobody is purged, and each wakes no oftener than its schedules have it', () => {
    const members = distinct(1, 50);
    const table = { ...DEFAULT_NODE.table, bucketSizes: [8], replacements: 8 };
    const net = grown(members, { table, query: { ...DEFAULT_NODE.query, k: 8 } });
    const before = members.map((n) => known(net, n));
    for (const it of net.residents.values()) it.wakes = 0;
    const hours = 24;
    for (let hour = 0; hour < hours; hour++) {
      net.run(net.now + HOUR);
      for (const n of members) {
        expect(net.said(n, 'contact-removed'), `node ${n}, hour ${hour}`).toEqual([]);
        net.at(n).effects.length = 0;
      }
    }
    members.forEach((n, i) => {
      expect(known(net, n)).toEqual(expect.arrayContaining(before[i] as number[]));
      const { state } = net.at(n);
      const size = tableSize(tableOf(state.routing));
      const depths = state.routing.refresh.due.length;
      // A check of each member a quarter, a look into each depth an hour at most, and what either brings with it.
      const bound = (HOUR / DEFAULT_PROBE.questionableAfter) * size + 2 * depths;
      expect(net.at(n).wakes / hours, `node ${n} with ${size} contacts`).toBeLessThanOrEqual(bound);
    });
    const perHour = members.map((n) => net.at(n).wakes / hours);
    const mean = perHour.reduce((a, b) => a + b, 0) / perHour.length;
    console.info(`wakes an hour: mean ${mean.toFixed(1)}, most ${Math.max(...perHour).toFixed(1)}`);
    expect(Math.max(...perHour)).toBeLessThanOrEqual(200);
  });
});

describe('a third of 50 nodes dies at once', () => {
  const seeds = 4 * inject('runs');

  it('[D20][R14] stale tables: every lookup ends with live nodes only, at the stated recall; healed by Probe and Refresh: exact', () => {
    const recall = { 8: [] as number[], 20: [] as number[] };
    for (let seed = 0; seed < seeds; seed++) {
      const members = distinct(seed, 50);
      const net = grown(members, { refresh: { ...DEFAULT_REFRESH, interval: HOUR / 4 } });
      const dice = new Dice(seed);
      const dead = dice.sample(members, 15);
      for (const n of dead) net.at(n).alive = false;
      const living = members.filter((n) => !dead.includes(n));
      const look = (asker: number, round: string, k: 8 | 20): number => {
        const target = dice.id(8);
        const truth = living
          .filter((n) => n !== asker)
          .sort((a, b) => compareDistance(target, id8(a), id8(b)))
          .slice(0, k);
        const list = found(net, asker, `${round}${k}`, target, k);
        expect(list.filter((n) => dead.includes(n))).toEqual([]);
        expect(new Set(list).size).toBe(list.length);
        return list.filter((n) => truth.includes(n)).length / truth.length;
      };
      const askers = dice.sample(living, 6);
      for (const asker of askers.slice(0, 3)) recall[8].push(look(asker, 'stale', 8));
      for (const asker of askers.slice(3)) recall[20].push(look(asker, 'stale', 20));
      // By then Probe has asked everybody twice, and Refresh has looked into each of eight depths.
      net.run(net.now + 2.2 * HOUR);
      for (const it of net.residents.values()) it.effects.length = 0;
      for (const n of living)
        expect(
          known(net, n).filter((it) => dead.includes(it)),
          `seed ${seed}`,
        ).toEqual([]);
      const healed = living.flatMap((n) => ([8, 20] as const).map((k) => look(n, 'healed', k)));
      expect(
        healed.filter((it) => it < 1),
        `seed ${seed}`,
      ).toEqual([]);
    }
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    console.info(`recall over stale tables: k 8 ${mean(recall[8]).toFixed(3)}, k 20 ${mean(recall[20]).toFixed(3)}`);
    expect(mean(recall[8])).toBeGreaterThanOrEqual(0.85);
    expect(mean(recall[20])).toBeGreaterThanOrEqual(0.7);
  });
});

describe('large tables', () => {
  const of = (count: number, size: number, policy: 'fixed' | 'split', self: Id) => {
    let table = emptyTable(self, {
      bucketPolicy: policy,
      bucketSizes: [size],
      replacements: 0,
      maxFailures: 2,
      caps: 'off',
    });
    for (const contact of seededContacts(count, 5)) table = insertContact(table, contact, 0)[0];
    return table;
  };

  it.each(['fixed', 'split'] as const)(
    '[F23][X22] policy %s: 600 of 600 targets that share 7 or 8 bits with our id are right in a table of 2,000',
    (policy) => {
      const dice = new Dice(3);
      const self = dice.id(160);
      const table = of(2_000, 2_000, policy, self);
      expect(tableSize(table)).toBe(2_000);
      const members = table.buckets.flatMap((it) => it.members);
      let right = 0;
      for (let i = 0; i < 600; i++) {
        const filler = dice.id(160);
        const bits = BigInt(`0x${self}`) ^ (1n << BigInt(159 - (i < 300 ? 7 : 8)));
        const keep = BigInt(160 - (i < 300 ? 8 : 9));
        const target = (((bits >> keep) << keep) | (BigInt(`0x${filler}`) & ((1n << keep) - 1n)))
          .toString(16)
          .padStart(40, '0') as Id;
        const truth = rankContacts(members, target).slice(0, 20);
        if (JSON.stringify(closest(table, target, 20)) === JSON.stringify(truth)) right++;
      }
      expect(right).toBe(600);
    },
  );

  it.each(['fixed', 'split'] as const)(
    '[X22] policy %s: closest visits the k it takes, one bucket more at most, and a few for each depth',
    (policy) => {
      const dice = new Dice(4);
      const self = dice.id(160);
      const visits = (count: number): number => {
        const table = of(count, 20, policy, self);
        let members = 0;
        const counted = table.buckets.map((bucket): Bucket => {
          const watch = new Proxy(bucket.members, {
            get: (list, key, receiver) => {
              if (typeof key === 'string' && /^\d+$/.test(key)) members++;
              return Reflect.get(list, key, receiver);
            },
          });
          return { ...bucket, members: watch };
        });
        let most = 0;
        for (let i = 0; i < 200; i++) {
          members = 0;
          closest({ ...table, buckets: counted }, dice.id(160), 20);
          most = Math.max(most, members);
        }
        return most;
      };
      const counts = [100, 1_000, 10_000].map(visits);
      // k = 20 and buckets of 20: 19 from some and 20 from the last.
      for (const it of counts) expect(it).toBeLessThanOrEqual(39);
    },
  );
});
