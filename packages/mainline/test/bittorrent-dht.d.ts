/** The part we use of a package that comes without types. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';

  interface Options {
    /** `host:port` of nodes to join through; `false`: none. */
    readonly bootstrap?: false | readonly string[];
    /** The address at which we are a peer ourselves: announcing then also stores here. */
    readonly host?: string;
    /** Judges signatures; without it there are no mutable items. */
    readonly verify?: (signature: Buffer, message: Buffer, publicKey: Buffer) => boolean;
  }

  interface Mutable {
    readonly k: Buffer;
    readonly seq: number;
    readonly salt?: Buffer;
    readonly cas?: number;
    readonly sign: (message: Buffer) => Buffer;
  }

  interface Found {
    readonly v: Buffer;
    readonly seq?: number;
  }

  interface Node {
    readonly id: Buffer;
    readonly host: string;
    readonly port: number;
  }

  interface Peer {
    readonly host: string;
    readonly port: number;
  }

  type Done = (error: Error | null, nodes: number) => void;

  /** Emits `ready`, `node` (Node), `peer` (Peer, infohash, from), `announce` (Peer, infohash, from), `warning`, `error`. */
  class DHT extends EventEmitter {
    constructor(options?: Options);
    readonly nodeId: Buffer;
    readonly ready?: true;
    readonly nodes: { toArray(): Node[] };
    /** Pings it, then enters it in the table. */
    addNode(node: Peer): void;
    listen(port: number, address: string, onListening: () => void): void;
    address(): { readonly address: string; readonly port: number };
    lookup(infoHash: Uint8Array, done: Done): () => void;
    announce(infoHash: Uint8Array, port: number, done: Done): void;
    put(
      item: { readonly v: Buffer } & Partial<Mutable>,
      done: (error: Error | null, key: Buffer, n: number) => void,
    ): void;
    get(
      key: Buffer,
      options: { readonly salt?: Buffer; readonly cache?: boolean },
      done: (error: Error | null, found: Found | null) => void,
    ): void;
    destroy(done: () => void): void;
  }

  export default DHT;
}
