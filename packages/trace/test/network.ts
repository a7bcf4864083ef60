/** Mainline and key-value networks in this process on virtual time, packets encoded and decoded, and their recordings. */
import { type Clock, type Entropy, MemoryRouter, type Transport, VirtualTime } from '@xorrery/coordinator';
import { type Endpoint, type Id, type Instant, nextId, nextUint32, seedRandom } from '@xorrery/core';
import * as store from '@xorrery/kv';
import * as main from '@xorrery/mainline';
import { type AnyProfile, loadTrace, type NodeHeader, Recorder, type Sink, type Trace } from '../src/index.ts';

/** Bytes that look random and are the same for the same seed. */
export const entropyFrom = (seed: number): Entropy => {
  let random = seedRandom(seed);
  return {
    bytes: (count) =>
      Uint8Array.from({ length: count }, () => {
        const [word, next] = nextUint32(random);
        random = next;
        return word >>> 24;
      }),
  };
};

/** A sink that keeps what it is given, by segment. */
class Kept implements Sink {
  readonly segments: string[] = [];
  backlog = 0;

  get size(): number {
    return this.segments.at(-1)?.length ?? 0;
  }

  begin(): void {
    this.segments.push('');
  }

  write(text: string): void {
    this.segments.push((this.segments.pop() ?? '') + text);
  }
}

/** A recorder into memory, and what to run to let its timers ring. */
export const recorderFor = (profile: AnyProfile, options: { maxBytes?: number; hashEvery?: number } = {}) => {
  const sink = new Kept();
  const timers: (() => void)[] = [];
  const later = (_ms: number, run: () => void): void => {
    timers.push(run);
  };
  const settings = { maxBytes: Number.MAX_SAFE_INTEGER, hashEvery: 20, ...options };
  const recorder = new Recorder({ profile, sink, later, wall: () => 0, ...settings });
  const ring = (): void => {
    for (const run of timers.splice(0)) run();
  };
  return { sink, recorder, ring };
};

interface Codec<Out, In> {
  encode(message: Out, to: Endpoint): Uint8Array;
  decode(packet: Uint8Array, from: Endpoint, now: Instant): { ok: true; message: In } | { ok: false; malformed: never };
}

interface Setting<Out, In> {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly transport: Transport<Out, In>;
  readonly bootstrap: readonly Endpoint[];
  readonly id: Id;
}

interface AnyNode {
  start(): Promise<unknown>;
  joined(): Promise<unknown>;
  close(): Promise<void>;
}

/** Nodes at scattered addresses, each joining through the first. */
class Network<Node extends AnyNode, Out, In> {
  readonly time = new VirtualTime();
  readonly nodes: Node[] = [];
  /** The secret behind every token. */
  readonly secret: Entropy = entropyFrom(99);
  readonly #router: MemoryRouter<Uint8Array, { ok: boolean; message?: In; malformed?: never; bytes: number }>;
  readonly #codec: Codec<Out, In>;
  readonly #make: (setting: Setting<Out, In>, more: object) => Node;
  #first: Endpoint | undefined;
  #random = seedRandom(5);

  constructor(codec: Codec<Out, In>, make: (setting: Setting<Out, In>, more: object) => Node) {
    this.#codec = codec;
    this.#make = make;
    const carry = (packet: Uint8Array, from: Endpoint, _to: Endpoint, now: Instant) => ({
      bytes: packet.length,
      ...codec.decode(packet, from, now),
    });
    this.#router = new MemoryRouter(this.time, carry, 15);
  }

  id(): Id {
    const [id, next] = nextId(this.#random, 160);
    this.#random = next;
    return id;
  }

  async grow(more: object = {}): Promise<Node> {
    const n = this.nodes.length + 1;
    const endpoint = `${10 + ((n * 37) % 200)}.${(n * 91) % 256}.${n % 256}.7:${6_000 + n}`;
    const inner = this.#router.join(endpoint);
    const transport: Transport<Out, In> = {
      open: (inbox) =>
        inner.open({
          ...inbox,
          received: (from, it) =>
            it.ok ? inbox.received(from, it.message as In, it.bytes) : inbox.malformed(from, it.malformed as never),
        }),
      send: (to, message) => inner.send(to, this.#codec.encode(message, to)),
      close: () => inner.close(),
    };
    const bootstrap = this.#first === undefined ? [] : [this.#first];
    const node = this.#make(
      { clock: this.time.clock(), entropy: entropyFrom(n), transport, bootstrap, id: this.id() },
      more,
    );
    this.#first ??= endpoint;
    await node.start();
    if (this.nodes.length > 0) await this.time.until(node.joined());
    this.nodes.push(node);
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((it) => it.close()));
  }
}

type Decoded<In> = ReturnType<Codec<unknown, In>['decode']>;

/** Ids stay as they are drawn, whatever the address: a network of a few nodes would be another one after each change. */
const KEEPS_ITS_ID = { votes: { threshold: 1_024, maxVotes: 1_024 }, unfitIds: 'any' } as const;

export const mainlineNetwork = (config: main.MainlineOptions['config'] = {}) => {
  const tokens = main.keyedTokens(entropyFrom(99));
  const codec = {
    encode: (message: main.KrpcOut, to: Endpoint) => main.encode(message, to, tokens),
    decode: (packet: Uint8Array, from: Endpoint, now: Instant) =>
      main.decode(Buffer.from(packet), from, tokens, Math.floor(now / main.TOKEN_ROTATION)) as Decoded<main.KrpcIn>,
  };
  return new Network<main.MainlineNode, main.KrpcOut, main.KrpcIn>(codec, (setting, more) =>
    main.createNode({ ...setting, config: { ...KEEPS_ITS_ID, ...config }, ...more }),
  );
};

const kvNetwork = (config: store.KvOptions['config'] = {}) => {
  const tokens = store.keyedTokens(entropyFrom(99));
  const codec = {
    encode: (message: store.KvOut, to: Endpoint) => store.encode(message, to, tokens),
    decode: (packet: Uint8Array, from: Endpoint, now: Instant) =>
      store.decode(packet, from, tokens, Math.floor(now / store.TOKEN_ROTATION)) as Decoded<store.KvIn>,
  };
  return new Network<store.KvNode, store.KvOut, store.KvIn>(codec, (setting, more) =>
    store.createKvNode({ ...setting, config, ...more }),
  );
};

/** What a node of a small Mainline network lived through: it joined, was asked, announced, and looked. */
export const mainlineText = async (others = 5): Promise<string> => {
  const net = mainlineNetwork({ query: { ...main.MAINLINE_DEFAULTS.query, k: 3 }, replySize: 3, storeSet: 3 });
  const { sink, recorder } = recorderFor(main.mainline);
  for (let i = 0; i < others - 2; i++) await net.grow();
  const node = await net.grow({ observer: recorder.observer });
  await net.grow();
  await net.grow();
  const infoHash = net.id();
  await net.time.until(Promise.all([net.nodes[1]?.announce(infoHash, { port: 7_777 })]));
  await net.time.until(Promise.all([node.findPeers(infoHash)]));
  await net.nodes[2]?.close();
  await net.time.until(Promise.all([node.findNode(net.id()), net.nodes.at(-1)?.findNode(net.id())]));
  await net.close();
  recorder.close();
  return sink.segments.join('');
};

/** Likewise of the key-value store: it joined, stored, kept what others stored, and found. */
export const kvText = async (others = 4): Promise<string> => {
  const net = kvNetwork({ query: { ...store.KV_DEFAULTS.query, k: 3 }, replySize: 3, storeSet: 3 });
  const { sink, recorder } = recorderFor(store.kv);
  for (let i = 0; i < others - 1; i++) await net.grow();
  const node = await net.grow({ observer: recorder.observer });
  await net.grow();
  const key = net.id();
  await net.time.until(Promise.all([net.nodes[1]?.put(key, 'a value', { seq: 7, every: 'off' })]));
  await net.time.until(Promise.all([node.get(key), node.put(undefined, 'another', { every: 'off' })]));
  await net.close();
  recorder.close();
  return sink.segments.join('');
};

export const traceOf = async (text: string): Promise<Trace<NodeHeader>> =>
  (await loadTrace([text])) as Trace<NodeHeader>;
