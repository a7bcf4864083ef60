/**
 * What a statechart says, read off the XState machine in which it was authored: from which status which event leads
 * where, under which guard, and which kinds of effect that may yield.
 *
 * In a chart a guard is a name and an action is the kind of an effect. Its own events carry the name of the guard that
 * holds (`when`), so that `xstate/graph` can walk it without the core. It refuses to: run anything.
 */
import type { AnyStateMachine, StateValueFrom } from 'xstate';

/** An event as a chart takes it: its label, and which guard holds. */
export type Told<Label extends string, Guard extends string> = Label extends string
  ? { readonly type: Label; readonly when?: Guard }
  : never;

/** One arrow. Without a guard it is taken when no guard before it holds. */
export interface Edge {
  readonly from: string;
  readonly event: string;
  readonly guard: string | undefined;
  readonly to: string;
  /** Kinds of effect that it may yield; any other is a violation. */
  readonly effects: readonly string[];
}

export interface Chart {
  readonly statuses: readonly string[];
  readonly initial: string;
  /** In order: of those from one status for one event, the first whose guard holds is taken. */
  readonly edges: readonly Edge[];
  readonly machine: AnyStateMachine;
}

/** `true` only for the same union. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/**
 * The chart of a machine. It compiles only when the machine's states are exactly `Status`: the tags of the core's union.
 * Called in two halves, because the status is given and the machine's type inferred.
 */
export function chartFor<Status extends string>(): <M extends AnyStateMachine>(
  machine: Same<StateValueFrom<M>, Status> extends true ? M : never,
) => Chart {
  return (machine) => {
    const { root } = machine as AnyStateMachine;
    const statuses = Object.keys(root.states);
    const edges = statuses.flatMap((from) => edgesOf(from, root.states[from] as AnyStateMachine['root']));
    return { statuses, initial: nameOf(root.initial.target[0]), edges, machine };
  };
}

/** Guards for `setup`: each holds when the event says so. */
export function told<Guards extends object>(
  guards: Guards,
): { [K in keyof Guards]: (args: { readonly event: { readonly when?: string } }) => boolean } {
  const holds = Object.keys(guards).map((name) => [
    name,
    ({ event }: { event: { when?: string } }) => event.when === name,
  ]);
  return Object.fromEntries(holds);
}

/** Actions for `setup`: the kinds of effect, which do nothing here. */
export function kinds<Effects extends object>(effects: Effects): { [K in keyof Effects]: () => void } {
  return Object.fromEntries(Object.keys(effects).map((kind) => [kind, () => {}])) as {
    [K in keyof Effects]: () => void;
  };
}

function edgesOf(from: string, state: AnyStateMachine['root']): Edge[] {
  return [...state.transitions].flatMap(([event, transitions]) =>
    transitions.map(({ guard, target, actions }) => ({
      from,
      event,
      guard: guard as string | undefined,
      to: target === undefined ? from : nameOf(target[0]),
      effects: actions.map((action) => (typeof action === 'string' ? action : (action as { type: string }).type)),
    })),
  );
}

function nameOf(state: AnyStateMachine['root'] | undefined): string {
  return state?.key ?? '';
}
