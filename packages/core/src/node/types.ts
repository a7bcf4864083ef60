/** The vocabulary of the root: what the outside tells a node, and all that a node wants done or announces. */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { PersistentMap } from '../map.ts';
import type { InMessage, OutMessage, Protocol } from '../message.ts';
import type { PoolState, RejectReason } from '../pool/types.ts';
import type { BroadcastState, PublishReport } from '../publish/broadcast.ts';
import type { QueryKind, QuerySettings } from '../query/config.ts';
import type { QueryEffect, Seed } from '../query/types.ts';
import type { Random } from '../random.ts';
import type { BootstrapState } from '../routing/bootstrap.ts';
import type { IncludeState } from '../routing/include.ts';
import type { Table } from '../table/table.ts';
import type { WireState } from '../wire/wire.ts';
import type { NodeConfig } from './config.ts';

/** A lookup the user asks for. `settings` override the node's own for this one. */
export interface LookupEvent<P extends Protocol> {
  readonly type: 'lookup';
  /** Chosen by the caller; unique among the operations that have not ended. */
  readonly id: string;
  readonly kind: Exclude<QueryKind, 'each'>;
  readonly target: Id;
  readonly request: P['outRequest'];
  readonly settings?: Partial<QuerySettings>;
}

/** Ask each of these once: a ping, or a store at known nodes. */
export interface AskEvent<P extends Protocol> {
  readonly type: 'ask';
  readonly id: string;
  readonly seeds: readonly Seed<P>[];
  readonly request: P['outRequest'];
  readonly settings?: Partial<QuerySettings>;
}

/** Find the closest nodes, then store at each that gave a token. */
export interface PublishEvent<P extends Protocol> {
  readonly type: 'publish';
  readonly id: string;
  readonly target: Id;
  /** What the lookup asks: a request whose answer carries a token. */
  readonly find: P['outRequest'];
  /** What is stored; the profile adds each node's token. */
  readonly store: P['outRequest'];
  readonly settings?: Partial<QuerySettings>;
}

export type OperationEvent<P extends Protocol> = LookupEvent<P> | AskEvent<P> | PublishEvent<P>;

export type NodeEvent<P extends Protocol> =
  /** Join through these endpoints. Legal once. */
  | { readonly type: 'start'; readonly seeds: readonly Endpoint[] }
  | OperationEvent<P>
  /** End an operation: it reports what it has, with reason `cancelled`. */
  | { readonly type: 'cancel'; readonly id: string }
  /** End everything (reason `closed`); afterwards nothing is ever sent. */
  | { readonly type: 'close' }
  /** Somebody worth vetting, named by the user or by another protocol. */
  | { readonly type: 'introduce'; readonly endpoint: Endpoint }
  | { readonly type: 'received'; readonly from: Endpoint; readonly message: InMessage<P> }
  /** A packet that was no message; `answer` is what its sender is owed. */
  | {
      readonly type: 'malformed';
      readonly from: Endpoint;
      readonly cause: string;
      readonly answer?: { readonly tid: string; readonly code: number; readonly text: string };
    }
  | { readonly type: 'unsent'; readonly to: Endpoint; readonly tid: string; readonly cause: string }
  /** Bytes nobody can predict, as hex. */
  | { readonly type: 'entropy'; readonly bytes: string }
  | { readonly type: 'tick' };

/**
 * Why a packet was left unanswered, or an answer not taken: nothing was owed under that transaction id, it came from
 * another endpoint, another id answered, or it bore our own id.
 */
export type AnomalyCause = 'unknown-transaction' | 'wrong-source' | 'wrong-id' | 'own-id';

export type NodeEffect<P extends Protocol> =
  | { readonly type: 'transmit'; readonly to: Endpoint; readonly message: OutMessage<P> }
  | { readonly type: 'entropy-needed'; readonly bytes: number }
  /** What a lookup did. Of an operation: under its id. Of the node's own upkeep: under `join:N` or `check:N`. */
  | { readonly type: 'query'; readonly id: string; readonly effect: QueryEffect<P> }
  /** The end of a publish operation. Its two lookups are announced under `find:ID` and `store:ID`. */
  | { readonly type: 'published'; readonly id: string; readonly report: PublishReport }
  /** The operation was not accepted, and nothing more will be heard of it. */
  | { readonly type: 'rejected'; readonly id: string; readonly reason: RejectReason | 'not-running' | 'isolated' }
  | { readonly type: 'contact-added'; readonly contact: Contact }
  | { readonly type: 'contact-removed'; readonly contact: Contact; readonly reason: 'unanswering' | 'changed-id' }
  /** `isolated`: nobody answered within the join timeout; it goes on trying, and `joined` may follow. */
  | {
      readonly type: 'join-finished';
      readonly outcome: 'joined' | 'isolated';
      readonly contacts: number;
      readonly elapsed: Instant;
    }
  | { readonly type: 'anomaly'; readonly from: Endpoint; readonly cause: AnomalyCause }
  | { readonly type: 'closed' };

/** Packets since the start, by what became of them. */
export interface Counters {
  readonly requests: number;
  readonly replies: number;
  readonly errors: number;
  readonly malformed: number;
  readonly refused: number;
  readonly unknownTransaction: number;
  readonly wrongSource: number;
  readonly wrongId: number;
  readonly ownId: number;
  readonly unsent: number;
}

export interface NodeState<P extends Protocol, ServerConfig, ServerState> {
  readonly phase: 'fresh' | 'running' | 'closed';
  readonly config: NodeConfig<ServerConfig>;
  /** The instant of the last step that changed anything. */
  readonly at: Instant;
  readonly random: Random;
  readonly seeds: readonly Endpoint[];
  readonly wire: WireState<P>;
  readonly pool: PoolState<P>;
  readonly table: Table;
  readonly bootstrap: BootstrapState;
  readonly joins: number;
  readonly include: IncludeState;
  /** Publish operations that have not ended, by id. */
  readonly publishing: PersistentMap<Publishing<P>>;
  /** Operations that wait for the join to be settled. */
  readonly waiting: readonly OperationEvent<P>[];
  readonly server: ServerState;
  readonly counters: Counters;
}

export interface Publishing<P extends Protocol> {
  readonly event: PublishEvent<P>;
  readonly broadcast: BroadcastState;
}
