/** The machines of the core as XState actors, on XState's simulated clock. */
import { logicOf } from '@xorrery/charts';
import {
  type BootstrapState,
  bootstrapMachine,
  broadcastMachine,
  type Contact,
  DEFAULT_BOOTSTRAP,
  includeMachine,
  poolMachine,
  probeMachine,
  type QueryConfig,
  type QueryEvent,
  type QueryReport,
  queryMachine,
  refreshMachine,
  scheduleMachine,
  wireMachine,
} from '@xorrery/core';
import { contactOf, modelQuery, type Plain, tinyId } from '@xorrery/testkit';
import { describe, expect, it } from 'vitest';
import { type Actor, createActor, type InspectionEvent, SimulatedClock, type Snapshot, setup } from 'xstate';
import { machine as nodeMachine } from './node-drive.ts';

const CONTACTS: Contact[] = [3, 2, 5, 9].map((n, i) => contactOf(i, tinyId(n)));
const config: QueryConfig<Plain> = modelQuery(tinyId(1), { self: tinyId(0), k: 2, alpha: 2, requestTimeout: 100 });

/** A query as an actor, on a clock of its own. */
const queryActor = (snapshot?: Snapshot<unknown>, clock = new SimulatedClock()) => {
  const inspected: InspectionEvent[] = [];
  const logic = logicOf(queryMachine<Plain>(), () => clock.now());
  const inspect = (event: InspectionEvent): void => void inspected.push(event);
  const actor = createActor(logic, { input: config, clock, inspect, ...(snapshot && { snapshot }) });
  const said: string[] = [];
  actor.on('*', (effect) => void said.push(effect.type));
  return { actor, clock, said, inspected, logic };
};

const answer = (request: number): QueryEvent<Plain> => {
  const from = CONTACTS[request] as Contact;
  return { type: 'response', request, from: from.id, answer: { contacts: [], values: [] } };
};

const reportIn = (actor: Actor<ReturnType<typeof queryActor>['logic']>): QueryReport<Plain> | undefined => {
  const { context } = actor.getSnapshot();
  return context.status === 'ended' ? context.report : undefined;
};

describe('a query as an actor', () => {
  it('[X16][G12] takes events, keeps the core’s state as its context, and emits effects when it is in its new state', () => {
    const { actor, said } = queryActor();
    const asked: [string, number][] = [];
    actor.on('send', ({ to }) => {
      const { context } = actor.getSnapshot();
      asked.push([to.endpoint, context.status === 'searching' ? context.open.length : -1]);
    });
    actor.start();
    expect(actor.getSnapshot().context.status).toBe('idle');
    actor.send({ type: 'start', seeds: CONTACTS, firstRequest: 0 });
    expect(asked).toEqual([
      ['n0', 2],
      ['n1', 2],
    ]);
    actor.send(answer(0));
    actor.send(answer(1));
    expect(said).toEqual(['send', 'send', 'progressed', 'progressed', 'finished']);
    expect(reportIn(actor)?.reason).toBe('converged');
  });

  it('[F02][F03] wakes itself at each deadline, by the one timer of XState’s clock', () => {
    const { actor, clock, said } = queryActor();
    actor.start();
    actor.send({ type: 'start', seeds: CONTACTS.slice(0, 2), firstRequest: 0 });
    expect(Object.keys(actor.system.getSnapshot()._scheduledEvents)).toHaveLength(1);
    clock.increment(99);
    expect(said).toEqual(['send', 'send']);
    clock.increment(1);
    expect(said.slice(2, 4)).toEqual(['unanswered', 'unanswered']);
    expect(reportIn(actor)?.counts).toMatchObject({ requests: 2, silent: 2 });
    expect(Object.keys(actor.system.getSnapshot()._scheduledEvents)).toEqual([]);
  });

  it('can be inspected: each event and each state', () => {
    const { actor, inspected } = queryActor();
    actor.start();
    actor.send({ type: 'start', seeds: CONTACTS, firstRequest: 0 });
    const seen = inspected.flatMap((it) => (it.type === '@xstate.event' ? [it.event.type] : []));
    expect(seen).toContain('start');
    const states = inspected.flatMap((it) =>
      it.type === '@xstate.snapshot' && 'context' in it.snapshot
        ? [(it.snapshot.context as { status: string }).status]
        : [],
    );
    expect(states.at(-1)).toBe('searching');
  });

  it('[X12] persisted as JSON midway and restored, it comes to the same report', () => {
    const whole = queryActor();
    whole.actor.start();
    const half = queryActor();
    half.actor.start();
    for (const { actor } of [whole, half]) {
      actor.send({ type: 'start', seeds: CONTACTS, firstRequest: 0 });
      actor.send(answer(0));
    }
    half.clock.increment(40);
    whole.clock.increment(40);
    const kept = JSON.parse(JSON.stringify(half.actor.getPersistedSnapshot())) as Snapshot<unknown>;
    half.actor.stop();
    const rest = queryActor(kept, half.clock);
    rest.actor.start();
    for (const { clock } of [whole, rest]) clock.increment(60);
    for (const { actor } of [whole, rest]) actor.send(answer(2));
    expect(reportIn(rest.actor)).toEqual(reportIn(whole.actor));
    expect(reportIn(rest.actor)?.counts).toMatchObject({ answered: 2, silent: 1 });
  });

  it('[U05] stopped, it sets no timer and says nothing more', () => {
    const { actor, clock, said } = queryActor();
    actor.start();
    actor.send({ type: 'start', seeds: CONTACTS, firstRequest: 0 });
    actor.stop();
    clock.increment(100_000);
    expect(said).toEqual(['send', 'send']);
    expect(actor.getSnapshot().status).toBe('stopped');
  });
});

describe('the other machines', () => {
  it('can be children of a chart', () => {
    const clock = new SimulatedClock();
    const logic = logicOf(bootstrapMachine, () => clock.now());
    const parent = setup({ actors: { join: logic } }).createMachine({
      invoke: { src: 'join', id: 'join', input: { ...DEFAULT_BOOTSTRAP, seed: 1 } },
    });
    const actor = createActor(parent, { clock }).start();
    const { join } = actor.getSnapshot().children;
    const said: string[] = [];
    join?.on('*', (effect: { type: string }) => void said.push(effect.type));
    join?.send({ type: 'start', seeds: 1, contacts: 0 });
    clock.increment(3_000);
    join?.send({ type: 'self-found', neighbour: -1 });
    clock.increment(2_000);
    expect(said).toEqual(['find-self', 'isolated', 'find-self']);
    const { context } = join?.getSnapshot() ?? {};
    expect((context as BootstrapState | undefined)?.status).toBe('seeking');
  });

  it('[G12] all fit: whatever is a machine is an actor', () => {
    const now = (): number => 0;
    const logics = [
      logicOf(poolMachine<Plain>(), now),
      logicOf(includeMachine, now),
      logicOf(probeMachine, now),
      logicOf(refreshMachine, now),
      logicOf(broadcastMachine<Plain>(), now),
      logicOf(scheduleMachine, now),
      logicOf(wireMachine<Plain>(), now),
      logicOf(nodeMachine, now),
    ];
    for (const logic of logics) expect(Object.keys(logic)).toContain('transition');
  });
});
