/**
 * The contract every machine of Xorrery keeps: three pure functions over plain readonly data.
 *
 * A machine never reads a clock, draws chance, waits, or keeps anything outside its state; the driver tells it
 * what happened and when, and it answers with its next state and everything it wants done, complete and in order.
 */

/** Milliseconds on the driver's monotonic clock. An integer. Never decreases. Meaningless in another process. */
export type Instant = number;

/** What one step produced. Effects are complete and in order: nothing to poll, nothing to drain. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Three pure functions over plain readonly data. */
export interface Machine<Config, State, Event, Effect> {
  /** The state before anything happened. Throws `ConfigError` when a field of the configuration is out of range. */
  init(config: Config): State;
  /** Takes in one event at `now`. Total: any event in any state is legal, and old states stay valid. */
  advance(state: State, event: Event, now: Instant): Step<State, Effect>;
  /** When the machine wants to be woken if nothing else happens. After a step at `now` it is later than `now`. */
  nextDeadline(state: State): Instant | undefined;
}

/** The answer of a machine that has nothing to say. Shared, so that idle steps allocate no list. */
export const NO_EFFECTS: readonly never[] = Object.freeze([]);

/** The earlier of two wake times, where `undefined` means never. */
export function earliest(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Math.min(a, b);
}
