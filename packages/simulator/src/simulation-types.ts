/** What a simulation is made of, and what it shows on the way. */
import type { Instant, NodeEffect, NodeEvent, NodeMachine, Protocol } from '@xorrery/core';
import type { Hash } from './digest.ts';
import type { AnyState } from './population.ts';
import type { AnyProtocol } from './protocol.ts';

export type Effects = readonly NodeEffect<Protocol>[];
// biome-ignore lint/suspicious/noExplicitAny: nodes of whatever protocol the simulation is given
export type AnyMachine = NodeMachine<any, any, any>;

/** Sees each step of a node: its own time, its number, what happened, what came of it. */
export type StepObserver = (
  at: Instant,
  node: number,
  event: NodeEvent<Protocol>,
  effects: Effects,
  state: AnyState,
) => void;

export interface SimulationOptions {
  readonly protocol: AnyProtocol;
  /** In place of the protocol's own node: another version of it, or a broken one. */
  readonly machine?: AnyMachine;
  /** Where the state hash is made; without one there is none. */
  readonly hash?: Hash;
  readonly observe?: StepObserver;
  /** Sees each node as it is before its first step, also when it comes back. */
  readonly born?: (node: number, state: AnyState) => void;
  /** Told the hash of all steps so far, every so many of them. */
  readonly marks?: { readonly every: number; readonly tell: (events: number, hash: string) => void };
}

/** The state of things at one instant; counts since the start. */
export interface Sample {
  readonly at: Instant;
  readonly up: number;
  readonly events: number;
  readonly sent: number;
  readonly lost: number;
  readonly bytes: number;
  readonly lookups: number;
}
