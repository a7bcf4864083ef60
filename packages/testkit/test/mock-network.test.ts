/** The mock network and its helpers: what tests of lookups stand on. */
import {
  cannedReplies,
  endpointOf,
  idBytes,
  type MockNode,
  mockNetwork,
  mockNode,
  mockPeers,
  mockTable,
  nodeChain,
  rankNodes,
  seededNodes,
} from '@xorrery/testkit';
import { describe, expect, it } from 'vitest';

const away = (a: Uint8Array, b: Uint8Array): string =>
  [...a].map((byte, i) => (byte ^ (b[i] as number)).toString(16).padStart(2, '0')).join('');
const byTruth = (nodes: readonly MockNode[], target: Uint8Array): MockNode[] =>
  [...nodes].sort((a, b) => (away(a.id, target) < away(b.id, target) ? -1 : 1));

describe('a mock network', () => {
  it('[J20][J24] comes with the published testkit, and is the same for the same seed, another for another', () => {
    const all = (seed: number): unknown => {
      const net = mockNetwork({ nodes: 20, seed });
      return net.nodes.map((node) => [node, net.routingTableFor(node).closest(idBytes(), 99), net.tokenOf(node)]);
    };
    expect(all(1)).toEqual(all(1));
    expect(all(1)).not.toEqual(all(2));
  });

  it('[J20] numbers its nodes through: 10.0.x.y and ports from 6881 upward, or as told', () => {
    const { nodes } = mockNetwork({ nodes: 300, seed: 1 });
    expect(nodes.slice(0, 2).map(endpointOf)).toEqual(['10.0.0.0:6881', '10.0.0.1:6882']);
    expect(endpointOf(nodes[299] as MockNode)).toBe('10.0.1.43:7180');
    const other = mockNetwork({ nodes: 2, seed: 1, baseIp: '172.16', basePort: 1_000 });
    expect(other.nodes.map(endpointOf)).toEqual(['172.16.0.0:1000', '172.16.0.1:1001']);
  });

  it.each([
    [1, 0],
    [10, 9],
    [33, 32],
    [100, 32],
  ])('[J20] each of %i nodes knows min(4k, n - 1) = %i random others, and not itself', (nodes, size) => {
    const net = mockNetwork({ nodes, seed: 5 });
    for (const node of net.nodes) {
      const table = net.routingTableFor(node).closest(idBytes(), 1_000);
      expect(new Set(table.map(endpointOf)).size).toBe(size);
      expect(table).not.toContain(node);
    }
  });

  it('[J20] clamps loss to 0..1', async () => {
    expect(mockNetwork({ nodes: 1, seed: 1, loss: 7 }).loss).toBe(1);
    expect(mockNetwork({ nodes: 1, seed: 1, loss: -7 }).loss).toBe(0);
    const net = mockNetwork({ nodes: 1, seed: 1, loss: 0.3 });
    let lost = 0;
    for (let i = 0; i < 1_000; i++) if ((await net.sendGetPeers(net.random(), idBytes())) === null) lost++;
    expect(lost).toBeGreaterThan(250);
    expect(lost).toBeLessThan(350);
  });

  it('[J20] keeps a node silent, or slow, on the test’s own time', async () => {
    const queue: { readonly at: number; readonly run: () => void }[] = [];
    const defer = (at: number, run: () => void): void => void queue.push({ at, run });
    const net = mockNetwork({ nodes: 3, seed: 1, defer });
    const [a, b, c] = net.nodes as [MockNode, MockNode, MockNode];
    net.silence(a);
    net.delay(b, 500);
    net.silence(c, 'never-settles');
    const answers = [a, b, c].map((node) => net.sendGetPeers(node, idBytes()));
    expect(queue.map((it) => it.at)).toEqual([0, 500]);
    expect(net.mostInFlight).toBe(3);
    for (const { run } of queue) run();
    expect(await answers[0]).toBeNull();
    expect(await answers[1]).not.toBeNull();
    expect(() => mockNetwork({ nodes: 1, seed: 1 }).delay(a, 1)).toThrow('defer');
  });

  it('[J21] plants peers at the true k closest, who then answer peers only', () => {
    const net = mockNetwork({ nodes: 50, seed: 3 });
    const target = net.randomKey();
    const holders = net.plantPeers(target, mockPeers(5));
    expect(holders).toEqual(byTruth(net.nodes, target).slice(0, 8));
    for (const node of net.nodes) {
      const reply = net.replyOf(node, target);
      if (holders.includes(node)) expect(reply).toEqual({ token: net.tokenOf(node), peers: mockPeers(5) });
      else expect(reply?.peers).toBeUndefined();
      expect(net.replyOf(node, idBytes(1))?.peers).toBeUndefined();
    }
  });

  it('[J21] others answer the k closest they know, without the asker', () => {
    const net = mockNetwork({ nodes: 20, seed: 3 });
    const target = net.randomKey();
    for (const node of net.nodes) {
      const table = net.routingTableFor(node).closest(target, 1_000);
      expect(net.replyOf(node, target)?.nodes).toEqual(byTruth(table, target).slice(0, 8));
      const asker = table[0] as MockNode;
      expect(net.replyOf(node, target, asker)?.nodes).toEqual(byTruth(table, target).slice(1, 9));
    }
  });

  it('[J21] finds a node by its endpoint, picks one at random, ranks by distance', () => {
    const net = mockNetwork({ nodes: 30, seed: 4 });
    for (const node of net.nodes) expect(net.at(endpointOf(node))).toBe(node);
    expect(net.at('10.0.0.99:1')).toBeUndefined();
    const picked = new Set(Array.from({ length: 300 }, () => net.random()));
    expect(picked.size).toBe(30);
    const target = net.randomKey();
    expect(net.rank(target)).toEqual(byTruth(net.nodes, target));
  });

  it('[J21] gives tokens of 8 bytes, each node its own; unknown endpoints stay silent', async () => {
    const net = mockNetwork({ nodes: 30, seed: 4 });
    const tokens = net.nodes.map((node) => net.tokenOf(node)?.join());
    expect(new Set(tokens).size).toBe(30);
    expect(tokens.every((it) => it?.split(',').length === 8)).toBe(true);
    expect(await net.sendGetPeers({ id: idBytes(), host: '1.2.3.4', port: 5 }, idBytes())).toBeNull();
    expect([...net.calls]).toEqual([['1.2.3.4:5', 1]]);
    expect(net.requests).toBe(1);
  });
});

describe('helpers', () => {
  it('[J22] mock peers: 192.168 and ports from 51413', () => {
    expect(mockPeers(2)).toEqual([
      { host: '192.168.0.0', port: 51_413 },
      { host: '192.168.0.1', port: 51_414 },
    ]);
    expect(new Set(mockPeers(600).map(endpointOf)).size).toBe(600);
  });

  it('[J22] a chain: each level strictly nearer than the one before, and naming the whole next one', () => {
    const target = idBytes(9, 9, 9);
    const { levels, nodes, replies } = nodeChain(10, 3, target);
    expect(levels.map((it) => it.length)).toEqual(Array.from({ length: 10 }, () => 3));
    expect(new Set(nodes.map(endpointOf)).size).toBe(30);
    const ranks = rankNodes(nodes, target);
    expect(ranks.slice(0, 3).every((it) => levels[9]?.includes(it))).toBe(true);
    expect(ranks.slice(27).every((it) => levels[0]?.includes(it))).toBe(true);
    expect(replies[0]?.[1].nodes).toEqual(levels[1]);
    expect(replies[29]?.[1].nodes).toEqual([]);
  });

  it('[J22] a seeded table, and canned replies', async () => {
    expect(seededNodes(5, 1)).toEqual(seededNodes(5, 1));
    expect(mockTable(seededNodes(9, 1)).closest(idBytes(7), 3)).toEqual(
      byTruth(seededNodes(9, 1), idBytes(7)).slice(0, 3),
    );
    const [a, b, c] = [mockNode(1), mockNode(2), mockNode(3)] as const;
    const canned = cannedReplies([
      [a, null],
      [b, 'throws'],
    ]);
    expect(await canned.send(a, idBytes())).toBeNull();
    expect(() => canned.send(b, idBytes())).toThrow();
    expect(await canned.send(c, idBytes())).toEqual({});
    expect(canned.asked).toEqual([a, b, c].map(endpointOf));
  });
});
