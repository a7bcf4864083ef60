/** The law of Bootstrap: joining, and staying joined. */
import { type BootstrapEffect, type BootstrapEvent, type BootstrapState, nextBootstrapDeadline } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law } from './law.ts';

type Status = BootstrapState['status'];

const statuses = {
  idle: 'not started',
  greeting: 'those whom a former run knew are asked whether they are there',
  seeking: 'the lookup of our own id runs',
  filling: 'lookups in far buckets run',
  resting: 'nobody is known; it tries again, or waits for somebody to turn up',
  settled: 'joined; with too few contacts, or hardly any answers, it tries again',
} satisfies Record<Status, string>;

const events = {
  start: 'begin, with so many seeds and so many contacts of a former run',
  seeds: 'there are so many seeds from now on',
  greeted: 'whoever was greeted has answered, or not',
  'self-found': 'the lookup of our own id ended; names the bucket of our closest contact',
  'bucket-filled': 'a bucket’s lookup ended',
  'contacts-changed': 'the table has so many contacts now',
  unsettled: 'our surroundings may be others now: a long sleep, or a new address',
  lost: 'nearly nobody answers any more',
  tick: 'time passed',
} satisfies Record<BootstrapEvent['type'], string>;

const effects = {
  greet: 'ask a sample of those we knew whether they are there',
  'find-self': 'look for our own id, with the seeds where contacts are too few or may all be gone',
  'fill-bucket': 'look into this bucket',
  joined: 'said once, and again after `isolated`',
  isolated: 'the table has been empty for the join timeout',
} satisfies Record<BootstrapEffect['type'], string>;

const guards = {
  'nobody to ask': ({ event }) => event.type === 'start' && event.seeds + event.contacts === 0,
  'some known': ({ event }) => event.type === 'start' && event.contacts > 0,
  'enough answered': ({ before, event }) => isNews(before, event) && event.contacts >= before.config.minContacts,
  'somebody to ask at last': ({ before, event }) =>
    event.type === 'seeds' && event.seeds > 0 && 'wakeAt' in before && before.wakeAt === undefined,
  'nobody known': ({ before, event }) => before.contacts === 0 || (event.type === 'self-found' && event.neighbour < 0),
  'no far bucket': ({ event }) => event.type === 'self-found' && event.neighbour === 0,
  'more to fill': ({ before }) => before.status === 'filling' && (before.running > 1 || before.next < before.until),
  'somebody turned up': ({ before, event }) => isNews(before, event) && event.contacts > 0,
  'table empty': ({ before, event }) => isNews(before, event) && event.contacts === 0,
  'another number': ({ before, event }) => isNews(before, event),
  'seeds to ask': ({ before }) => before.seeds > 0 && 'wakeAt' in before && before.wakeAt === undefined,
  'attempt due': ({ before, now }) => 'wakeAt' in before && before.wakeAt !== undefined && before.wakeAt <= now,
  'join timeout': ({ before, now }) => before.contacts === 0 && before.since + before.config.joinTimeout <= now,
} satisfies Guards<BootstrapState, BootstrapEvent, BootstrapEffect>;

function isNews(
  before: BootstrapState,
  event: BootstrapEvent,
): event is Extract<BootstrapEvent, { type: 'contacts-changed' }> {
  return event.type === 'contacts-changed' && event.contacts !== before.contacts;
}

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'bootstrap',
  initial: 'idle',
  states: {
    idle: {
      on: {
        start: [
          { guard: 'nobody to ask', target: 'resting', actions: ['isolated'] },
          { guard: 'some known', target: 'greeting', actions: ['greet'] },
          { target: 'seeking', actions: ['find-self'] },
        ],
      },
    },
    greeting: {
      on: {
        greeted: { target: 'seeking', actions: ['find-self'] },
        seeds: {},
        'contacts-changed': [
          { guard: 'enough answered', target: 'seeking', actions: ['find-self'] },
          { guard: 'another number' },
        ],
        tick: { guard: 'join timeout', actions: ['isolated'] },
      },
    },
    seeking: {
      on: {
        seeds: {},
        'self-found': [
          { guard: 'nobody known', target: 'resting' },
          { guard: 'no far bucket', target: 'settled', actions: ['joined'] },
          { target: 'filling', actions: ['fill-bucket'] },
        ],
        'contacts-changed': { guard: 'another number' },
        tick: { guard: 'join timeout', actions: ['isolated'] },
      },
    },
    filling: {
      on: {
        seeds: {},
        'bucket-filled': [
          { guard: 'more to fill', actions: ['fill-bucket'] },
          { guard: 'nobody known', target: 'resting' },
          { target: 'settled', actions: ['joined'] },
        ],
        'contacts-changed': { guard: 'another number' },
        tick: { guard: 'join timeout', actions: ['isolated'] },
      },
    },
    resting: {
      on: {
        seeds: [{ guard: 'somebody to ask at last', target: 'seeking', actions: ['find-self'] }, {}],
        'contacts-changed': [
          { guard: 'somebody turned up', target: 'seeking', actions: ['find-self'] },
          { guard: 'table empty' },
        ],
        unsettled: { target: 'seeking', actions: ['find-self'] },
        tick: [
          { guard: 'attempt due', target: 'seeking', actions: ['find-self', 'isolated'] },
          { guard: 'join timeout', actions: ['isolated'] },
        ],
      },
    },
    settled: {
      on: {
        seeds: {},
        'contacts-changed': [{ guard: 'table empty', target: 'resting' }, { guard: 'another number' }],
        unsettled: { target: 'seeking', actions: ['find-self'] },
        lost: { guard: 'seeds to ask' },
        tick: { guard: 'attempt due', target: 'seeking', actions: ['find-self'] },
      },
    },
  },
});

const chart: Chart = chartFor<Status>()(machine);

export const bootstrapLaw: Law<BootstrapState, BootstrapEvent, BootstrapEffect> = {
  ...BY_TYPE,
  name: 'bootstrap',
  title: 'bootstrap',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: [],
  statusOf: (state) => state.status,
  deadlineOf: nextBootstrapDeadline,
};
