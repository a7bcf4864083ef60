/**
 * How tests drive a machine by its chart: from some beginning, any event of a finite list that depends on the state, at
 * any of a few instants that matter. Properties pick among them, path tests search among them.
 */
import { type Edge, type Law, type Path, type Taken, textOf } from '@xorrery/charts';
import type { Instant, Step } from '@xorrery/core';

export interface Drive<State, Event, Effect> {
  readonly law: Law<State, Event, Effect>;
  readonly beginnings: readonly State[];
  advance(state: State, event: Event, now: Instant): Step<State, Effect>;
  /** Events that may be told in this state, sensible and absurd. */
  inputs(state: State, now: Instant): readonly Event[];
  /** How many steps within one status may lead up to an edge, and how many states are looked on from. */
  readonly detour?: number;
  readonly breadth?: number;
}

/** Which event, and when: numbers taken modulo what there is, so that any list of them is a run. */
export type Choice = readonly [event: number, time: number];

/** Instants at which something may come about: now, a little later, around the deadline, long after it. */
function timesOf<State, Event, Effect>(drive: Drive<State, Event, Effect>, state: State, now: Instant): Instant[] {
  const due = drive.law.deadlineOf(state);
  return due === undefined ? [now, now, now + 5] : [now, now, now + 5, due - 1, due, due + 20, due + 5_000];
}

/** Runs along the choices; returns every step. */
export function walk<State, Event, Effect>(
  drive: Drive<State, Event, Effect>,
  beginning: number,
  choices: readonly Choice[],
  observe: (step: Taken<State, Event, Effect>) => void,
): void {
  let before = drive.beginnings[beginning % drive.beginnings.length] as State;
  let now: Instant = 0;
  for (const [which, when] of choices) {
    const times = timesOf(drive, before, now).filter((it) => it >= now);
    now = times[when % times.length] as Instant;
    const inputs = drive.inputs(before, now);
    const event = inputs[which % inputs.length] as Event;
    const { state: after, effects } = drive.advance(before, event, now);
    observe({ before, event, now, after, effects });
    before = after;
  }
}

export interface Place<State> {
  readonly state: State;
  readonly now: Instant;
}

const DETOUR = 6;
/** Likewise, once it was found that way. */
const ENOUGH = 2;
const BREADTH = 30;

/**
 * Drives paths of the chart through the core: looks for events that take just these edges, with as many others in
 * between as stay in the same status. What paths begin with in common is driven, and observed, once.
 */
export class Driver<State, Event, Effect> {
  readonly #drive: Drive<State, Event, Effect>;
  readonly #observe: (step: Taken<State, Event, Effect>) => unknown;
  /** Steps from each place met, by the place as text: different edges are looked for around the same places. */
  readonly #steps = new Map<string, readonly Taken<State, Event, Effect>[]>();
  /** Where each path leads from each beginning. */
  readonly #known: readonly Map<string, readonly Place<State>[]>[];

  constructor(drive: Drive<State, Event, Effect>, observe: (step: Taken<State, Event, Effect>) => unknown) {
    this.#drive = drive;
    this.#observe = observe;
    this.#known = drive.beginnings.map((state) => new Map([['', [{ state, now: 0 }]]]));
  }

  /** States at its end; none when it cannot be driven, e.g. because the machine has more places than the path fills. */
  along(path: Path): readonly Place<State>[] {
    for (const known of this.#known) {
      const places = this.#from(known, path);
      if (places.length > 0) return places;
    }
    return [];
  }

  #from(known: Map<string, readonly Place<State>[]>, path: Path): readonly Place<State>[] {
    const key = path.map(textOf).join('\n');
    const before = known.get(key);
    if (before !== undefined) return before;
    const places = this.#across(this.#from(known, path.slice(0, -1)), path.at(-1) as Edge);
    known.set(key, places);
    return places;
  }

  #across(from: readonly Place<State>[], edge: Edge): readonly Place<State>[] {
    const { detour: longest = DETOUR, breadth } = this.#drive;
    const found: Place<State>[] = [];
    let places = from;
    for (let detour = 0; places.length > 0 && detour <= (found.length === 0 ? longest : ENOUGH); detour++) {
      const around: Place<State>[] = [];
      for (const place of places) this.#lookAround(place, edge, found, around);
      places = spread(around, breadth);
    }
    return spread(found, breadth);
  }

  /** Puts where the edge leads from here into `found`, and what else stays in its status into `around`. */
  #lookAround(place: Place<State>, edge: Edge, found: Place<State>[], around: Place<State>[]): void {
    const { law } = this.#drive;
    for (const step of this.#stepsFrom(place)) {
      const isEdge = law.labelOf(step.event) === edge.event && this.#observe(step) === edge;
      const next = { state: step.after, now: step.now };
      if (isEdge) found.push(next);
      else if (law.statusOf(step.after) === edge.from) around.push(next);
    }
  }

  #stepsFrom(place: Place<State>): readonly Taken<State, Event, Effect>[] {
    const key = JSON.stringify(place);
    const steps = this.#steps.get(key) ?? [...stepsFrom(this.#drive, place)];
    this.#steps.set(key, steps);
    return steps;
  }
}

/** Lets happen whatever may happen, so many steps deep. */
export function explore<State, Event, Effect>(
  drive: Drive<State, Event, Effect>,
  state: State,
  depth: number,
  observe: (step: Taken<State, Event, Effect>) => unknown,
): void {
  let places: readonly Place<State>[] = [{ state, now: 0 }];
  for (let i = 0; i < depth; i++) {
    const steps = places.flatMap((place) => [...stepsFrom(drive, place)]);
    for (const step of steps) observe(step);
    places = spread(steps.map(({ after, now }) => ({ state: after, now })));
  }
}

/** Every step that the inputs allow now, at the deadline and long after, but for those that keep the very same state. */
function* stepsFrom<State, Event, Effect>(
  drive: Drive<State, Event, Effect>,
  { state: before, now: from }: Place<State>,
): Iterable<Taken<State, Event, Effect>> {
  const due = drive.law.deadlineOf(before);
  const times = due === undefined ? [from, from + 5_000] : [from, due, due + 5_000];
  for (const now of times) {
    for (const event of drive.inputs(before, now)) {
      const { state: after, effects } = drive.advance(before, event, now);
      if (after !== before) yield { before, event, now, after, effects };
    }
  }
}

/** So many different ones of a list, from all parts of it. */
function spread<State>(list: readonly Place<State>[], breadth = BREADTH): readonly Place<State>[] {
  const some = sampled(list, 8 * breadth);
  return sampled([...new Map(some.map((it) => [JSON.stringify(it), it])).values()], breadth);
}

function sampled<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)] as T);
}
