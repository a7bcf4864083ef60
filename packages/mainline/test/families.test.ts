/** Two address families side by side (BEP 32), on virtual time, every packet encoded and decoded. */
import { type Inbox, MemoryRouter, type Transport, VirtualTime } from '@xorrery/coordinator';
import { type Endpoint, type Id, nextId, seedRandom } from '@xorrery/core';
import { afterEach, describe, expect, it } from 'vitest';
import { familyOf } from '../src/compact.ts';
import {
  createNode,
  decode,
  encode,
  type KrpcIn,
  type KrpcOut,
  type MainlineNode,
  type MainlineOptions,
  publicKeyOf,
  TOKEN_ROTATION,
} from '../src/index.ts';
import { tokensOf } from './krpc-samples.ts';

type Packet = { readonly message: KrpcOut; readonly both: boolean };

/** Machines with an IPv4 and an IPv6 address each; either family can be cut off. */
class Dual {
  readonly time = new VirtualTime();
  readonly nodes: MainlineNode[] = [];
  /** Nothing gets through in this family. */
  cut: 4 | 6 | undefined;
  readonly #tokens = tokensOf(3);
  readonly #router = new MemoryRouter<Packet, KrpcIn>(
    this.time,
    ({ message, both }, from, to, now) => {
      const read = decode(
        encode(message, to, this.#tokens, both),
        from,
        this.#tokens,
        Math.floor(now / TOKEN_ROTATION),
      );
      if (!read.ok) throw new Error(read.malformed.cause);
      return read.message;
    },
    10,
  );
  #random = seedRandom(9);

  id(): Id {
    const [id, next] = nextId(this.#random, 160);
    this.#random = next;
    return id;
  }

  at(n: number, family: 4 | 6): Endpoint {
    return family === 4 ? `10.${n}.0.1:6881` : `[fd00:${n}::1]:6881`;
  }

  /** `families`: where it is; `wants`: whether its packets ask for both. */
  node(families: readonly (4 | 6)[], options: MainlineOptions = {}, wants = families.length > 1): MainlineNode {
    const n = this.nodes.length + 1;
    let seed = n * 100;
    const entropy = {
      bytes: (count: number): Uint8Array =>
        Uint8Array.from({ length: count }, () => {
          const [byte] = nextId(seedRandom(seed++), 8);
          return Number.parseInt(byte, 16);
        }),
    };
    const host = families.map((family) => (family === 4 ? `10.${n}.0.1` : `fd00:${n}::1`));
    const transport = families.map((family) => this.#transport(this.at(n, family), wants));
    const node = createNode({ bootstrap: [], clock: this.time.clock(), entropy, host, transport, ...options });
    this.nodes.push(node);
    return node;
  }

  async start(...nodes: readonly MainlineNode[]): Promise<void> {
    for (const node of nodes) await node.start();
    await this.time.advance(10_000);
  }

  #transport(endpoint: Endpoint, both: boolean): Transport<KrpcOut, KrpcIn> {
    const inner = this.#router.join(endpoint);
    return {
      open: (inbox: Inbox<KrpcIn>) => inner.open(inbox),
      send: (to, message) => {
        if (familyOf(to) !== this.cut) inner.send(to, { message, both });
      },
      close: () => inner.close(),
    };
  }
}

const net = { current: new Dual() };
afterEach(async () => {
  await Promise.all(net.current.nodes.map((node) => node.close()));
  net.current = new Dual();
});

const endpointsOf = (node: MainlineNode, family: 4 | 6): Endpoint[] =>
  node.contacts.map((it) => it.endpoint).filter((it) => familyOf(it) === family);

describe('a node of both families', () => {
  it('[X13][S77] that knows an IPv6 node alone comes to know IPv4 nodes through it (want)', async () => {
    const dual = net.current;
    const first = dual.node([4, 6]);
    const others = [2, 3, 4].map(() => dual.node([4, 6], { bootstrap: [dual.at(1, 4), dual.at(1, 6)] }));
    await dual.start(first, ...others);
    const late = dual.node([4, 6], { bootstrap: [dual.at(1, 6)] });
    await dual.start(late);
    expect(endpointsOf(late, 6).length).toBe(4);
    expect(endpointsOf(late, 4).length).toBe(4);
  });

  it('[X13] without want, whoever asks hears of its own family alone, and tables never mix', async () => {
    const dual = net.current;
    const first = dual.node([4, 6]);
    const others = [2, 3].map(() => dual.node([4, 6], { bootstrap: [dual.at(1, 4), dual.at(1, 6)] }));
    await dual.start(first, ...others);
    const late = dual.node([4, 6], { bootstrap: [dual.at(1, 6)] }, false);
    const plain = dual.node([4], { bootstrap: [dual.at(1, 4)] });
    await dual.start(late, plain);
    expect(endpointsOf(late, 6).length).toBe(3);
    expect(endpointsOf(plain, 4).length).toBeGreaterThan(2);
    expect(endpointsOf(plain, 6)).toEqual([]);
    const families = late.states.map(({ routing }) =>
      routing.probe.table.buckets.flatMap(({ members }) => members.map(({ endpoint }) => familyOf(endpoint))),
    );
    expect(families.map((it) => [...new Set(it)])).toEqual([[], [6]]);
  });

  it('[X13][S83] peers of one torrent are found in both families, each over its own', async () => {
    const dual = net.current;
    const first = dual.node([4, 6]);
    const both = { bootstrap: [dual.at(1, 4), dual.at(1, 6)] };
    const [two, three, four] = [
      dual.node([4, 6], both),
      dual.node([4], { bootstrap: [dual.at(1, 4)] }),
      dual.node([4, 6], both),
    ];
    await dual.start(first, two, three, four);
    const infoHash = dual.id();
    await dual.time.until(two.announce(infoHash, { port: 7_001 }));
    await dual.time.until(three.announce(infoHash, { port: 7_002 }));
    const report = await dual.time.until(four.findPeers(infoHash));
    expect(report.values.map(({ key }) => key).sort()).toEqual(['10.2.0.1:7001', '10.3.0.1:7002', '[fd00:2::1]:7001']);
    const only4 = await dual.time.until(three.findPeers(infoHash));
    expect(only4.values.map(({ key }) => key).sort()).toEqual(['10.2.0.1:7001', '10.3.0.1:7002']);
  });

  it('[X13][U17] a mutable item without a number takes the next after the highest of both families, one at both', async () => {
    const dual = net.current;
    const first = dual.node([4, 6]);
    const both = { bootstrap: [dual.at(1, 4), dual.at(1, 6)] };
    const plain4 = dual.node([4], { bootstrap: [dual.at(1, 4)] });
    const plain6 = dual.node([6], { bootstrap: [dual.at(1, 6)] });
    const two = dual.node([4, 6], both);
    await dual.start(first, plain4, plain6, two);
    const seed = new Uint8Array(32).fill(4);
    const put = (node: MainlineNode, seq?: number) =>
      dual.time.until(node.put(`by ${seq}`, { mutable: { seed, ...(seq !== undefined && { seq }) }, every: 'off' }));
    const seqAt = async (node: MainlineNode) => (await dual.time.until(node.get({ publicKey: publicKeyOf(seed) }))).seq;
    await put(plain4, 2);
    await put(plain6, 7);
    expect([await seqAt(plain4), await seqAt(plain6)]).toEqual([2, 7]);
    const report = await put(two);
    expect([report.seq, new Set(report.stored.map(({ endpoint }) => familyOf(endpoint)))]).toEqual([
      8,
      new Set([4, 6]),
    ]);
    expect([await seqAt(plain4), await seqAt(plain6)]).toEqual([8, 8]);
  });

  it('[X13] has an id at each address, and an endpoint', async () => {
    const dual = net.current;
    const node = dual.node([4, 6]);
    await dual.start(node);
    expect(node.endpoints).toEqual([dual.at(1, 4), dual.at(1, 6)]);
    expect(node.ids).toEqual(node.states.map(({ config }) => config.self));
    expect(new Set(node.ids).size).toBe(2);
    expect(node.id).toBe(node.states[0]?.config.self);
  });
});

describe('one family that leads nowhere', () => {
  const grown = async (cut: 4 | 6 | undefined) => {
    const dual = net.current;
    dual.cut = cut;
    const both = { bootstrap: [dual.at(1, 4), dual.at(1, 6)] };
    const nodes = [dual.node([4, 6]), ...Array.from({ length: 9 }, () => dual.node([4, 6], both))];
    await dual.start(...nodes);
    const asker = nodes[4] as MainlineNode;
    const known = { 4: endpointsOf(asker, 4).length, 6: endpointsOf(asker, 6).length };
    const infoHash = dual.id();
    const stored = await dual.time.until((nodes[7] as MainlineNode).announce(infoHash, { port: 7_777 }));
    const before = dual.time.now;
    const report = await dual.time.until(asker.findPeers(infoHash));
    const outcome = {
      known,
      stored: stored.stored.map((it) => familyOf(it.endpoint)),
      report,
      took: dual.time.now - before,
    };
    await Promise.all(dual.nodes.map((node) => node.close()));
    net.current = new Dual();
    return outcome;
  };

  it.each([
    [6, 4],
    [4, 6],
  ] as const)(
    '[U19] IPv%s black-holed: the other table grows and lookups end as they would have',
    async (cut, other) => {
      const whole = await grown(undefined);
      const half = await grown(cut);
      expect(half.known[other]).toBe(whole.known[other]);
      expect(half.known[cut]).toBe(0);
      expect(half.stored).toEqual(whole.stored.filter((it) => it === other));
      expect(half.report.reason).toBe('converged');
      expect(half.report.values.map(({ key }) => familyOf(key))).toEqual([other]);
      expect(half.took).toBeLessThanOrEqual(whole.took);
    },
  );

  it('[U19] joining is told as soon as one family has come through', async () => {
    const dual = net.current;
    dual.cut = 6;
    const first = dual.node([4, 6]);
    const second = dual.node([4, 6], { bootstrap: [dual.at(1, 4), dual.at(1, 6)] });
    await first.start();
    await second.start();
    expect(await dual.time.until(second.joined())).toMatchObject({ outcome: 'joined', contacts: 1 });
    expect(dual.time.now).toBeLessThan(1_000);
    expect(second.lifecycle).toBe('online');
  });
});

describe('several addresses', () => {
  it('[X13] may be of one family: a node at each, with a table of its own (BEP 45)', async () => {
    const dual = net.current;
    const first = dual.node([4]);
    const home = dual.node([4, 4].map(() => 4) as (4 | 6)[], {
      bootstrap: [dual.at(1, 4)],
      host: ['10.2.0.1', '10.9.0.1'],
    });
    await dual.start(first);
    // Both of its transports were joined at one endpoint, so that the second cannot be bound: all addresses or none.
    await expect(home.start()).rejects.toThrow('in use');
    expect(home.lifecycle).toBe('closed');
  });

  it.each([[[]], [['10.0.0.1', '10.0.0.1']], [Array.from({ length: 17 }, (_, i) => `10.0.0.${i}`)]])(
    '[Z14] %j are refused by name',
    (host) => {
      expect(() => createNode({ host })).toThrow('host: must be 1 to 16 different addresses');
    },
  );

  it('the events of all of them are one stream, numbered anew', async () => {
    const dual = net.current;
    const first = dual.node([4, 6]);
    const second = dual.node([4, 6], { bootstrap: [dual.at(1, 4), dual.at(1, 6)] });
    const events = second.events();
    await dual.start(first, second);
    await second.close();
    const seen: { seq: number; type: string }[] = [];
    for await (const it of events) if (it.type === 'event') seen.push({ seq: it.seq, type: it.event.type });
    expect(seen.map((it) => it.seq)).toEqual(seen.map((_, i) => i));
    expect(seen.filter((it) => it.type === 'join-finished')).toHaveLength(2);
    expect(seen.filter((it) => it.type === 'contact-added')).toHaveLength(2);
  });
});
