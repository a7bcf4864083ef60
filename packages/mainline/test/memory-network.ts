/** Mainline nodes in one process on virtual time: the production node and coordinator, no sockets, no real clock. */
import { MemoryRouter, type Transport, VirtualTime } from '@xorrery/coordinator';
import type { Endpoint, Id, Instant } from '@xorrery/core';
import { nextId, seedRandom } from '@xorrery/core';
import {
  createNode,
  type KrpcIn,
  type KrpcOut,
  type MainlineNode,
  type MainlineOptions,
  TOKEN_ROTATION,
} from '../src/index.ts';

/** Does to a message what encoding and decoding do: a symbolic token becomes text, and a shown one a verdict. */
const carry = (message: KrpcOut, from: Endpoint, to: Endpoint, now: Instant): KrpcIn => {
  if (message.type === 'reply') {
    const { token, ...reply } = message.reply;
    if (token === undefined) return { ...message, reply };
    return { ...message, reply: { ...reply, token: `${to} ${token.infoHash} ${token.epoch}` } };
  }
  if (message.type !== 'request') return message;
  const { request } = message;
  if (request.method !== 'announce_peer' && request.method !== 'put') return { ...message, request };
  const target = request.method === 'put' ? request.target : request.infoHash;
  const epoch = Math.floor(now / TOKEN_ROTATION);
  const good = (age: number): boolean => request.token === `${from} ${target} ${epoch - age}`;
  return { ...message, request: { ...request, token: good(0) ? 'current' : good(1) ? 'previous' : 'bad' } };
};

/** One count of packets sent, by endpoint, for tests of silence. */
export class MemoryNetwork {
  readonly time: VirtualTime = new VirtualTime();
  readonly nodes: MainlineNode[] = [];
  readonly sent = new Map<Endpoint, number>();
  readonly #router: MemoryRouter<KrpcOut, KrpcIn> = new MemoryRouter(this.time, carry, 10);
  /** Endpoints that nothing reaches, and from which nothing gets away. */
  readonly #cut = new Set<Endpoint>();
  readonly #endpointOf: (n: number) => Endpoint;
  #random = seedRandom(1);

  /** `endpointOf`: where the nodes are, counted from 1. By default in a private network, where nobody is limited. */
  constructor(endpointOf: (n: number) => Endpoint = (n) => `10.0.${n >> 8}.${n & 255}:6881`) {
    this.#endpointOf = endpointOf;
  }

  /** Sends from an endpoint that belongs to no node, and hears nothing. */
  async outsider(endpoint: Endpoint): Promise<Transport<KrpcOut, KrpcIn>['send']> {
    const { open, send } = this.#router.join(endpoint);
    await open({ received: () => {}, malformed: () => {}, unsent: () => {} });
    return send;
  }

  id(): Id {
    const [id, next] = nextId(this.#random, 160);
    this.#random = next;
    return id;
  }

  /** A node at the N-th endpoint, not yet started. */
  node(options: MainlineOptions = {}, n: number = this.nodes.length + 1): MainlineNode {
    const endpoint = this.#endpointOf(n);
    const transport = this.#router.join(endpoint);
    const { send } = transport;
    transport.send = (to, message) => {
      this.sent.set(endpoint, (this.sent.get(endpoint) ?? 0) + 1);
      if (!this.#cut.has(endpoint) && !this.#cut.has(to)) send(to, message);
    };
    let seed = n * 1_000;
    const entropy = {
      bytes: (count: number): Uint8Array => {
        const bytes = new Uint8Array(count);
        let random = seedRandom(seed++);
        for (let i = 0; i < count; i++) {
          const [id, next] = nextId(random, 8);
          random = next;
          bytes[i] = Number.parseInt(id, 16);
        }
        return bytes;
      },
    };
    const node = createNode({
      bootstrap: [this.#endpointOf(1)],
      clock: this.time.clock(),
      entropy,
      transport,
      ...options,
    });
    this.nodes.push(node);
    return node;
  }

  /** As many nodes, joined one after another through the first. */
  async grow(count: number, options: MainlineOptions = {}): Promise<void> {
    for (let i = 0; i < count; i++) {
      const node = this.node(this.nodes.length === 0 ? { ...options, bootstrap: [] } : options);
      await node.start();
      if (this.nodes.length > 1) await this.time.until(node.joined());
    }
    await this.time.advance(2_000);
  }

  /** The node that was made at this place, counted from 0. */
  at(index: number): MainlineNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  /** Cuts these nodes off, in the order in which they were made and counted from 0; those that were cut off before are not any more. */
  cutOff(...indices: readonly number[]): void {
    this.#cut.clear();
    for (const index of indices) this.#cut.add(`10.0.${(index + 1) >> 8}.${(index + 1) & 255}:6881`);
  }

  /** Packets a node has sent so far. */
  sentBy(n: number): number {
    return this.sent.get(this.#endpointOf(n)) ?? 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}
