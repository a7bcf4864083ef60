/**
 * The law of a node's life. It has but three phases; what happens in the middle one is the story of its children, whose
 * ways `children.ts` judges by their own charts.
 */
import type { Instant, NodeEffect, NodeEvent, NodeState, Protocol } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { BY_TYPE, type Drawn, type Guards, type Law } from './law.ts';

/** Any node's state. What its server keeps is the protocol's affair. */
export type AnyNodeState = NodeState<Protocol, unknown, unknown>;
type Status = AnyNodeState['phase'];

const statuses = {
  fresh: 'configured, or restored; nothing was sent',
  running: 'it joins, looks up, stores and answers',
  closed: 'every operation has ended; nothing is ever sent again',
} satisfies Record<Status, string>;

const events = {
  start: 'join through these endpoints',
  seeds: 'the endpoints to join through are these from now on',
  lookup: 'an operation: find the closest, or values',
  ask: 'an operation: ask each of these once',
  publish: 'an operation: store at the closest, once or again and again',
  cancel: 'end an operation',
  unpublish: 'stop storing again',
  'clock-jumped': 'the host slept',
  'addresses-changed': 'others may know us by another address from now on',
  close: 'end everything',
  introduce: 'somebody worth vetting',
  received: 'a packet arrived',
  malformed: 'a packet arrived that was no message',
  unsent: 'a packet could not be sent',
  entropy: 'bytes nobody can predict',
  verified: 'a signature was judged',
  tick: 'time passed',
} satisfies Record<NodeEvent<Protocol>['type'], string>;

const effects = {
  transmit: 'send this packet',
  'entropy-needed': 'bring so many unpredictable bytes',
  verify: 'judge this signature',
  query: 'what a lookup did',
  published: 'the end of a publish',
  republished: 'something was stored again',
  rejected: 'the operation was not accepted',
  'contact-added': 'somebody is a member of the table now',
  'contact-removed': 'somebody is no longer',
  refreshed: 'a quiet bucket was looked into',
  'join-finished': 'joined, or alone',
  anomaly: 'a packet that answered nothing we asked, or bore a wrong id',
  'address-adopted': 'enough others see us at this address',
  renamed: 'we go by an id that fits our address',
  closed: 'the last word',
} satisfies Record<NodeEffect<Protocol>['type'], string>;

const guards = {
  slept: ({ event }) => event.type === 'clock-jumped' && event.ms > 0,
} satisfies Guards<AnyNodeState, NodeEvent<Protocol>, NodeEffect<Protocol>>;

/** What comes of a lookup that begins. */
const begun = ['query', 'transmit', 'entropy-needed'] as const;
/** And where lookups of the node's own end at once, or make room for others. */
const stirred = [...begun, 'republished', 'refreshed', 'join-finished'] as const;

const machine = setup({
  types: {} as { events: Told<keyof typeof events, keyof typeof guards> },
  guards: told(guards),
  actions: kinds(effects),
}).createMachine({
  id: 'node',
  initial: 'fresh',
  states: {
    fresh: {
      on: {
        start: { target: 'running', actions: ['query', 'entropy-needed', 'join-finished'] },
        lookup: { actions: ['rejected'] },
        ask: { actions: ['rejected'] },
        publish: { actions: ['rejected'] },
        close: { target: 'closed', actions: ['closed'] },
      },
    },
    running: {
      on: {
        seeds: { actions: [...begun, 'join-finished'] },
        lookup: { actions: [...stirred, 'rejected'] },
        ask: { actions: [...stirred, 'rejected'] },
        publish: { actions: [...stirred, 'published', 'rejected'] },
        cancel: { actions: [...stirred, 'published'] },
        unpublish: {},
        'clock-jumped': { guard: 'slept', actions: [...begun, 'join-finished'] },
        'addresses-changed': { actions: [...begun, 'join-finished', 'republished'] },
        close: { target: 'closed', actions: ['query', 'published', 'republished', 'closed'] },
        introduce: { actions: [...begun] },
        received: {
          actions: [
            ...stirred,
            'published',
            'rejected',
            'contact-added',
            'contact-removed',
            'anomaly',
            'address-adopted',
            'renamed',
            'verify',
          ],
        },
        malformed: { actions: ['transmit'] },
        unsent: { actions: [...stirred, 'published', 'rejected', 'contact-added', 'contact-removed'] },
        entropy: { actions: ['transmit', 'entropy-needed'] },
        verified: { actions: [...stirred, 'published', 'rejected'] },
        tick: { actions: [...stirred, 'published', 'rejected', 'contact-added', 'contact-removed'] },
      },
    },
    closed: {
      on: {
        lookup: { actions: ['rejected'] },
        ask: { actions: ['rejected'] },
        publish: { actions: ['rejected'] },
      },
    },
  },
});

const chart: Chart = chartFor<Status>()(machine);

/** The law of a node, which has its own deadline: that of the machine that `makeNode` made. */
export function nodeLaw<State extends AnyNodeState>(machineOf: {
  nextDeadline(state: State): Instant | undefined;
}): Law<State, NodeEvent<Protocol>, NodeEffect<Protocol>> {
  return {
    ...nodeDrawn,
    ...BY_TYPE,
    guards,
    counters: ['at', 'counters'],
    statusOf,
    deadlineOf: machineOf.nextDeadline,
  };
}

const statusOf = (state: AnyNodeState): string => state.phase;

export const nodeDrawn: Drawn = { name: 'node', title: 'node', chart, statuses, events, effects };
