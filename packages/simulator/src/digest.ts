/**
 * The hash that two runs have in common if they were the same: SHA-256 over every (at, node, effects) in order, and then
 * each node's final state. Texts are gathered and hashed in large pieces; the hash itself is a port, so that a host with
 * a native one can use it.
 */
import type { Instant, NodeEffect, Protocol } from '@xorrery/core';

/** A hash under way: texts are ASCII. `hex` may be asked for more than once, and does not end it. */
export interface Hash {
  update(text: string): void;
  hex(): string;
}

/** Characters gathered before they are hashed. */
const PIECE = 65_536;

export class Digest {
  readonly #hash: Hash;
  #text = '';

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  step(at: Instant, node: number, effects: readonly NodeEffect<Protocol>[]): void {
    this.#text += effects.length === 0 ? `${at} ${node}\n` : `${at} ${node} ${JSON.stringify(effects)}\n`;
    if (this.#text.length >= PIECE) this.#flush();
  }

  /** The final state of a node. */
  state(node: number, state: unknown): void {
    this.#text += `${node} ${canonicalState(state)}\n`;
    this.#flush();
  }

  /** The hash of all so far. */
  get hex(): string {
    this.#flush();
    return this.#hash.hex();
  }

  #flush(): void {
    this.#hash.update(this.#text);
    this.#text = '';
  }
}

/** A state as text: keys in order, and without configurations, which the scenario has fixed. */
function canonicalState(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${canonicalState(item)},`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined && key !== 'config') text += `${key}:${canonicalState(item)},`;
  }
  return `{${text}}`;
}
