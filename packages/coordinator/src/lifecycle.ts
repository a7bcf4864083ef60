/**
 * The coordinator's lifecycle as a statechart: low in rate, full of races, and so the one place where XState runs.
 * It only judges; opening, closing and telling the node are done by the coordinator when a state is entered.
 */
import { type Actor, createActor, setup } from 'xstate';

/**
 * - `stopped`: nothing is bound. `starting`: the transport is being opened.
 * - `joining`: bound, nobody met yet. `online`: joined. `offline`: nobody answered; it goes on trying.
 * - `stopping`: the transport is being closed. `closed`: for good.
 */
export type LifecycleState = 'stopped' | 'starting' | 'joining' | 'online' | 'offline' | 'stopping' | 'closed';

export type LifecycleEvent =
  | { readonly type: 'start' }
  | { readonly type: 'opened' }
  | { readonly type: 'open-failed' }
  | { readonly type: 'joined' }
  | { readonly type: 'isolated' }
  | { readonly type: 'close' }
  | { readonly type: 'released' };

const machine = setup({ types: { events: {} as LifecycleEvent } }).createMachine({
  id: 'coordinator',
  initial: 'stopped',
  states: {
    stopped: { on: { start: 'starting', close: 'closed' } },
    starting: { on: { opened: 'joining', 'open-failed': 'stopped', close: 'stopping' } },
    joining: { on: { joined: 'online', isolated: 'offline', close: 'stopping' } },
    online: { on: { isolated: 'offline', close: 'stopping' } },
    offline: { on: { joined: 'online', close: 'stopping' } },
    stopping: { on: { released: 'closed' } },
    closed: { type: 'final' },
  },
});

export class Lifecycle {
  readonly #actor: Actor<typeof machine> = createActor(machine).start();

  get state(): LifecycleState {
    return this.#actor.getSnapshot().value;
  }

  /** Whether operations are taken. */
  get running(): boolean {
    const { state } = this;
    return state === 'joining' || state === 'online' || state === 'offline';
  }

  /** Takes an event in; an event that has no meaning in this state changes nothing. Whether the state changed. */
  tell(event: LifecycleEvent): boolean {
    const before = this.state;
    if (before === 'closed') return false;
    this.#actor.send(event);
    return this.state !== before;
  }
}
