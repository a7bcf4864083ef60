/**
 * A network of nodes that answer get_peers, all of it from one seed: ids, who knows whom, what gets lost. It answers in
 * the shape in which `iterativeLookup` of `@xorrery/mainline` asks, and knows the truth against which to judge.
 *
 * It keeps no time. Delays are handed to `defer`, a scheduler of the test's own; without one, answers come at once.
 */
import { ConfigError, checkInteger } from '@xorrery/core';
import { randomId } from './canned.ts';
import { Dice } from './dice.ts';
import {
  endpointOf,
  type MockNode,
  type MockPeer,
  type MockReply,
  type MockTable,
  mockAddress,
  mockTable,
  rankNodes,
  type SendGetPeers,
} from './mock-node.ts';

export interface MockNetworkOptions {
  /** How many nodes. */
  readonly nodes: number;
  readonly seed: number;
  /** Contacts in a reply, and a quarter of what a table holds. Default 8. */
  readonly k?: number;
  /** The first two bytes of every address. Default `10.0`. */
  readonly baseIp?: string;
  /** The port of the first node; the i-th has i more. Default 6881. */
  readonly basePort?: number;
  /** The share of requests that are lost, clamped to 0..1. Default 0. */
  readonly loss?: number;
  /** Runs something after so many ms of the test's own time. Needed where nodes are slow. */
  readonly defer?: (delay: number, run: () => void) => void;
}

/** How a node keeps silent: its asker gives up (an answer of `null`), or is left without any answer. */
export type Silence = 'gives-up' | 'never-settles';

interface Resident {
  readonly node: MockNode;
  readonly token: Uint8Array;
  readonly table: readonly MockNode[];
}

export class MockNetwork {
  readonly nodes: readonly MockNode[];
  /** The share of requests that are lost. */
  readonly loss: number;
  /** Requests by endpoint, those to unknown endpoints included. */
  readonly calls: Map<string, number> = new Map();
  readonly #options: MockNetworkOptions;
  readonly #k: number;
  readonly #dice: Dice;
  readonly #residents: ReadonlyMap<string, Resident>;
  readonly #held: Map<string, { readonly infoHash: string; readonly peers: readonly MockPeer[] }[]> = new Map();
  readonly #silent: Map<string, Silence> = new Map();
  readonly #delays: Map<string, number> = new Map();
  #inFlight = 0;
  #mostInFlight = 0;

  constructor(options: MockNetworkOptions) {
    const { nodes: count, seed, k = 8, baseIp = '10.0', basePort = 6_881, loss = 0 } = options;
    checkInteger('nodes', count, 0, 65_536 - basePort);
    checkInteger('k', k, 1);
    this.#options = options;
    this.#k = k;
    this.loss = Math.min(1, Math.max(0, loss));
    this.#dice = new Dice(seed);
    this.nodes = Array.from({ length: count }, (_, i) => ({
      id: randomId(this.#dice),
      ...mockAddress(i, baseIp, basePort),
    }));
    const residentOf = (node: MockNode): Resident => {
      const others = this.nodes.filter((it) => it !== node);
      const token = randomId(this.#dice).slice(0, 8);
      return { node, token, table: this.#dice.sample(others, Math.min(4 * k, others.length)) };
    };
    this.#residents = new Map(this.nodes.map((node) => [endpointOf(node), residentOf(node)]));
  }

  /** Requests so far. */
  get requests(): number {
    let sum = 0;
    for (const count of this.calls.values()) sum += count;
    return sum;
  }

  /** The most requests that were in flight together. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** The node at an endpoint (`host:port`). */
  at(endpoint: string): MockNode | undefined {
    return this.#residents.get(endpoint)?.node;
  }

  /** Any node, by the network's own dice. */
  random(): MockNode {
    return this.#dice.pick(this.nodes);
  }

  /** All nodes by distance to `target`, nearest first: the truth. */
  rank(target: Uint8Array): MockNode[] {
    return rankNodes(this.nodes, target);
  }

  /** A key that is no node's own, by the network's own dice. */
  randomKey(): Uint8Array {
    return randomId(this.#dice);
  }

  /** The token this node gives: 8 bytes. */
  tokenOf(node: MockNode): Uint8Array | undefined {
    return this.#residents.get(endpointOf(node))?.token;
  }

  /** Gives peers of a torrent to the nodes that are truly closest to it (k of them), and returns those. */
  plantPeers(infoHash: Uint8Array, peers: readonly MockPeer[], count: number = this.#k): MockNode[] {
    const holders = this.rank(infoHash).slice(0, count);
    for (const holder of holders) {
      const endpoint = endpointOf(holder);
      this.#held.set(endpoint, [...(this.#held.get(endpoint) ?? []), { infoHash: infoHash.join(), peers }]);
    }
    return holders;
  }

  /** From now on this node does not answer. */
  silence(node: MockNode, how: Silence = 'gives-up'): void {
    this.#silent.set(endpointOf(node), how);
  }

  /** From now on this node answers after so many ms. */
  delay(node: MockNode, ms: number): void {
    if (this.#options.defer === undefined) throw new ConfigError('defer', 'is needed where nodes are slow');
    this.#delays.set(endpointOf(node), ms);
  }

  /** What a node begins a lookup with: its own table. */
  routingTableFor(node: MockNode): MockTable {
    return mockTable(this.#residents.get(endpointOf(node))?.table ?? []);
  }

  /** What a lookup by this node takes: its table, its id, and a way to ask that leaves itself out of the replies. */
  optionsFor(asker: MockNode): {
    readonly routingTable: MockTable;
    readonly localNodeId: Uint8Array;
    readonly sendGetPeers: SendGetPeers;
  } {
    const sendGetPeers: SendGetPeers = (node, target) => this.#ask(node, target, asker);
    return { routingTable: this.routingTableFor(asker), localNodeId: asker.id, sendGetPeers };
  }

  /** Asks a node from outside of the network. */
  readonly sendGetPeers: SendGetPeers = (node, target) => this.#ask(node, target);

  /** What a node would answer, if it does: holders their peers alone, others their k closest without the asker. */
  replyOf(node: MockNode, target: Uint8Array, asker?: MockNode): MockReply | null {
    const resident = this.#residents.get(endpointOf(node));
    if (resident === undefined) return null;
    const { token, table } = resident;
    const held = (this.#held.get(endpointOf(node)) ?? []).filter((it) => it.infoHash === target.join());
    if (held.length > 0) return { token, peers: held.flatMap((it) => it.peers) };
    const others = asker === undefined ? table : table.filter((it) => endpointOf(it) !== endpointOf(asker));
    return { token, nodes: rankNodes(others, target).slice(0, this.#k) };
  }

  #ask(node: MockNode, target: Uint8Array, asker?: MockNode): Promise<MockReply | null> {
    const endpoint = endpointOf(node);
    this.calls.set(endpoint, (this.calls.get(endpoint) ?? 0) + 1);
    this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight);
    const silence = this.#silent.get(endpoint);
    if (silence === 'never-settles') return new Promise(() => {});
    // Drawn for each request, so that silence changes nobody else's luck.
    const lost = this.#dice.chance(this.loss);
    const reply = lost || silence !== undefined ? null : this.replyOf(node, target, asker);
    const delay = this.#delays.get(endpoint) ?? 0;
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#inFlight--;
        resolve(reply);
      };
      if (this.#options.defer !== undefined) this.#options.defer(delay, settle);
      else Promise.resolve().then(settle);
    });
  }
}

/** A mock network. Throws `ConfigError` when an option is out of range. */
export function mockNetwork(options: MockNetworkOptions): MockNetwork {
  return new MockNetwork(options);
}
