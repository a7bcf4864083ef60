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
  hasRoomFor,
  type Id,
  idInBucket,
  insertContact,
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
import { anyContacts, anyId, contactOf, rankContacts } from '@xorrery/testkit';
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
        const bucket = bucketIndex(table, id8(n));
        expect(insertion.leastRecent).toBe(table.buckets[bucket]?.members[0]);
        expect(tableContacts(pending)).toEqual(tableContacts(table));
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

describe('leaves of the split policy', () => {
  const filled = (self: Id, sizes: readonly number[], ids: readonly Id[]): Table =>
    withAll(
      tableOf(self, { bucketSizes: sizes }),
      ids.map((id, i) => contactOf(i, id)),
    );

  it('[T30][U10] each is a prefix and a depth: all its members share it, none has more than its size, only the last splits', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(anyId(8), sizes, anyContacts({ max: 80 }), (self, bucketSizes, contacts) => {
        let table = tableOf(self, { bucketSizes });
        for (const [i, contact] of contacts.entries()) {
          const room = hasRoomFor(table, contact.id);
          const [after, { type }] = insertContact(table, contact, i);
          expect(type === 'added' || type === 'split').toBe(room);
          expect(after.buckets.slice(0, table.buckets.length - 1).map((it) => it.members.length)).toEqual(
            table.buckets
              .slice(0, -1)
              .map((it, depth) => it.members.length + (room && commonPrefix(self, contact.id) === depth ? 1 : 0)),
          );
          table = after;
        }
        const last = table.buckets.length - 1;
        table.buckets.forEach(({ members }, depth) => {
          const size = bucketSizes[Math.min(depth, bucketSizes.length - 1)] as number;
          expect(members.length, `depth ${depth} of ${last}`).toBeLessThanOrEqual(size);
          for (const { id } of members) {
            const shared = commonPrefix(self, id);
            expect(depth === last ? shared >= last : shared === depth).toBe(true);
          }
        });
      }),
    );
  });

  it('[U10] a crowd at one depth cannot swell its bucket: large first buckets do not let it in through the undivided one', () => {
    const crowd = Array.from({ length: 16 }, (_, i) => wide(`08${i.toString(16)}`));
    const others = Array.from({ length: 16 }, (_, i) => wide(`8${i.toString(16)}`));
    const table = filled(wide(''), [16, 8, 4, 2], [...crowd, ...others]);
    expect(table.buckets.map((bucket) => bucket.members.length)).toEqual([16, 0, 0, 0, 2, 0]);
  });

  it('[S64] 256 ids that differ in the first byte, the farthest first: six buckets are in use', () => {
    const ids = Array.from({ length: 256 }, (_, i) => wide(`${(255 - i).toString(16).padStart(2, '0')}01`));
    const table = filled(wide(''), [8], ids);
    expect(table.buckets.map((bucket) => bucket.members.length)).toEqual([8, 8, 8, 8, 8, 8]);
  });

  it('[S65] 32 ids crowded to one side, in rising order: few buckets are in use (one more of ours: it also splits an empty half off)', () => {
    const ids = Array.from({ length: 32 }, (_, i) => wide(((i << 3) | 2).toString(16).padStart(2, '0')));
    const inUse = (k: number): number[] => {
      const { buckets } = filled(wide('12'), [k], ids);
      return buckets.map((bucket) => bucket.members.length).filter((count) => count > 0);
    };
    expect(inUse(8)).toEqual([8, 8, 7]);
    expect(inUse(2)).toEqual([2, 2, 2, 2, 1]);
  });

  it('[S69] a split is of use only where those present and the newcomer do not all share its bit', () => {
    const isOfUse = (present: readonly string[], newcomer: string): boolean =>
      hasRoomFor(
        filled(
          wide(''),
          [Math.max(1, present.length)],
          present.map((it) => wide(it)),
        ),
        wide(newcomer),
      );
    expect(isOfUse(['8', 'f'], '81')).toBe(false);
    expect(isOfUse(['8', '01'], '81')).toBe(true);
    expect(isOfUse(['08', '001'], '081')).toBe(true);
    expect(isOfUse(['0007', '0004'], '0005')).toBe(false);
    expect(isOfUse([], '8')).toBe(true);
  });

  it('[S93] the leaves around our own id are those of a prefix tree; the far half stays one', () => {
    const prefixes = ['00010', '00011', '00111', '01000', '11111', '11110', '10111', '11001'];
    const table = withAll(
      tableOf(bits('00000000')),
      prefixes.map((text) => ({ id: bits(text.padEnd(8, '0')), endpoint: text })),
    );
    const leaves = table.buckets.map(({ members }) => members.map((it) => it.endpoint));
    expect(leaves).toEqual([['11111', '11110'], ['01000'], ['00010', '00011', '00111'].slice(2), ['00010', '00011']]);
    expect(table.buckets[0]?.spares.map((it) => it.endpoint)).toEqual(['10111', '11001']);
  });
});
