/**
 * What a protocol brings: the requests the core makes on its own account, how to read a reply, and a server for what
 * others ask. Functions are closed over by `makeNode(profile)`; they are pure, and configuration stays plain data.
 */
import type { Contact, Endpoint, Identity } from './contact.ts';
import type { Id } from './id.ts';
import type { Instant } from './machine.ts';
import type { Answer, Protocol } from './message.ts';

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
  /** What a reply teaches a lookup: valid values only. Never throws. */
  read(reply: P['inReply']): Answer<P['value']>;
  readonly server: Server<P, ServerConfig, ServerState>;
}

/** Answers what strangers ask, from records that expire and are bounded. Total: nothing a stranger asks can throw. */
export interface Server<P extends Protocol, ServerConfig, ServerState> {
  /** Throws `ConfigError`. */
  init(config: ServerConfig): ServerState;
  /** Forgets what has expired at `now`. */
  expire(state: ServerState, now: Instant): ServerState;
  nextDeadline(state: ServerState): Instant | undefined;
  /** The values we hold that answer this request of our own: local before remote. */
  held(state: ServerState, request: P['outRequest']): readonly P['value'][];
  answer(
    state: ServerState,
    request: P['inRequest'],
    asker: Asker,
    now: Instant,
  ): readonly [ServerState, ServerAnswer<P>];
}

/** Who asks, and what the server may look up for it. */
export interface Asker {
  readonly id: Id;
  readonly endpoint: Endpoint;
  /** Our contacts closest to `target`, a bucketful, without the asker. */
  closest(target: Id): readonly Contact[];
}

export type ServerAnswer<P extends Protocol> =
  | { readonly type: 'reply'; readonly reply: P['outReply'] }
  | { readonly type: 'error'; readonly code: number; readonly text: string };
