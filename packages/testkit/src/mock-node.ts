/** Nodes and peers as programs around a lookup know them: `{ id: bytes, host, port }` and `{ host, port }`. */
import { assert, compareDistance, idFromBytes } from '@xorrery/core';

export interface MockPeer {
  readonly host: string;
  readonly port: number;
}

export interface MockNode extends MockPeer {
  readonly id: Uint8Array;
}

/** What a node answers to get_peers. */
export interface MockReply {
  readonly nodes?: readonly MockNode[];
  readonly peers?: readonly MockPeer[];
  readonly token?: Uint8Array;
}

/** Asks one node: the shape in which a lookup takes it. `null`: nobody answered. */
export type SendGetPeers = (node: MockNode, target: Uint8Array) => Promise<MockReply | null>;

/** Where a lookup begins: the shape in which it takes that. */
export interface MockTable {
  closest(target: Uint8Array, count: number): MockNode[];
}

/** `host:port`. */
export function endpointOf({ host, port }: MockPeer): string {
  return `${host}:${port}`;
}

/** `count` peers, all different: `192.168.x.y` with ports from 51413 upward. */
export function mockPeers(count: number): MockPeer[] {
  return Array.from({ length: count }, (_, i) => ({ host: `192.168.${(i >> 8) & 255}.${i & 255}`, port: 51_413 + i }));
}

/** 20 bytes that begin with these, and are zero after. */
export function idBytes(...prefix: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set(prefix);
  return bytes;
}

/** The i-th node of a hand-made network: `10.0.x.y:6881+i`, with an id that begins with `prefix` (by default its number). */
export function mockNode(i: number, prefix: readonly number[] = [i >> 8, i & 255]): MockNode {
  return { id: idBytes(...prefix), ...mockAddress(i, '10.0', 6_881) };
}

/** The i-th address of a network: its number is both in the last two bytes of the IP and in the port. */
export function mockAddress(i: number, baseIp: string, basePort: number): MockPeer {
  assert(basePort + i <= 65_535, `node ${i} has a port`);
  return { host: `${baseIp}.${(i >> 8) & 255}.${i & 255}`, port: basePort + i };
}

/** The nodes by distance to `target`, nearest first. */
export function rankNodes<T extends MockNode>(nodes: readonly T[], target: Uint8Array): T[] {
  const goal = idFromBytes(target);
  const keyed = nodes.map((node) => ({ node, id: idFromBytes(node.id) }));
  return keyed.sort((a, b) => compareDistance(goal, a.id, b.id)).map(({ node }) => node);
}

/** A table that holds these nodes. */
export function mockTable(nodes: readonly MockNode[]): MockTable {
  return { closest: (target, count) => rankNodes(nodes, target).slice(0, count) };
}
