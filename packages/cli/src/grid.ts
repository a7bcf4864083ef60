/**
 * A grid of simulations: what all have in common, what varies, and the seeds. Every combination is a run.
 *
 *     {"base": {"nodes": 1000}, "grid": {"loss": [0, 0.1], "config.query.paths": [1, 8]}, "seeds": [1, 2, 3]}
 */
import { ConfigError } from '@xorrery/core';
import { type Scenario, scenarioOf } from '@xorrery/simulator';

/** One run of a grid. */
export interface Cell {
  /** What it has of what varies, by name. */
  readonly point: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
}

/** Runs in one grid. */
const MAX_RUNS = 100_000;

/** Every run of a grid, checked, in order. Throws `ConfigError` naming the field that is wrong. */
export function cellsOf(grid: unknown): readonly Cell[] {
  const it = plain('grid file', grid);
  for (const key of Object.keys(it)) {
    if (!['base', 'grid', 'seeds'].includes(key)) throw new ConfigError(key.slice(0, 40), 'is not known here');
  }
  const base = plain('base', it.base ?? {});
  const axes = Object.entries(plain('grid', it.grid ?? {}));
  const seeds = it.seeds ?? [1];
  if (!Array.isArray(seeds) || seeds.length === 0) throw new ConfigError('seeds', 'must be a list of seeds');
  let runs = seeds.length;
  for (const [name, values] of axes) {
    if (!Array.isArray(values) || values.length === 0)
      throw new ConfigError(`grid.${name}`, 'must be a list of values');
    runs *= values.length;
  }
  if (runs > MAX_RUNS) throw new ConfigError('grid', `has ${runs} runs, and may have ${MAX_RUNS}`);
  let points: readonly Readonly<Record<string, unknown>>[] = [{}];
  for (const [name, values] of axes) {
    points = points.flatMap((point) => (values as unknown[]).map((value) => ({ ...point, [name]: value })));
  }
  return points.flatMap((point) =>
    seeds.map((seed): Cell => {
      let parts: object = { ...base, seed };
      for (const [name, value] of Object.entries(point)) parts = placed(parts, name.split('.'), value);
      return { point, scenario: scenarioOf(parts) };
    }),
  );
}

/** The object with a value at a path of names. */
function placed(object: object, [name = '', ...rest]: readonly string[], value: unknown): object {
  const inner = (object as Readonly<Record<string, unknown>>)[name];
  return { ...object, [name]: rest.length === 0 ? value : placed(plain(name, inner ?? {}), rest, value) };
}

function plain(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(field, 'must be an object');
  }
  return value as Readonly<Record<string, unknown>>;
}
