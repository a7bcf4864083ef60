/** The law of Schedule: when what is stored in the network is stored again. */
import {
  canKeep,
  nextScheduleDeadline,
  type ScheduleEffect,
  type ScheduleEvent,
  type ScheduleState,
} from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law } from './law.ts';

type Status = ScheduleState['status'];

const statuses = {
  idle: 'no round runs',
  publishing: 'one does, and there is room for another',
  busy: 'as many as may be run; whatever falls due waits',
} satisfies Record<Status, string>;

const events = {
  kept: 'keep what was just stored under this key',
  resumed: 'keep what a former run published under this key',
  joined: 'there are others now: what a former run published is due',
  dropped: 'there is nothing to store under it any more',
  'stored-by-other': 'somebody else stored under this key, here',
  'round-ended': 'it has been stored again, or could not be',
  hasten: 'our address changed: everything of our own is due now',
  tick: 'time passed',
} satisfies Record<ScheduleEvent['type'], string>;

const effects = { 'publish-again': 'store it again' } satisfies Record<ScheduleEffect['type'], string>;

const guards = {
  'may be kept': ({ before, event }) =>
    (event.type === 'kept' || event.type === 'resumed') && canKeep(before, event.target),
  'is kept': ({ before, after }) => after.kept.size < before.kept.size,
  // A new time is drawn for it, which may be the one it had.
  'kept, or handed on': ({ before, after }) => after.random !== before.random,
  'fills the last place': ({ before, after }) =>
    after.running.length > before.running.length && after.running.length >= after.config.maxRunning,
  'a round starts': ({ before, after }) => after.startFrom > before.startFrom,
  'the only one': ({ before, event }) => isOurs(before, event) && before.running.length === 1,
  'others go on': ({ before, event }) => isOurs(before, event),
} satisfies Guards<ScheduleState, ScheduleEvent, ScheduleEffect>;

function isOurs({ running }: ScheduleState, event: ScheduleEvent): boolean {
  return event.type === 'round-ended' && running.includes(`${event.owner}:${event.target}`);
}

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'schedule',
  initial: 'idle',
  states: {
    idle: {
      on: {
        kept: { guard: 'may be kept' },
        resumed: { guard: 'may be kept' },
        dropped: { guard: 'is kept' },
        'stored-by-other': { guard: 'kept, or handed on' },
        joined: [
          { guard: 'fills the last place', target: 'busy', actions: ['publish-again'] },
          { guard: 'a round starts', target: 'publishing', actions: ['publish-again'] },
          {},
        ],
        hasten: [
          { guard: 'fills the last place', target: 'busy', actions: ['publish-again'] },
          { guard: 'a round starts', target: 'publishing', actions: ['publish-again'] },
          {},
        ],
        tick: [
          { guard: 'fills the last place', target: 'busy', actions: ['publish-again'] },
          { target: 'publishing', actions: ['publish-again'] },
        ],
      },
    },
    publishing: {
      on: {
        kept: { guard: 'may be kept' },
        resumed: { guard: 'may be kept' },
        dropped: { guard: 'is kept' },
        'stored-by-other': { guard: 'kept, or handed on' },
        'round-ended': [{ guard: 'the only one', target: 'idle' }, { guard: 'others go on' }],
        joined: [
          { guard: 'fills the last place', target: 'busy', actions: ['publish-again'] },
          { guard: 'a round starts', actions: ['publish-again'] },
          {},
        ],
        hasten: [
          { guard: 'fills the last place', target: 'busy', actions: ['publish-again'] },
          { guard: 'a round starts', actions: ['publish-again'] },
          {},
        ],
        tick: [
          { guard: 'fills the last place', target: 'busy', actions: ['publish-again'] },
          { actions: ['publish-again'] },
        ],
      },
    },
    busy: {
      on: {
        kept: { guard: 'may be kept' },
        resumed: { guard: 'may be kept' },
        dropped: { guard: 'is kept' },
        'stored-by-other': { guard: 'kept, or handed on' },
        'round-ended': [
          { guard: 'a round starts', actions: ['publish-again'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on', target: 'publishing' },
        ],
        joined: {},
        hasten: {},
      },
    },
  },
});

const chart: Chart = chartFor<Status>()(machine);

export const scheduleLaw: Law<ScheduleState, ScheduleEvent, ScheduleEffect> = {
  ...BY_TYPE,
  name: 'schedule',
  title: 'schedule',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: [],
  statusOf: (state) => state.status,
  deadlineOf: nextScheduleDeadline,
};
