/**
 * A machine of the core as XState actor logic: spawn it, send it events, inspect it, persist it, with the tools that
 * XState users know.
 *
 * Effects are emitted, once the actor is in its new state: `actor.on('send', ...)`, or `'*'` for all. The one timer is
 * XState's own: it wakes the machine at its deadline. Instants come from `now`, which must never fall and must go on from
 * where it was when a persisted actor is restored; XState's clock tells no time. It refuses to: perform any effect.
 */
import type { Instant, Machine } from '@xorrery/core';
import type { ActorLogic, ActorScope, AnyActorRef, Snapshot } from 'xstate';

type System = AnyActorRef['system'];

interface Typed {
  readonly type: string;
}

/** The machine's state is the context. The actor stays active: a machine takes any event, also after its end. */
export type MachineSnapshot<State> = Snapshot<undefined> & { readonly context: State };

export type MachineLogic<Config, State, Event extends Typed, Effect extends Typed> = ActorLogic<
  MachineSnapshot<State>,
  Event,
  Config,
  System,
  Effect
>;

type Scope<State, Event extends Typed, Effect extends Typed> = ActorScope<
  MachineSnapshot<State>,
  Event,
  System,
  Effect
>;

/** Under this name the system keeps the timer. */
const TIMER = 'deadline';

/** The logic of a machine on a clock. The actor's input is the machine's configuration. */
export function logicOf<Config, State, Event extends Typed, Effect extends Typed>(
  machine: Machine<Config, State, Event, Effect>,
  now: () => Instant,
): MachineLogic<Config, State, Event, Effect> {
  const setTimer = (state: State, { self, system }: Scope<State, Event, Effect>): void => {
    system.scheduler.cancel(self, TIMER);
    const deadline = machine.nextDeadline(state);
    if (deadline !== undefined)
      system.scheduler.schedule(self, self, { type: 'tick' }, Math.max(0, deadline - now()), TIMER);
  };
  return {
    transition: (snapshot, event, scope) => {
      if (event.type === 'xstate.stop') return { ...snapshot, status: 'stopped' } as typeof snapshot;
      // XState's other words to its actors mean nothing to a machine.
      if (event.type.startsWith('xstate.')) return snapshot;
      const { state, effects } = machine.advance(snapshot.context, event, now());
      // Whoever hears of an effect finds the actor in its new state.
      scope.defer(() => {
        setTimer(state, scope);
        for (const effect of effects) scope.emit(effect);
      });
      return state === snapshot.context ? snapshot : snapshotOf(state);
    },
    getInitialSnapshot: (_, config) => snapshotOf(machine.init(config)),
    // States are plain data, so they persist as they are; one that was stopped goes on when it is restored.
    getPersistedSnapshot: ({ context }) => snapshotOf(context),
    restoreSnapshot: (snapshot) => snapshot as MachineSnapshot<State>,
    start: ({ context }, scope) => setTimer(context, scope),
  };
}

function snapshotOf<State>(context: State): MachineSnapshot<State> {
  return { status: 'active', output: undefined, error: undefined, context };
}
