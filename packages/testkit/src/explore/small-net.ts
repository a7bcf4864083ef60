/**
 * A small network to explore, as plain data: one node that asks (the core's pool and wire) among nodes that answer from
 * a fixed table of contacts. It says who is there, which lookups run, and how much may go wrong on any one path.
 */
import {
  type Answer,
  advancePool,
  advanceWire,
  DEFAULT_POOL,
  DEFAULT_QUERY,
  type Endpoint,
  type Id,
  initPool,
  initWire,
  nextPoolDeadline,
  type PoolConfig,
  type PoolEvent,
  type Protocol,
  type QueryKind,
  type QuerySettings,
  type Value,
} from '@xorrery/core';
import type { Model } from '../model.ts';
import { claim } from '../violation.ts';

/** The protocol of the explored networks: one request, answered by what a lookup learns of it. */
export interface Talk extends Protocol {
  readonly outRequest: { readonly find: Id };
  readonly inRequest: { readonly find: Id };
  readonly outReply: Answer<Value>;
  readonly inReply: Answer<Value>;
  readonly value: Value;
}

/** The machines under exploration: the core's own, or a copy of them with a fault in it. */
export interface Machines {
  readonly initPool: typeof initPool;
  readonly advancePool: typeof advancePool;
  readonly nextPoolDeadline: typeof nextPoolDeadline;
  readonly initWire: typeof initWire;
  readonly advanceWire: typeof advanceWire;
}

export const CORE: Machines = { initPool, advancePool, nextPoolDeadline, initWire, advanceWire };

/** How often each thing may happen on one path. What is not listed here (delivery, the passing of time) is never short. */
export interface Budget {
  /** A packet is lost. */
  readonly losses: number;
  /** A packet is delivered, and stays in flight to be delivered once more. */
  readonly copies: number;
  /** A stranger sends a copy of a reply in flight from an endpoint of its own. */
  readonly forgeries: number;
  /** A node answers a request with an error. */
  readonly refusals: number;
  readonly cancels: number;
  readonly closes: number;
  /** A lookup that does not run (not yet, or not any more) is added. */
  readonly adds: number;
}

export const NO_BUDGET: Budget = {
  losses: 0,
  copies: 0,
  forgeries: 0,
  refusals: 0,
  cancels: 0,
  closes: 0,
  adds: 0,
};

export interface SmallLookup {
  readonly id: string;
  readonly target: Id;
  /** Endpoints of the model's nodes that it begins with. */
  readonly seeds: readonly Endpoint[];
  /** Whether the ids of the seeds are known. Default: they are. */
  readonly bare?: boolean;
  readonly kind?: QueryKind;
  readonly settings?: Partial<QuerySettings>;
}

export interface SmallNet {
  readonly name: string;
  /** What it is for, in a few words. */
  readonly about?: string;
  /** The id of the one who asks. */
  readonly self: Id;
  readonly model: Model;
  readonly lookups: readonly SmallLookup[];
  /** How many of the lookups are added before anything else happens. Default: all. */
  readonly begun?: number;
  readonly settings?: Partial<QuerySettings>;
  /** Timeouts do not adapt: the book knows to the millisecond when silence is due. */
  readonly pool?: Partial<Omit<PoolConfig, 'adaptiveTimeout'>>;
  readonly budget?: Partial<Budget>;
  /** Whether entropy for transaction ids is there when asked for, or takes its time like a packet. Default `at-once`. */
  readonly entropy?: 'at-once' | 'travels';
  /** Everybody knows everybody: a lookup in which nobody fell silent or failed must find the true k closest. */
  readonly complete?: boolean;
}

/** Short times, so that late answers end while lookups still run: slow at 50, silent at 100, not awaited from 175 on. */
export const SHORT: QuerySettings = {
  ...DEFAULT_QUERY,
  k: 2,
  alpha: 2,
  slowAfter: 50,
  requestTimeout: 100,
  lateFor: 175,
  deadline: 1_000,
};

export function poolConfigOf(net: SmallNet): PoolConfig {
  return { ...DEFAULT_POOL, ...net.pool, adaptiveTimeout: 'off' };
}

export function settingsOf(net: SmallNet, lookup: SmallLookup): QuerySettings {
  return { ...SHORT, ...net.settings, ...lookup.settings };
}

/** The event that adds a lookup. */
export function additionOf(net: SmallNet, lookup: SmallLookup): Extract<PoolEvent<Talk>, { type: 'add' }> {
  const { id, target, kind = 'closest', bare = false } = lookup;
  const seeds = lookup.seeds.map((endpoint) => {
    const node = net.model.nodes.find((it) => it.contact.endpoint === endpoint);
    claim(node !== undefined, `${net.name}: a seed is a node of the model`, () => endpoint);
    return bare ? { endpoint } : node.contact;
  });
  const settings = settingsOf(net, lookup);
  const config = {
    ...settings,
    kind,
    target,
    self: net.self,
    identity: 'endpoint',
    request: { find: target },
  } as const;
  return { type: 'add', id, priority: 'user', config, seeds };
}

/** The lookup of this name. */
export function lookupOf(net: SmallNet, id: string): SmallLookup {
  const lookup = net.lookups.find((it) => it.id === id);
  claim(lookup !== undefined, 'only what is in the net runs', () => id);
  return lookup;
}
