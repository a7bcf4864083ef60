/**
 * Names that a node gives by counting or by chance: transaction ids, numbers of requests and of signatures to judge, ids
 * of its own lookups. When earlier events are left out of a trace, later ones get other names and are otherwise the
 * same; here they are told apart from real differences, and translated.
 */
import { canonical } from './json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** From the names in the recording to those in the run at hand. */
export class Names {
  readonly #known = new Map<string, unknown>();

  /** Whether `actual` is `expected` under other names; those are learnt if so. */
  learn(expected: unknown, actual: unknown): boolean {
    const found = new Map<string, unknown>();
    if (!this.#match(expected, actual, found)) return false;
    for (const [key, name] of found) this.#known.set(key, name);
    return true;
  }

  /** The same data under the names of this run, as far as they are known. */
  translate<T>(value: T): T {
    return mapNames(value, (kind, name) => this.#known.get(`${kind} ${name}`) ?? name);
  }

  #match(a: unknown, b: unknown, found: Map<string, unknown>): boolean {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) || Array.isArray(b)) {
      if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
      return a.every((item, i) => this.#match(item, b[i], found));
    }
    const [left, right] = [a as Fields, b as Fields];
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const [x, y] = [left[key], right[key]];
      const kind = kindOf(left, key);
      if (kind === undefined || kindOf(right, key) !== kind) {
        if (!this.#match(x, y, found)) return false;
        continue;
      }
      const name = `${kind} ${x}`;
      const known = found.get(name) ?? this.#known.get(name);
      if (known !== undefined && known !== y) return false;
      found.set(name, y);
    }
    return true;
  }
}

/** Canonical text in which all such names are blank. */
export function nameless(value: unknown): string {
  return canonical(mapNames(value, (kind) => kind));
}

/** What kind of name stands in this field, if it is one. */
function kindOf(record: Fields, key: string): string | undefined {
  const value = record[key];
  if (key === 'request' && typeof value === 'number') return 'request';
  if (key === 'job' && typeof value === 'number') return 'job';
  if (typeof value !== 'string') return undefined;
  // Of the transaction ids only those that we chose ourselves.
  if (key === 'tid') return record.type === 'request' && record.request !== undefined ? 'tid' : undefined;
  const colon = key === 'id' && 'effect' in record ? value.indexOf(':') : -1;
  return colon > 0 ? value.slice(0, colon) : undefined;
}

function mapNames<T>(value: T, name: (kind: string, name: unknown) => unknown): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((it) => mapNames(it, name)) as T;
  const mapped: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const kind = kindOf(value as Fields, key);
    mapped[key] = kind === undefined ? mapNames(item, name) : name(kind, item);
  }
  return mapped as T;
}
