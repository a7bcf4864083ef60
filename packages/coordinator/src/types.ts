/** What a coordinator is made of, and what it says. */
import type {
  Endpoint,
  Instant,
  NodeConfig,
  NodeEffect,
  NodeEvent,
  NodeMachine,
  NodeState,
  Protocol,
} from '@xorrery/core';
import type { LifecycleState } from './lifecycle.ts';
import type { Clock, Entropy, Transport, Verifier } from './ports.ts';

/** What a node announces; sending, entropy and signatures are for the ports alone. */
export type Announcement<P extends Protocol> =
  | Exclude<NodeEffect<P>, { type: 'transmit' | 'entropy-needed' | 'verify' }>
  | { readonly type: 'lifecycle'; readonly state: LifecycleState }
  | StorageNews;

/** What became of the place where a node's state is kept: for whoever watches over it. */
export type StorageNews = {
  readonly type: 'storage';
  /**
   * `set-aside`: it was damaged; what could be read of it is kept, and the node goes on with that. `not-saved`: nothing can
   * be written at present. `saved-again`: it can, and everything is.
   */
  readonly status: 'set-aside' | 'not-saved' | 'saved-again';
  /** One line for a person. */
  readonly text: string;
};

/** What made a turn happen: the type of the event the node was given, and whom it concerned. */
export interface Cause {
  readonly type: NodeEvent<Protocol>['type'] | 'lifecycle' | 'storage';
  readonly from?: Endpoint;
}

/** One announcement. `seq` counts all of them, `at` is the instant of the turn that made it. */
export interface StreamEvent<P extends Protocol> {
  readonly type: 'event';
  readonly seq: number;
  readonly at: Instant;
  readonly cause: Cause;
  readonly event: Announcement<P>;
}

/** Sees each turn as it happens, synchronously: records, logs, measures. It must not call back. */
export type Observer<P extends Protocol, C, S> = (
  at: Instant,
  event: NodeEvent<P>,
  effects: readonly NodeEffect<P>[],
  state: NodeState<P, C, S>,
) => void;

export interface CoordinatorOptions<P extends Protocol, C, S> {
  readonly machine: NodeMachine<P, C, S>;
  readonly config: NodeConfig<C>;
  /**
   * Asked at each start, before the transport is opened: where a former run left off, from `restoreNode`. Left out: a
   * fresh node. When it rejects, so does the start.
   */
  readonly restore?: () => Promise<NodeState<P, C, S>>;
  readonly transport: Transport<
    Extract<NodeEffect<P>, { type: 'transmit' }>['message'],
    Extract<NodeEvent<P>, { type: 'received' }>['message']
  >;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Left out: no signature is valid. */
  readonly verifier?: Verifier;
  readonly observer?: Observer<P, C, S>;
}
