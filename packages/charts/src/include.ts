/** The law of Include: vetting strangers. */
import type { IncludeEffect, IncludeEvent, IncludeState } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law } from './law.ts';

type Status = IncludeState['status'];

const statuses = {
  idle: 'nobody is being checked',
  checking: 'somebody is, and there is room for another',
  busy: 'as many as may be are; newcomers queue',
} satisfies Record<Status, string>;

const events = {
  candidate: 'somebody might be worth a place',
  fallen: 'a member was removed because it did not answer',
  'check-passed': 'it answered',
  'check-failed': 'it did not',
  tick: 'time passed; it never waits for that',
} satisfies Record<IncludeEvent['type'], string>;

const effects = { check: 'ask this one whether it is there' } satisfies Record<IncludeEffect['type'], string>;

const guards = {
  'had its chance': ({ before, event, now }) => {
    const forgiven = before.forgiven.filter((it) => it.until > now);
    const isFull = forgiven.length >= before.config.maxQueued;
    return event.type === 'fallen' && (isFull || forgiven.some((it) => it.endpoint === event.stranger.endpoint));
  },
  'known already': ({ before, event }) => !isNew(before, event),
  'fills the last place': ({ before, event }) =>
    isNew(before, event) && before.checking.length + 1 >= before.config.maxChecking,
  'is new': ({ before, event }) => isNew(before, event),
  'may queue': ({ before, event }) => isNew(before, event) && before.queue.length < before.config.maxQueued,
  'next in line': ({ before, event }) => isChecked(before, event) && before.queue.length > 0,
  'the only one': ({ before, event }) => isChecked(before, event) && before.checking.length === 1,
  'others go on': ({ before, event }) => isChecked(before, event),
} satisfies Guards<IncludeState, IncludeEvent, IncludeEffect>;

function isNew({ checking, queue }: IncludeState, event: IncludeEvent): boolean {
  if (event.type !== 'candidate' && event.type !== 'fallen') return false;
  return ![...checking, ...queue].some((it) => it.endpoint === event.stranger.endpoint);
}

function isChecked({ checking }: IncludeState, event: IncludeEvent): boolean {
  return 'check' in event && checking.some((it) => it.check === event.check);
}

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'include',
  initial: 'idle',
  states: {
    idle: {
      on: {
        candidate: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { target: 'checking', actions: ['check'] },
        ],
        fallen: [
          { guard: 'had its chance' },
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { target: 'checking', actions: ['check'] },
        ],
      },
    },
    checking: {
      on: {
        candidate: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'is new', actions: ['check'] },
        ],
        fallen: [
          { guard: 'had its chance' },
          { guard: 'known already' },
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { actions: ['check'] },
        ],
        'check-passed': [{ guard: 'the only one', target: 'idle' }, { guard: 'others go on' }],
        'check-failed': [{ guard: 'the only one', target: 'idle' }, { guard: 'others go on' }],
      },
    },
    busy: {
      on: {
        candidate: { guard: 'may queue' },
        fallen: {},
        'check-passed': [
          { guard: 'next in line', actions: ['check'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on', target: 'checking' },
        ],
        'check-failed': [
          { guard: 'next in line', actions: ['check'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on', target: 'checking' },
        ],
      },
    },
  },
});

const chart: Chart = chartFor<Status>()(machine);

export const includeLaw: Law<IncludeState, IncludeEvent, IncludeEffect> = {
  ...BY_TYPE,
  name: 'include',
  title: 'include',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: ['dropped'],
  statusOf: (state) => state.status,
  deadlineOf: () => undefined,
};
