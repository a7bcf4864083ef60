/** The vocabulary of the root: what the outside tells a node, and all that a node wants done or announces. */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { PersistentMap } from '../map.ts';
import type { InMessage, OutMessage, Protocol, SignatureCheck } from '../message.ts';
import type { PoolState, RejectReason } from '../pool/types.ts';
import type { BroadcastState, PublishReport } from '../publish/broadcast.ts';
import type { ScheduleState } from '../publish/schedule.ts';
import type { QueryKind, QuerySettings } from '../query/config.ts';
import type { QueryEffect, Seed } from '../query/types.ts';
import type { Random } from '../random.ts';
import type { LimiterState } from '../responder/limiter.ts';
import type { RemovalReason, RoutingState } from '../routing/types.ts';
import type { AddressFamily, VotesState } from '../routing/votes.ts';
import type { WireState } from '../wire/wire.ts';
import type { ChecksState } from './checks.ts';
import type { NodeConfig } from './config.ts';
import type { SizeSample } from './network-size.ts';
import type { RecentOutcomes } from './outcomes.ts';

/** A lookup the user asks for. `settings` override the node's own for this one. */
export interface LookupEvent<P extends Protocol> {
  readonly type: 'lookup';
  /** Chosen by the caller; unique among the operations that have not ended. */
  readonly id: string;
  readonly kind: Exclude<QueryKind, 'each'>;
  readonly target: Id;
  readonly request: P['outRequest'];
  readonly settings?: Partial<QuerySettings>;
  /** Kind `first`: leave the value at the closest node that answered and lacked it (T17). */
  readonly cacheOnPath?: boolean;
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
  /** ms after which it is stored again, and again, until `unpublish`. Left out: it is stored once. */
  readonly every?: Instant;
}

export type OperationEvent<P extends Protocol> = LookupEvent<P> | AskEvent<P> | PublishEvent<P>;

export type NodeEvent<P extends Protocol> =
  /** Join through these endpoints. Legal once. */
  | { readonly type: 'start'; readonly seeds: readonly Endpoint[] }
  /** These are the endpoints to join through, from now on: their names were resolved late. */
  | { readonly type: 'seeds'; readonly seeds: readonly Endpoint[] }
  | OperationEvent<P>
  /** End an operation: it reports what it has, with reason `cancelled`. */
  | { readonly type: 'cancel'; readonly id: string }
  /** Stop storing again what was published under this key. */
  | { readonly type: 'unpublish'; readonly target: Id }
  /** The host slept: `ms` of wall time have passed that the clock did not count. */
  | { readonly type: 'clock-jumped'; readonly ms: Instant }
  /** Others may know us by another address from now on. */
  | { readonly type: 'addresses-changed' }
  /** End everything (reason `closed`); afterwards nothing is ever sent. */
  | { readonly type: 'close' }
  /** Somebody worth vetting, named by the user or by another protocol. */
  | { readonly type: 'introduce'; readonly endpoint: Endpoint }
  /** `bytes`: its length as it came. Left out, the length of our reply is not limited by it. */
  | { readonly type: 'received'; readonly from: Endpoint; readonly message: InMessage<P>; readonly bytes?: number }
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
  /** The signature of this job was judged. */
  | { readonly type: 'verified'; readonly job: number; readonly valid: boolean }
  | { readonly type: 'tick' };

/**
 * Why a packet was left unanswered, or an answer not taken: nothing was owed under that transaction id, it came from
 * another endpoint, another id answered, it bore our own id, or one that does not fit its address.
 */
export type AnomalyCause = 'unknown-transaction' | 'wrong-source' | 'wrong-id' | 'own-id' | 'unfit-id';

export type NodeEffect<P extends Protocol> =
  | { readonly type: 'transmit'; readonly to: Endpoint; readonly message: OutMessage<P> }
  | { readonly type: 'entropy-needed'; readonly bytes: number }
  /** Judge this signature, and answer with an event `verified` of this job. */
  | { readonly type: 'verify'; readonly job: number; readonly check: SignatureCheck }
  /** What a lookup did. Of an operation: under its id. Of the node's own upkeep: under a name with a colon. */
  | { readonly type: 'query'; readonly id: string; readonly effect: QueryEffect<P> }
  /** The end of a publish operation. Its two lookups are announced under `find:ID` and `store:ID`. */
  | {
      readonly type: 'published';
      readonly id: string;
      /** Whether we keep it too, being among the closest ourselves (T36). */
      readonly local: boolean;
      readonly report: PublishReport;
    }
  /** What we keep published, or hand on for another, was stored again. */
  | { readonly type: 'republished'; readonly target: Id; readonly report: PublishReport }
  /** The operation was not accepted, and nothing more will be heard of it. */
  | { readonly type: 'rejected'; readonly id: string; readonly reason: RejectReason | 'not-running' | 'isolated' }
  | { readonly type: 'contact-added'; readonly contact: Contact }
  | { readonly type: 'contact-removed'; readonly contact: Contact; readonly reason: RemovalReason }
  /** A quiet bucket was looked into. */
  | { readonly type: 'refreshed'; readonly depth: number }
  /** `isolated`: nobody answered within the join timeout; it goes on trying, and `joined` may follow. */
  | {
      readonly type: 'join-finished';
      readonly outcome: 'joined' | 'isolated';
      readonly contacts: number;
      readonly elapsed: Instant;
    }
  | { readonly type: 'anomaly'; readonly from: Endpoint; readonly cause: AnomalyCause }
  /** Enough others see us at this address; `former`: where they saw us before. */
  | {
      readonly type: 'address-adopted';
      readonly family: AddressFamily;
      readonly address: string;
      readonly former: string | undefined;
    }
  /** Our id did not fit our address: we go by another from now on. */
  | { readonly type: 'renamed'; readonly self: Id; readonly former: Id }
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
  /** Requests beyond what one host or network may ask. */
  readonly limited: number;
  /** Replies that would have been too long for an asker who has shown nothing. */
  readonly oversized: number;
  /** Replies beyond the bytes a second we spend on them. */
  readonly shed: number;
  /** Requests dropped, and replies that count without their values, because there were too many signatures to judge. */
  readonly unchecked: number;
  /** Packets from blocked addresses. */
  readonly blocked: number;
  /** Requests and answers of nodes whose id does not fit their address, where that is enforced. */
  readonly unfit: number;
}

export interface NodeState<P extends Protocol, ServerConfig, ServerState> {
  readonly phase: 'fresh' | 'running' | 'closed';
  readonly config: NodeConfig<ServerConfig>;
  /** The instant of the last step that changed anything. */
  readonly at: Instant;
  /** The earliest deadline of all parts. Kept, because looking through all of them costs as much as a small step. */
  readonly wakeAt: Instant | undefined;
  readonly random: Random;
  readonly seeds: readonly Endpoint[];
  readonly wire: WireState<P>;
  readonly pool: PoolState<P>;
  readonly routing: RoutingState;
  /** Lookups that Routing has wanted so far. */
  readonly joins: number;
  /** Whom a former run knew; asked again at the start. */
  readonly restored: readonly Contact[];
  readonly limiter: LimiterState;
  /** When the budget of bytes in replies is level again. */
  readonly replyLevel: Instant | undefined;
  /** What waits for a signature to be judged. */
  readonly checks: ChecksState<P>;
  readonly recent: RecentOutcomes;
  /** As whom others see us. */
  readonly votes: VotesState;
  /** What the last lookups said of the network's size. */
  readonly sizes: readonly SizeSample[];
  readonly schedule: ScheduleState;
  /** What we keep published, by target. */
  readonly kept: PersistentMap<PublishEvent<P>>;
  /** Lookups that run and leave what they find on the path. */
  readonly caching: readonly string[];
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
  /** Whether we keep it too. */
  readonly local: boolean;
}
