/**
 * Key-value nodes in one process on virtual time: the production node, coordinator and codec, no sockets, no real clock.
 * What is sent is encoded, and what arrives is decoded, with its length in bytes.
 */
import { MemoryRouter, systemEntropy, type Transport, VirtualTime } from '@xorrery/coordinator';
import { compareDistance, type Endpoint, type Id, nextId, seedRandom } from '@xorrery/core';
import {
  createKvNode,
  type Decoded,
  decode,
  encode,
  type KvIn,
  type KvNode,
  type KvOptions,
  type KvOut,
  keyedTokens,
  TOKEN_ROTATION,
} from '../src/index.ts';

/** Bytes that look random and are the same for the same seed. */
const seededEntropy = (start: number) => {
  let seed = start;
  return {
    bytes: (count: number): Uint8Array => {
      let [id, random] = nextId(seedRandom(seed++), 8);
      return Uint8Array.from({ length: count }, () => {
        [id, random] = nextId(random, 8);
        return Number.parseInt(id, 16);
      });
    },
  };
};

export class MemoryNetwork {
  readonly time: VirtualTime = new VirtualTime();
  readonly nodes: KvNode[] = [];
  /** Every packet that was sent, as it was given to be encoded, and its length. */
  readonly sent: { readonly from: Endpoint; readonly to: Endpoint; readonly message: KvOut; readonly bytes: number }[] =
    [];
  readonly #tokens = keyedTokens(systemEntropy);
  readonly #router = new MemoryRouter<Uint8Array, { readonly decoded: Decoded; readonly bytes: number }>(
    this.time,
    (packet, from, _to, now) => {
      const decoded = decode(packet, from, this.#tokens, Math.floor(now / TOKEN_ROTATION));
      return { decoded, bytes: packet.length };
    },
    10,
  );
  #random = seedRandom(1);

  id(): Id {
    const [id, next] = nextId(this.#random, 160);
    this.#random = next;
    return id;
  }

  transport(endpoint: Endpoint): Transport<KvOut, KvIn> {
    const inner = this.#router.join(endpoint);
    return {
      open: (inbox) =>
        inner.open({
          malformed: inbox.malformed,
          unsent: inbox.unsent,
          received: (from, { decoded, bytes }) => {
            if (decoded.ok) inbox.received(from, decoded.message, bytes);
            else inbox.malformed(from, decoded.malformed);
          },
        }),
      send: (to, message) => {
        const packet = encode(message, to, this.#tokens);
        this.sent.push({ from: endpoint, to, message, bytes: packet.length });
        inner.send(to, packet);
      },
      close: () => inner.close(),
    };
  }

  /** A node at `10.0.0.N:7600`, counted from 1, not yet started. */
  node(options: KvOptions = {}): KvNode {
    const n = this.nodes.length + 1;
    const node = createKvNode({
      bootstrap: n === 1 ? [] : ['10.0.0.1:7600'],
      clock: this.time.clock(),
      entropy: seededEntropy(n * 1_000),
      transport: this.transport(`10.0.${n >> 8}.${n & 255}:7600`),
      ...options,
    });
    this.nodes.push(node);
    return node;
  }

  /** As many nodes, joined one after another through the first. */
  async grow(count: number, options: KvOptions = {}): Promise<readonly KvNode[]> {
    const grown: KvNode[] = [];
    for (let i = 0; i < count; i++) {
      const node = this.node(options);
      grown.push(node);
      await node.start();
      if (this.nodes.length > 1) await this.time.until(node.joined());
    }
    await this.time.advance(2_000);
    return grown;
  }

  /** The nodes that hold a value under a key, nearest to it first. */
  holders(key: Id): readonly KvNode[] {
    return this.byDistance(key).filter((it) => it.holds(key));
  }

  byDistance(key: Id): readonly KvNode[] {
    return this.nodes.toSorted((a, b) => compareDistance(key, a.id, b.id));
  }

  /** Requests of this method, in the order they were sent. */
  requests(method: 'ping' | 'find_node' | 'find_value' | 'store') {
    return this.sent.flatMap((it) =>
      it.message.type === 'request' && it.message.request.method === method
        ? [{ ...it, request: it.message.request }]
        : [],
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}
