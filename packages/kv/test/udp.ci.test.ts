/** Real nodes on real sockets, on loopback. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Id } from '@xorrery/core';
import { compareDistance } from '@xorrery/core';
import {
  createKvNode,
  decode,
  encode,
  KV_DEFAULTS,
  type KvNode,
  type KvOptions,
  keyedTokens,
  MAX_VALUE,
  recordOf,
} from '@xorrery/kv';
import { afterEach, describe, expect, it } from 'vitest';

const nodes: KvNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.map((it) => it.close()));
  nodes.length = 0;
});

const start = async (options: KvOptions): Promise<{ readonly node: KvNode; readonly endpoint: string }> => {
  const node = createKvNode({ host: '127.0.0.1', ...options });
  nodes.push(node);
  return { node, endpoint: await node.start() };
};

/** As many nodes, the first `seeds` of which are the others' bootstrap nodes. Each has joined when this resolves. */
const grow = async (count: number, seeds: number, options: KvOptions = {}): Promise<readonly KvNode[]> => {
  const bootstrap: string[] = [];
  for (let i = 0; i < count; i++) {
    const { node, endpoint } = await start({ ...options, bootstrap: [...bootstrap] });
    if (i > 0) expect(await node.joined()).toMatchObject({ outcome: 'joined' });
    if (i < seeds) bootstrap.push(endpoint);
  }
  return nodes;
};

const closestTo = (key: Id, count: number): readonly KvNode[] =>
  nodes.toSorted((a, b) => compareDistance(key, a.id, b.id)).slice(0, count);

const ids = (all: readonly { readonly id: Id }[]): readonly Id[] => all.map((it) => it.id);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);
const noise = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i, 2_654_435_761) >>> 24;
  return bytes;
};

/** The paper's small numbers. */
const SMALL = { storeSet: 4, query: { ...KV_DEFAULTS.query, k: 4, alpha: 3 } };

describe('networks on loopback', () => {
  it('[T25][D14][R15] 50 nodes, 3 of them seeds, k 4, alpha 3: a value lands on exactly the 4 closest', async () => {
    await grow(50, 3, { config: SMALL });
    for (let i = 0; i < 10; i++) {
      const value = `value ${i}`;
      const closest = closestTo(recordOf(Buffer.from(value), 0).digest, 4);
      const publisher = nodes.find((it, at) => at >= i && !closest.includes(it)) as KvNode;
      const put = await publisher.put(undefined, value);
      expect(ids(put.stored)).toEqual(ids(closest));
      expect(new Set(nodes.filter((it) => it.holds(put.key)))).toEqual(new Set(closest));
    }
  }, 60_000);

  it('[D25] 20 nodes: node 0 finds node 15. 10 of them: stored at 0, read at 5', async () => {
    await grow(20, 1);
    const [first, fifth, fifteenth] = [nodes[0], nodes[5], nodes[15]] as [KvNode, KvNode, KvNode];
    const { closest } = await first.findNode(fifteenth.id);
    expect(closest[0]?.id).toBe(fifteenth.id);
    const { key } = await first.put(undefined, 'from 0');
    expect(text((await fifth.get(key)).value)).toBe('from 0');
    await first.put(fifteenth.id, 'under a key of our own');
    expect(text((await fifth.get(fifteenth.id)).value)).toBe('under a key of our own');
  }, 60_000);

  it('[F29][D11] a value of 60 KiB is put and got whole, by nodes that know each other and by a stranger', async () => {
    const all = await grow(8, 1);
    const { endpoint } = await start({ bootstrap: [] });
    expect(endpoint).toMatch(/^127\.0\.0\.1:\d+$/);
    const value = noise(MAX_VALUE);
    const { key, stored } = await (all[2] as KvNode).put(undefined, value);
    expect(stored).toHaveLength(7);
    const seed = (all[0] as KvNode).contacts[0]?.endpoint as string;
    const { node: stranger } = await start({ bootstrap: [seed], readOnly: true });
    await stranger.joined();
    for (const node of [all[5] as KvNode, stranger]) {
      const get = await node.get(key);
      expect([get.reason, get.immutable, Buffer.compare(get.value ?? new Uint8Array(), value)]).toEqual([
        'found',
        true,
        0,
      ]);
    }
    await (all[3] as KvNode).put(stranger.id, value);
    const get = await stranger.get(stranger.id);
    expect([get.immutable, Buffer.compare(get.value ?? new Uint8Array(), value)]).toEqual([false, 0]);
  }, 60_000);

  it('[U18] the same over IPv6', async () => {
    await grow(6, 2, { host: '::1' });
    const { key } = await (nodes[1] as KvNode).put(undefined, 'six');
    expect(text((await (nodes[4] as KvNode).get(key)).value)).toBe('six');
    expect((nodes[4] as KvNode).contacts[0]?.endpoint).toMatch(/^\[::1\]:\d+$/);
  }, 60_000);
});

describe('one node', () => {
  const sender = '01'.repeat(20) as Id;
  const tokens = keyedTokens({ bytes: (count) => new Uint8Array(count) });

  it('[D16] answers a malformed request with an error, other rubbish with nothing, and goes on', async () => {
    const { node, endpoint } = await start({});
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const port = Number(endpoint.split(':')[1]);
    const ask = async (packet: Uint8Array) => {
      socket.send(packet, port, '127.0.0.1');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      return decode(answer, endpoint, tokens, 0);
    };
    const request = { type: 'request', tid: '0a0b', sender, readOnly: true } as const;
    const ping = encode({ ...request, request: { method: 'ping' } }, endpoint, tokens);
    for (const rubbish of [new Uint8Array(0), new Uint8Array(3), noise(900), Buffer.alloc(60_000, 0x81)]) {
      socket.send(rubbish, port, '127.0.0.1');
    }
    expect(await ask(ping)).toMatchObject({ ok: true, message: { type: 'reply', tid: '0a0b', sender: node.id } });
    const nameless = Buffer.from(ping);
    nameless.write('pong', nameless.indexOf('ping'));
    expect(await ask(nameless)).toMatchObject({ message: { type: 'error', tid: '0a0b', code: 2 } });
    expect(node.state.counters).toMatchObject({ requests: 1, malformed: 5 });
    socket.close();
  });

  it.each([
    ['a port in use', 'address-in-use'],
    ['an address that is not ours', 'address-not-available'],
  ])('[T43] %s is a TransportError', async (_what, code) => {
    const { endpoint } = await start({});
    const port = Number(endpoint.split(':')[1]);
    const host = code === 'address-in-use' ? '127.0.0.1' : '192.0.2.1';
    await expect(createKvNode({ host, port }).start()).rejects.toMatchObject({ name: 'TransportError', code });
  });

  it('[T43] a bootstrap node whose name has no address is a TransportError that names it', async () => {
    const node = createKvNode({ host: '127.0.0.1', bootstrap: ['no-such-host.invalid:1'] });
    await expect(node.start()).rejects.toMatchObject({
      name: 'TransportError',
      message: expect.stringContaining('no-such-host.invalid'),
    });
    await node.close();
  });
});
