/**
 * The ports: everything the coordinator needs from the outside. Each has a real implementation and one that tests can
 * drive; a contract suite holds them to the same behaviour.
 */
import type { Endpoint, Instant, SignatureCheck } from '@xorrery/core';

/** Carries messages between endpoints. It never retries, never reorders on purpose and never throws for a packet. */
export interface Transport<Out, In> {
  /**
   * Binds, then resolves to the endpoint others reach us at. From then on each packet that arrives is given to
   * `receive`, never before `open` has resolved and never from within `send`. Rejects with `TransportError`.
   */
  open(inbox: Inbox<In>): Promise<Endpoint>;
  /** Sends one message, best effort. A failure that is noticed later is told to the inbox. */
  send(to: Endpoint, message: Out): void;
  /** Unbinds. Resolves when nothing will be given to the inbox any more. Idempotent. */
  close(): Promise<void>;
}

/** Where a transport puts what it has to tell. */
export interface Inbox<In> {
  /** A packet that reads as a message; `bytes`: its length, where the transport knows it. */
  received(from: Endpoint, message: In, bytes?: number): void;
  /** A packet that is not a message. `tid` and `code` are set when its sender is owed an error (KRPC 203, 204). */
  malformed(from: Endpoint, packet: Malformed): void;
  /** The message with this transaction id could not be sent. */
  unsent(to: Endpoint, tid: string, cause: string): void;
}

/** Why a packet was not a message, and what to answer, if anything. */
export interface Malformed {
  readonly cause: string;
  readonly answer?: { readonly tid: string; readonly code: number; readonly text: string };
}

/** Time. `now` is monotonic and in whole ms; `wall` is Unix time in ms and may jump. */
export interface Clock {
  now(): Instant;
  wall(): number;
  /** Asks for `wake` once at `at` or soon after; replaces what was asked before. `undefined` asks for nothing. */
  wakeAt(at: Instant | undefined, wake: () => void): void;
}

/**
 * Judges Ed25519 signatures (RFC 8032). In Node its own crypto serves best; in a browser `@noble/curves` can, at about a
 * thirteenth of the speed. A protocol without signatures needs none.
 */
export interface Verifier {
  /** Whether the signature is valid. Whatever is no key, or no signature, is not. Never throws. */
  verify(check: SignatureCheck): boolean;
}

/** Bytes nobody outside can predict. */
export interface Entropy {
  bytes(count: number): Uint8Array;
}
