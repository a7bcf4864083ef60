/**
 * What travels between nodes, before and after any encoding: requests, replies and errors, tied together by a
 * transaction id. The payloads belong to the protocol; core passes them through.
 */
import type { Contact } from './contact.ts';
import type { Id } from './id.ts';
import type { AddressFamily } from './routing/votes.ts';

/**
 * The types a protocol brings. What we send and what reaches us may differ, because secrets are minted and judged at
 * the edge: a write token leaves the core as a symbol and an announced one arrives as a verdict.
 */
export interface Protocol {
  readonly outRequest: unknown;
  readonly inRequest: unknown;
  readonly outReply: unknown;
  readonly inReply: unknown;
  readonly value: Value;
}

/** Something a lookup gathers (a peer, an item). Two values with the same key are the same value. */
export interface Value {
  readonly key: string;
  /** What it is an answer to, where the value says so: a lookup for anything else leaves it aside. */
  readonly target?: Id;
}

/** A signature to be judged (Ed25519, RFC 8032): whose it is, the bytes that were signed, and the signature, all in hex. */
export interface SignatureCheck {
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

/** What somebody said who answered with an error. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

/** What a reply teaches a lookup, read from the reply by the protocol's profile. Values are valid ones only. */
export interface Answer<V extends Value> {
  readonly contacts: readonly Contact[];
  readonly values: readonly V[];
  /** The answerer's write token, opaque to us. */
  readonly token?: string;
  /** The address at which the answerer sees us. */
  readonly seenAs?: SeenAs;
  /** The values count only if this signature is valid; the rest counts in any case. */
  readonly check?: SignatureCheck;
}

/** An address of ours as others see it, without its port; never a local one. */
export interface SeenAs {
  readonly family: AddressFamily;
  readonly address: string;
}

/** One packet. `tid` is hex; it ties an answer to its request and is chosen by the one who asks. */
export type Message<Request, Reply> =
  | {
      readonly type: 'request';
      readonly tid: string;
      readonly sender: Id;
      /** The sender answers nobody and must not enter a table (BEP 43). */
      readonly readOnly: boolean;
      readonly request: Request;
    }
  | { readonly type: 'reply'; readonly tid: string; readonly sender: Id; readonly reply: Reply }
  | { readonly type: 'error'; readonly tid: string; readonly code: number; readonly text: string };

/** A packet as we send it. */
export type OutMessage<P extends Protocol> = Message<P['outRequest'], P['outReply']>;
/** A packet as it reaches us. */
export type InMessage<P extends Protocol> = Message<P['inRequest'], P['inReply']>;
