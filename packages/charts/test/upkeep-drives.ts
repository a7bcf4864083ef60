/** Drives of the machines that look after the table. */
import { bootstrapLaw, includeLaw, probeLaw, refreshLaw } from '@xorrery/charts';
import {
  advanceBootstrap,
  advanceInclude,
  advanceProbe,
  advanceRefresh,
  type BootstrapEffect,
  type BootstrapEvent,
  type BootstrapState,
  DEFAULT_NODE,
  emptyTable,
  type IncludeEffect,
  type IncludeEvent,
  type IncludeState,
  type Instant,
  initBootstrap,
  initInclude,
  initProbe,
  initRefresh,
  insertContact,
  type ProbeEffect,
  type ProbeEvent,
  type ProbeState,
  type RefreshEffect,
  type RefreshEvent,
  type RefreshState,
  type Table,
} from '@xorrery/core';
import { contactOf, tinyId } from '@xorrery/testkit';
import type { Drive } from './drive.ts';

export const bootstrapDrive: Drive<BootstrapState, BootstrapEvent, BootstrapEffect> = {
  law: bootstrapLaw,
  beginnings: [1, 3].flatMap((maxLookups) =>
    [0, 10].map((minContacts) =>
      initBootstrap({ joinTimeout: 3_000, retryFirst: 1_000, retryMax: 4_000, maxLookups, minContacts, seed: 1 }),
    ),
  ),
  advance: advanceBootstrap,
  inputs: () => [
    ...[0, 1].flatMap((seeds) => [0, 2].map((contacts) => ({ type: 'start', seeds, contacts }) as const)),
    ...[0, 2].map((seeds) => ({ type: 'seeds', seeds }) as const),
    { type: 'greeted' },
    ...[-1, 0, 1, 5].map((neighbour) => ({ type: 'self-found', neighbour }) as const),
    { type: 'bucket-filled' },
    ...[0, 1, 20].map((contacts) => ({ type: 'contacts-changed', contacts }) as const),
    { type: 'unsettled' },
    { type: 'lost' },
    { type: 'tick' },
    { type: 'tick' },
  ],
};

const ENDPOINTS = ['a', 'b', 'c', 'd', 'e'];

export const includeDrive: Drive<IncludeState, IncludeEvent, IncludeEffect> = {
  law: includeLaw,
  beginnings: [1, 2, 3].flatMap((maxChecking) =>
    [0, 1, 3].map((maxQueued) => initInclude({ maxQueued, maxChecking, secondChanceEvery: 50 })),
  ),
  advance: advanceInclude,
  inputs: ({ checking }) => [
    ...ENDPOINTS.flatMap((endpoint) => [
      { type: 'candidate', stranger: { endpoint } } as const,
      { type: 'fallen', stranger: { endpoint, id: tinyId(7) } } as const,
    ]),
    ...[...checking, { check: 999 }].flatMap(({ check }) => [
      { type: 'check-passed', check } as const,
      { type: 'check-failed', check } as const,
    ]),
    { type: 'tick' },
  ],
};

const SELF = tinyId(0);
const MEMBERS = [200, 100, 50, 20].map((n, i) => contactOf(i, tinyId(n)));
const STRANGER = contactOf(9, tinyId(3));

/** A table whose members were last seen so long ago. */
function tableOf(ages: readonly Instant[], now: Instant): Table {
  let table = emptyTable(SELF, DEFAULT_NODE.table);
  ages.forEach((age, i) => {
    table = insertContact(table, MEMBERS[i] ?? STRANGER, Math.max(0, now - age))[0];
  });
  return table;
}

const AGES = [
  [0, 0, 0, 0],
  [880, 0, 0, 0],
  [901, 0, 0, 0],
  [901, 901, 0],
  [901, 901, 901, 901],
  [901, 880, 860, 840],
  [],
];

export const probeDrive: Drive<ProbeState, ProbeEvent, ProbeEffect> = {
  law: probeLaw,
  beginnings: [1, 2, 3].map((maxChecking) =>
    initProbe({
      probe: { questionableAfter: 900, contestedAfter: 300, retryAfter: 60, maxChecking, maxUrgent: 2 },
      table: emptyTable(SELF, DEFAULT_NODE.table),
    }),
  ),
  advance: advanceProbe,
  inputs: ({ checking }, now) => [
    ...AGES.map((ages) => ({ type: 'table-changed', table: tableOf(ages, now) }) as const),
    ...[...MEMBERS, STRANGER].map((member) => ({ type: 'contested', member, seen: now - 300 }) as const),
    { type: 'contested', member: MEMBERS[0] ?? STRANGER, seen: now },
    ...[MEMBERS.slice(0, 1), MEMBERS.slice(0, 2), MEMBERS, [STRANGER], []].map(
      (members) => ({ type: 'doubted', members }) as const,
    ),
    ...[...checking, { check: 999 }].flatMap(({ check }) => [
      { type: 'check-passed', check } as const,
      { type: 'check-failed', check } as const,
    ]),
    { type: 'tick' },
    { type: 'tick' },
  ],
};

export const refreshDrive: Drive<RefreshState, RefreshEvent, RefreshEffect> = {
  law: refreshLaw,
  beginnings: [1, 2, 3].flatMap((maxRunning) =>
    [0, 50].map((gap) => initRefresh({ interval: 1_000, multiplier: 0.5, gap, maxDepth: 4, maxRunning, seed: 1 })),
  ),
  advance: advanceRefresh,
  inputs: ({ running }) => [
    ...[-1, 0, 2, 3, 9].map((depth) => ({ type: 'deepest', depth }) as const),
    ...[-1, 0, 2, 9].map((depth) => ({ type: 'looked-into', depth }) as const),
    ...[...running, { lookup: 999 }].map(({ lookup }) => ({ type: 'lookup-ended', lookup }) as const),
    ...Array.from({ length: 4 }, () => ({ type: 'tick' }) as const),
  ],
};
