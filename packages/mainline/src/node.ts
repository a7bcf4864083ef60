/**
 * A Mainline node for applications: `createNode()`, then `findPeers`, `findNode`, `announce` and `ping`, each awaitable,
 * iterable and abortable, and `events()` for all that happens. It joins core, coordinator and UDP, and adds nothing of
 * its own.
 */
import {
  type Clock,
  Coordinator,
  type CoordinatorOptions,
  type Entropy,
  type LifecycleState,
  type Operation,
  type OperationOptions,
  operate,
  type StreamEvent,
  type SubscribeOptions,
  type Subscription,
  SystemClock,
  systemEntropy,
  type Transport,
} from '@xorrery/coordinator';
import {
  ConfigError,
  type Contact,
  type ContactView,
  checkInteger,
  type Endpoint,
  type Id,
  idFromBytes,
  isId,
  makeNode,
  type NodeConfig,
  type PublishReport,
  type QueryReport,
  type QuerySettings,
} from '@xorrery/core';
import type { KrpcIn, KrpcOut, Mainline, OutRequest, Peer, Sample } from './messages.ts';
import type { PeerStore, PeerStoreConfig } from './peer-store.ts';
import { MAINLINE_DEFAULTS, mainline } from './profile.ts';
import { EndpointError, resolveEndpoint } from './target-endpoint.ts';
import { keyedTokens } from './token.ts';
import { udpTransport } from './udp.ts';

/** Nodes that are known to help newcomers in. */
export const PUBLIC_BOOTSTRAP: readonly string[] = [
  'dht.transmissionbt.com:6881',
  'router.bittorrent.com:6881',
  'dht.libtorrent.org:25401',
  'router.utorrent.com:6881',
];

export interface MainlineOptions {
  /** The IP address to bind. Default `0.0.0.0`. */
  readonly host?: string;
  /** The UDP port to bind; 0 takes any free one. Default 6881. */
  readonly port?: number;
  /** `host:port` of nodes to join through. Default: the public ones. Empty: start alone. */
  readonly bootstrap?: readonly string[];
  /** Our id. Default: at random. */
  readonly id?: Id;
  /** Answer nobody and enter no table (BEP 43). */
  readonly readOnly?: boolean;
  /** Settings of the node that differ from `MAINLINE_DEFAULTS`. */
  readonly config?: Partial<Omit<NodeConfig<PeerStoreConfig>, 'self' | 'seed' | 'readOnly'>>;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  /** In place of a UDP socket: a transport for tests and other carriers. */
  readonly transport?: Transport<KrpcOut, KrpcIn>;
  readonly observer?: CoordinatorOptions<Mainline, PeerStoreConfig, PeerStore>['observer'];
}

/** Options of a lookup: an abort signal, and settings for this one alone. */
export interface LookupOptions extends OperationOptions {
  readonly settings?: Partial<QuerySettings>;
}

export interface AnnounceOptions extends LookupOptions {
  /** The TCP port peers reach us at. Left out: the port the node's packets come from (`implied_port`). */
  readonly port?: number;
}

/** How joining went. `isolated`: nobody has answered yet; the node keeps trying. */
export interface JoinReport {
  readonly outcome: 'joined' | 'isolated';
  readonly contacts: number;
  /** ms since the start. */
  readonly elapsed: number;
}

type NodeCoordinator = Coordinator<Mainline, PeerStoreConfig, PeerStore>;
type Report = QueryReport<Mainline>;

const machine = makeNode(mainline);

/** Makes a node; nothing happens before `start()`. Throws `ConfigError` naming the option that is out of range. */
export function createNode(options: MainlineOptions = {}): MainlineNode {
  return new MainlineNode(options);
}

export class MainlineNode {
  readonly id: Id;
  readonly #coordinator: NodeCoordinator;
  readonly #bootstrap: readonly string[];
  readonly #family: 4 | 6;
  readonly #joined: Promise<JoinReport | undefined>;
  #starting: Promise<Endpoint> | undefined;

  constructor(options: MainlineOptions) {
    const { host = '0.0.0.0', port = 6881, entropy = systemEntropy, clock = new SystemClock() } = options;
    const { id = idFromBytes(entropy.bytes(20)), readOnly = false, observer } = options;
    checkInteger('port', port, 0, 65_535);
    if (!isId(id, 160)) throw new ConfigError('id', 'must be 40 lowercase hex digits');
    this.id = id;
    this.#bootstrap = options.bootstrap ?? PUBLIC_BOOTSTRAP;
    this.#family = host.includes(':') ? 6 : 4;
    const seed = Number.parseInt(idFromBytes(entropy.bytes(4)), 16);
    const transport = options.transport ?? udpTransport({ host, port, clock, tokens: keyedTokens(entropy) });
    this.#coordinator = new Coordinator({
      machine,
      config: { ...MAINLINE_DEFAULTS, ...options.config, self: id, seed, readOnly },
      transport,
      clock,
      entropy,
      ...(observer === undefined ? undefined : { observer }),
    });
    this.#joined = firstJoin(this.#coordinator);
  }

  /**
   * Binds and begins to join. Resolves to the endpoint bound. Rejects with `TransportError` when it cannot bind,
   * `EndpointError` when a bootstrap endpoint is malformed, or when none of them has an address.
   */
  start(): Promise<Endpoint> {
    this.#starting ??= this.#resolveSeeds().then((seeds) => this.#coordinator.start(seeds));
    return this.#starting;
  }

  /** Ends all operations (reason `closed`) and unbinds. Idempotent, legal at any time. */
  close(): Promise<void> {
    return this.#coordinator.close();
  }

  /** How joining went, once that is known; `undefined` when the node was closed before. */
  joined(): Promise<JoinReport | undefined> {
    return this.#joined;
  }

  /** All that happens from now on, as a stream of your own. */
  events(options?: SubscribeOptions): Subscription<StreamEvent<Mainline>> {
    return this.#coordinator.events(options);
  }

  get lifecycle(): LifecycleState {
    return this.#coordinator.lifecycle;
  }

  /** The nodes in the routing table, each with the instant at which it last answered. */
  get contacts(): readonly ContactView[] {
    return this.#coordinator.contacts;
  }

  /** The node's whole state: plain readonly data. */
  get state(): NodeCoordinator['state'] {
    return this.#coordinator.state;
  }

  /** Looks for the peers of a torrent until the lookup converges. Iterate it for peers as they come. */
  findPeers(infoHash: Id, options: LookupOptions = {}): Operation<Peer, Report> {
    return this.#look('collect', infoHash, { method: 'get_peers', infoHash }, options, valuesOf);
  }

  /** Asks the nodes on the way to an id which torrents they store peers of (BEP 51). Iterate it for infohashes. */
  sample(target: Id, options: LookupOptions = {}): Operation<Sample, Report> {
    const items = (event: Announced): readonly Sample[] => valuesOf(event) as readonly Sample[];
    return this.#look('collect', target, { method: 'sample_infohashes', target }, options, items);
  }

  /** Finds the nodes closest to an id. Iterate it for nodes as they answer. */
  findNode(target: Id, options: LookupOptions = {}): Operation<Contact, Report> {
    return this.#look('closest', target, { method: 'find_node', target }, options, answererOf);
  }

  /** Tells the nodes closest to a torrent that a peer is here. Iterate it for nodes as they take it. */
  announce(infoHash: Id, options: AnnounceOptions = {}): Operation<Contact, PublishReport> {
    const { port, settings, signal } = options;
    if (port !== undefined) checkInteger('port', port, 1, 65_535);
    const impliedPort = port === undefined;
    const store: OutRequest = { method: 'announce_peer', infoHash, port: port ?? 0, impliedPort, token: '' };
    const find: OutRequest = { method: 'get_peers', infoHash };
    const event = { type: 'publish', target: infoHash, find, store, ...(settings && { settings }) } as const;
    return operate(
      this.#coordinator,
      event,
      {
        items: (it) => (it.type === 'query' && it.id.startsWith('store:') ? answererOf(it) : []),
        report: (it) => (it.type === 'published' ? it.report : undefined),
      },
      signal === undefined ? {} : { signal },
    );
  }

  /** Asks an endpoint whether it is there. The report names its id, or why there was no answer. */
  ping(endpoint: Endpoint, { settings, signal }: LookupOptions = {}): Operation<Contact, Report> {
    const event = {
      type: 'ask',
      seeds: [{ endpoint }],
      request: mainline.ping,
      ...(settings && { settings }),
    } as const;
    return operate(
      this.#coordinator,
      event,
      { items: answererOf, report: reportOf },
      signal === undefined ? {} : { signal },
    );
  }

  /** Tells the node of another node, e.g. from a BitTorrent PORT message (BEP 5). If it answers, it may enter the table. */
  introduce(endpoint: Endpoint): void {
    this.#coordinator.introduce(endpoint);
  }

  #look<Item>(
    kind: 'closest' | 'collect',
    target: Id,
    request: OutRequest,
    { settings, signal }: LookupOptions,
    items: (event: Announced) => readonly Item[],
  ): Operation<Item, Report> {
    if (!isId(target, 160)) throw new ConfigError('target', `must be 40 lowercase hex digits, got '${String(target)}'`);
    const event = { type: 'lookup', kind, target, request, ...(settings && { settings }) } as const;
    return operate(this.#coordinator, event, { items, report: reportOf }, signal === undefined ? {} : { signal });
  }

  async #resolveSeeds(): Promise<readonly Endpoint[]> {
    const outcomes = await Promise.allSettled(
      this.#bootstrap.map((text) => resolveEndpoint(text, { family: this.#family })),
    );
    const seeds = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    const failures = outcomes.flatMap((it) => (it.status === 'rejected' ? [it.reason as Error] : []));
    if (seeds.length === 0 && failures[0] !== undefined) throw failures[0];
    const malformed = failures.find((it) => it instanceof EndpointError && it.code === 'malformed');
    if (malformed !== undefined) throw malformed;
    return [...new Set(seeds)].sort();
  }
}

type Announced = StreamEvent<Mainline>['event'];

function valuesOf(event: Announced): readonly Peer[] {
  if (event.type !== 'query') return [];
  return event.effect.type === 'progressed' || event.effect.type === 'recalled' ? event.effect.values : [];
}

function answererOf(event: Announced): readonly Contact[] {
  return event.type === 'query' && event.effect.type === 'progressed' ? [event.effect.from] : [];
}

function reportOf(event: Announced): Report | undefined {
  return event.type === 'query' && event.effect.type === 'finished' ? event.effect.report : undefined;
}

async function firstJoin(coordinator: NodeCoordinator): Promise<JoinReport | undefined> {
  for await (const streamed of coordinator.events()) {
    if (streamed.type === 'lagged' || streamed.event.type !== 'join-finished') continue;
    const { outcome, contacts, elapsed } = streamed.event;
    return { outcome, contacts, elapsed };
  }
  return undefined;
}
