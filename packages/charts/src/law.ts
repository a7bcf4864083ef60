/**
 * A law: a chart together with how to read one machine of the core by it. Which status a state is in, what an event and
 * an effect are called, and for each guard of the chart when it holds of a step.
 */
import type { Instant } from '@xorrery/core';
import type { Chart } from './chart.ts';

/** One step that a machine has taken. */
export interface Taken<State, Event, Effect> {
  readonly before: State;
  readonly event: Event;
  readonly now: Instant;
  readonly after: State;
  readonly effects: readonly Effect[];
}

/** The guards of a machine's chart, as predicates of a step. */
export type Guards<State, Event, Effect> = Readonly<Record<string, (step: Taken<State, Event, Effect>) => boolean>>;

/** What can be drawn: words alone. */
export interface Drawn {
  /** As in `docs/machines/NAME.md`. */
  readonly name: string;
  /** `query`, or what is charted of it: `candidate`. */
  readonly title: string;
  readonly chart: Chart;
  /** What each status means, and what each kind of event and effect is. */
  readonly statuses: Readonly<Record<string, string>>;
  readonly events: Readonly<Record<string, string>>;
  readonly effects: Readonly<Record<string, string>>;
}

export interface Law<State, Event, Effect> extends Drawn {
  readonly guards: Guards<State, Event, Effect>;
  /** Fields, wherever they are in the state, that an event may change although it means nothing. */
  readonly counters: readonly string[];
  statusOf(state: State): string;
  labelOf(event: Event): string;
  kindOf(effect: Effect): string;
  deadlineOf(state: State): Instant | undefined;
}

interface Typed {
  readonly type: string;
}

/** What most laws share: labels and kinds are the types of events and effects. */
export const BY_TYPE: { labelOf(event: Typed): string; kindOf(effect: Typed): string } = {
  labelOf: (event) => event.type,
  kindOf: (effect) => effect.type,
};
