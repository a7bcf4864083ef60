/**
 * What a simulation needs to know of a protocol beyond its profile: how a node of it is configured, what becomes of a
 * message on its way, and how somebody who is not honest would write a reply.
 */
import type {
  Contact,
  Endpoint,
  Id,
  InMessage,
  Instant,
  NodeSettings,
  OutMessage,
  Profile,
  Protocol,
  SignatureCheck,
} from '@xorrery/core';

export interface SimulatedProtocol<P extends Protocol, C, S> {
  readonly profile: Profile<P, C, S>;
  /** The configuration of nodes, all but who they are: buckets, replies and lookups of k. */
  settingsOf(k: number, alpha: number): NodeSettings<C>;
  /** The message as it arrives: what encoding it, and judging its tokens at the other end, makes of it. */
  carry(message: OutMessage<P>, from: Endpoint, to: Endpoint, now: Instant): InMessage<P>;
  /** Judges a signature. Left out: the protocol has none. */
  verify?(check: SignatureCheck): boolean;
  /** What a request asks for; `undefined` when it is no lookup. */
  targetOf(request: P['inRequest']): Id | undefined;
  /** A reply that names these contacts, and may claim to hold what was asked for. */
  forge(request: P['inRequest'], contacts: readonly Contact[]): P['inReply'];
  /** The request whose reply brings a token to store something under a key. */
  tokenFor(key: Id): P['outRequest'];
  /** The request that stores something under a key. */
  storeOf(key: Id): P['outRequest'];
  /** Bytes of a packet to this address, exactly. Left out: those that the profile says, which may be a little more. */
  bytesOf?(message: OutMessage<P>, to: Endpoint): number;
  /** The request with the longest reply, once what it asks for was stored. Left out: nothing makes a reply longer. */
  readonly bulk?: { readonly ask: P['outRequest']; readonly store: P['outRequest'] };
}

/** A protocol whose types do not matter to whoever holds it. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds protocols of different types
export type AnyProtocol = SimulatedProtocol<any, any, any>;
