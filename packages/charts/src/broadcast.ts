/** The law of Broadcast: storing at the closest. */
import type { BroadcastEffect, BroadcastEvent, BroadcastState, Protocol } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law } from './law.ts';

type Status = BroadcastState['status'];

const statuses = {
  idle: 'not started',
  finding: 'the lookup for the closest runs',
  storing: 'those that gave a token are asked to store',
  ended: 'reported',
} satisfies Record<Status, string>;

const events = {
  start: 'begin',
  found: 'the lookup ended; its report',
  stored: 'every store has settled; their report',
  tick: 'time passed; its lookups carry the deadlines',
} satisfies Record<BroadcastEvent<Protocol>['type'], string>;

const effects = {
  find: 'look for the closest',
  store: 'store at these, each with the token it gave',
  published: 'the report: who stored it, who did not and why',
} satisfies Record<BroadcastEffect['type'], string>;

const guards = {
  'cut short': ({ event }) =>
    event.type === 'found' && (event.report.reason === 'cancelled' || event.report.reason === 'closed'),
  'nobody gave a token': ({ before, event }) =>
    before.status === 'finding' &&
    event.type === 'found' &&
    !event.report.asked.some((it) => it.result === 'answered' && it.token !== undefined && it.id !== undefined),
} satisfies Guards<BroadcastState, BroadcastEvent<Protocol>, BroadcastEffect>;

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'broadcast',
  initial: 'idle',
  states: {
    idle: { on: { start: { target: 'finding', actions: ['find'] } } },
    finding: {
      on: {
        found: [
          { guard: 'cut short', target: 'ended', actions: ['published'] },
          { guard: 'nobody gave a token', target: 'ended', actions: ['published'] },
          { target: 'storing', actions: ['store'] },
        ],
      },
    },
    storing: { on: { stored: { target: 'ended', actions: ['published'] } } },
    ended: {},
  },
});

const chart: Chart = chartFor<Status>()(machine);

export const broadcastLaw: Law<BroadcastState, BroadcastEvent<Protocol>, BroadcastEffect> = {
  ...BY_TYPE,
  name: 'broadcast',
  title: 'broadcast',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: [],
  statusOf: (state) => state.status,
  deadlineOf: () => undefined,
};
