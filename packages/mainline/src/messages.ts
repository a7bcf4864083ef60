/**
 * The requests and replies of Mainline (BEP 5, 33, 44, 51) as plain data: what the machines see on one side of the codec. Bytes,
 * compact forms and secrets stay on the other side.
 */
import type { Contact, Endpoint, Id, InMessage, OutMessage } from '@xorrery/core';
import type { Family } from './compact.ts';
import type { FoundItem, Item } from './item.ts';

/** The infohash of a torrent that somebody announced somewhere (BEP 51): its key. */
export interface Sample {
  readonly key: Id;
}

/** What a node said of the infohashes it stores (BEP 51), apart from those in its sample. */
export interface Sampling {
  readonly key: string;
  /** How many there are. */
  readonly num: number;
  /** Seconds after which other samples may be asked for. */
  readonly interval: number;
}

/** The addresses a node knows for a torrent, as filters of 256 bytes in hex (BEP 33). */
export interface Filters {
  /** Of peers that have all of it. */
  readonly seeds: string;
  /** Of the others. */
  readonly peers: string;
}

/** The filters of one answer. */
export interface Scraped extends Filters {
  readonly key: string;
}

/** A peer of a torrent: its key is its endpoint, so one peer heard of twice is one peer. */
export interface Peer {
  readonly key: Endpoint;
}

/** What a token at our door is worth: minted in this epoch, in the one before, or neither. */
export type TokenVerdict = 'current' | 'previous' | 'bad';

/** A write token before it has bytes. The bytes are a keyed hash the edge computes; the key never gets here. */
export interface SymbolicToken {
  readonly infoHash: Id;
  /** Counts token rotations: `floor(now / 5 min)`. */
  readonly epoch: number;
}

/** What comes with a request for nodes. We never ask for it ourselves: the transport does, where it serves a purpose. */
export interface Wanting {
  /** The address families the asker wants nodes of (BEP 32). Left out: that of its own packet. */
  readonly want?: readonly Family[];
  /** Nodes of the other family that we know, where they are wanted: those closest to what is looked for. */
  readonly others?: readonly Contact[];
}

type Asking<Token> =
  | { readonly method: 'ping' }
  | ({ readonly method: 'find_node'; readonly target: Id } & Wanting)
  | ({
      readonly method: 'get_peers';
      readonly infoHash: Id;
      /** Leave out peers that have all of the torrent (BEP 33). */
      readonly noseed?: boolean;
      /** Say how many there are, in place of who they are (BEP 33). */
      readonly scrape?: boolean;
    } & Wanting)
  /** Which torrents do you store peers of? (BEP 51) */
  | ({ readonly method: 'sample_infohashes'; readonly target: Id } & Wanting)
  | {
      readonly method: 'announce_peer';
      readonly infoHash: Id;
      /** 1 to 65535; ignored, and 0, where `impliedPort` holds. */
      readonly port: number;
      /** Use the port the packet came from. */
      readonly impliedPort: boolean;
      /** The peer has all of the torrent (BEP 33). */
      readonly seed?: boolean;
      readonly token: Token;
    }
  | ({
      readonly method: 'get';
      readonly target: Id;
      /** A mutable item is only wanted if it is newer. */
      readonly seq?: number;
      /** What the target was made with, besides a key. Stays with the one who asks. */
      readonly salt?: string;
    } & Wanting)
  | {
      readonly method: 'put';
      /** Made of the item, at whichever end; it is not sent. */
      readonly target: Id;
      readonly item: Item;
      /** Only in place of a mutable item of this `seq`. */
      readonly cas?: number;
      readonly token: Token;
    };

/** A request as we send it; the token is the hex of the bytes its giver gave. */
export type OutRequest = Asking<string>;
/** A request as it reaches us; its token is judged already. */
export type InRequest = Asking<TokenVerdict>;

interface Telling<Token> {
  readonly nodes?: readonly Contact[];
  /** Nodes of the other address family, where the asker wants them (BEP 32). A reply that reaches us has all in `nodes`. */
  readonly others?: readonly Contact[];
  readonly peers?: readonly Peer[];
  readonly token?: Token;
  /** Some infohashes of those stored (BEP 51). */
  readonly samples?: readonly Id[];
  /** How many there are. */
  readonly num?: number;
  /** Seconds after which other samples may be asked for. */
  readonly interval?: number;
  /** As which endpoint the answerer sees us (BEP 42). Ours is told by the transport, which alone knows it. */
  readonly seenAs?: Endpoint;
  readonly filters?: Filters;
  /** An item's value, bencoded, as hex; and of a mutable one its key and signature, as hex, and its number. */
  readonly value?: string;
  readonly publicKey?: string;
  readonly signature?: string;
  readonly seq?: number;
}

/** A reply as we send it. A KRPC reply does not name its method: it is what it holds. */
export type OutReply = Telling<SymbolicToken>;
/** A reply as it reaches us; the token is hex. */
export type InReply = Telling<string>;

/** The types Mainline brings to the core. */
export interface Mainline {
  readonly outRequest: OutRequest;
  readonly inRequest: InRequest;
  readonly outReply: OutReply;
  readonly inReply: InReply;
  readonly value: Peer | Sample | Sampling | Scraped | FoundItem;
}

/** A Mainline packet as we send it. */
export type KrpcOut = OutMessage<Mainline>;
/** A Mainline packet as it reaches us. */
export type KrpcIn = InMessage<Mainline>;
