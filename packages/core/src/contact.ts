/**
 * Whom we know: an id and where to reach it. An endpoint is a string that only the transport can read; core compares
 * it, orders it and uses it as a key, and never looks inside.
 */
import type { Id } from './id.ts';

/** Where packets go to and come from, as the transport writes it, e.g. `192.0.2.7:6881` or `[2001:db8::1]:6881`. */
export type Endpoint = string;

/** A node of the network. Shared by every structure that knows it; what one node thinks of it lies elsewhere. */
export interface Contact {
  readonly id: Id;
  readonly endpoint: Endpoint;
}

/** What identifies a candidate (R02): its endpoint, as in Mainline, or its id. */
export type Identity = 'endpoint' | 'id';

/**
 * How an address is grouped, for limits on what one owner of many addresses can do: `host` is the address without its
 * port, `network` what is usually in one hand (an IPv4 /24, an IPv6 /64). `local`: loopback or private, where many nodes
 * on one machine are no attack (R15).
 */
export interface AddressGroup {
  readonly host: string;
  readonly network: string;
  readonly local: boolean;
}

/** The group of an endpoint; `undefined` where limits do not apply to it. Pure. */
export type GroupOf = (endpoint: Endpoint) => AddressGroup | undefined;

/** How limits apply to addresses, as a node's configuration has it. */
export interface AddressRules {
  /** `undefined` also for an endpoint that is exempt from limits on groups. */
  readonly groupOf: GroupOf;
  /** Whether rate limits do not apply to an endpoint. */
  isExempt(endpoint: Endpoint): boolean;
}

/** For addresses without structure: no limits on groups, the same rates for all. */
export const OPEN_RULES: AddressRules = { groupOf: () => undefined, isExempt: () => false };
