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
