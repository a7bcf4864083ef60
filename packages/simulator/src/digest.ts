/**
 * The hash that two runs have in common if they were the same: SHA-256 over every (at, node, effects) in order, and then
 * each node's final state. All of it is written as bytes (`plain-bytes.ts`) and hashed in large pieces; the hash itself is
 * a port, so that a host with a native one can use it.
 */
import type { Instant, NodeEffect, Protocol } from '@xorrery/core';
import { PlainBytes } from './plain-bytes.ts';

/** A hash under way. `bytes` are only there during the call. `hex` may be asked for more than once, and does not end it. */
export interface Hash {
  update(bytes: Uint8Array): void;
  hex(): string;
}

export class Digest {
  readonly #hash: Hash;
  readonly #bytes: PlainBytes;

  constructor(hash: Hash) {
    this.#hash = hash;
    this.#bytes = new PlainBytes((bytes) => hash.update(bytes));
  }

  step(at: Instant, node: number, effects: readonly NodeEffect<Protocol>[]): void {
    this.#bytes.write(at);
    this.#bytes.write(node);
    this.#bytes.write(effects);
  }

  /** The final state of a node. */
  state(node: number, state: unknown): void {
    this.#bytes.write(node);
    this.#bytes.write(state);
  }

  /** The hash of all so far. */
  get hex(): string {
    this.#bytes.flush();
    return this.#hash.hex();
  }
}
