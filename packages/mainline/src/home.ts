/**
 * One node at one address: its coordinator and its transport. A machine with several
 * addresses has a node at each (BEP 45), with an id of its own, because ids are bound to addresses (BEP 42).
 */
import { type Clock, Coordinator, type CoordinatorOptions, type Entropy, type Transport } from '@xorrery/coordinator';
import {
  type Contact,
  type Endpoint,
  type Id,
  idFromBytes,
  makeNode,
  type NodeConfig,
  tableOf,
  tableSize,
} from '@xorrery/core';
import type { Family } from './compact.ts';
import { betweenFamilies, type Sibling } from './families.ts';
import type { MainlineCoordinator } from './item-get.ts';
import { firstJoin, type JoinReport } from './join-report.ts';
import type { KrpcIn, KrpcOut, Mainline } from './messages.ts';
import { MAINLINE_DEFAULTS, mainline } from './profile.ts';
import { ed25519 } from './signing.ts';
import type { Keeper } from './state/keeper.ts';
import type { MainlineStore, MainlineStoreConfig } from './store.ts';
import { keyedTokens } from './token.ts';
import type { Traffic } from './traffic.ts';
import { udpTransport } from './udp.ts';

export interface HomeOptions {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  readonly id: Id | undefined;
  readonly readOnly: boolean;
  readonly config: Partial<NodeConfig<MainlineStoreConfig>> | undefined;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly transport: Transport<KrpcOut, KrpcIn> | undefined;
  readonly observer: CoordinatorOptions<Mainline, MainlineStoreConfig, MainlineStore>['observer'];
  /** Keeps its state, and knows where a former run left off. */
  readonly keeper: Keeper | undefined;
  /** Told of what passes. */
  readonly traffic: Traffic;
  /** The node of the other family, once it is made. */
  readonly sibling: () => Sibling | undefined;
}

/** A table with fewer contacts takes strangers from the other family's replies. */
const FEW = 32;

const machine = makeNode(mainline);

export class Home implements Sibling {
  readonly family: Family;
  /** The address it was told to bind. */
  readonly host: string;
  readonly coordinator: MainlineCoordinator;
  readonly joined: Promise<JoinReport | undefined>;

  /** Throws `ConfigError` naming the setting that is out of range. */
  constructor(options: HomeOptions) {
    const { host, port, clock, entropy, sibling, observer, keeper, readOnly, traffic } = options;
    const { id: self = idFromBytes(entropy.bytes(20)) } = options;
    const seed = Number.parseInt(idFromBytes(entropy.bytes(4)), 16);
    this.host = host;
    this.family = host.includes(':') ? 6 : 4;
    const wantsBoth = (): boolean => sibling()?.isShort === true;
    const transport =
      options.transport ?? udpTransport({ host, port, clock, tokens: keyedTokens(entropy), wantsBoth, traffic });
    const config = { ...MAINLINE_DEFAULTS, ...options.config, self, seed, readOnly };
    this.coordinator = new Coordinator({
      machine,
      config,
      ...(keeper && { restore: () => keeper.begin(host, config, options.id, () => this.coordinator.state) }),
      transport: betweenFamilies(transport, this.family, sibling),
      clock,
      entropy,
      verifier: ed25519,
      observer: (at, event, effects, state) => {
        traffic.observe(host, at, event, effects);
        observer?.(at, event, effects, state);
      },
    });
    this.joined = firstJoin(this.coordinator);
  }

  get id(): Id {
    return this.coordinator.state.config.self;
  }

  /** Contacts in its table. */
  get size(): number {
    return tableSize(tableOf(this.coordinator.state.routing));
  }

  get isShort(): boolean {
    return this.size < FEW;
  }

  introduce(endpoint: Endpoint): void {
    if (this.coordinator.isRunning) this.coordinator.introduce(endpoint);
  }

  closest(target: Id, count: number): readonly Contact[] {
    return this.coordinator.closest(target, count);
  }
}
