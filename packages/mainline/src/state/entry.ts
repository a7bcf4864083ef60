/**
 * How one thing is written in the store: a key that says what it is and whose, and JSON behind a checksum over both.
 * LevelDB does not check what it reads; a byte that was flipped on the disk must cost one entry, not the start.
 */
import { hash } from 'node:crypto';

/** What there is of each address the node has: its id, whom it knows, what it keeps for others and of its own. */
export type Kind = 'id' | 'contact' | 'peer' | 'item' | 'own';

/** One thing written, or taken out where there is no value. */
export interface Change {
  readonly key: string;
  readonly value?: unknown;
}

const KINDS: readonly string[] = ['id', 'contact', 'peer', 'item', 'own'] satisfies Kind[];
const DIGITS = 10;

export function keyOf(kind: Kind, address: string, ...rest: readonly string[]): string {
  return [kind, encodeURIComponent(address), ...rest].join('/');
}

/** What a key is of; `undefined` when it is none of ours. */
export function readKey(
  key: string,
): { readonly kind: Kind; readonly address: string; readonly rest: readonly string[] } | undefined {
  const [kind, address, ...rest] = key.split('/');
  if (kind === undefined || address === undefined || !KINDS.includes(kind)) return undefined;
  try {
    return { kind: kind as Kind, address: decodeURIComponent(address), rest: rest.map(ofItsOwn) };
  } catch {
    return undefined;
  }
}

/** A part of a key would hold on to all of it for as long as it is kept (a sliced string of V8), so it is copied. */
function ofItsOwn(part: string): string {
  return Buffer.from(part).toString();
}

export function textOf(key: string, value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(key, json)} ${json}`;
}

/** The value written under this key; `undefined` when it is not what was written. */
export function readText(key: string, text: string): unknown {
  const json = text.slice(DIGITS + 1);
  if (text.slice(0, DIGITS) !== checksum(key, json)) return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** Against accidents, not against anybody who can write the files. */
function checksum(key: string, json: string): string {
  return hash('sha1', `${key}\n${json}`, 'hex').slice(0, DIGITS);
}
