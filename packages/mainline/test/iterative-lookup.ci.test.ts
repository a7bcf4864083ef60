/** The iterative lookup in whole networks, every one from its seed. */
import { iterativeLookup, type LookupResult } from '@xorrery/mainline';
import { endpointOf, type MockNetwork, type MockNode, mockNetwork, mockPeers } from '@xorrery/testkit';
import { expect, inject, it } from 'vitest';

const seeds = Array.from({ length: 1_000 * inject('runs') }, (_, seed) => seed);

const lookIn = (net: MockNetwork, asker: MockNode, target: Uint8Array): Promise<LookupResult> =>
  iterativeLookup({ target, ...net.optionsFor(asker) });

it('[J57] 100 nodes, seeds 0..999: at most 25 asked, 8 closest, and about 10 on average', async () => {
  let asked = 0;
  for (const seed of seeds) {
    const net = mockNetwork({ nodes: 100, seed });
    const result = await lookIn(net, net.random(), net.randomKey());
    expect(result.queriedCount, `seed ${seed}`).toBeLessThanOrEqual(25);
    expect(result.closestNodes, `seed ${seed}`).toHaveLength(8);
    expect(result.reason, `seed ${seed}`).toBe('converged');
    expect(net.requests, `seed ${seed}`).toBe(result.queriedCount);
    expect(Math.max(...net.calls.values()), `seed ${seed}`).toBe(1);
    expect(net.mostInFlight, `seed ${seed}`).toBeLessThanOrEqual(3);
    asked += result.queriedCount;
  }
  expect(asked / seeds.length).toBeLessThan(12);
});

it('[J58] 50 nodes with 5 peers planted, seeds 0..999: exactly the 5', async () => {
  const peers = mockPeers(5);
  for (const seed of seeds) {
    const net = mockNetwork({ nodes: 50, seed });
    const target = net.randomKey();
    net.plantPeers(target, peers);
    const { peers: found } = await lookIn(net, net.random(), target);
    expect(found.map(endpointOf).toSorted(), `seed ${seed}`).toEqual(peers.map(endpointOf));
  }
});

it('[J59] the same with 30 % loss, seeds 0..999: at least 99 % found in one attempt, all within 3', async () => {
  const peers = mockPeers(5);
  let first = 0;
  for (const seed of seeds) {
    const net = mockNetwork({ nodes: 50, seed, loss: 0.3 });
    const target = net.randomKey();
    net.plantPeers(target, peers);
    const asker = net.random();
    let found: LookupResult['peers'] = [];
    let attempts = 0;
    while (found.length === 0 && attempts < 3) {
      attempts++;
      found = (await lookIn(net, asker, target)).peers;
    }
    expect(found.map(endpointOf).toSorted(), `seed ${seed}`).toEqual(peers.map(endpointOf));
    if (attempts === 1) first++;
  }
  expect(first / seeds.length).toBeGreaterThanOrEqual(0.99);
});

it('[J60] 50 nodes, seeds 0..999: one token for each node that answered, by its endpoint, byte for byte', async () => {
  for (const seed of seeds) {
    const net = mockNetwork({ nodes: 50, seed });
    const silent = net.nodes.filter((_, i) => i % 7 === seed % 7);
    for (const node of silent) net.silence(node);
    const target = net.randomKey();
    const { tokens, queriedCount } = await lookIn(net, net.random(), target);
    const answered = [...net.calls.keys()].filter((endpoint) => !silent.some((it) => endpointOf(it) === endpoint));
    expect(queriedCount, `seed ${seed}`).toBe(net.requests);
    expect([...tokens.keys()].toSorted(), `seed ${seed}`).toEqual(answered.toSorted());
    expect(tokens.size, `seed ${seed}`).toBeGreaterThan(0);
    for (const [endpoint, { node, token }] of tokens) {
      expect(endpointOf(node), `seed ${seed}`).toBe(endpoint);
      expect(token, `seed ${seed}`).toEqual(net.tokenOf(node));
      expect(token.length, `seed ${seed}`).toBe(8);
    }
  }
});

it('[J13][J09] whatever the network, nobody is asked twice and the asker never', async () => {
  for (const seed of seeds) {
    const net = mockNetwork({ nodes: 30, seed, loss: 0.2 });
    const asker = net.random();
    const options = net.optionsFor(asker);
    const { closestNodes } = await iterativeLookup({
      target: seed % 2 === 0 ? asker.id : net.randomKey(),
      ...options,
      // Others name the asker here.
      sendGetPeers: net.sendGetPeers,
    });
    expect(net.calls.has(endpointOf(asker)), `seed ${seed}`).toBe(false);
    expect(Math.max(...net.calls.values()), `seed ${seed}`).toBe(1);
    expect(closestNodes, `seed ${seed}`).not.toContain(asker);
  }
});
