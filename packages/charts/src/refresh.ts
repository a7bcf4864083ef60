/** The law of Refresh: looking into quiet buckets. */
import { nextRefreshDeadline, type RefreshEffect, type RefreshEvent, type RefreshState } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law } from './law.ts';

type Status = RefreshState['status'];

const statuses = {
  idle: 'no lookup runs',
  refreshing: 'one does, and there is room for another',
  busy: 'as many as may be run',
} satisfies Record<Status, string>;

const events = {
  deepest: 'the deepest bucket that anybody is in',
  'looked-into': 'a lookup of ours, for whatever reason, has led to this depth',
  'lookup-ended': 'one of its lookups ended',
  tick: 'time passed',
} satisfies Record<RefreshEvent['type'], string>;

const effects = {
  'look-into': 'look for an id at this depth',
  refreshed: 'that depth has been looked into',
} satisfies Record<RefreshEffect['type'], string>;

const guards = {
  'other depths': ({ before, event }) =>
    event.type === 'deepest' && Math.min(event.depth, before.config.maxDepth) + 1 !== before.due.length,
  'a depth we have': ({ before, event }) =>
    event.type === 'looked-into' && event.depth >= 0 && event.depth < before.due.length,
  'fills the last place': ({ after }) => after.running.length >= after.config.maxRunning,
  'one is due': ({ before, after }) => after.nextLookup > before.nextLookup,
  'the only one': ({ before, event }) => isOurs(before, event) && before.running.length === 1,
  'others go on': ({ before, event }) => isOurs(before, event),
} satisfies Guards<RefreshState, RefreshEvent, RefreshEffect>;

function isOurs({ running }: RefreshState, event: RefreshEvent): boolean {
  return event.type === 'lookup-ended' && running.some((it) => it.lookup === event.lookup);
}

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'refresh',
  initial: 'idle',
  states: {
    idle: {
      on: {
        deepest: [
          { guard: 'fills the last place', target: 'busy', actions: ['look-into'] },
          { guard: 'one is due', target: 'refreshing', actions: ['look-into'] },
          { guard: 'other depths' },
        ],
        'looked-into': { guard: 'a depth we have' },
        tick: [
          { guard: 'fills the last place', target: 'busy', actions: ['look-into'] },
          { target: 'refreshing', actions: ['look-into'] },
        ],
      },
    },
    refreshing: {
      on: {
        deepest: [
          { guard: 'fills the last place', target: 'busy', actions: ['look-into'] },
          { guard: 'one is due', actions: ['look-into'] },
          { guard: 'other depths' },
        ],
        'looked-into': { guard: 'a depth we have' },
        'lookup-ended': [
          { guard: 'one is due', actions: ['refreshed', 'look-into'] },
          { guard: 'the only one', target: 'idle', actions: ['refreshed'] },
          { guard: 'others go on', actions: ['refreshed'] },
        ],
        tick: [{ guard: 'fills the last place', target: 'busy', actions: ['look-into'] }, { actions: ['look-into'] }],
      },
    },
    busy: {
      on: {
        deepest: { guard: 'other depths' },
        'looked-into': { guard: 'a depth we have' },
        'lookup-ended': [
          { guard: 'one is due', actions: ['refreshed', 'look-into'] },
          { guard: 'the only one', target: 'idle', actions: ['refreshed'] },
          { guard: 'others go on', target: 'refreshing', actions: ['refreshed'] },
        ],
      },
    },
  },
});

const chart: Chart = chartFor<Status>()(machine);

export const refreshLaw: Law<RefreshState, RefreshEvent, RefreshEffect> = {
  ...BY_TYPE,
  name: 'refresh',
  title: 'refresh',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: [],
  statusOf: (state) => state.status,
  deadlineOf: nextRefreshDeadline,
};
