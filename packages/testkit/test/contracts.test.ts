/** The contract suites, run over our own tables, and over broken ones that they must catch. */
import {
  type Contact,
  closest,
  contactFailed,
  DEFAULT_NODE,
  emptyTable,
  insertContact,
  tableContacts,
} from '@xorrery/core';
import { type TableBench, type TableUnderTest, tableContract } from '@xorrery/testkit';
import { describe, expect, it } from 'vitest';

const ours = (bucketPolicy: 'fixed' | 'split'): TableBench => ({
  limit: 16 * 4,
  patience: 2,
  make: (self) => {
    let table = emptyTable(self, { ...DEFAULT_NODE.table, bucketPolicy, bucketSizes: [4], replacements: 2 });
    return {
      answered: (contact, now) => {
        table = insertContact(table, contact, now)[0];
      },
      silent: (contact, now) => {
        table = contactFailed(table, contact.id, now)[0];
      },
      closest: (target, n) => closest(table, target, n),
      contacts: () => tableContacts(table),
    };
  },
});

describe.each(['fixed', 'split'] as const)('[D18][R05] the table contract, policy %s', (policy) => {
  for (const { claim, run } of tableContract(ours(policy))) it(claim, run);
});

describe('a broken table is caught', () => {
  const broken = (change: (table: TableUnderTest, held: Contact[]) => Partial<TableUnderTest>): TableBench => ({
    ...ours('fixed'),
    make: (self) => {
      const table = ours('fixed').make(self);
      const held: Contact[] = [];
      return { ...table, ...change(table, held) };
    },
  });
  const failing = async (bench: TableBench): Promise<string[]> => {
    const failed: string[] = [];
    for (const { claim, run } of tableContract(bench)) await run().catch(() => failed.push(claim));
    return failed;
  };

  it.each<[string, TableBench]>([
    ['one that holds everybody', broken((_, held) => ({ answered: (it) => void held.push(it), contacts: () => held }))],
    ['one that names anybody as closest', broken((table) => ({ closest: (_, n) => table.contacts().slice(0, n) }))],
    ['one that never gives anybody up', broken(() => ({ silent: () => {} }))],
    [
      'one that lets newcomers push members out',
      broken((_, held) => ({
        answered: (it) => void held.unshift(it),
        contacts: () => [...new Map(held.map((it) => [it.id, it])).values()].slice(0, 3),
      })),
    ],
  ])('%s', async (_, bench) => {
    expect(await failing(bench)).not.toEqual([]);
  });
});
