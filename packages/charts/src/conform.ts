/**
 * Conformance: whether what a machine of the core did is on its chart, and which of the chart was done.
 *
 * - A step must be an edge: the first from its status for its event whose guard holds, with the status it leads to and
 *   no kind of effect but those it names. If none holds, the event means nothing there: it changes nothing but counters.
 * - A tick before the deadline changes nothing, a tick at it is an edge, and after a step the deadline lies ahead.
 * - Any other event that comes after the deadline may first do what a tick would have done: it takes both edges.
 *
 * It refuses to: drive anything. Tests and simulations hand it their steps.
 */
import type { Instant, Machine } from '@xorrery/core';
import type { Edge } from './chart.ts';
import { Coverage } from './coverage.ts';
import type { Law, Taken } from './law.ts';

/** The core did what its chart does not say. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

/** The edge that a step took, `late` for a step that took two, `ignored` for one that took none. Throws `ConformanceError`. */
export function judge<State, Event, Effect>(
  law: Law<State, Event, Effect>,
  step: Taken<State, Event, Effect>,
): Edge | 'ignored' | 'late' {
  const { before, event, now, after } = step;
  const label = law.labelOf(event);
  const deadline = law.deadlineOf(before);
  const isDue = deadline !== undefined && deadline <= now;
  const next = law.deadlineOf(after);
  if (next !== undefined && next <= now) throw failure(law, step, `leaves the deadline ${next}, which has passed`);
  if (isDue && label !== 'tick') return judgeLate(law, step);
  const edge = label === 'tick' && !isDue ? undefined : edgeOf(law, step, label);
  if (edge === undefined) {
    if (isDue) throw failure(law, step, 'takes no edge at its deadline');
    if (!isUnchanged(law, step)) throw failure(law, step, 'means nothing there, and yet changes something');
    return 'ignored';
  }
  if (label === 'tick' && isUnchanged(law, step)) throw failure(law, step, 'changes nothing at its deadline', edge);
  const wanted = `leads to ${edge.to} on the chart`;
  if (law.statusOf(after) !== edge.to) throw failure(law, step, wanted, edge);
  for (const kind of kindsOf(law, step)) {
    if (!edge.effects.includes(kind)) throw failure(law, step, `yields ${kind}, which the chart does not name`, edge);
  }
  return edge;
}

/** Watches one machine: judges each step and remembers what was taken. */
export class Conformance<State, Event, Effect> {
  readonly law: Law<State, Event, Effect>;
  readonly coverage: Coverage;
  /** Steps seen: taken, ignored, and late. */
  readonly steps = { taken: 0, ignored: 0, late: 0 };

  constructor(law: Law<State, Event, Effect>) {
    this.law = law;
    this.coverage = new Coverage(law);
  }

  /** Throws `ConformanceError` when the step is not on the chart. */
  observe(step: Taken<State, Event, Effect>): Edge | 'ignored' | 'late' {
    const verdict = judge(this.law, step);
    const pair = [this.law.statusOf(step.before), this.law.labelOf(step.event)] as const;
    this.coverage.exercised(...pair);
    if (typeof verdict === 'string') this.steps[verdict]++;
    else {
      this.steps.taken++;
      this.coverage.taken(verdict, kindsOf(this.law, step));
    }
    return verdict;
  }

  /** The same machine, each of whose steps is observed. */
  watch<Config>(machine: Machine<Config, State, Event, Effect>): Machine<Config, State, Event, Effect> {
    return {
      ...machine,
      advance: (before, event, now) => {
        const { state: after, effects } = machine.advance(before, event, now);
        this.observe({ before, event, now, after, effects });
        return { state: after, effects };
      },
    };
  }
}

/** Whether a step changed nothing but counters. */
export function isUnchanged<State, Event, Effect>(
  law: Law<State, Event, Effect>,
  { before, after, effects }: Taken<State, Event, Effect>,
): boolean {
  if (effects.length > 0) return false;
  return before === after || essence(before, law.counters) === essence(after, law.counters);
}

/** The state without the fields that may be counted up. */
function essence(state: unknown, counters: readonly string[]): string {
  return JSON.stringify(state, (key, value: unknown) => (counters.includes(key) ? undefined : value));
}

function edgeOf<State, Event, Effect>(
  law: Law<State, Event, Effect>,
  step: Taken<State, Event, Effect>,
  label: string,
): Edge | undefined {
  const from = law.statusOf(step.before);
  return law.chart.edges.find((edge) => {
    if (edge.from !== from || edge.event !== label) return false;
    return edge.guard === undefined || law.guards[edge.guard]?.(step) === true;
  });
}

/** Two edges, a tick's and the event's; which guards held in between cannot be seen from outside. */
function judgeLate<State, Event, Effect>(law: Law<State, Event, Effect>, step: Taken<State, Event, Effect>): 'late' {
  const { edges } = law.chart;
  const label = law.labelOf(step.event);
  const to = law.statusOf(step.after);
  const stay = (from: string, event: string): Edge => ({ from, event, guard: undefined, to: from, effects: [] });
  const from = law.statusOf(step.before);
  const ways = [stay(from, 'tick'), ...edges.filter((it) => it.from === from && it.event === 'tick')].flatMap((first) =>
    [stay(first.to, label), ...edges.filter((it) => it.from === first.to && it.event === label)].map(
      (second) => [first, second] as const,
    ),
  );
  const yielded = kindsOf(law, step);
  const isWay = ([first, second]: (typeof ways)[number]): boolean =>
    second.to === to && yielded.every((kind) => first.effects.includes(kind) || second.effects.includes(kind));
  if (!ways.some(isWay)) throw failure(law, step, 'comes after the deadline, and is no tick followed by that event');
  return 'late';
}

function kindsOf<State, Event, Effect>(law: Law<State, Event, Effect>, step: Taken<State, Event, Effect>): string[] {
  return [...new Set(step.effects.map((effect) => law.kindOf(effect)))];
}

function failure<State, Event, Effect>(
  law: Law<State, Event, Effect>,
  step: Taken<State, Event, Effect>,
  what: string,
  edge?: Edge,
): ConformanceError {
  const guard = edge?.guard === undefined ? '' : ` [${edge.guard}]`;
  const yields = kindsOf(law, step).join(', ') || 'nothing';
  const [from, to] = [law.statusOf(step.before), law.statusOf(step.after)];
  const where = `${law.title} at ${at(step.now)}: ${from} --${law.labelOf(step.event)}${guard}--> ${to} / ${yields}`;
  return new ConformanceError(`${where}: ${what}\n${JSON.stringify(step.event)}`);
}

function at(now: Instant): string {
  return `${now} ms`;
}
