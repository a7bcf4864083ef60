/** The iterative lookup of BEP 5 as a function: one small hand-made network a case. */
import { VirtualTime } from '@xorrery/coordinator';
import { ConfigError } from '@xorrery/core';
import {
  type IterativeLookupOptions,
  iterativeLookup,
  type LookupNode,
  type LookupPeer,
  type LookupResult,
} from '@xorrery/mainline';
import {
  type Canned,
  type CannedReply,
  cannedReplies,
  endpointOf,
  idBytes,
  type MockNode,
  mockNode,
  mockPeers,
  mockTable,
  nodeChain,
  rankNodes,
} from '@xorrery/testkit';
import { describe, expect, it } from 'vitest';

/** The target is all zeros, so that a node's id is its distance. */
const target = idBytes();
/** Node i has an id that begins with i: a higher number is farther away. */
const nodes = (count: number, from = 1): MockNode[] => Array.from({ length: count }, (_, i) => mockNode(from + i));
const endpoints = (list: readonly LookupPeer[]): string[] => list.map(endpointOf);
const token = (n: number): Uint8Array => Uint8Array.of(n, n, n, n);

type Replies = readonly (readonly [MockNode, CannedReply])[];

interface Outcome extends Canned {
  readonly result: LookupResult;
}

/** Looks with these nodes in the table; whoever has no reply answers that it knows nothing. */
const look = async (
  table: readonly MockNode[],
  replies: Replies = [],
  options: Partial<IterativeLookupOptions> = {},
): Promise<Outcome> => {
  const canned = cannedReplies(replies);
  const result = await iterativeLookup({
    target,
    routingTable: mockTable(table),
    sendGetPeers: canned.send,
    ...options,
  });
  return { ...canned, result };
};

describe('what it asks', () => {
  it('[J31][J02] 5 nodes in the table: all 5 are asked, and nobody else', async () => {
    const table = nodes(5);
    const { asked } = await look(table);
    expect(asked.toSorted()).toEqual(endpoints(table).toSorted());
  });

  it('[J35][J14] 5 nodes: queriedCount is 5', async () => {
    expect((await look(nodes(5))).result.queriedCount).toBe(5);
  });

  it('[J02][J07] begins with the k closest of the table, which it asks for once, by target', async () => {
    const calls: unknown[] = [];
    const routingTable = {
      closest: (...args: readonly unknown[]) => {
        calls.push(args);
        return nodes(2);
      },
    };
    await look([], [], { routingTable, k: 5 });
    await look([], [], { routingTable });
    expect(calls).toEqual([
      [target, 5],
      [target, 8],
    ]);
  });

  it('[J08][J03] asks the nearest first, alpha at once, whatever the order of the table', async () => {
    const table = nodes(6);
    const { asked } = await look(table.toReversed(), [], { routingTable: { closest: () => table.toReversed() } });
    expect(asked).toEqual(endpoints(table));
  });

  it('[J36] node 1 names node 2: both are asked, once each', async () => {
    const [one, two] = nodes(2) as [MockNode, MockNode];
    const { asked, result } = await look([two], [[two, { nodes: [one, one] }]]);
    expect(asked).toEqual(endpoints([two, one]));
    expect(result.queriedCount).toBe(2);
  });

  it('[J39] k nodes with empty answers: exactly k = 8 are asked', async () => {
    const { asked, result } = await look(nodes(8));
    expect(asked).toHaveLength(8);
    expect(result.reason).toBe('converged');
  });

  it('[J40][J10] 2k nodes with empty answers: exactly the 8 nearest are asked, and are the result', async () => {
    const all = nodes(16);
    const { asked, result } = await look(all, [], { routingTable: { closest: () => all } });
    expect(asked).toEqual(endpoints(all.slice(0, 8)));
    expect(result.closestNodes).toEqual(all.slice(0, 8));
  });

  it('[J41][J10] eight near nodes that name eight far ones: no far one is asked', async () => {
    const near = Array.from({ length: 8 }, (_, i) => mockNode(i, [0x01, i]));
    const far = Array.from({ length: 8 }, (_, i) => mockNode(8 + i, [0xf0, i]));
    const { asked, result } = await look(
      near,
      near.map((node) => [node, { nodes: far }]),
    );
    expect(asked).toEqual(endpoints(near));
    expect(result.closestNodes).toEqual(near);
  });

  it('[J48] a node that names itself is asked once', async () => {
    const [one] = nodes(1) as [MockNode];
    expect((await look([one], [[one, { nodes: [one] }]])).asked).toEqual(endpoints([one]));
  });

  it('[J50][J09] the same endpoint with a second id is asked once', async () => {
    const [one, two] = nodes(2) as [MockNode, MockNode];
    const alias = { ...two, id: idBytes(0, 1) };
    const { asked, result } = await look([two, one], [[one, { nodes: [alias] }]]);
    expect(asked.toSorted()).toEqual(endpoints([one, two]).toSorted());
    expect(result.queriedCount).toBe(2);
    expect(result.closestNodes.map((it) => it.id)).toEqual([one.id, two.id]);
  });

  it('[J51] an empty table: nobody asked, nothing found, and it ends at once', async () => {
    const { asked, result } = await look([]);
    expect(asked).toEqual([]);
    expect(result).toEqual({ peers: [], closestNodes: [], queriedCount: 0, tokens: new Map(), reason: 'exhausted' });
  });

  it('[J52][J13] we are never asked, whether our table names us or others do', async () => {
    const [self, one] = nodes(2) as [MockNode, MockNode];
    const moved = { ...self, port: 1 };
    const { asked } = await look([self, one], [[one, { nodes: [self, moved] }]], { localNodeId: self.id });
    expect(asked).toEqual(endpoints([one]));
  });

  it('[J54][J05] a chain 10 deep and 3 wide: 15 to 30 asked, and the exact 8 found', async () => {
    const chain = nodeChain(10, 3);
    const { asked, result } = await look(chain.levels[0] ?? [], chain.replies);
    expect(asked.length).toBeGreaterThanOrEqual(15);
    expect(asked.length).toBeLessThanOrEqual(30);
    expect(new Set(asked).size).toBe(asked.length);
    expect(result.closestNodes).toEqual(rankNodes(chain.nodes, target).slice(0, 8));
    expect(result.reason).toBe('converged');
  });

  it('[R07][J04] a spare steps in when a nearer node fails, though it is farther than those that answered', async () => {
    const all = nodes(4);
    const [a, b, c, d] = all as [MockNode, MockNode, MockNode, MockNode];
    const { result } = await look(
      [a, b],
      [
        [a, { nodes: [d, c] }],
        [b, null],
        [c, null],
      ],
      { k: 2 },
    );
    expect(result.closestNodes).toEqual([a, d]);
    expect(result.queriedCount).toBe(4);
  });

  it('[J11] nodes exactly as far as the k-th do not prolong the search, even when one was asked', async () => {
    const time = new VirtualTime();
    const table = nodes(2);
    const [a, b] = table as [MockNode, MockNode];
    // Before b in the order of endpoints, so that the first is in the window until b has answered.
    const twin = { ...b, port: 1 };
    const canned = cannedReplies([[a, { nodes: [twin, { ...b, port: 2 }] }]]);
    const sendGetPeers: IterativeLookupOptions['sendGetPeers'] = (node) => {
      const answer = canned.send(node as MockNode, target);
      return endpointOf(node) === endpointOf(twin) ? new Promise(() => {}) : answer;
    };
    const options = { target, routingTable: mockTable(table), sendGetPeers, clock: time.clock(), k: 2 };
    const result = await time.until(iterativeLookup(options));
    expect(canned.asked).toEqual(endpoints([a, b, twin]));
    expect(result.closestNodes).toEqual(table);
    expect([result.reason, time.now]).toEqual(['converged', 0]);
  });

  it('[R15] nodes that all live in one /24 are all asked: no caps on groups here', async () => {
    const table = Array.from({ length: 8 }, (_, i) => ({ ...mockNode(i + 1), host: '203.0.113.7' }));
    expect((await look(table)).asked).toHaveLength(8);
  });
});

describe('what it finds', () => {
  it('[J32] one node has peers: exactly its 2 peers', async () => {
    const table = nodes(3);
    const peers = mockPeers(2);
    expect((await look(table, [[table[1] as MockNode, { peers }]])).result.peers).toEqual(peers);
  });

  it('[J33][J19] 2 nodes give tokens: 2 tokens, byte for byte, by endpoint', async () => {
    const table = nodes(3);
    const [a, b] = table as [MockNode, MockNode];
    const { result } = await look(table, [
      [a, { token: token(1) }],
      [b, { token: token(2) }],
    ]);
    expect([...result.tokens]).toEqual([
      [endpointOf(a), { node: a, token: token(1) }],
      [endpointOf(b), { node: b, token: token(2) }],
    ]);
  });

  it('[J33] a token may be empty, and is one all the same', async () => {
    const [a] = nodes(1) as [MockNode];
    const { result } = await look([a], [[a, { token: new Uint8Array() }]]);
    expect(result.tokens.get(endpointOf(a))?.token).toEqual(new Uint8Array());
  });

  it('[J34][J17][J06] 10 nodes, k = 5: exactly the true 5, nearest first', async () => {
    const table = nodes(10);
    const { result } = await look(table, [], { k: 5 });
    expect(result.closestNodes).toEqual(table.slice(0, 5));
  });

  it('[J37] a chain of 3 with peers at the third: 1 peer, 3 asked', async () => {
    const [c, b, a] = nodes(3) as [MockNode, MockNode, MockNode];
    const peers = mockPeers(1);
    const { result, asked } = await look(
      [a],
      [
        [a, { nodes: [b] }],
        [b, { nodes: [c] }],
        [c, { peers }],
      ],
    );
    expect(result.peers).toEqual(peers);
    expect(asked).toEqual(endpoints([a, b, c]));
  });

  it('[J38][J01] 3 nodes with a peer each: 3 peers, for finding some ends nothing', async () => {
    const table = nodes(3);
    const peers = mockPeers(3);
    const { result } = await look(
      table,
      table.map((node, i) => [node, { peers: [peers[i] as LookupPeer] }]),
      { alpha: 1 },
    );
    expect(result.peers).toEqual(peers);
    expect(result.queriedCount).toBe(3);
  });

  it('[J49][J12] 2 nodes with the same peer: 1 peer', async () => {
    const table = nodes(2);
    const peers = mockPeers(1);
    const { result } = await look(
      table,
      table.map((node) => [node, { peers: [...peers, ...peers] }]),
    );
    expect(result.peers).toEqual(peers);
  });

  it('[J12] the same host at another port is another peer', async () => {
    const [a] = nodes(1) as [MockNode];
    const peers = [
      { host: '192.168.0.1', port: 1 },
      { host: '192.168.0.1', port: 2 },
    ];
    expect((await look([a], [[a, { peers }]])).result.peers).toEqual(peers);
  });

  it('[J53][J18] peers and nodes in one answer: 2 peers, 2 asked', async () => {
    const [b, a] = nodes(2) as [MockNode, MockNode];
    const { result, asked } = await look([a], [[a, { peers: mockPeers(2), nodes: [b] }]]);
    expect(result.peers).toEqual(mockPeers(2));
    expect(asked).toEqual(endpoints([a, b]));
  });

  it('[J56] k = 1: exactly 1, the nearest', async () => {
    const table = nodes(5);
    const { result } = await look(table, [], { k: 1, routingTable: { closest: () => table } });
    expect(result.closestNodes).toEqual(table.slice(0, 1));
  });

  it('[F46][J60] an answer without a token gives its nodes and peers all the same, and one token each for the rest', async () => {
    const table = nodes(4);
    const [a, ...rest] = table as [MockNode, ...MockNode[]];
    const { result } = await look(table, [
      [a, { peers: mockPeers(1) }],
      ...rest.map((it) => [it, { token: token(3) }] as const),
    ]);
    expect([...result.tokens.keys()].toSorted()).toEqual(endpoints(rest).toSorted());
    expect(result.peers).toEqual(mockPeers(1));
    expect(result.closestNodes).toEqual(table);
  });
});

describe('who does not answer', () => {
  it('[J42][J15] one of 2 is silent: 2 asked, the closest is the one that answered', async () => {
    const table = nodes(2);
    const [a, b] = table as [MockNode, MockNode];
    const { result } = await look(table, [[a, null]]);
    expect(result.queriedCount).toBe(2);
    expect(result.closestNodes).toEqual([b]);
  });

  it('[J43] all 5 are silent: 5 asked, nothing found, reason exhausted', async () => {
    const table = nodes(5);
    const { result } = await look(
      table,
      table.map((node) => [node, null]),
    );
    expect(result).toEqual({ peers: [], closestNodes: [], queriedCount: 5, tokens: new Map(), reason: 'exhausted' });
  });

  it.each(['throws', 'rejects'] as const)('[J44][J16] sending %s for one of 2: 2 calls, 1 closest', async (how) => {
    const table = nodes(2);
    const [a, b] = table as [MockNode, MockNode];
    const { asked, result } = await look(table, [[a, how]]);
    expect(asked).toHaveLength(2);
    expect(result.closestNodes).toEqual([b]);
  });

  it.each(['throws', 'rejects', null] as const)(
    '[J45] the first fails (%s), the second has a peer: 1 peer',
    async (how) => {
      const table = nodes(2);
      const [a, b] = table as [MockNode, MockNode];
      const { result } = await look(table, [
        [a, how],
        [b, { peers: mockPeers(1) }],
      ]);
      expect(result.peers).toEqual(mockPeers(1));
    },
  );

  it('[J15][F28] a node that never settles is given up at its deadline, and the search goes on', async () => {
    const time = new VirtualTime();
    const table = nodes(4);
    const [a] = table as [MockNode];
    const canned = cannedReplies([]);
    const sendGetPeers: IterativeLookupOptions['sendGetPeers'] = (node) =>
      endpointOf(node) === endpointOf(a) ? new Promise(() => {}) : canned.send(node as MockNode, target);
    const options = {
      target,
      routingTable: mockTable(table),
      sendGetPeers,
      clock: time.clock(),
      requestTimeout: 2_000,
    };
    const result = await time.until(iterativeLookup({ ...options, alpha: 1 }));
    expect(time.now).toBe(2_000);
    expect(result.closestNodes).toEqual(table.slice(1));
    expect(result.queriedCount).toBe(4);
  });

  it('[J15][U01] its own deadline ends it with what it has', async () => {
    const time = new VirtualTime();
    const table = nodes(20);
    const sendGetPeers = (): Promise<null> => new Promise(() => {});
    const result = await time.until(
      iterativeLookup({ target, routingTable: mockTable(table), sendGetPeers, clock: time.clock(), deadline: 20_000 }),
    );
    expect(time.now).toBe(20_000);
    expect(result.reason).toBe('expired');
    expect(result.queriedCount).toBe(6);
  });

  it('[J16] an answer that makes no sense is a failure, not a crash: the lookup still ends', async () => {
    const time = new VirtualTime();
    const table = nodes(3);
    const [a, b] = table as [MockNode, MockNode];
    const bad = { nodes: [{ host: 'x', port: 1 }] } as unknown as CannedReply;
    const canned = cannedReplies([
      [a, bad],
      [b, { peers: 7 } as unknown as CannedReply],
    ]);
    const lookup = iterativeLookup({
      target,
      routingTable: mockTable(table),
      sendGetPeers: canned.send,
      clock: time.clock(),
    });
    const result = await time.until(lookup);
    expect(endpoints(result.closestNodes)).toContain(endpointOf(table[2] as MockNode));
    expect(result.queriedCount).toBe(3);
  });

  it('[J13] nodes whose id has another length are ignored', async () => {
    const [a, b] = nodes(2) as [MockNode, MockNode];
    const short = { ...b, id: new Uint8Array(19) };
    expect((await look([a], [[a, { nodes: [short] }]])).asked).toEqual(endpoints([a]));
  });
});

describe('how many at once', () => {
  it('[J46][R09] 10 nodes, alpha 3: never more than 3 in flight', async () => {
    expect((await look(nodes(10), [], { k: 10 })).mostInFlight()).toBe(3);
  });

  it('[J47][J03] 3 are in flight after the first step', async () => {
    const sent: LookupNode[] = [];
    const sendGetPeers = (node: LookupNode): Promise<null> => {
      sent.push(node);
      return new Promise(() => {});
    };
    const clock = new VirtualTime().clock();
    void iterativeLookup({ target, routingTable: mockTable(nodes(10)), sendGetPeers, clock });
    expect(endpoints(sent)).toEqual(endpoints(nodes(3)));
  });

  it('[J55] alpha 1: 5 asked, and never 2 in flight', async () => {
    const { asked, mostInFlight } = await look(nodes(5), [], { alpha: 1 });
    expect(asked).toHaveLength(5);
    expect(mostInFlight()).toBe(1);
  });

  it('[R09][J46] alpha stays a hard limit when nothing new is heard, and when nodes are slow', async () => {
    const time = new VirtualTime();
    let inFlight = 0;
    let most = 0;
    const sendGetPeers = (): Promise<object> => {
      most = Math.max(most, ++inFlight);
      return new Promise((resolve) =>
        time.schedule(1_900, () => {
          inFlight--;
          resolve({});
        }),
      );
    };
    const table = nodes(16);
    const options = { target, routingTable: mockTable(table), sendGetPeers, clock: time.clock(), k: 16 };
    const result = await time.until(iterativeLookup(options));
    expect(most).toBe(3);
    expect(result.queriedCount).toBe(16);
  });

  it('[J20][F25][D04] one slow node does not hold up the fast ones', async () => {
    const time = new VirtualTime();
    const table = nodes(8);
    const sendGetPeers = (node: LookupNode): Promise<object> =>
      new Promise((resolve) => time.schedule(node.id[1] === 1 ? 1_000 : 10, () => resolve({})));
    await time.until(iterativeLookup({ target, routingTable: mockTable(table), sendGetPeers, clock: time.clock() }));
    expect(time.now).toBe(1_000);
  });
});

describe('its options', () => {
  it('[J07][J23] bad ones are a ConfigError that names the field, and nothing is sent', async () => {
    const cases: readonly (readonly [Partial<IterativeLookupOptions>, string])[] = [
      [{ target: new Uint8Array(19) }, 'target'],
      [{ target: 'x' as never }, 'target'],
      [{ localNodeId: new Uint8Array(21) }, 'localNodeId'],
      [{ alpha: 0 }, 'query.alpha'],
      [{ alpha: 1.5 }, 'query.alpha'],
      [{ k: 0 }, 'query.k'],
      [{ requestTimeout: 0 }, 'query.requestTimeout'],
      [{ deadline: -1 }, 'query.deadline'],
    ];
    for (const [options, field] of cases) {
      const canned = cannedReplies([]);
      const base = { target, routingTable: mockTable(nodes(3)), sendGetPeers: canned.send };
      const error = await iterativeLookup({ ...base, ...options }).catch((it: unknown) => it);
      expect(error, field).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).field).toBe(field);
      expect(canned.asked).toEqual([]);
    }
  });

  it('[J07] without an id of our own, everybody may be asked, whatever their ids', async () => {
    const table = [
      mockNode(
        1,
        Array.from({ length: 20 }, () => 0xff),
      ),
      mockNode(2, []),
    ];
    expect((await look(table)).asked).toHaveLength(2);
  });

  it('[J07] hands the target to sendGetPeers as it came', async () => {
    const targets: unknown[] = [];
    const sendGetPeers = async (_: LookupNode, wanted: Uint8Array) => {
      targets.push(wanted);
      return {};
    };
    await look(nodes(1), [], { sendGetPeers });
    expect(targets).toEqual([target]);
  });
});
