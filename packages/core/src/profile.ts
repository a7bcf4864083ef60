/**
 * What a protocol brings: the requests the core makes on its own account, how to read a reply, how addresses are
 * grouped, and a server for what others ask. Functions are closed over by `makeNode(profile)`; they are pure, and
 * configuration stays plain data.
 */
import type { Contact, Endpoint, GroupOf, Identity } from './contact.ts';
import type { Id } from './id.ts';
import type { Instant } from './machine.ts';
import type { Answer, OutMessage, Protocol, SignatureCheck } from './message.ts';

export interface Profile<P extends Protocol, ServerConfig, ServerState> {
  /** Snapshots and traces carry both, so that they are not read by another protocol, or another version of it. */
  readonly name: string;
  readonly version: number;
  readonly identity: Identity;
  readonly idBits: number;
  /** A request that anybody alive answers. */
  readonly ping: P['outRequest'];
  /** The request for the contacts closest to `target`. */
  findNode(target: Id): P['outRequest'];
  /** The store request for the one node that gave `token`. */
  granted(store: P['outRequest'], token: string): P['outRequest'];
  /** The request to keep a value that was found for `lifetime` ms; `undefined` where such a value is not cached. */
  cached(value: P['value'], target: Id, lifetime: Instant): P['outRequest'] | undefined;
  /** What a reply to `request` teaches a lookup: valid values only. Never throws. */
  read(reply: P['inReply'], request: P['outRequest']): Answer<P['value']>;
  /** `undefined` for every endpoint where addresses have no structure. */
  readonly groupOf: GroupOf;
  /** Left out: any id will do at any address. */
  readonly ids?: AddressIds;
  /** Bytes of a packet as it will be encoded, or a little more. */
  sizeOf(message: OutMessage<P>): number;
  readonly server: Server<P, ServerConfig, ServerState>;
}

/** Ids that are bound to addresses, so that nobody takes the place he likes (BEP 42). Both are pure. */
export interface AddressIds {
  /** Whether a node at this endpoint may have this id. */
  fits(id: Id, endpoint: Endpoint): boolean;
  /** An id for a node at this address (without port), its free bits taken from `random`. */
  at(address: string, random: Id): Id;
}

/** Answers what strangers ask, from records that expire and are bounded. Total: nothing a stranger asks can throw. */
export interface Server<P extends Protocol, ServerConfig, ServerState> {
  /** `self`: our own id. Throws `ConfigError`. */
  init(config: ServerConfig, self: Id): ServerState;
  /** Forgets what has expired at `now`, at most a thousand records a step; the rest falls due an instant later. */
  expire(state: ServerState, now: Instant): ServerState;
  nextDeadline(state: ServerState): Instant | undefined;
  /** The host slept: `ms` of everybody's lifetime have passed that the clock did not count. */
  slept(state: ServerState, ms: Instant): ServerState;
  /** We go by another id. Left out: what is kept does not depend on it. */
  renamed?(state: ServerState, self: Id): ServerState;
  /** The values we hold that answer this request of our own: local before remote. */
  held(state: ServerState, request: P['outRequest'], now: Instant): readonly P['value'][];
  answer(
    state: ServerState,
    request: P['inRequest'],
    asker: Asker,
    now: Instant,
  ): readonly [ServerState, ServerAnswer<P>];
  /** Keeps what we publish ourselves, because we are among the closest (T36). Strangers never push it out. */
  keep(state: ServerState, store: P['outRequest'], now: Instant): ServerState;
  /** How to hand on what we hold under `target`; `undefined` when it is gone, or is not handed on. */
  replica(state: ServerState, target: Id, now: Instant): Replica<P> | undefined;
  /** All that is worth keeping over a restart, as JSON, with remaining lifetimes in place of instants. */
  save(state: ServerState, now: Instant): unknown;
  /** Reads back what `save` wrote, `elapsed` ms of wall time later. Throws `SnapshotError` where it cannot be that. */
  load(config: ServerConfig, saved: unknown, elapsed: Instant, now: Instant, self: Id): ServerState;
}

/** The two requests that publish something: one whose answer carries a token, and one that stores. */
export interface Replica<P extends Protocol> {
  readonly find: P['outRequest'];
  readonly store: P['outRequest'];
}

/** Who asks, and what the server may do for it. */
export interface Asker {
  readonly id: Id;
  readonly endpoint: Endpoint;
  /**
   * Bytes the reply may have. Limited for those who have not shown that they receive packets at their address, so that
   * nobody can turn a small forged request into a flood for somebody else (U16).
   */
  readonly room: number;
  /** How the signature was judged that an earlier answer to this very request asked about. */
  readonly signature?: 'valid' | 'invalid';
  /** Our contacts closest to `target`, a bucketful, without the asker. */
  closest(target: Id): readonly Contact[];
}

export type ServerAnswer<P extends Protocol> =
  /**
   * `stored`: the asker stored something under this key, as its publisher, or to hand on what another published; left
   * out where two who store under one key do not store the same. `verified`: it showed that it receives packets at its address
   * (a token of ours), so `room` does not bind.
   */
  | { readonly type: 'reply'; readonly reply: P['outReply']; readonly stored?: Stored; readonly verified?: boolean }
  | { readonly type: 'error'; readonly code: number; readonly text: string }
  /**
   * All else about the request is in order: judge this signature, then ask again, with `Asker.signature`. The request is
   * judged anew then, for much may have changed.
   */
  | { readonly type: 'verify'; readonly check: SignatureCheck };

export interface Stored {
  readonly key: Id;
  readonly by: 'publisher' | 'holder';
}
