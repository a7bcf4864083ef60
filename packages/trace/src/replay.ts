/**
 * Runs a node's trace again: the same events, through the same machine, must have the same effects, and at each mark
 * the same state. It stops at the first step that does not.
 *
 * A step is counted from 1. A machine that throws has diverged too: its actual effects are the error.
 */
import type { Instant, NodeMachine, NodeState, Profile, Protocol } from '@xorrery/core';
import { makeNode } from '@xorrery/core';
import { TraceError } from './errors.ts';
import type { EventEntry, Header, NodeHeader, Trace, TraceEntry } from './format.ts';
import { hashOf, sameJson } from './json.ts';
import type { TraceStream } from './reader.ts';

// biome-ignore lint/suspicious/noExplicitAny: a profile of any protocol; what is in a trace is checked by running it
export type AnyProfile = Profile<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyMachine = NodeMachine<any, any, any>;
export type AnyState = NodeState<Protocol, unknown, unknown>;

/** The first step that went another way. */
export interface Divergence {
  /** Which event it was, counted from 1. */
  readonly step: number;
  readonly at: Instant;
  readonly event: EventEntry['event'];
  /** Effects as recorded and as they are now; or, where the effects agree, the hashes of the states. */
  readonly expected: readonly unknown[] | { readonly hash: string };
  readonly actual: readonly unknown[] | { readonly hash: string } | { readonly error: string };
}

export interface ReplayReport {
  /** Events that went as recorded. */
  readonly events: number;
  readonly identical: boolean;
  readonly divergence?: Divergence;
  /** The trace was cut off; what is left of it was run. */
  readonly truncated: boolean;
}

/** A replay under way, step by step. */
export class Replay {
  readonly #machine: AnyMachine;
  #state: AnyState;
  #events = 0;
  #last: EventEntry | undefined;
  #divergence: Divergence | undefined;

  /** Throws `TraceError` when the header does not start a node. */
  constructor(header: Header, machine: AnyMachine) {
    this.#machine = machine;
    this.#state = startOf(header, machine);
  }

  /** The state after the last step that was taken. */
  get state(): AnyState {
    return this.#state;
  }

  /** Events that went as recorded. */
  get events(): number {
    return this.#events;
  }

  get divergence(): Divergence | undefined {
    return this.#divergence;
  }

  /** Takes one entry; false when it went another way. After that nothing more is taken. */
  take(entry: TraceEntry): boolean {
    if (this.#divergence !== undefined) return false;
    if (entry.type === 'mark') {
      if (entry.hash === undefined) return true;
      const hash = hashOf(this.#state);
      return hash === entry.hash || this.#diverge(this.#last, { hash: entry.hash }, { hash });
    }
    this.#last = entry;
    const outcome = tried(this.#machine, this.#state, entry);
    if ('error' in outcome) return this.#diverge(entry, entry.effects, outcome);
    if (!sameJson(outcome.effects, entry.effects)) return this.#diverge(entry, entry.effects, outcome.effects);
    this.#state = outcome.state;
    this.#events++;
    return true;
  }

  report(truncated: boolean): ReplayReport {
    const divergence = this.#divergence;
    const identical = divergence === undefined;
    return { events: this.#events, identical, ...(identical ? undefined : { divergence }), truncated };
  }

  #diverge(entry: EventEntry | undefined, expected: Divergence['expected'], actual: Divergence['actual']): false {
    const isState = 'hash' in expected;
    const { at = 0, event = { type: 'start of the trace' } } = entry ?? {};
    this.#divergence = { step: isState ? this.#events : this.#events + 1, at, event, expected, actual };
    return false;
  }
}

/** Runs a trace again. `each` is told how many events have gone by, now and then. Throws `TraceError`. */
export async function replay(
  trace: Trace | TraceStream,
  machine: AnyMachine,
  each?: (events: number) => void,
): Promise<ReplayReport> {
  const run = new Replay(trace.header, machine);
  const batches = 'entries' in trace ? [trace.entries] : trace;
  for await (const batch of batches) {
    if (!batch.every((entry) => run.take(entry))) break;
    each?.(run.events);
  }
  return run.report(run.divergence === undefined && trace.truncated);
}

/** The machine for a trace. Throws `TraceError` when the profile is not the one it was recorded with. */
export function machineFor({ profile: wanted }: Header, profile: AnyProfile): AnyMachine {
  if (profile.name !== wanted.name || profile.version !== wanted.version) {
    const [is, reads] = [wanted, profile].map(({ name, version }) => `${name} ${version}`);
    throw new TraceError('profile', `it is of ${is}, and this is ${reads}`);
  }
  return makeNode(profile);
}

/** A step, or what the machine threw. */
export function tried(
  machine: AnyMachine,
  state: AnyState,
  { at, event }: Pick<EventEntry, 'at' | 'event'>,
): { readonly state: AnyState; readonly effects: readonly { readonly type: string }[] } | { readonly error: string } {
  try {
    return machine.advance(state, event as never, at);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** The state a trace of a node begins with. Throws `TraceError`. */
export function startOf(header: Header, machine: AnyMachine): AnyState {
  if (header.kind !== 'node') throw new TraceError('profile', 'it is of a simulation, not of one node');
  const { start } = header as NodeHeader;
  if ('state' in start) return start.state as AnyState;
  try {
    return machine.init(start.config as never);
  } catch (error) {
    throw new TraceError('edited', `its configuration is refused: ${(error as Error).message}`);
  }
}
