/** The law of Probe: checking that members still answer. */
import { type Instant, nextProbeDeadline, type ProbeEffect, type ProbeEvent, type ProbeState } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law, type Taken } from './law.ts';

type Status = ProbeState['status'];

const statuses = {
  idle: 'nobody is being checked',
  checking: 'somebody is, and there is room for another',
  busy: 'as many as may be are; whoever falls due waits',
} satisfies Record<Status, string>;

const events = {
  'table-changed': 'the table as it is now',
  contested: 'a newcomer wants this member’s place',
  doubted: 'check these soon, whenever they were last seen',
  'check-passed': 'it answered',
  'check-failed': 'it did not',
  tick: 'time passed',
} satisfies Record<ProbeEvent['type'], string>;

const effects = { check: 'ask this member whether it is still there' } satisfies Record<ProbeEffect['type'], string>;

type Step = Taken<ProbeState, ProbeEvent, ProbeEffect>;

const guards = {
  'fills the last place': (step) => starts(step) && step.after.checking.length >= step.after.config.maxChecking,
  'somebody is due': (step) => starts(step),
  'to be checked soon': ({ before, after }) => after.urgent.length > before.urgent.length,
  'the only one': ({ before, event }) => isChecked(before, event) && before.checking.length === 1,
  'others go on': ({ before, event }) => isChecked(before, event),
} satisfies Guards<ProbeState, ProbeEvent, ProbeEffect>;

function starts({ before, after }: Step): boolean {
  return after.nextCheck > before.nextCheck;
}

function isChecked({ checking }: ProbeState, event: ProbeEvent): boolean {
  return 'check' in event && checking.some((it) => it.check === event.check);
}

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'probe',
  initial: 'idle',
  states: {
    idle: {
      on: {
        'table-changed': [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', target: 'checking', actions: ['check'] },
          {},
        ],
        contested: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', target: 'checking', actions: ['check'] },
        ],
        doubted: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', target: 'checking', actions: ['check'] },
        ],
        tick: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', target: 'checking', actions: ['check'] },
        ],
      },
    },
    checking: {
      on: {
        'table-changed': [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', actions: ['check'] },
          {},
        ],
        contested: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', actions: ['check'] },
        ],
        doubted: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', actions: ['check'] },
        ],
        'check-passed': [
          { guard: 'somebody is due', actions: ['check'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on' },
        ],
        'check-failed': [
          { guard: 'somebody is due', actions: ['check'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on' },
        ],
        tick: [
          { guard: 'fills the last place', target: 'busy', actions: ['check'] },
          { guard: 'somebody is due', actions: ['check'] },
        ],
      },
    },
    busy: {
      on: {
        'table-changed': {},
        contested: { guard: 'to be checked soon' },
        doubted: { guard: 'to be checked soon' },
        'check-passed': [
          { guard: 'somebody is due', actions: ['check'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on', target: 'checking' },
        ],
        'check-failed': [
          { guard: 'somebody is due', actions: ['check'] },
          { guard: 'the only one', target: 'idle' },
          { guard: 'others go on', target: 'checking' },
        ],
        tick: {},
      },
    },
  },
});

const chart: Chart = chartFor<Status>()(machine);

/** Busy, it does not ask to be woken for those who rest after a check; but their rest ends whenever it is told anything. */
function deadlineOf(state: ProbeState): Instant | undefined {
  if (state.status !== 'busy' || state.resting.length === 0) return nextProbeDeadline(state);
  return Math.min(...state.resting.map((it) => it.until));
}

export const probeLaw: Law<ProbeState, ProbeEvent, ProbeEffect> = {
  ...BY_TYPE,
  name: 'probe',
  title: 'probe',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: [],
  statusOf: (state) => state.status,
  deadlineOf,
};
