/**
 * The vocabulary of a lookup: what happens to it, what it wants, what it is. Declared here once; whoever contains a
 * lookup wraps these in envelopes.
 */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { PersistentMap } from '../map.ts';
import type { Answer, Protocol, Refusal } from '../message.ts';
import type { QueryConfig, QueryKind } from './config.ts';

/** Somebody to begin with. A bootstrap seed has no known id; a store brings its own request (its token differs). */
export interface Seed<P extends Protocol> {
  readonly id?: Id;
  readonly endpoint: Endpoint;
  readonly request?: P['outRequest'];
}

/**
 * Why a request failed before its deadline: the other side answered with an error, the transport could not send,
 * another id answered than the one expected, the answerer turned out to be ourselves or somebody already asked, or the
 * answer made no sense; or, never sent, another of several disjoint paths had asked it.
 */
export type FailureCause = 'refused' | 'unsent' | 'wrong-id' | 'self' | 'duplicate' | 'malformed' | 'other-path';

export type QueryEvent<P extends Protocol> =
  /**
   * Begin, with at most `maxCandidates` seeds; requests are numbered from `firstRequest`. `held` are values we hold
   * ourselves, for kinds that gather any. Legal once.
   */
  | {
      readonly type: 'start';
      readonly seeds: readonly Seed<P>[];
      readonly firstRequest: number;
      readonly held?: readonly P['value'][];
    }
  /** `from` answered. In time or late; judged here and nowhere else. */
  | { readonly type: 'response'; readonly request: number; readonly from: Id; readonly answer: Answer<P['value']> }
  /** The driver gave up waiting. Equals reaching the deadline. */
  | { readonly type: 'timeout'; readonly request: number }
  /** `refusal`: what the other side said, where it refused. */
  | {
      readonly type: 'failure';
      readonly request: number;
      readonly cause: FailureCause;
      readonly refusal?: Refusal | undefined;
    }
  /** The pool could not send yet. `endpoint`: its slot goes to the next candidate; `pool`: it keeps its slot. */
  | { readonly type: 'parked'; readonly request: number; readonly by: 'endpoint' | 'pool' }
  /** What a parked request waited for is over: it is sent as soon as there is a slot, and its deadline starts then. */
  | { readonly type: 'unparked'; readonly request: number }
  | { readonly type: 'cancel'; readonly reason: 'cancelled' | 'closed' | 'expired' }
  | { readonly type: 'tick' };

export type QueryEffect<P extends Protocol> =
  | { readonly type: 'send'; readonly request: number; readonly to: Seed<P>; readonly payload: P['outRequest'] }
  /** Nothing that comes of this request matters any more. */
  | { readonly type: 'abandon'; readonly request: number; readonly to: Endpoint }
  /** The request's deadline passed; it may still be answered late. */
  | { readonly type: 'unanswered'; readonly request: number; readonly to: Seed<P> }
  /** Values we hold ourselves were gathered, before anybody was asked. */
  | { readonly type: 'recalled'; readonly values: readonly P['value'][] }
  /** An answer was taken in: whom it named for the first time, and which values it brought first. */
  | {
      readonly type: 'progressed';
      readonly request: number;
      readonly from: Contact;
      readonly late: boolean;
      readonly hops: number;
      readonly learned: readonly Contact[];
      readonly values: readonly P['value'][];
    }
  /** The one terminal effect. */
  | { readonly type: 'finished'; readonly report: QueryReport<P> };

/** Whom we heard of, from whom, and how far from our own table that was. */
export interface Heard<P extends Protocol> {
  /** Unknown until a bootstrap seed answers. */
  readonly id: Id | undefined;
  readonly endpoint: Endpoint;
  /** 0 for a seed, otherwise one more than the candidate that named it. */
  readonly hops: number;
  /** The endpoint that named it; none for a seed. */
  readonly via: Endpoint | undefined;
  /** What it is asked in place of the lookup's own request. */
  readonly payload: P['outRequest'] | undefined;
  /** The network its endpoint lies in, where places for one network are limited. */
  readonly network: string | undefined;
}

/**
 * - `fresh`: not asked. Left by asking it.
 * - `asked`: exactly one open request, which carries the deadline. Left by answer, failure or deadline.
 * - `silent`: its deadline passed. Left only by a late answer.
 * - `answered`, `failed`: settled for good.
 */
export type Candidate<P extends Protocol> = Heard<P> &
  (
    | { readonly status: 'fresh' }
    | { readonly status: 'asked'; readonly request: number }
    | { readonly status: 'silent'; readonly request: number }
    | {
        readonly status: 'answered';
        readonly late: boolean;
        readonly token: string | undefined;
        /** Whether it had a value. */
        readonly gave: boolean;
      }
    | { readonly status: 'failed'; readonly cause: FailureCause; readonly refusal: Refusal | undefined }
  );

interface Underway {
  readonly request: number;
  readonly id: Id | undefined;
  readonly endpoint: Endpoint;
}

/**
 * What is in flight; each carries the instant at which it moves on by itself.
 * - `parked`: waits in the pool. Bounded by the lookup's own deadline, as is `ready`.
 * - `ready`: need not wait in the pool any more; goes out before fresh candidates, when there is a slot.
 * - `asked`: becomes `slow` at `slowAt` (where that is before `deadline`) or `listening` at `deadline`.
 * - `slow`: asked for so long that it opened an extra slot.
 * - `listening`: its slot is free; a late answer is taken until `until`.
 */
export type OpenRequest = Underway &
  (
    | { readonly phase: 'parked'; readonly by: 'endpoint' | 'pool' }
    | { readonly phase: 'ready' }
    | { readonly phase: 'asked'; readonly sentAt: Instant; readonly slowAt: Instant; readonly deadline: Instant }
    | { readonly phase: 'slow'; readonly sentAt: Instant; readonly deadline: Instant }
    | { readonly phase: 'listening'; readonly until: Instant }
  );

export interface Searching<P extends Protocol> {
  readonly status: 'searching';
  readonly config: QueryConfig<P>;
  readonly startedAt: Instant;
  /** In order of distance, then endpoint; those of unknown id last. Kind `each`: as given. */
  readonly candidates: readonly Candidate<P>[];
  /** Keys of the candidates (their endpoint or id, by `identity`), but for ids that are found in the list itself. */
  readonly known: PersistentMap<true>;
  /** In order of sending. */
  readonly open: readonly OpenRequest[];
  readonly firstRequest: number;
  readonly nextRequest: number;
  readonly values: readonly P['value'][];
  readonly valueKeys: PersistentMap<true>;
  /** Nodes that gave a valid value, ourselves included. */
  readonly givers: number;
  /** Requests settled in a row that brought nobody into the window. */
  readonly unproductive: number;
  /** Answers in a row that brought nobody nearer than the nearest known. */
  readonly fruitless: number;
  readonly dropped: Dropped;
}

/** What was refused for a limit, or came when nothing was owed. */
export interface Dropped {
  readonly candidates: number;
  readonly values: number;
  readonly unowed: number;
}

export type QueryState<P extends Protocol> =
  /** Configured; nothing sent. Left by `start` or `cancel`. */
  | { readonly status: 'idle'; readonly config: QueryConfig<P> }
  | Searching<P>
  /** Reported. Whatever still comes is counted and changes nothing else. */
  | { readonly status: 'ended'; readonly report: QueryReport<P>; readonly unowed: number };

/**
 * - `converged`: the k closest known, neither failed nor silent, have all answered.
 * - `found`: kind `first` got a valid value. `quorum`: enough nodes gave one.
 * - `exhausted`: nobody is left to ask, and fewer than k answered. No error.
 * - `cancelled`, `closed`: ended from outside. `expired`: its deadline passed.
 */
export type FinishReason = 'converged' | 'found' | 'quorum' | 'exhausted' | 'cancelled' | 'closed' | 'expired';

/** How many requests ended how: `answered + failed + silent + abandoned` equals `requests` once the lookup has ended. */
export interface Counts {
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  readonly silent: number;
  readonly abandoned: number;
  /** Of the answered: those that came after their deadline. */
  readonly late: number;
}

/** What became of one node that was asked. */
export interface Outcome {
  readonly id: Id | undefined;
  readonly endpoint: Endpoint;
  readonly result: 'answered' | 'failed' | 'silent' | 'abandoned';
  readonly hops: number;
  /** Who named it; none for a seed. */
  readonly via: Endpoint | undefined;
  /** Why it failed, if it did. */
  readonly cause: FailureCause | undefined;
  /** What it said, if it refused. */
  readonly refusal: Refusal | undefined;
  /** The write token it gave, if any. */
  readonly token: string | undefined;
  /** Whether it had a value. */
  readonly gave: boolean;
}

/** Why it stopped where it did: the reason is not to be believed, but checked. */
export interface Evidence {
  /** How many of the k closest known, neither failed nor silent, had answered. */
  readonly window: number;
  /** The nearest candidate that was never asked. */
  readonly nearestFresh?: Contact;
  /** Requests in flight that were abandoned because they no longer mattered. */
  readonly open: number;
}

export interface QueryReport<P extends Protocol> {
  readonly kind: QueryKind;
  readonly target: Id;
  readonly reason: FinishReason;
  /** At most k, nearest first, only those that answered. Kind `each`: in the order given. */
  readonly closest: readonly Contact[];
  readonly values: readonly P['value'][];
  /** Everybody asked, nearest first. */
  readonly asked: readonly Outcome[];
  readonly counts: Counts;
  readonly evidence: Evidence;
  readonly dropped: Dropped;
  /** Hops at which the closest node found was first heard of; 0 when it was a seed or nobody answered. */
  readonly hops: number;
  /** ms from start to end. */
  readonly elapsed: Instant;
}
