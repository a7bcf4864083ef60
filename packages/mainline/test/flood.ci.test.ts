/** A flood from one host, at ten times what a host may ask, and what others notice of it: on virtual time, and over UDP. */
import { createSocket } from 'node:dgram';
import { compareDistance, type Id } from '@xorrery/core';
import { createNode, encode, MAINLINE_DEFAULTS, type MainlineNode, parseEndpoint } from '@xorrery/mainline';
import { expect, inject, it, vi } from 'vitest';
import { tokensOf } from './krpc-samples.ts';
import { MemoryNetwork } from './memory-network.ts';
import { Chance } from './mutate.ts';

const NODES = 20;
const LOOKUPS = 40;
/** Requests a second that a host may make, and all hosts of a /24 together. */
const LIMIT = 5;
const NETWORK_LIMIT = 10;

/** Public addresses, each node in a network of its own: there limits hold. */
const endpointOf = (n: number): string => `203.${n >> 8}.${n & 255}.1:6881`;

interface Figures {
  /** Share of the lookups that found the true closest. */
  readonly success: number;
  /** ms, the median. */
  readonly median: number;
}

const measure = async (net: MemoryNetwork): Promise<Figures> => {
  const times: number[] = [];
  let right = 0;
  for (let i = 0; i < LOOKUPS; i++) {
    const from = net.at(i % NODES);
    const target = net.id();
    const { closest, elapsed } = await net.time.until(from.findNode(target));
    const others = net.nodes.filter((it) => it !== from).map((it) => it.id);
    const truth = others.sort((a, b) => compareDistance(target, a, b)).slice(0, 8);
    if (closest.map((it) => it.id).join() === truth.join()) right++;
    times.push(elapsed);
    await net.time.advance(200);
  }
  return { success: right / LOOKUPS, median: times.sort((a, b) => a - b)[LOOKUPS / 2] as number };
};

it.each([
  { who: 'one host', hosts: 1, limit: LIMIT },
  { who: 'a /24 of 200 hosts', hosts: 200, limit: NETWORK_LIMIT },
])(
  '[U16][S85] while $who floods every node at ten times the limit, lookups of others succeed as before, within twice the time',
  async ({ hosts, limit }) => {
    const { perHost, perNetwork } = MAINLINE_DEFAULTS.responder.limiter;
    expect([perHost, perNetwork]).toMatchObject([{ perSecond: LIMIT }, { perSecond: NETWORK_LIMIT }]);
    const chance = new Chance(inject('seed'));
    const net = new MemoryNetwork(endpointOf);
    await net.grow(NODES);
    const before = await measure(net);

    const sends = await Promise.all(Array.from({ length: hosts }, (_, n) => net.outsider(`192.0.2.${n + 1}:6881`)));
    let sent = 0;
    let isOver = false;
    /** One request to every node, each under a new id, and again. */
    const flood = (): void => {
      if (isOver) return;
      for (let n = 1; n <= NODES; n++) {
        const request = { method: 'get_peers', infoHash: chance.hex(20) as Id } as const;
        sends[sent % hosts]?.(endpointOf(n), {
          type: 'request',
          tid: 'ab',
          sender: chance.hex(20) as Id,
          readOnly: false,
          request,
        });
        sent++;
      }
      net.time.schedule(1_000 / (10 * limit), flood);
    };
    flood();
    const early = await measure(net);
    // By then whatever had been saved up is gone.
    await net.time.advance(30_000);
    const during = await measure(net);
    isOver = true;

    const { limited, shed } = net.at(0).state.counters;
    process.stderr.write(`flood: ${JSON.stringify({ sent, limited, shed, before, early, during })}\n`);
    expect(limited).toBeGreaterThan(500);
    for (const { success, median } of [early, during]) {
      expect(success).toBeGreaterThanOrEqual(before.success);
      expect(median).toBeLessThanOrEqual(2 * before.median);
    }
    await net.close();
  },
);

/** Any address of 127.0.0.0/8 can be bound, but on Linux alone. */
it.runIf(process.platform === 'linux')(
  '[U16] over UDP too: the flooder is held to its limit, and every lookup of the others finds all there are',
  async () => {
    const [nodes, endpoints]: [MainlineNode[], string[]] = [[], []];
    const flooder = createSocket('udp4').bind(0, '127.78.1.1');
    let flooding: NodeJS.Timeout | undefined;
    try {
      for (let n = 1; n <= 9; n++) {
        const bootstrap = endpoints.slice(0, 1);
        const node = createNode({ host: `127.77.${n}.1`, port: 0, bootstrap, config: { exemptLocal: false } });
        nodes.push(node);
        endpoints.push(await node.start());
        if (n > 1) await node.joined();
      }
      const request = { method: 'get_peers', infoHash: '07'.repeat(20) as Id } as const;
      const message = { type: 'request', tid: 'ab', sender: '08'.repeat(20) as Id, readOnly: true, request } as const;
      let answers = 0;
      flooder.on('message', () => answers++);
      flooding = setInterval(
        () => {
          for (const endpoint of endpoints) {
            const { host, port } = parseEndpoint(endpoint);
            flooder.send(encode(message, endpoint, tokensOf(1)), port, host);
          }
        },
        1_000 / (10 * LIMIT),
      );
      const limited = (): number => Math.min(...nodes.map((it) => it.state.counters.limited));
      await vi.waitFor(() => expect(limited()).toBeGreaterThan(50), 60_000);
      const before = nodes.reduce((sum, it) => sum + it.state.counters.limited, 0);
      for (const node of [...nodes, ...nodes]) {
        const { closest } = await node.findNode(node.id);
        expect(closest).toHaveLength(nodes.length - 1);
      }
      const after = nodes.reduce((sum, it) => sum + it.state.counters.limited, 0);
      process.stderr.write(`flood over UDP: ${answers} answered, ${after} not, ${after - before} of them meanwhile\n`);
      await vi.waitFor(() => expect(limited()).toBeGreaterThan(100), 60_000);
      expect(nodes.every((it) => it.contacts.length === nodes.length - 1)).toBe(true);
    } finally {
      clearInterval(flooding);
      flooder.close();
      await Promise.all(nodes.map((it) => it.close()));
    }
  },
);
