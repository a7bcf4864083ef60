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
  readonly #states = new StateText();
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
    this.#text += `${node} ${this.#states.of(state)}\n`;
    // While its parts are still in the processor's cache.
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

/**
 * A state as text, without configurations, which the scenario has fixed. Keys come as the code made them, so that nothing
 * has to be sorted; texts with their lengths, so that nothing has to be escaped.
 */
class StateText {
  /** Of objects made of texts alone, contacts nearly all: each stands in a hundred tables. */
  readonly #known = new Map<object, string>();

  of(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return `${value.length}"${value}`;
      case 'object':
        if (value === null) return 'null';
        return Array.isArray(value) ? this.#list(value) : (this.#known.get(value) ?? this.#object(value));
      default:
        return String(value);
    }
  }

  #list(items: readonly unknown[]): string {
    let text = '[';
    for (let i = 0; i < items.length; i++) text += `${this.of(items[i])},`;
    return `${text}]`;
  }

  #object(value: object): string {
    // Maps, most of which are empty most of the time.
    if ('slots' in value && 'size' in value && value.size === 0) return '{}';
    let text = '{';
    let isPlain = true;
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined || key === 'config') continue;
      isPlain &&= typeof item === 'string';
      text += `${key}:${this.of(item)},`;
    }
    text += '}';
    if (isPlain) {
      // To look into a text makes one piece of it, once for all the tables it stands in.
      text.charCodeAt(0);
      this.#known.set(value, text);
    }
    return text;
  }
}
