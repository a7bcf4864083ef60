import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Id, Instant, NodeEffect, NodeEvent } from '@xorrery/core';
import { makeNode } from '@xorrery/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createNode, MAINLINE_DEFAULTS, type Mainline, type MainlineNode, mainline } from '../src/index.ts';

interface Turn {
  readonly at: Instant;
  readonly event: NodeEvent<Mainline>;
  readonly effects: readonly NodeEffect<Mainline>[];
}

const machine = makeNode(mainline);
const infoHash = '0123456789abcdef0123456789abcdef01234567' as Id;
const open: MainlineNode[] = [];

const started = async (bootstrap: string[], turns?: Turn[]): Promise<{ node: MainlineNode; endpoint: string }> => {
  const observer = (at: Instant, event: NodeEvent<Mainline>, effects: readonly NodeEffect<Mainline>[]): void => {
    turns?.push({ at, event, effects });
  };
  const node = createNode({ host: '127.0.0.1', port: 0, bootstrap, observer });
  open.push(node);
  return { node, endpoint: await node.start() };
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

describe('a node over real UDP, recorded', () => {
  it('[F13][G01][G02][G07] its inbox, replayed, gives the same effects and the same state, at any speed', async () => {
    const turns: Turn[] = [];
    const { node: first, endpoint } = await started([], turns);
    const initial = machine.init({ ...MAINLINE_DEFAULTS, ...first.state.config });
    for (let i = 0; i < 7; i++) await (await started([endpoint])).node.joined();
    const [, , announcer] = open;
    await announcer?.announce(infoHash, { port: 7_777 });
    const { values } = await first.findPeers(infoHash);
    expect(values).toEqual([{ key: '127.0.0.1:7777' }]);
    await first.close();

    expect(turns.length).toBeGreaterThan(20);
    const wire: Turn[] = JSON.parse(JSON.stringify(turns));
    let state = initial;
    for (const { at, event, effects } of wire) {
      const step = machine.advance(state, event, at);
      expect(JSON.parse(JSON.stringify(step.effects))).toEqual(effects);
      state = step.state;
    }
    expect(JSON.stringify(state)).toBe(JSON.stringify(first.state));
  });
});

describe('ports in use', () => {
  it('a UDP port taken by another node is a typed error; a TCP port of that number is no matter', async () => {
    const { endpoint } = await started([]);
    const port = Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
    const second = createNode({ host: '127.0.0.1', port, bootstrap: [] });
    await expect(second.start()).rejects.toMatchObject({ name: 'TransportError', code: 'address-in-use' });
    await second.close();
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port: taken } = tcp.address() as { port: number };
    const third = createNode({ host: '127.0.0.1', port: taken, bootstrap: [] });
    open.push(third);
    await expect(third.start()).resolves.toBe(`127.0.0.1:${taken}`);
    tcp.close();
  });
});
