/** What goes in and out of Routing, and what it keeps. */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { TableConfig } from '../table/config.ts';
import type { BootstrapConfig, BootstrapState } from './bootstrap.ts';
import type { IncludeConfig, IncludeState, Stranger } from './include.ts';
import type { ProbeConfig, ProbeState } from './probe.ts';
import type { RefreshConfig, RefreshState } from './refresh.ts';

export interface RoutingConfig {
  readonly self: Id;
  readonly seed: number;
  readonly table: TableConfig;
  readonly bootstrap: Omit<BootstrapConfig, 'seed'>;
  readonly include: IncludeConfig;
  readonly probe: ProbeConfig;
  readonly refresh: Omit<RefreshConfig, 'seed'>;
}

export type RoutingEvent =
  /** Begin. `seeds`: how many endpoints there are; `restored`: whom a former run knew, to be vetted again. */
  | { readonly type: 'start'; readonly seeds: number; readonly restored: readonly Contact[] }
  /** There are this many seeds from now on. */
  | { readonly type: 'seeds'; readonly seeds: number }
  /** Somebody answered a request of ours: the one way into the table (F35). */
  | { readonly type: 'answered'; readonly contact: Contact }
  | { readonly type: 'fell-silent'; readonly id: Id; readonly endpoint: Endpoint }
  /** Another id answered where `endpoint` was asked: the old entry goes, the new id must prove itself (R13). */
  | { readonly type: 'impostor'; readonly endpoint: Endpoint; readonly claimed: Id }
  /** Somebody who might be worth a place, if it turns out to be there. */
  | { readonly type: 'candidate'; readonly stranger: Stranger }
  | { readonly type: 'checked'; readonly check: Check; readonly passed: boolean }
  | { readonly type: 'lookup-ended'; readonly lookup: Lookup }
  /** A lookup of ours, for whatever reason, has led to this target. */
  | { readonly type: 'looked-into'; readonly target: Id }
  /** The host slept for so long that our surroundings may be others, or we may be elsewhere. */
  | { readonly type: 'unsettled'; readonly sample: number; readonly rejoin: boolean }
  /** Nearly nobody answers any more. */
  | { readonly type: 'lost' }
  /** We go by another id: the table is put in order around it, and our new surroundings are looked for. */
  | { readonly type: 'renamed'; readonly self: Id }
  | { readonly type: 'tick' };

/** Whose check it is, so that its end finds its way back. */
export interface Check {
  readonly by: 'include' | 'probe';
  readonly number: number;
}

/** Whose lookup: those a former run knew, our own id, a bucket while joining, or a quiet depth. */
export type Lookup =
  | { readonly for: 'greeting' }
  | { readonly for: 'self' }
  | { readonly for: 'bucket'; readonly depth: number }
  | { readonly for: 'refresh'; readonly depth: number; readonly number: number };

export type RoutingEffect =
  | { readonly type: 'check'; readonly check: Check; readonly whom: Stranger }
  /** `withSeeds`: begin with the seeds too. */
  | {
      readonly type: 'look';
      readonly lookup: Exclude<Lookup, { for: 'greeting' }>;
      readonly withSeeds: boolean;
    }
  /** Ask each of these whether it is there, all at once. */
  | { readonly type: 'greet'; readonly whom: readonly Contact[] }
  | { readonly type: 'contact-added'; readonly contact: Contact }
  | { readonly type: 'contact-removed'; readonly contact: Contact; readonly reason: RemovalReason }
  | {
      readonly type: 'join-finished';
      readonly outcome: 'joined' | 'isolated';
      readonly contacts: number;
      readonly elapsed: Instant;
    }
  | { readonly type: 'refreshed'; readonly depth: number };

/** `displaced`: there was no place left for it when our own id changed. */
export type RemovalReason = 'unanswering' | 'changed-id' | 'displaced';

export interface RoutingState {
  readonly bootstrap: BootstrapState;
  readonly include: IncludeState;
  /** Holds the table: Probe's schedule is read off it. */
  readonly probe: ProbeState;
  readonly refresh: RefreshState;
}
