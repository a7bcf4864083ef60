/** The settings of the table. */
import {
  contactFailed,
  emptyTable,
  insertContact,
  ipGroupOf,
  type Table,
  type TableConfig,
  tableSize,
} from '@xorrery/core';
import { id8 } from '../support.ts';
import { type Setting, setting } from './kit.ts';

const CAPS = { hostInBucket: 9, hostInTable: 9, networkInBucket: 9, networkInTable: 9 };

/** A table that was offered these, and what it answered. */
const offered = (changes: Partial<TableConfig>, ...members: number[]): [Table, string[]] => {
  const config: TableConfig = { bucketPolicy: 'fixed', bucketSizes: [2], replacements: 4, maxFailures: 2, caps: 'off' };
  let table = emptyTable(id8(0), { ...config, ...changes });
  const said = members.map((n, at) => {
    const [after, { type }] = insertContact(table, { id: id8(n), endpoint: `9.9.9.9:${n}` }, at, ipGroupOf);
    table = after;
    return type;
  });
  return [table, said];
};
/** How many of two in one bucket and one in another get in, all of one host. */
const admitted = (caps: Partial<typeof CAPS>): number =>
  tableSize(offered({ caps: { ...CAPS, ...caps } }, 128, 129, 64)[0]);

export const TABLE: Record<string, Setting> = {
  'table.bucketPolicy': setting(
    ['tree', 1],
    (bucketPolicy: TableConfig['bucketPolicy']) => offered({ bucketPolicy }, 128, 64, 129)[1],
    ['fixed', ['added', 'added', 'added']],
    ['split', ['added', 'added', 'split']],
  ),
  'table.bucketSizes': setting(
    [[], [0], 8],
    (size: number[]) => offered({ bucketSizes: size }, 128, 129)[1],
    [[1], ['added', 'full']],
    [[2], ['added', 'added']],
  ),
  'table.replacements': setting(
    [-1, 'x'],
    (replacements: number) => offered({ replacements }, 128, 129, 130, 131, 132)[0].buckets[0]?.spares.length,
    [0, 0],
    [2, 2],
  ),
  'table.maxFailures': setting(
    [0, 1.5],
    (maxFailures: number) => contactFailed(offered({ maxFailures }, 128)[0], id8(128), 1)[1].removed?.id,
    [1, id8(128)],
    [2, undefined],
  ),
  'table.caps': setting(
    ['on', 3],
    (caps: TableConfig['caps']) => tableSize(offered({ caps }, 128, 129, 64)[0]),
    ['off', 3],
    [{ ...CAPS, networkInTable: 1 }, 1],
  ),
  'table.caps.hostInBucket': setting([0], (hostInBucket: number) => admitted({ hostInBucket }), [1, 2], [2, 3]),
  'table.caps.hostInTable': setting([0], (hostInTable: number) => admitted({ hostInTable }), [1, 1], [2, 2]),
  'table.caps.networkInBucket': setting(
    [0],
    (networkInBucket: number) => admitted({ networkInBucket }),
    [1, 2],
    [2, 3],
  ),
  'table.caps.networkInTable': setting([0], (networkInTable: number) => admitted({ networkInTable }), [1, 1], [2, 2]),
};
