/**
 * A key-value node for applications: `createKvNode()`, then `put`, `get`, `findNode` and `ping`, each awaitable,
 * iterable and abortable, and `events()` for all that happens. It joins core, coordinator and UDP; all it adds is the
 * order of steps in which a value is found.
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
  type Instant,
  idFromBytes,
  isId,
  makeNode,
  type NodeConfig,
  type PublishReport,
  type QueryReport,
  type QuerySettings,
  type RecordsConfig,
  recordAt,
} from '@xorrery/core';
import type { HostPort } from './address.ts';
import { readBootstrap, resolveBootstrap } from './bootstrap.ts';
import { recordOf } from './decode.ts';
import { findValue, type GetOptions, type GetReport } from './get.ts';
import type { Kv, KvIn, KvOut, OutRequest } from './messages.ts';
import { KV_DEFAULTS, kv, REPUBLISH } from './profile.ts';
import { isImmutable, type KvRecords, type KvStoreConfig, MAX_VALUE } from './records.ts';
import { keyedTokens } from './token.ts';
import { udpTransport } from './udp.ts';

type Given = Partial<Omit<NodeConfig<KvStoreConfig>, 'self' | 'seed' | 'readOnly' | 'server'>>;

export interface KvOptions {
  /** The IP address to bind. Default `0.0.0.0`. */
  readonly host?: string;
  /** The UDP port to bind, 0 to 65535. Default 0: any free one. */
  readonly port?: number;
  /** `host:port` of nodes to join through. Default: none, it starts alone. */
  readonly bootstrap?: readonly string[];
  /** Our id. Default: at random. */
  readonly id?: Id;
  /** Answer nobody, enter no table and keep nothing for others. */
  readonly readOnly?: boolean;
  /** Settings of the node that differ from `KV_DEFAULTS`. */
  readonly config?: Given & { readonly server?: Partial<RecordsConfig> };
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  /** In place of a UDP socket: a transport for tests and other carriers. */
  readonly transport?: Transport<KvOut, KvIn>;
  readonly observer?: CoordinatorOptions<Kv, KvStoreConfig, KvRecords>['observer'];
}

/** Options of an operation: an abort signal, and settings for this one alone. */
export interface KvOperationOptions extends OperationOptions {
  readonly settings?: Partial<QuerySettings>;
}

export interface PutOptions extends KvOperationOptions {
  /**
   * Under a key of your own: the version, 0 to 2^53 - 1. Nodes keep the highest. Default: the wall time in ms, or more
   * if this node has put that already.
   */
  readonly seq?: number;
  /** ms the value lives, cut to a day by others; `forever`: at ourselves, while there is room. Default: a day. */
  readonly lifetime?: Instant | 'forever';
  /** ms after which it is stored again, and again, while this node runs. Default 22 h; `off`: it is stored once. */
  readonly every?: Instant | 'off';
}

/** What became of a put: where it is now, and where it is not. Alone in the network: `failed`, but kept here. */
export interface PutReport extends PublishReport {
  readonly key: Id;
  readonly seq: number;
  /** Kept here too, because we are among the closest to the key. */
  readonly local: boolean;
}

/** How joining went. `isolated`: nobody has answered yet; the node keeps trying. */
export interface KvJoinReport {
  readonly outcome: 'joined' | 'isolated';
  readonly contacts: number;
  /** ms since the start. */
  readonly elapsed: number;
}

type KvCoordinator = Coordinator<Kv, KvStoreConfig, KvRecords>;
type Report = QueryReport<Kv>;
type Announced = StreamEvent<Kv>['event'];

const machine = makeNode(kv);

/** Makes a node; nothing happens before `start()`. Throws `ConfigError` naming the option that is out of range. */
export function createKvNode(options: KvOptions = {}): KvNode {
  return new KvNode(options);
}

export class KvNode {
  readonly id: Id;
  readonly #coordinator: KvCoordinator;
  readonly #clock: Clock;
  readonly #family: 4 | 6;
  readonly #bootstrap: readonly HostPort[];
  readonly #joined: Promise<KvJoinReport | undefined>;
  #starting: Promise<Endpoint> | undefined;
  #lastSeq = 0;

  constructor(options: KvOptions) {
    const { host = '0.0.0.0', port = 0, entropy = systemEntropy, clock = new SystemClock() } = options;
    const { id = idFromBytes(entropy.bytes(20)), readOnly = false, observer, config } = options;
    checkInteger('port', port, 0, 65_535);
    if (!isId(id, 160)) throw new ConfigError('id', 'must be 40 lowercase hex digits');
    this.id = id;
    this.#clock = clock;
    this.#family = host.includes(':') ? 6 : 4;
    this.#bootstrap = readBootstrap(options.bootstrap ?? [], this.#family);
    const seed = Number.parseInt(idFromBytes(entropy.bytes(4)), 16);
    const server = { ...KV_DEFAULTS.server, ...config?.server, self: id };
    this.#coordinator = new Coordinator({
      machine,
      config: { ...KV_DEFAULTS, ...config, self: id, seed, readOnly, server },
      transport: options.transport ?? udpTransport({ host, port, clock, tokens: keyedTokens(entropy) }),
      clock,
      entropy,
      ...(observer === undefined ? undefined : { observer }),
    });
    this.#joined = firstJoin(this.#coordinator);
  }

  /**
   * Binds and begins to join. Resolves to the endpoint bound. Rejects with `TransportError` when it cannot bind, or when
   * no bootstrap node has an address.
   */
  start(): Promise<Endpoint> {
    this.#starting ??= resolveBootstrap(this.#bootstrap, this.#family).then((seeds) => this.#coordinator.start(seeds));
    return this.#starting;
  }

  /** Ends all operations (reason `closed`) and unbinds. Idempotent, legal at any time. */
  close(): Promise<void> {
    return this.#coordinator.close();
  }

  /** How joining went, once that is known; `undefined` when the node was closed before. */
  joined(): Promise<KvJoinReport | undefined> {
    return this.#joined;
  }

  /** All that happens from now on, as a stream of your own. */
  events(options?: SubscribeOptions): Subscription<StreamEvent<Kv>> {
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
  get state(): KvCoordinator['state'] {
    return this.#coordinator.state;
  }

  /** Whether a value is held here under this key. Asks nobody. */
  holds(key: Id): boolean {
    return recordAt(this.state.server, key, this.#clock.now()) !== undefined;
  }

  /**
   * Stores a value at the nodes closest to its key. Without a key: under its SHA-1, where nothing else can stand. Iterate
   * it for nodes as they take it; the report says who has it. Text is stored as UTF-8.
   *
   * Throws `ConfigError` (`key`, `value`: at most 61,440 bytes, `seq`, `lifetime`, `every`), and where an operation is
   * refused.
   */
  put(key: Id | undefined, value: Uint8Array | string, options: PutOptions = {}): Operation<Contact, PutReport> {
    const { lifetime, every = REPUBLISH, settings, signal } = options;
    if (key !== undefined) checkKey('key', key);
    if (lifetime !== undefined && lifetime !== 'forever') checkInteger('lifetime', lifetime, 1);
    if (every !== 'off') checkInteger('every', every, 1);
    const record = this.#record(key, value, options.seq);
    const target = key ?? record.digest;
    const immutable = isImmutable(target, record);
    const seq = immutable ? 0 : record.seq;
    const store: OutRequest = {
      method: 'store',
      key: target,
      record: { ...record, seq },
      immutable,
      token: '',
      ...(lifetime === undefined ? undefined : { lifetime }),
    };
    return operate(
      this.#coordinator,
      {
        type: 'publish',
        target,
        find: kv.findNode(target),
        store,
        ...(settings && { settings }),
        ...(every === 'off' ? undefined : { every }),
      },
      {
        items: (it) => (it.type === 'query' && it.id.startsWith('store:') ? answererOf(it) : []),
        report: (it) => (it.type === 'published' ? { ...it.report, key: target, seq, local: it.local } : undefined),
      },
      signal === undefined ? {} : { signal },
    );
  }

  /** Nothing is stored again under this key by us. What others hold of it expires there. */
  unpublish(key: Id): void {
    checkKey('key', key);
    this.#coordinator.unpublish(key);
  }

  /**
   * Finds the value under a key: the one whose SHA-1 it is, or else the best that the closest nodes have. Iterate it for
   * nodes as they answer. Throws `ConfigError`, and where an operation is refused.
   */
  get(key: Id, options: GetOptions = {}): Operation<Contact, GetReport> {
    checkKey('key', key);
    return findValue(this.#coordinator, key, options);
  }

  /** Finds the nodes closest to an id. Iterate it for nodes as they answer. */
  findNode(target: Id, { settings, signal }: KvOperationOptions = {}): Operation<Contact, Report> {
    checkKey('target', target);
    const request = kv.findNode(target);
    const event = { type: 'lookup', kind: 'closest', target, request, ...(settings && { settings }) } as const;
    const reading = { items: answererOf, report: reportOf };
    return operate(this.#coordinator, event, reading, signal === undefined ? {} : { signal });
  }

  /** Asks an endpoint whether it is there. The report names its id, or why there was no answer. */
  ping(endpoint: Endpoint, { settings, signal }: KvOperationOptions = {}): Operation<Contact, Report> {
    const event = { type: 'ask', seeds: [{ endpoint }], request: kv.ping, ...(settings && { settings }) } as const;
    const reading = { items: answererOf, report: reportOf };
    return operate(this.#coordinator, event, reading, signal === undefined ? {} : { signal });
  }

  /** The record to store. Versions of ours never repeat, so two puts in one millisecond do not clash. */
  #record(key: Id | undefined, value: Uint8Array | string, seq: number | undefined): ReturnType<typeof recordOf> {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    if (!(bytes instanceof Uint8Array)) throw new ConfigError('value', 'must be bytes or text');
    if (bytes.length > MAX_VALUE) {
      throw new ConfigError('value', `must be at most ${MAX_VALUE} bytes, got ${bytes.length}`);
    }
    if (seq !== undefined) checkInteger('seq', seq, 0);
    if (key === undefined || seq !== undefined) return recordOf(bytes, seq ?? 0);
    this.#lastSeq = Math.max(this.#lastSeq + 1, this.#clock.wall());
    return recordOf(bytes, this.#lastSeq);
  }
}

function checkKey(field: string, key: unknown): void {
  if (!isId(key, 160))
    throw new ConfigError(field, `must be 40 lowercase hex digits, got '${String(key).slice(0, 80)}'`);
}

function answererOf(event: Announced): readonly Contact[] {
  return event.type === 'query' && event.effect.type === 'progressed' ? [event.effect.from] : [];
}

function reportOf(event: Announced): Report | undefined {
  return event.type === 'query' && event.effect.type === 'finished' ? event.effect.report : undefined;
}

async function firstJoin(coordinator: KvCoordinator): Promise<KvJoinReport | undefined> {
  for await (const streamed of coordinator.events()) {
    if (streamed.type === 'lagged' || streamed.event.type !== 'join-finished') continue;
    const { outcome, contacts, elapsed } = streamed.event;
    return { outcome, contacts, elapsed };
  }
  return undefined;
}
