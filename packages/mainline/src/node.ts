/**
 * A Mainline node for applications: `createNode()`, then `findPeers`, `announce`, `get`, `put` and more, each awaitable,
 * iterable and abortable, and `events()` for all that happens. With several addresses there is a node at each, and every
 * operation runs at all of them; it joins core, coordinator and UDP, and adds nothing of its own.
 */
import {
  type Clock,
  type LifecycleState,
  type Operation,
  type OperationOptions,
  operate,
  type StreamEvent,
  type SubscribeOptions,
  type Subscription,
  SystemClock,
  sharedClocks,
  systemEntropy,
} from '@xorrery/coordinator';
import {
  ConfigError,
  type Contact,
  type ContactView,
  checkInteger,
  type Endpoint,
  type Id,
  isId,
  type PublishReport,
} from '@xorrery/core';
import { PUBLIC_BOOTSTRAP, resolveSeeds } from './bootstrap.ts';
import { familyOf } from './compact.ts';
import { Home } from './home.ts';
import type { Item } from './item.ts';
import { type GetOptions, type GetReport, getItem, type ItemOwner, type MainlineCoordinator } from './item-get.ts';
import { type PutOptions, type PutReport, putItem, storeItem } from './item-put.ts';
import type { PutValue } from './item-value.ts';
import type { JoinReport } from './join-report.ts';
import type { Mainline, OutRequest, Peer, Sample } from './messages.ts';
import type { AnnounceOptions, FindPeersOptions, MainlineOptions } from './node-options.ts';
import { mainline } from './profile.ts';
import { type Announced, answererOf, type LookupOptions, peersIn, type Report, reportOf, takerOf } from './readings.ts';
import { type SampleReport, type ScrapeReport, sampleNode, samplesOf, scrapeTorrent } from './scrape.ts';
import { Keeper, tellOf } from './state/keeper.ts';
import type { Restored } from './state/restore.ts';
import { EndpointError, parseEndpoint } from './target-endpoint.ts';
import {
  joinedAny,
  mergedEvents,
  mergedGet,
  mergedPublish,
  mergedPut,
  mergedQuery,
  mergedScrape,
  together,
} from './together.ts';
import { Traffic, type TrafficCounts } from './traffic.ts';

/** Makes a node; nothing happens before `start()`. Throws `ConfigError` naming the option that is out of range. */
export function createNode(options: MainlineOptions = {}): MainlineNode {
  return new MainlineNode(options);
}

export class MainlineNode {
  readonly #homes: readonly Home[];
  readonly #keeper: Keeper | undefined;
  readonly #traffic = new Traffic();
  readonly #bootstrap: readonly string[];
  readonly #joined: Promise<JoinReport | undefined>;
  #starting: Promise<Endpoint> | undefined;
  #endpoints: readonly Endpoint[] = [];

  constructor(options: MainlineOptions) {
    const { port = 6881, entropy = systemEntropy, clock = new SystemClock(), id, readOnly = false } = options;
    const hosts = [options.host ?? '0.0.0.0'].flat();
    const transports = options.transport === undefined ? [] : [options.transport].flat();
    checkInteger('port', port, 0, 65_535);
    if (id !== undefined && !isId(id, 160)) throw new ConfigError('id', 'must be 40 lowercase hex digits');
    if (hosts.length === 0 || hosts.length > MAX_ADDRESSES || new Set(hosts).size < hosts.length) {
      throw new ConfigError('host', `must be 1 to ${MAX_ADDRESSES} different addresses`);
    }
    this.#bootstrap = options.bootstrap ?? PUBLIC_BOOTSTRAP;
    const { config } = options;
    const observers = options.observer === undefined ? [] : [options.observer].flat();
    const { state } = options;
    const keeper =
      state === undefined
        ? undefined
        : new Keeper(state, clock, (news) => this.#first.coordinator.tellStorage(tellOf(news)));
    this.#keeper = keeper;
    const homes: Home[] = [];
    const clocks = sharedClocks(clock, hosts.length);
    for (const [i, host] of hosts.entries()) {
      const sibling = (): Home | undefined => homes.find((it) => it.family !== homes[i]?.family);
      const own = {
        host,
        port,
        id: i === 0 ? id : undefined,
        transport: transports[i],
        observer: observers[i],
        clock: clocks[i] as Clock,
      };
      homes.push(new Home({ ...own, readOnly, config, entropy, keeper, traffic: this.#traffic, sibling }));
    }
    this.#homes = homes;
    this.#joined = joinedAny(homes);
  }

  /** Our id; with several addresses, that at the first. It may change when others see us at another address (BEP 42). */
  get id(): Id {
    return this.#first.id;
  }

  /** Our ids, by address. */
  get ids(): readonly Id[] {
    return this.#homes.map(({ id }) => id);
  }

  /** Where it is bound, by address; empty before it is. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /**
   * Binds and begins to join. Resolves to the endpoint bound, the first of several. Rejects with `TransportError` when
   * it cannot bind, `StateError` when its state cannot be kept, `EndpointError` when a bootstrap endpoint is malformed, or
   * none of them has an address and nobody is known from a former run. After a failure it can be called again.
   */
  start(): Promise<Endpoint> {
    this.#starting ??= this.#start().catch(async (error) => {
      this.#starting = undefined;
      await this.#keeper?.close();
      throw error;
    });
    return this.#starting;
  }

  /** Ends all operations (reason `closed`), unbinds and saves what is to be kept. Idempotent, legal at any time. */
  async close(): Promise<void> {
    await this.#closeHomes();
    await this.#starting?.catch(() => {});
    await this.#keeper?.close();
  }

  /** What the start found of a former run; `undefined` where nothing is kept. */
  get restored(): Restored | undefined {
    return this.#keeper?.restored;
  }

  /** Stores nothing again that was published under this key. Resolves once that is saved, where state is kept. */
  async unpublish(target: Id): Promise<void> {
    for (const { coordinator } of this.#homes) coordinator.unpublish(target);
    await this.#keeper?.save();
  }

  /** How joining went, once that is known at any address; `undefined` when the node was closed before. */
  joined(): Promise<JoinReport | undefined> {
    return this.#joined;
  }

  /** All that happens from now on, at whatever address, as a stream of your own. */
  events(options?: SubscribeOptions): Subscription<StreamEvent<Mainline>> {
    if (this.#homes.length === 1) return this.#first.coordinator.events(options);
    return mergedEvents(this.#homes.map(({ coordinator }) => coordinator.events(options)));
  }

  /** How far the node is at the address where it is farthest. */
  get lifecycle(): LifecycleState {
    const states = this.#homes.map(({ coordinator }) => coordinator.lifecycle);
    return STATES.find((it) => states.includes(it)) as LifecycleState;
  }

  /** The nodes in the routing tables, each with the instant at which it last answered. */
  get contacts(): readonly ContactView[] {
    return this.#homes.flatMap(({ coordinator }) => coordinator.contacts);
  }

  /** What was sent and received since the node was made, by method, at all addresses. */
  get traffic(): TrafficCounts {
    return this.#traffic.counts;
  }

  /** The whole state, of the node at the first address: plain readonly data. */
  get state(): MainlineCoordinator['state'] {
    return this.#first.coordinator.state;
  }

  /** The states at all addresses. */
  get states(): readonly MainlineCoordinator['state'][] {
    return this.#homes.map(({ coordinator }) => coordinator.state);
  }

  /** Looks for the peers of a torrent until the lookup converges. Iterate it for peers as they come. */
  findPeers(infoHash: Id, { noseed, ...options }: FindPeersOptions = {}): Operation<Peer, Report> {
    const request = { method: 'get_peers', infoHash, ...(noseed === true ? { noseed } : undefined) } as const;
    return this.#look('collect', infoHash, request, options, peersIn);
  }

  /** Asks the nodes on the way to an id which torrents they store peers of (BEP 51). Iterate it for infohashes. */
  sample(target: Id, options: LookupOptions = {}): Operation<Sample, Report> {
    return this.#look('collect', target, { method: 'sample_infohashes', target }, options, samplesOf);
  }

  /** Asks one node which torrents it stores peers of (BEP 51). Iterate it for infohashes. */
  sampleAt(endpoint: Endpoint, options: LookupOptions = {}): Operation<Sample, SampleReport> {
    return sampleNode(this.#homeFor(endpoint).coordinator, endpoint, options);
  }

  /** Estimates how many peers and seeds a torrent has (BEP 33). Iterate it for nodes as they answer. */
  scrape(infoHash: Id, options: LookupOptions = {}): Operation<Contact, ScrapeReport> {
    checkId('target', infoHash);
    return this.#everywhere((at, by) => scrapeTorrent(at, infoHash, by), mergedScrape, options);
  }

  /**
   * Stores an item at the nodes closest to its target (BEP 44), and again every hour. Iterate it for nodes as they take
   * it. Throws `ConfigError` (`value`: at most 1,000 bytes of bencode, `seed`, `salt`, `seq`, `cas`, `every`).
   */
  put(value: PutValue, options: PutOptions = {}): Operation<Contact, PutReport> {
    const saved = options.every === 'off' ? undefined : () => this.#saved();
    return putItem(value, options, {
      get: (owner, by) => this.get(owner, by),
      store: (item, cas) => this.#everywhere((at, by) => storeItem(at, item, cas, by, saved), mergedPut, options),
    });
  }

  /** Finds the item of a target, or of an owner (BEP 44), verified. Iterate it for items as they are found. */
  get(what: Id | ItemOwner, options: GetOptions = {}): Operation<Item, GetReport> {
    return this.#everywhere((at, by) => getItem(at, what, by), mergedGet, options);
  }

  /** Finds the nodes closest to an id. Iterate it for nodes as they answer. */
  findNode(target: Id, options: LookupOptions = {}): Operation<Contact, Report> {
    return this.#look('closest', target, { method: 'find_node', target }, options, answererOf);
  }

  /** Tells the nodes closest to a torrent that a peer is here. Iterate it for nodes as they take it. */
  announce(infoHash: Id, options: AnnounceOptions = {}): Operation<Contact, PublishReport> {
    const { port, every, seed, settings } = options;
    if (every !== undefined) checkInteger('every', every, 1);
    checkId('infoHash', infoHash);
    if (port !== undefined) checkInteger('port', port, 1, 65_535);
    const impliedPort = port === undefined;
    const whole = seed === true ? { seed } : undefined;
    const store: OutRequest = { method: 'announce_peer', infoHash, port: port ?? 0, impliedPort, ...whole, token: '' };
    const find: OutRequest = { method: 'get_peers', infoHash };
    const more = { ...(settings && { settings }), ...(every !== undefined && { every }) };
    const event = { type: 'publish', target: infoHash, find, store, ...more } as const;
    const reading = {
      items: takerOf,
      report: (it: Announced) => (it.type === 'published' ? it.report : undefined),
      first: every === undefined ? undefined : () => this.#saved(),
    };
    return this.#everywhere((at, by) => operate(at, event, reading, by), mergedPublish, options);
  }

  /**
   * Asks an endpoint whether it is there. The report names its id, or why there was no answer. It fails where none
   * of our addresses is of its family.
   */
  ping(endpoint: Endpoint, { settings, signal }: LookupOptions = {}): Operation<Contact, Report> {
    const event = {
      type: 'ask',
      seeds: [{ endpoint }],
      request: mainline.ping,
      ...(settings && { settings }),
    } as const;
    const reading = { items: answererOf, report: reportOf };
    return operate(this.#homeFor(endpoint).coordinator, event, reading, signal === undefined ? {} : { signal });
  }

  /** Tells the node of another node, e.g. from a BitTorrent PORT message (BEP 5). If it answers, it may enter the table. */
  introduce(endpoint: Endpoint): void {
    this.#homeFor(endpoint).coordinator.introduce(endpoint);
  }

  #look<Item>(
    kind: 'closest' | 'collect',
    target: Id,
    request: OutRequest,
    { settings, signal }: LookupOptions,
    items: (event: Announced) => readonly Item[],
  ): Operation<Item, Report> {
    checkId('target', target);
    const event = { type: 'lookup', kind, target, request, ...(settings && { settings }) } as const;
    const begin = (at: MainlineCoordinator, by: OperationOptions): Operation<Item, Report> =>
      operate(at, event, { items, report: reportOf }, by);
    return this.#everywhere(begin, mergedQuery, { ...(signal && { signal }) });
  }

  /** Runs an operation at every address, each under the same options. */
  #everywhere<Item, Report, Options extends OperationOptions>(
    begin: (at: MainlineCoordinator, options: Options) => Operation<Item, Report>,
    merge: (reports: readonly Report[]) => Report,
    options: Options,
  ): Operation<Item, Report> {
    const at = ({ coordinator }: Home, signal: AbortSignal | undefined): Operation<Item, Report> =>
      begin(coordinator, signal === undefined ? options : { ...options, signal });
    return together(this.#homes, at, merge, options.signal);
  }

  get #first(): Home {
    return this.#homes[0] as Home;
  }

  #homeFor(endpoint: Endpoint): Home {
    return this.#homes.find(({ family }) => family === familyOf(endpoint)) ?? this.#first;
  }

  async #start(): Promise<Endpoint> {
    for (const text of this.#bootstrap) parseEndpoint(text);
    await this.#keeper?.open();
    // Whoever knows others need not wait for a name server, or have one.
    const isWarm = this.#homes.every(({ host }) => this.#keeper?.knows(host) === true);
    const seeds = isWarm ? [] : await this.#resolveSeeds();
    const starts = this.#homes.map(({ coordinator }, i) => coordinator.start(seeds[i]));
    try {
      this.#endpoints = await Promise.all(starts);
    } catch (error) {
      // All addresses or none: nobody is to find half a node later.
      if (starts.length > 1) await this.#closeHomes();
      throw error;
    }
    if (isWarm) void this.#resolveLate();
    return this.#endpoints[0] as Endpoint;
  }

  async #resolveLate(): Promise<void> {
    while (this.lifecycle !== 'stopping' && this.lifecycle !== 'closed') {
      try {
        const seeds = await this.#resolveSeeds();
        this.#homes.forEach(({ coordinator }, i) => {
          coordinator.useSeeds(seeds[i] ?? []);
        });
        return;
      } catch (error) {
        if (error instanceof EndpointError && error.code === 'malformed') return;
        await new Promise((resolve) => setTimeout(resolve, RESOLVE_AGAIN).unref());
      }
    }
  }

  /** What is our own is on the disk, where there is one. */
  async #saved(): Promise<void> {
    await this.#keeper?.save();
  }

  async #closeHomes(): Promise<void> {
    await Promise.all(this.#homes.map(({ coordinator }) => coordinator.close()));
  }

  #resolveSeeds(): Promise<readonly (readonly Endpoint[])[]> {
    return resolveSeeds(
      this.#bootstrap,
      this.#homes.map(({ family }) => family),
    );
  }
}

/** ms between two attempts to resolve the names of the bootstrap nodes of a node that has somebody else to ask. */
const RESOLVE_AGAIN = 30_000;

/** Addresses of one node. */
const MAX_ADDRESSES = 16;

/** From being of use to not. */
const STATES: readonly LifecycleState[] = ['online', 'joining', 'offline', 'starting', 'stopping', 'stopped', 'closed'];

function checkId(field: string, id: unknown): void {
  if (!isId(id, 160)) throw new ConfigError(field, `must be 40 lowercase hex digits, got '${String(id)}'`);
}
