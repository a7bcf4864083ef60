import {
  ConfigError,
  type Contact,
  closest,
  commonPrefix,
  compareDistance,
  contactFailed,
  emptyTable,
  hasRoomFor,
  idInBucket,
  insertContact,
  memberOf,
  nextId,
  type Random,
  removeContact,
  seedRandom,
  type Table,
  type TableConfig,
  tableContacts,
  tableSize,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { bits, id8, node, numbers } from './support.ts';

const policies = ['fixed', 'split'] as const;
const tableConfig = (changes: Partial<TableConfig> = {}): TableConfig => ({
  bucketPolicy: 'fixed',
  bucketSizes: [2],
  replacements: 2,
  maxFailures: 2,
  caps: 'off',
  ...changes,
});

const withAll = (table: Table, contacts: readonly Contact[]): Table =>
  contacts.reduce((it, contact, i) => insertContact(it, contact, i)[0], table);

const contactsFrom = (seed: number, count: number): readonly [Contact[], Random] => {
  let random = seedRandom(seed);
  const found = Array.from({ length: count }, (_, i) => {
    const [id, next] = nextId(random, 160);
    random = next;
    return { id, endpoint: `e${i}` };
  });
  return [found, random];
};

describe.each(policies)('[R05][D18] the table, policy %s', (bucketPolicy) => {
  const empty = (changes: Partial<TableConfig> = {}): Table =>
    emptyTable(id8(0), tableConfig({ bucketPolicy, ...changes }));

  it('takes a newcomer once, and answers `updated` after', () => {
    const [one, first] = insertContact(empty(), node(4), 0);
    const [two, second] = insertContact(one, node(4), 9);
    expect([first.type, second.type, tableSize(two)]).toEqual(['added', 'updated', 1]);
    expect(memberOf(two, id8(4))).toEqual({ contact: node(4), seen: 9, failures: 0 });
    expect(memberOf(one, id8(4))?.seen).toBe(0);
  });

  it('[U10][D01] has no place for our own id', () => {
    const table = empty();
    expect(insertContact(table, node(0), 0)).toEqual([table, { type: 'refused', reason: 'self' }]);
    expect(hasRoomFor(table, id8(0))).toBe(false);
  });

  it('[U10] never gives an established member up for a newcomer: the newcomer becomes a spare', () => {
    const table = withAll(empty({ bucketSizes: [2] }), [node(128), node(129)]);
    const full = withAll(table, [node(1), node(2)]);
    const [after, insertion] = insertContact(full, node(200), 5);
    expect(insertion).toEqual({ type: 'full', leastRecent: node(128) });
    expect(numbers(tableContacts(after)).filter((n) => n >= 128)).toEqual([128, 129]);
    expect(hasRoomFor(after, id8(201))).toBe(false);
  });

  it('[F38] the spare that waited takes the place of a member that stopped answering', () => {
    const table = withAll(empty(), [node(128), node(129), node(1), node(2), node(200)]);
    const [after, change] = contactFailed(table, id8(128), 9);
    expect(change).toEqual({ removed: node(128), added: node(200) });
    expect(memberOf(after, id8(200))).toMatchObject({ failures: 0 });
  });

  it('without a spare, a member goes after maxFailures in a row; an answer starts the count anew', () => {
    let [table] = insertContact(empty({ maxFailures: 2 }), node(4), 0);
    let change: object;
    [table, change] = contactFailed(table, id8(4), 1);
    expect(change).toEqual({});
    [table] = insertContact(table, node(4), 2);
    [table, change] = contactFailed(table, id8(4), 3);
    expect([change, tableSize(table)]).toEqual([{}, 1]);
    [table, change] = contactFailed(table, id8(4), 4);
    expect([change, tableSize(table)]).toEqual([{ removed: node(4) }, 0]);
  });

  it('[R13] the same endpoint with a new id: the old entry goes', () => {
    const [table] = insertContact(empty(), { id: id8(4), endpoint: 'door' }, 0);
    const [after, insertion] = insertContact(table, { id: id8(9), endpoint: 'door' }, 1);
    expect(insertion).toEqual({ type: 'added', removed: { id: id8(4), endpoint: 'door' } });
    expect(numbers(tableContacts(after))).toEqual([9]);
  });

  it('[U10] an id that a member has is refused at another endpoint', () => {
    const [table] = insertContact(empty(), node(4), 0);
    const [after, insertion] = insertContact(table, { id: id8(4), endpoint: 'thief' }, 1);
    expect(insertion).toEqual({ type: 'refused', reason: 'id-taken' });
    expect(after).toBe(table);
  });

  it('leaves the least recently seen to be checked first', () => {
    const table = withAll(empty({ bucketSizes: [3] }), [node(128), node(129), node(130)]);
    const [after] = insertContact(table, node(128), 50);
    const bucket = after.buckets[0];
    expect(bucket?.members[0]).toEqual(node(129));
  });

  it('removing a stranger changes nothing', () => {
    const [table] = insertContact(empty(), node(4), 0);
    expect(removeContact(table, id8(77))).toBe(table);
    expect(contactFailed(table, id8(77), 0)).toEqual([table, {}]);
  });

  it('[X22][F23] closest equals brute force, next to our own id too', () => {
    for (const size of [0, 1, 5, 50, 2_000]) {
      const [contacts, rest] = contactsFrom(size, size);
      const [self, after] = nextId(rest, 160);
      const table = withAll(emptyTable(self, tableConfig({ bucketPolicy, bucketSizes: [20] })), contacts);
      const members = tableContacts(table);
      let random = after;
      for (let i = 0; i < 120; i++) {
        const [filler, next] = nextId(random, 160);
        random = next;
        const target = i % 3 === 0 ? filler : idInBucket(self, i % 3 === 1 ? 7 + (i % 2) : i, filler);
        const brute = [...members].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, 20);
        expect(closest(table, target, 20), `size ${size}, target ${target}`).toEqual(brute);
      }
    }
  });

  it('[F43] stays within its configured size however many come', () => {
    const [contacts, rest] = contactsFrom(3, 5_000);
    const [self] = nextId(rest, 160);
    const table = withAll(emptyTable(self, tableConfig({ bucketPolicy, bucketSizes: [8] })), contacts);
    for (const [index, bucket] of table.buckets.entries()) {
      expect(bucket.members.length).toBeLessThanOrEqual(8);
      expect(bucket.spares.length).toBeLessThanOrEqual(2);
      for (const { id } of bucket.members) {
        const shared = commonPrefix(self, id);
        const isRest = bucketPolicy === 'split' && index === table.buckets.length - 1;
        expect(isRest ? shared >= index : shared === index).toBe(true);
      }
    }
    expect(table.buckets.length).toBeLessThan(20);
  });
});

describe('policies', () => {
  it('[D01] fixed: bucket i holds those that share exactly i bits', () => {
    const table = withAll(
      emptyTable(bits('00000000'), tableConfig()),
      [bits('10000000'), bits('00010000'), bits('00000001')].map((id, i) => ({ id, endpoint: `e${i}` })),
    );
    expect(table.buckets.map((bucket) => bucket.members.length)).toEqual([1, 0, 0, 1, 0, 0, 0, 1]);
  });

  it('[T30] split: only the leaf that covers our own id splits, and says so', () => {
    let table = emptyTable(bits('00000000'), tableConfig({ bucketPolicy: 'split' }));
    const insert = (text: string): string => {
      const [after, insertion] = insertContact(table, { id: bits(text), endpoint: text }, 0);
      table = after;
      return insertion.type;
    };
    expect(['10000000', '01000000', '11000000'].map(insert)).toEqual(['added', 'added', 'split']);
    expect(hasRoomFor(table, bits('11110000'))).toBe(false);
    expect(insert('11110000')).toBe('full');
    expect(['01100000', '00110000'].map(insert)).toEqual(['added', 'split']);
    expect(table.buckets.map((bucket) => bucket.members.length)).toEqual([2, 2, 1]);
  });

  it('hasRoomFor says what inserting would do', () => {
    const [contacts, rest] = contactsFrom(9, 400);
    const [self] = nextId(rest, 160);
    let table = emptyTable(self, tableConfig({ bucketPolicy: 'split', bucketSizes: [3] }));
    for (const contact of contacts) {
      const room = hasRoomFor(table, contact.id);
      const [after, { type }] = insertContact(table, contact, 0);
      expect(type === 'added' || type === 'split').toBe(room);
      table = after;
    }
  });

  it('sizes by depth: the last one holds for all deeper buckets', () => {
    const table = emptyTable(id8(0), tableConfig({ bucketSizes: [3, 1] }));
    const all = withAll(table, [128, 129, 130, 131, 64, 65, 32, 33].map(node));
    expect(all.buckets.map((bucket) => bucket.members.length)).toEqual([3, 1, 1]);
  });

  it('[S66] members of a table made anew under another id were all there before', () => {
    const contacts = Array.from({ length: 60 }, (_, i) => node(i * 4 + 1));
    const before = withAll(emptyTable(id8(0), tableConfig({ bucketPolicy: 'split', bucketSizes: [8] })), contacts);
    const after = withAll(emptyTable(id8(255), before.config), tableContacts(before));
    const known = new Set(numbers(tableContacts(before)));
    expect(numbers(tableContacts(after)).every((n) => known.has(n))).toBe(true);
  });

  it.each([
    ['bucketPolicy', { bucketPolicy: 'tree' as never }],
    ['bucketSizes', { bucketSizes: [] }],
    ['bucketSizes', { bucketSizes: [0] }],
    ['replacements', { replacements: -1 }],
    ['maxFailures', { maxFailures: 0 }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => emptyTable(id8(0), tableConfig(change))).toThrow(ConfigError);
    expect(() => emptyTable(id8(0), tableConfig(change))).toThrow(`table.${field}`);
  });
});
