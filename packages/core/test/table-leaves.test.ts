/** The leaves of the split policy: what they hold, and when one splits. */
import { type Contact, commonPrefix, emptyTable, hasRoomFor, type Id, insertContact, type Table } from '@xorrery/core';
import { anyContacts, anyId, contactOf } from '@xorrery/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits } from './support.ts';

const split = (self: Id, bucketSizes: readonly number[]): Table =>
  emptyTable(self, { bucketPolicy: 'split', bucketSizes, replacements: 2, maxFailures: 2, caps: 'off' });
const withAll = (table: Table, contacts: readonly Contact[]): Table =>
  contacts.reduce((it, contact, i) => insertContact(it, contact, i)[0], table);
const wide = (text: string): Id => text.padEnd(40, '0') as Id;

describe('leaves of the split policy', () => {
  const filled = (self: Id, sizes: readonly number[], ids: readonly Id[]): Table =>
    withAll(
      split(self, sizes),
      ids.map((id, i) => contactOf(i, id)),
    );

  it('[T30][U10] each is a prefix and a depth: all its members share it, none has more than its size, only the last splits', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(anyId(8), sizes, anyContacts({ max: 80 }), (self, bucketSizes, contacts) => {
        let table = split(self, bucketSizes);
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
      split(bits('00000000'), [2]),
      prefixes.map((text) => ({ id: bits(text.padEnd(8, '0')), endpoint: text })),
    );
    const leaves = table.buckets.map(({ members }) => members.map((it) => it.endpoint));
    expect(leaves).toEqual([['11111', '11110'], ['01000'], ['00010', '00011', '00111'].slice(2), ['00010', '00011']]);
    expect(table.buckets[0]?.spares.map((it) => it.endpoint)).toEqual(['10111', '11001']);
  });
});
