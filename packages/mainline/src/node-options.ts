/** What a Mainline node can be told when it is made, and when it looks for peers or announces one. */
import type { Clock, CoordinatorOptions, Entropy, Transport } from '@xorrery/coordinator';
import type { Id, Instant, NodeConfig } from '@xorrery/core';
import type { KrpcIn, KrpcOut, Mainline } from './messages.ts';
import type { LookupOptions } from './readings.ts';
import type { MainlineStore, MainlineStoreConfig } from './store.ts';

export interface MainlineOptions {
  /** The IP address to bind, or several: there is a node at each (BEP 32, 45). Default `0.0.0.0`. */
  readonly host?: string | readonly string[];
  /** The UDP port to bind at each address; 0 takes any free one. Default 6881. */
  readonly port?: number;
  /** `host:port` of nodes to join through. Default: the public ones. Empty: start alone. */
  readonly bootstrap?: readonly string[];
  /** Our id at the first address. Default, and at the others: the one that was saved, or one at random. */
  readonly id?: Id;
  /**
   * A directory to keep the node's state in: its ids, whom it knows, what it keeps for others, what it keeps published. It
   * is made where it is missing, and belongs to one node at a time. Left out: nothing is kept.
   */
  readonly state?: string;
  /** Answer nobody and enter no table (BEP 43). */
  readonly readOnly?: boolean;
  /** Settings of the node that differ from `MAINLINE_DEFAULTS`. */
  readonly config?: Partial<Omit<NodeConfig<MainlineStoreConfig>, 'self' | 'seed' | 'readOnly'>>;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  /** In place of UDP sockets: transports for tests and other carriers, one for each address. */
  readonly transport?: Transport<KrpcOut, KrpcIn> | readonly Transport<KrpcOut, KrpcIn>[];
  /** Sees each turn at the first address; a list: at each. */
  readonly observer?: Seer | readonly Seer[];
}

type Seer = NonNullable<CoordinatorOptions<Mainline, MainlineStoreConfig, MainlineStore>['observer']>;

export interface FindPeersOptions extends LookupOptions {
  /** Without peers that have all of the torrent (BEP 33). */
  readonly noseed?: boolean;
}

export interface AnnounceOptions extends LookupOptions {
  /** The TCP port peers reach us at. Left out: the port the node's packets come from (`implied_port`). */
  readonly port?: number;
  /** ms after which it is announced again, and again, until `unpublish`. Left out: it is announced once. */
  readonly every?: Instant;
  /** The peer has all of the torrent (BEP 33). */
  readonly seed?: boolean;
}
