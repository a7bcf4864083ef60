/** Where two traces first differ, and in what: what they are of, how they began, an event, its effects, the state. */
import { type EventEntry, eventsOf, type Mark, type Trace } from './format.ts';
import { firstDifference, sameJson } from './json.ts';

export interface Difference {
  /**
   * - `profile`, `start`: what is recorded, and from which configuration, state or scenario.
   * - `event`, `effects`: at `step`. Given the same events, other effects mean other code.
   * - `state`: after `step`, while all effects were the same.
   * - `length`: one goes on where the other ends, after `step`.
   */
  readonly what: 'profile' | 'start' | 'event' | 'effects' | 'state' | 'length';
  /** Counted from 1; 0 before the first event. */
  readonly step: number;
  /** Where in it, e.g. `config.query.k` or `[2].message.tid`. */
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** The first difference; `undefined` when both tell the same. Wall times are no difference. */
export function diff(a: Trace, b: Trace): Difference | undefined {
  const heads = [a.header, b.header].map((it) =>
    it.kind === 'node'
      ? { profile: { kind: it.kind, ...it.profile }, start: it.start }
      : { profile: { kind: it.kind, ...it.profile }, start: { seed: it.seed, scenario: it.scenario } },
  ) as [Head, Head];
  for (const what of ['profile', 'start'] as const) {
    const found = differing(what, 0, heads[0][what], heads[1][what]);
    if (found !== undefined) return found;
  }
  const [left, right] = [eventsOf(a), eventsOf(b)];
  const [leftHashes, rightHashes] = [hashesOf(a), hashesOf(b)];
  for (const [i, entry] of left.entries()) {
    const other = right[i];
    if (other === undefined) break;
    const step = i + 1;
    const found =
      differing('event', step, headOf(entry), headOf(other)) ??
      differing('effects', step, entry.effects, other.effects);
    if (found !== undefined) return found;
    const [x, y] = [leftHashes.get(step), rightHashes.get(step)];
    if (x !== undefined && y !== undefined && x !== y) return { what: 'state', step, path: '', a: x, b: y };
  }
  if (left.length === right.length) return undefined;
  const step = Math.min(left.length, right.length);
  return { what: 'length', step, path: '', a: left.length, b: right.length };
}

interface Head {
  readonly profile: unknown;
  readonly start: unknown;
}

function headOf({ at, event, node }: EventEntry): object {
  return { at, ...(node === undefined ? undefined : { node }), event };
}

function hashesOf(trace: Trace): Map<number, string> {
  const marks = trace.entries.filter((it): it is Mark => it.type === 'mark');
  return new Map(marks.flatMap(({ events, hash }) => (hash === undefined ? [] : [[events, hash] as const])));
}

function differing(what: Difference['what'], step: number, a: unknown, b: unknown): Difference | undefined {
  if (sameJson(a, b)) return undefined;
  const path = firstDifference(a, b) ?? '';
  return { what, step, path, a: valueAt(a, path), b: valueAt(b, path) };
}

function valueAt(value: unknown, path: string): unknown {
  const steps = path.split(/[.[\]]+/).filter((it) => it !== '');
  return steps.reduce<unknown>((it, step) => (it as Record<string, unknown> | undefined)?.[step], value);
}
