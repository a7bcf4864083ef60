/** The law of Query: one lookup, from start to report. What each candidate and each request goes through is in `trail.ts`. */
import {
  type FinishReason,
  nextQueryDeadline,
  type OpenRequest,
  type Protocol,
  type QueryEffect,
  type QueryEvent,
  type QueryState,
} from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Guards, type Law, type Taken } from './law.ts';

type Status = QueryState<Protocol>['status'];
type Step = Taken<QueryState<Protocol>, QueryEvent<Protocol>, QueryEffect<Protocol>>;

const statuses = {
  idle: 'configured; nothing was sent',
  searching: 'candidates are asked, ever closer ones',
  ended: 'reported; whatever still comes is counted and changes nothing else',
} satisfies Record<Status, string>;

const events = {
  start: 'begin with these seeds, and with the values we hold ourselves',
  response: 'somebody answered',
  timeout: 'the driver gave up waiting: as if the deadline had come',
  failure: 'a request failed before its deadline',
  parked: 'the pool could not send yet',
  unparked: 'what a parked request waited for is over',
  cancel: 'end now, with what there is',
  tick: 'time passed',
} satisfies Record<QueryEvent<Protocol>['type'], string>;

const effects = {
  send: 'ask this candidate',
  abandon: 'nothing that comes of this request matters any more',
  unanswered: 'a request’s deadline passed; it may still be answered late',
  recalled: 'values we hold ourselves',
  progressed: 'an answer was taken in: whom it named first, and which values it brought first',
  finished: 'the report; the last word',
} satisfies Record<QueryEffect<Protocol>['type'], string>;

const guards = {
  found: (step) => reasonOf(step) === 'found',
  quorum: (step) => reasonOf(step) === 'quorum',
  converged: (step) => reasonOf(step) === 'converged',
  exhausted: (step) => reasonOf(step) === 'exhausted',
  expired: (step) => reasonOf(step) === 'expired',
  owed: ({ before, event }) => isOwed(before, event),
} satisfies Guards<QueryState<Protocol>, QueryEvent<Protocol>, QueryEffect<Protocol>>;

function reasonOf({ after }: Step): FinishReason | undefined {
  return after.status === 'ended' ? after.report.reason : undefined;
}

/** Whether a request is in a phase in which the event means something. */
function isOwed(state: QueryState<Protocol>, event: QueryEvent<Protocol>): boolean {
  if (state.status !== 'searching' || !('request' in event)) return false;
  const phase = state.open.find((it) => it.request === event.request)?.phase;
  return phase !== undefined && MEANT[event.type].includes(phase);
}

const AWAY = ['asked', 'slow', 'listening'] as const;
const MEANT: Readonly<
  Record<Extract<QueryEvent<Protocol>, { request: number }>['type'], readonly OpenRequest['phase'][]>
> = { response: AWAY, failure: AWAY, timeout: ['asked', 'slow'], parked: ['asked'], unparked: ['parked'] };

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'query',
  initial: 'idle',
  states: {
    idle: {
      on: {
        start: [
          { guard: 'found', target: 'ended', actions: ['recalled', 'finished'] },
          { guard: 'quorum', target: 'ended', actions: ['recalled', 'finished'] },
          { guard: 'exhausted', target: 'ended', actions: ['recalled', 'finished'] },
          { target: 'searching', actions: ['recalled', 'send'] },
        ],
        cancel: { target: 'ended', actions: ['finished'] },
      },
    },
    searching: {
      on: {
        response: [
          { guard: 'found', target: 'ended', actions: ['progressed', 'abandon', 'finished'] },
          { guard: 'quorum', target: 'ended', actions: ['progressed', 'abandon', 'finished'] },
          { guard: 'converged', target: 'ended', actions: ['progressed', 'abandon', 'finished'] },
          { guard: 'exhausted', target: 'ended', actions: ['progressed', 'abandon', 'finished'] },
          { guard: 'owed', actions: ['progressed', 'send'] },
        ],
        timeout: [
          { guard: 'converged', target: 'ended', actions: ['unanswered', 'abandon', 'finished'] },
          { guard: 'exhausted', target: 'ended', actions: ['unanswered', 'abandon', 'finished'] },
          { guard: 'owed', actions: ['unanswered', 'abandon', 'send'] },
        ],
        failure: [
          { guard: 'converged', target: 'ended', actions: ['abandon', 'finished'] },
          { guard: 'exhausted', target: 'ended', actions: ['abandon', 'finished'] },
          { guard: 'owed', actions: ['send'] },
        ],
        parked: { guard: 'owed', actions: ['send'] },
        unparked: { guard: 'owed', actions: ['send'] },
        cancel: { target: 'ended', actions: ['abandon', 'finished'] },
        tick: [
          { guard: 'expired', target: 'ended', actions: ['unanswered', 'abandon', 'finished'] },
          { guard: 'converged', target: 'ended', actions: ['unanswered', 'abandon', 'finished'] },
          { guard: 'exhausted', target: 'ended', actions: ['unanswered', 'abandon', 'finished'] },
          { actions: ['unanswered', 'abandon', 'send'] },
        ],
      },
    },
    ended: {},
  },
});

const chart: Chart = chartFor<Status>()(machine);

export const queryLaw: Law<QueryState<Protocol>, QueryEvent<Protocol>, QueryEffect<Protocol>> = {
  ...BY_TYPE,
  name: 'query',
  title: 'query',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: ['unowed'],
  statusOf: (state) => state.status,
  deadlineOf: (state) => (state.status === 'searching' ? nextQueryDeadline(state) : undefined),
};
