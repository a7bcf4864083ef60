/**
 * One moment of a small network, as plain data, and what may happen next in it. Nothing is decided here: every choice
 * that is open in a world is listed, whoever explores takes them all, or some.
 */
import type { Answer, Endpoint, Id, Instant, PoolState, Value, WireState } from '@xorrery/core';
import type { Budget, SmallNet, Talk } from './small-net.ts';

/** Something under way. `serial` counts what was sent; `request` is the truth about whom it concerns, unknown to the wire. */
export type Packet = { readonly serial: number } & (
  | {
      readonly kind: 'request';
      readonly endpoint: Endpoint;
      readonly tid: string;
      readonly request: number;
      readonly find: Id;
    }
  | {
      readonly kind: 'reply';
      readonly endpoint: Endpoint;
      readonly tid: string;
      readonly request: number;
      readonly sender: Id;
      readonly answer: Answer<Value>;
    }
  | { readonly kind: 'error'; readonly endpoint: Endpoint; readonly tid: string; readonly request: number }
  | { readonly kind: 'entropy'; readonly bytes: number }
);

/** A request that has left and has no outcome yet, as seen from outside of the machines. */
export interface Owed {
  readonly request: number;
  readonly lookup: string;
  readonly endpoint: Endpoint;
  readonly sentAt: Instant;
  /** Its deadline has passed; it may still be answered late. */
  readonly late: boolean;
}

export interface World {
  readonly now: Instant;
  readonly pool: PoolState<Talk>;
  readonly wire: WireState<Talk>;
  /** In order of sending. */
  readonly packets: readonly Packet[];
  /** In order of sending. */
  readonly owed: readonly Owed[];
  /** Lookups that were accepted and have not reported. */
  readonly alive: readonly string[];
  /** What may still go wrong. */
  readonly left: Budget;
  readonly serials: number;
  /** Transaction ids' worth of entropy handed out. */
  readonly entropy: number;
}

export type Choice =
  | { readonly do: 'deliver' | 'lose' | 'copy' | 'refuse' | 'forge'; readonly packet: number }
  /** The clock reaches the next deadline; nobody is told yet, so that packets may still come first. */
  | { readonly do: 'wait' }
  /** The pool is told that its deadline has come. */
  | { readonly do: 'wake' }
  | { readonly do: 'add' | 'cancel'; readonly id: string }
  | { readonly do: 'close' };

/** Where forged replies come from. */
export const STRANGER: Endpoint = 'stranger';

/** All that may happen next: packets in order of sending, then time, then what is done to the lookups. */
export function choicesOf(net: SmallNet, world: World, deadline: Instant | undefined): Choice[] {
  const { left, packets, alive, now } = world;
  const choices: Choice[] = [];
  for (const { serial: packet, kind } of packets) {
    choices.push({ do: 'deliver', packet });
    if (kind === 'entropy') continue;
    if (left.losses > 0) choices.push({ do: 'lose', packet });
    if (left.copies > 0) choices.push({ do: 'copy', packet });
    if (left.refusals > 0 && kind === 'request') choices.push({ do: 'refuse', packet });
    if (left.forgeries > 0 && kind === 'reply') choices.push({ do: 'forge', packet });
  }
  if (deadline !== undefined) choices.push(now < deadline ? { do: 'wait' } : { do: 'wake' });
  if (left.cancels > 0) for (const id of alive) choices.push({ do: 'cancel', id });
  if (left.closes > 0 && alive.length > 0) choices.push({ do: 'close' });
  if (left.adds > 0) {
    for (const { id } of net.lookups) if (!alive.includes(id)) choices.push({ do: 'add', id });
  }
  return choices;
}

/** Whether nothing is under way: no lookup, no packet. */
export function isAtRest({ alive, packets }: World): boolean {
  return alive.length === 0 && packets.length === 0;
}
