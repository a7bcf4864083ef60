/** What the table promises whatever is in it: order, ranges, leaves, and answers to those who come when it is full. */
import {
  bucketIndex,
  type Contact,
  closest,
  commonPrefix,
  compareDistance,
  contactFailed,
  distance,
  emptyTable,
  type Id,
  idInBucket,
  insertContact,
  makeTable,
  memberAt,
  memberOf,
  onLastChance,
  rehomed,
  removeContact,
  removeSpare,
  type Table,
  type TableConfig,
  tableContacts,
  tableSize,
} from '@xorrery/core';
import { anyContacts, anyId, rankContacts } from '@xorrery/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits, id8, node, numbers } from './support.ts';

const tableOf = (self: Id, changes: Partial<TableConfig> = {}): Table =>
  emptyTable(self, {
    bucketPolicy: 'split',
    bucketSizes: [2],
    replacements: 2,
    maxFailures: 2,
    caps: 'off',
    ...changes,
  });
const withAll = (table: Table, contacts: readonly Contact[]): Table =>
  contacts.reduce((it, contact, i) => insertContact(it, contact, i)[0], table);
const wide = (text: string, length = 40): Id => text.padEnd(length, '0') as Id;
const policies = ['fixed', 'split'] as const;

describe.each(policies)('[D18] any table, policy %s', (bucketPolicy) => {
  const inserts = fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 60 });

  it('[S55][S58] keeps each bucket by recency: an answer moves one entry to the end, and the others keep their order', () => {
    fc.assert(
      fc.property(inserts, fc.nat(), (all, pick) => {
        const table = withAll(tableOf(id8(0), { bucketPolicy, bucketSizes: [4] }), all.map(node));
        const members = tableContacts(table);
        if (members.length === 0) return;
        const touched = members[pick % members.length] as Contact;
        const [after] = insertContact(table, touched, 1_000);
        table.buckets.forEach((bucket, i) => {
          const rest = bucket.members.filter((it) => it !== touched);
          const expected = bucket.members.includes(touched) ? [...rest, touched] : rest;
          expect(after.buckets[i]?.members).toEqual(expected);
          expect(bucket.seen).toEqual(bucket.seen.toSorted((a, b) => a - b));
        });
      }),
    );
  });

  it('[R13] finds whoever is at an endpoint, and nobody else, however its members came and went', () => {
    const moves = fc.array(fc.tuple(fc.constantFrom('in', 'in', 'out', 'silent'), fc.integer({ min: 1, max: 255 })), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(moves, (all) => {
        let table = tableOf(id8(0), { bucketPolicy, bucketSizes: [8] });
        all.forEach(([move, n], now) => {
          if (move === 'in') [table] = insertContact(table, node(n), now);
          else if (move === 'out') table = removeContact(table, id8(n));
          else [table] = contactFailed(table, id8(n), now);
        });
        const members = new Set(tableContacts(table));
        for (let n = 1; n < 256; n++) {
          expect(memberAt(table, node(n).endpoint) !== undefined).toBe([...members].some((it) => it.id === id8(n)));
        }
        // What tells strangers apart depends on the members alone.
        expect(makeTable(table.self, table.config, table.buckets)).toEqual(table);
      }),
    );
  });

  it('[S58] silence moves nobody', () => {
    const table = withAll(tableOf(id8(0), { bucketPolicy, bucketSizes: [4] }), [128, 129, 130].map(node));
    const [after] = contactFailed(table, id8(129), 9);
    expect(after.buckets[0]?.members).toBe(table.buckets[0]?.members);
    expect(memberOf(after, id8(129))).toMatchObject({ failures: 1, seen: 1 });
  });

  it('[D02] a full bucket answers with whom to probe and changes no member until the verdict is in', () => {
    fc.assert(
      fc.property(inserts, fc.integer({ min: 1, max: 255 }), fc.boolean(), (all, n, alive) => {
        const table = withAll(tableOf(id8(0), { bucketPolicy, bucketSizes: [3] }), all.map(node));
        const [pending, insertion] = insertContact(table, node(n), 1_000);
        if (insertion.type !== 'full') return;
        // Looking for room, the split policy may have divided its last bucket; its members are the same.
        const bucket = bucketIndex(pending, id8(n));
        expect(insertion.leastRecent).toBe(pending.buckets[bucket]?.members[0]);
        expect(new Set(tableContacts(pending))).toEqual(new Set(tableContacts(table)));
        const { leastRecent } = insertion;
        if (alive) {
          const [kept] = insertContact(pending, leastRecent, 1_001);
          expect(new Set(tableContacts(kept))).toEqual(new Set(tableContacts(table)));
          expect(kept.buckets[bucket]?.members.at(-1)).toEqual(leastRecent);
        } else {
          const [left, change] = contactFailed(pending, leastRecent.id, 1_001);
          expect(change).toEqual({ removed: leastRecent, added: node(n) });
          expect(left.buckets[bucket]?.members.at(-1)).toEqual(node(n));
        }
      }),
    );
  });

  it('[S99] holds the same whatever the order, takes nobody twice, and shrinks by one on each removal', () => {
    fc.assert(
      fc.property(anyContacts({ max: 40 }), fc.nat(), (contacts, at) => {
        const self = contacts[0]?.id ?? id8(0);
        const roomy = tableOf(self, { bucketPolicy, bucketSizes: [200] });
        const table = withAll(roomy, contacts);
        const sorted = (it: Table): Contact[] => rankContacts(tableContacts(it), self);
        expect(sorted(withAll(roomy, contacts.toReversed()))).toEqual(sorted(table));
        expect(tableSize(withAll(table, contacts))).toBe(Math.max(0, contacts.length - 1));
        const [gone] = sorted(table).slice(at % Math.max(1, tableSize(table)));
        if (gone !== undefined) expect(tableSize(removeContact(table, gone.id))).toBe(tableSize(table) - 1);
      }),
    );
  });

  it('[S95] the nearest three are kept whatever the order; one at the distance of the third is no nearer', () => {
    fc.assert(
      fc.property(anyContacts({ min: 1, max: 30 }), anyId(8), (contacts, target) => {
        const table = withAll(tableOf(id8(0), { bucketPolicy, bucketSizes: [200] }), contacts);
        const found = closest(table, target, 3);
        expect(found).toEqual(rankContacts(tableContacts(table), target).slice(0, 3));
        const third = found[2];
        if (third === undefined) return;
        const again = insertContact(table, third, 99)[0];
        expect(closest(again, target, 3)).toEqual(found);
        expect(compareDistance(target, third.id, third.id)).toBe(0);
      }),
    );
    expect(closest(tableOf(id8(0), { bucketPolicy }), id8(9), 3)).toEqual([]);
  });

  it('[S99] keys by their prefixes: for target 0 the nearest come in order, and each depth is counted', () => {
    const ids = ['00010000', '00010100', '00011000', '00100000', '00110000', '01000000', '01100000', '10000000'];
    const contacts = ids.map((text) => ({ id: bits(text), endpoint: text }));
    const table = withAll(tableOf(bits('00000000'), { bucketPolicy, bucketSizes: [8] }), contacts.toReversed());
    expect(closest(table, bits('00000000'), 8).map((it) => it.endpoint)).toEqual(ids);
    const depths = (texts: readonly string[]): number[] => {
      const all = texts.map((text) => ({ id: bits(text.padEnd(8, '0')), endpoint: text }));
      const sparse = withAll(tableOf(bits('00000000'), { bucketPolicy: 'fixed', bucketSizes: [8] }), all);
      return sparse.buckets.map((bucket) => bucket.members.length);
    };
    const prefixes = ['0110', '0101', '00101', '00111', '000100', '000101', '000110', '000111'];
    expect(depths(prefixes)).toEqual([0, 2, 2, 4]);
  });

  it('[R13] the door of a member that shows another id: the entry goes, wherever the new one ends up', () => {
    fc.assert(
      fc.property(inserts, fc.integer({ min: 0, max: 255 }), fc.nat(), (all, n, pick) => {
        const table = withAll(tableOf(id8(0), { bucketPolicy, bucketSizes: [3] }), all.map(node));
        const old = tableContacts(table)[pick % Math.max(1, tableSize(table))];
        if (old === undefined || memberOf(table, id8(n)) !== undefined || n === 0) return;
        const [after, insertion] = insertContact(table, { id: id8(n), endpoint: old.endpoint }, 1_000);
        expect(insertion).toMatchObject({ removed: old });
        expect(memberOf(after, old.id)).toBeUndefined();
        expect(tableContacts(after).filter((it) => it.endpoint === old.endpoint).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('[S66][U12] moved under another id it holds nobody new, in the old order, within sizes and groups', () => {
    const groupOf = (endpoint: string) => ({
      host: endpoint,
      network: `${Number(endpoint.slice(1)) % 16}`,
      local: false,
    });
    const caps = { hostInBucket: 1, hostInTable: 1, networkInBucket: 1, networkInTable: 4 };
    fc.assert(
      fc.property(inserts, anyId(8), (all, self) => {
        let table = tableOf(id8(0), { bucketPolicy, bucketSizes: [4], caps });
        all.forEach((n, i) => {
          table = insertContact(table, node(n), i, groupOf)[0];
        });
        const moved = rehomed(table, self, groupOf);
        for (const { members, seen } of moved.buckets) {
          expect(members.length).toBeLessThanOrEqual(4);
          expect(new Set(members.map((it) => groupOf(it.endpoint).network)).size).toBe(members.length);
          members.forEach((it, i) => {
            expect(memberOf(table, it.id)?.seen).toBe(seen[i]);
          });
        }
        if (all.length > 0) expect(tableSize(moved)).toBeGreaterThanOrEqual(tableSize(table) > 1 ? 1 : 0);
      }),
    );
  });

  it('[J79] a member on its last chance goes on the next failure, and an answer gives it the usual number again', () => {
    const table = onLastChance(withAll(tableOf(id8(0), { bucketPolicy }), [node(4), node(9)]), id8(4));
    expect(contactFailed(table, id8(4), 9)[1]).toEqual({ removed: node(4) });
    const [after] = insertContact(table, node(4), 8);
    expect(contactFailed(after, id8(4), 9)[1]).toEqual({});
    expect(onLastChance(table, id8(77))).toBe(table);
    expect(contactFailed(table, id8(9), 9)[1]).toEqual({});
  });

  it('a spare that turned out to be gone waits no longer', () => {
    const table = withAll(tableOf(id8(0), { bucketPolicy, bucketSizes: [1] }), [1, 128, 129].map(node));
    const left = removeSpare(table, node(129));
    expect(contactFailed(left, id8(128), 1)[1]).toEqual({});
    expect(removeSpare(left, node(129))).toBe(left);
  });
});

describe('bucket ranges', () => {
  it('[S59][D01] tile all distances from 1 to 2^256 - 1, and an id made for one lies in it', () => {
    fc.assert(
      fc.property(anyId(256), anyId(256), fc.integer({ min: 0, max: 255 }), (self, filler, depth) => {
        const table = tableOf(self, { bucketPolicy: 'fixed' });
        const at = (away: bigint): number => {
          const id = (BigInt(`0x${self}`) ^ away).toString(16).padStart(64, '0') as Id;
          return bucketIndex(table, id);
        };
        const [least, most] = [2n ** BigInt(255 - depth), 2n ** BigInt(256 - depth) - 1n];
        expect([at(least), at(most)]).toEqual([depth, depth]);
        expect(at(least - 1n)).toBe(depth === 255 ? -1 : depth + 1);
        if (depth > 0) expect(at(most + 1n)).toBe(depth - 1);
        const away = BigInt(`0x${distance(self, idInBucket(self, depth, filler))}`);
        expect(away >= least && away <= most).toBe(true);
        expect(at(0n)).toBe(-1);
      }),
    );
  });

  it('[S100] the first differing bit, by published vectors', () => {
    const ones = wide('f'.repeat(40));
    const rows: [Id, Id, number][] = [
      [ones, wide(''), 0],
      [ones, wide(`7${'f'.repeat(39)}`), 0],
      [ones, wide(`${'f'.repeat(39)}e`), 159],
      [wide('8'), wide(`${'f'.repeat(39)}e`), 1],
      [wide('c'), wide(`${'f'.repeat(39)}e`), 2],
      [wide('e'), wide(`${'f'.repeat(39)}e`), 3],
      [wide('f'), wide(`${'f'.repeat(39)}e`), 4],
      [ones, ones, 160],
      // Masks of so many bits share exactly those with all ones.
      [ones, wide('ffe'), 11],
      [ones, wide('ffff8'), 17],
      [ones, wide('fffffffff8'), 37],
    ];
    for (const [a, b, shared] of rows) expect([commonPrefix(a, b), commonPrefix(b, a)]).toEqual([shared, shared]);
    expect(numbers([4, 8, 16, 32].map((n) => ({ id: distance(id8(1), id8(n)), endpoint: '' })))).toEqual([
      5, 9, 17, 33,
    ]);
  });
});
