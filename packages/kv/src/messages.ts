/**
 * The requests and replies of the key-value store as plain data: PING, FIND_NODE, FIND_VALUE and STORE of the Kademlia
 * paper (Maymounkov and Mazieres, 2002). Bytes and secrets stay on the other side of the codec.
 */
import type { Contact, Id, InMessage, Instant, OutMessage } from '@xorrery/core';

/** A value as it is kept. */
export interface KvRecord {
  /** The bytes, in base64. */
  readonly value: string;
  /** The publisher's version, 0 to 2^53 - 1: a higher one replaces a lower. 0 where the key is the hash of the value. */
  readonly seq: number;
  /** SHA-1 of the bytes, computed where they came in. A value whose digest is its key needs no other proof. */
  readonly digest: Id;
}

/** What a token at our door is worth: minted in this epoch, in the one before, or neither. */
export type TokenVerdict = 'current' | 'previous' | 'bad';

/** A token before it has bytes. The bytes are a keyed hash the edge computes; the key never gets here. */
export interface SymbolicToken {
  /** Counts token rotations: `floor(now / 5 min)`. */
  readonly epoch: number;
}

type Asking<Token> =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: Id }
  | {
      readonly method: 'find_value';
      readonly key: Id;
      /** Shown by an asker that was told `held`: it receives packets at its address, so any length may be sent there. */
      readonly token?: Token;
    }
  | {
      readonly method: 'store';
      readonly key: Id;
      readonly record: KvRecord;
      /** The key is the SHA-1 of the value; refused when it is not. */
      readonly immutable: boolean;
      /** ms it is to live; left out: the keeper's default. `forever` counts only at ourselves, others clamp it. */
      readonly lifetime?: Instant | 'forever';
      readonly token: Token;
    };

/** A request as we send it; the token is the hex of the bytes its giver gave. */
export type OutRequest = Asking<string>;
/** A request as it reaches us; its token is judged already. */
export type InRequest = Asking<TokenVerdict>;

interface Telling<Token> {
  /** The contacts closest to what was asked for. */
  readonly contacts?: readonly Contact[];
  readonly record?: KvRecord;
  /** There is a value, too long for an asker that has shown nothing: ask again with the token. */
  readonly held?: true;
  readonly token?: Token;
}

/** A reply as we send it. It does not name its method: it is what it holds. */
export type OutReply = Telling<SymbolicToken>;
/** A reply as it reaches us; the token is hex. */
export type InReply = Telling<string>;

/** What a lookup gathers: a value, or that the answerer holds one too long to be sent unasked. */
export type KvValue =
  | { readonly key: string; readonly kind: 'record'; readonly record: KvRecord }
  | { readonly key: 'held'; readonly kind: 'elsewhere' };

/** The types the store brings to the core. */
export interface Kv {
  readonly outRequest: OutRequest;
  readonly inRequest: InRequest;
  readonly outReply: OutReply;
  readonly inReply: InReply;
  readonly value: KvValue;
}

/** A packet as we send it. */
export type KvOut = OutMessage<Kv>;
/** A packet as it reaches us. */
export type KvIn = InMessage<Kv>;

/** Codes of the errors a node answers with. */
export const KV_ERROR = {
  /** Something is missing from the request, or is of the wrong type or length. */
  malformed: 1,
  unknownMethod: 2,
  badToken: 3,
  /** The key is not the hash of the value it was said to be. */
  badHash: 4,
  /** What is held under this key is better, and stays. */
  older: 5,
  tooLarge: 6,
  /** No room, and everything held is nearer to us. */
  full: 7,
} as const;
