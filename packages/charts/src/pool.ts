/**
 * The law of Pool. A pool has no status of its own: how many of its places for lookups are taken says it. Its lookups'
 * words come in envelopes, and are called `query.WORD` here.
 */
import {
  maps,
  nextPoolDeadline,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  type Protocol,
  pathsOf,
  type QueryEffect,
  type Reply,
  runningQueries,
} from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import type { Guards, Law } from './law.ts';

export type PoolStatus = 'idle' | 'running' | 'full';
type Label = Exclude<PoolEvent<Protocol>['type'], 'query'> | `query.${Reply<Protocol>['type']}`;
type Kind = Exclude<PoolEffect<Protocol>['type'], 'query'> | `query.${QueryEffect<Protocol>['type']}`;

const statuses = {
  idle: 'no lookup runs',
  running: 'lookups run, and there is room for another',
  full: 'as many as may be run; newcomers queue',
} satisfies Record<PoolStatus, string>;

const events = {
  add: 'run this lookup, or let it wait',
  cancel: 'end this lookup',
  close: 'end all of them, and start none in their place',
  'query.response': 'a request was answered; its number says whose it is',
  'query.timeout': 'the driver gave up waiting for it',
  'query.failure': 'it failed',
  tick: 'time passed',
} satisfies Record<Label, string>;

const effects = {
  'query.send': 'a lookup asks somebody',
  'query.abandon': 'nothing that comes of a request that has left matters any more',
  'query.unanswered': 'a request’s deadline passed',
  'query.recalled': 'a lookup gathered values that we hold ourselves',
  'query.progressed': 'a lookup took an answer in',
  'query.finished': 'a lookup’s report',
  rejected: 'the lookup was not admitted: its id is taken, there is no room, or its settings are out of range',
} satisfies Record<Kind, string>;

const guards = {
  refused: ({ effects: yielded }) => yielded.some((it) => it.type === 'rejected'),
  'over at once': ({ event, effects: yielded }) => event.type === 'add' && ends(yielded, event.id),
  'sheds another': ({ before, after }) => after.shed > before.shed,
  'fills the last place': ({ after }) => after.running.size >= after.config.maxQueries,
  'none is left': ({ before, event, after }) => isMeant(before, event) && after.running.size === 0,
  'a place is free': ({ before, event, after }) =>
    isMeant(before, event) && after.running.size < after.config.maxQueries,
  'of ours': ({ before, event }) => isMeant(before, event),
} satisfies Guards<PoolState<Protocol>, PoolEvent<Protocol>, PoolEffect<Protocol>>;

function ends(yielded: readonly PoolEffect<Protocol>[], id: string): boolean {
  return yielded.some((it) => it.type === 'query' && it.id === id && it.effect.type === 'finished');
}

/** Whether an event concerns a lookup that is here, or a request that has left and may still be answered. */
function isMeant(state: PoolState<Protocol>, event: PoolEvent<Protocol>): boolean {
  if (event.type === 'cancel') return maps.has(state.lanes, event.id);
  if (event.type !== 'query') return true;
  const { request, type } = event.event;
  const open = runningQueries(state).flatMap(({ query }) => pathsOf(query).flatMap((path) => path.open));
  const phase = open.find((it) => it.request === request)?.phase;
  return phase === 'asked' || phase === 'slow' || (phase === 'listening' && type !== 'timeout');
}

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'pool',
  initial: 'idle',
  states: {
    idle: {
      on: {
        add: [
          { guard: 'refused', actions: ['rejected'] },
          { guard: 'over at once', actions: ['query.recalled', 'query.finished'] },
          { guard: 'fills the last place', target: 'full', actions: ['query.recalled', 'query.send'] },
          { target: 'running', actions: ['query.recalled', 'query.send'] },
        ],
      },
    },
    running: {
      on: {
        add: [
          { guard: 'refused', actions: ['rejected'] },
          { guard: 'over at once', actions: ['query.recalled', 'query.finished'] },
          { guard: 'fills the last place', target: 'full', actions: ['query.recalled', 'query.send'] },
          { actions: ['query.recalled', 'query.send'] },
        ],
        cancel: [
          { guard: 'none is left', target: 'idle', actions: ['query.abandon', 'query.finished'] },
          { guard: 'of ours', actions: ['query.abandon', 'query.finished', 'query.send'] },
        ],
        close: { target: 'idle', actions: ['query.abandon', 'query.finished'] },
        'query.response': [
          { guard: 'none is left', target: 'idle', actions: ['query.progressed', 'query.abandon', 'query.finished'] },
          { guard: 'of ours', actions: ['query.progressed', 'query.send', 'query.abandon', 'query.finished'] },
        ],
        'query.timeout': [
          { guard: 'none is left', target: 'idle', actions: ['query.unanswered', 'query.abandon', 'query.finished'] },
          { guard: 'of ours', actions: ['query.unanswered', 'query.send', 'query.abandon', 'query.finished'] },
        ],
        'query.failure': [
          { guard: 'none is left', target: 'idle', actions: ['query.abandon', 'query.finished'] },
          { guard: 'of ours', actions: ['query.send', 'query.abandon', 'query.finished'] },
        ],
        tick: [
          { guard: 'none is left', target: 'idle', actions: ['query.unanswered', 'query.abandon', 'query.finished'] },
          { actions: ['query.unanswered', 'query.send', 'query.abandon', 'query.finished'] },
        ],
      },
    },
    full: {
      on: {
        add: [{ guard: 'refused', actions: ['rejected'] }, { guard: 'sheds another', actions: ['query.finished'] }, {}],
        cancel: [
          {
            guard: 'none is left',
            target: 'idle',
            actions: ['query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'a place is free',
            target: 'running',
            actions: ['query.abandon', 'query.finished', 'query.recalled', 'query.send'],
          },
          { guard: 'of ours', actions: ['query.abandon', 'query.finished', 'query.recalled', 'query.send'] },
        ],
        close: { target: 'idle', actions: ['query.abandon', 'query.finished'] },
        'query.response': [
          {
            guard: 'none is left',
            target: 'idle',
            actions: ['query.progressed', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'a place is free',
            target: 'running',
            actions: ['query.progressed', 'query.send', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'of ours',
            actions: ['query.progressed', 'query.send', 'query.abandon', 'query.finished', 'query.recalled'],
          },
        ],
        'query.timeout': [
          {
            guard: 'none is left',
            target: 'idle',
            actions: ['query.unanswered', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'a place is free',
            target: 'running',
            actions: ['query.unanswered', 'query.send', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'of ours',
            actions: ['query.unanswered', 'query.send', 'query.abandon', 'query.finished', 'query.recalled'],
          },
        ],
        'query.failure': [
          {
            guard: 'none is left',
            target: 'idle',
            actions: ['query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'a place is free',
            target: 'running',
            actions: ['query.send', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          { guard: 'of ours', actions: ['query.send', 'query.abandon', 'query.finished', 'query.recalled'] },
        ],
        tick: [
          {
            guard: 'none is left',
            target: 'idle',
            actions: ['query.unanswered', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          {
            guard: 'a place is free',
            target: 'running',
            actions: ['query.unanswered', 'query.send', 'query.abandon', 'query.finished', 'query.recalled'],
          },
          { actions: ['query.unanswered', 'query.send', 'query.abandon', 'query.finished', 'query.recalled'] },
        ],
      },
    },
  },
});

const chart: Chart = chartFor<PoolStatus>()(machine);

export const poolLaw: Law<PoolState<Protocol>, PoolEvent<Protocol>, PoolEffect<Protocol>> = {
  name: 'pool',
  title: 'pool',
  chart,
  statuses,
  events,
  effects,
  guards,
  counters: ['unowed'],
  statusOf: ({ running, config }): PoolStatus =>
    running.size === 0 ? 'idle' : running.size < config.maxQueries ? 'running' : 'full',
  labelOf: (event): Label => (event.type === 'query' ? `query.${event.event.type}` : event.type),
  kindOf: (effect): Kind => (effect.type === 'query' ? `query.${effect.effect.type}` : effect.type),
  deadlineOf: nextPoolDeadline,
};
