/**
 * Who is in the network: roles, and what each node is right now. Numbers are places in the order of the first ids, so
 * that a subtree of the id space is a run of numbers.
 */
import type { Contact, Instant, NodeState, Protocol, Snapshot } from '@xorrery/core';
import type { AdversaryKind } from './spec.ts';

export type Role = 'honest' | AdversaryKind;

// biome-ignore lint/suspicious/noExplicitAny: a simulation holds nodes of whatever protocol it is given
export type AnyState = NodeState<any, any, any>;

export interface Resident {
  readonly number: number;
  readonly role: Role;
  /** Its id changes when it comes back as somebody else. */
  contact: Contact;
  /** `undefined`: down, or up and not looked at yet (full tables are made into nodes when they are first needed). */
  state: AnyState | undefined;
  isUp: boolean;
  /** Simulated time minus its own clock's. */
  offset: Instant;
  /** Since when its host sleeps or last slept, and until when. */
  asleepSince: Instant;
  asleepUntil: Instant;
  /** The earliest planned wake, in simulated time. */
  wakeAt: Instant;
  /** When what it has sent so far has left, where bandwidth is limited. */
  busyUntil: Instant;
  /** What it wrote down when it left. */
  saved: { readonly snapshot: Snapshot<Protocol>; readonly at: Instant } | undefined;
  /** How often it has started. */
  starts: number;
}

export const NEVER_WAKES: Instant = Number.MAX_SAFE_INTEGER;

export function newResident(number: number, role: Role, contact: Contact, offset: Instant): Resident {
  return {
    number,
    role,
    contact,
    state: undefined,
    isUp: false,
    offset,
    asleepSince: 0,
    asleepUntil: 0,
    wakeAt: NEVER_WAKES,
    busyUntil: 0,
    saved: undefined,
    starts: 0,
  };
}
