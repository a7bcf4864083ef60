/**
 * The virtual network: how a packet gets from one address to another, when, and in which state. Addresses are looked up
 * as they are written; nobody is asked whether they are who they claim to be, as on the Internet. It refuses to: read
 * messages, or keep anything of a packet that was delivered.
 */
import type { Endpoint, Instant } from '@xorrery/core';
import type { Chance } from './chance.ts';
import type { Duration } from './distribution.ts';
import { type Fault, fateOf } from './fault.ts';
import type { Resident } from './population.ts';

/** A packet that will arrive. `garbled`: as no message. */
export interface Delivery {
  readonly type: 'packet';
  readonly to: Resident;
  readonly from: Endpoint;
  readonly message: unknown;
  readonly bytes: number;
  readonly garbled: boolean;
}

/** Packets by what became of them. */
export interface Traffic {
  sent: number;
  delivered: number;
  lost: number;
  duplicated: number;
  garbled: number;
  /** Sent where nobody is. */
  unreachable: number;
  bytes: number;
}

export interface WiresOptions {
  readonly latency: Duration;
  readonly faults: readonly Fault[];
  /** Bytes a second that one node can send. */
  readonly bandwidth: number | 'off';
  /** Shows each destination another port of this node (symmetric translation). */
  readonly translates: (node: number) => boolean;
  readonly slow: { readonly who: ReadonlySet<number>; readonly ms: Instant } | 'off';
  readonly chance: Chance;
}

export class Wires {
  readonly traffic: Traffic = { sent: 0, delivered: 0, lost: 0, duplicated: 0, garbled: 0, unreachable: 0, bytes: 0 };
  readonly #options: WiresOptions;
  readonly #byAddress = new Map<Endpoint, Resident>();

  constructor(options: WiresOptions) {
    this.#options = options;
  }

  /** From now on packets to this address reach this node. */
  attach(endpoint: Endpoint, resident: Resident): void {
    this.#byAddress.set(endpoint, resident);
  }

  at(endpoint: Endpoint): Resident | undefined {
    return this.#byAddress.get(endpoint);
  }

  /** Sends a packet; tells `plan` when and how it arrives, once, twice or never. `from` is what its sender claims. */
  send(
    sender: Resident,
    from: Endpoint,
    to: Endpoint,
    message: unknown,
    bytes: number,
    now: Instant,
    plan: (at: Instant, delivery: Delivery) => void,
  ): void {
    const { traffic } = this;
    const { latency, faults, chance, bandwidth } = this.#options;
    traffic.sent++;
    traffic.bytes += bytes;
    // Its own line carries it first, wherever it ends.
    let leaves = now;
    if (bandwidth !== 'off') {
      leaves = Math.max(now, sender.busyUntil) + Math.floor((bytes * 1_000) / bandwidth);
      sender.busyUntil = leaves;
    }
    const receiver = this.#byAddress.get(to);
    if (receiver === undefined) {
      traffic.unreachable++;
      return;
    }
    const fate = faults.length === 0 ? 'pass' : fateOf(faults, { from: sender.number, to: receiver.number, at: now });
    if (fate === 'drop') {
      traffic.lost++;
      return;
    }
    const garbled = fate === 'garble';
    if (garbled) traffic.garbled++;
    const delay = latency(chance) + this.#slowness(sender) + (typeof fate === 'number' ? fate : 0);
    const delivery: Delivery = {
      type: 'packet',
      to: receiver,
      from: this.#shown(sender, from, to),
      message,
      bytes,
      garbled,
    };
    plan(leaves + delay, delivery);
    if (fate !== 'duplicate') return;
    traffic.duplicated++;
    plan(leaves + latency(chance), delivery);
  }

  #slowness(sender: Resident): Instant {
    const { slow } = this.#options;
    return slow !== 'off' && slow.who.has(sender.number) ? slow.ms : 0;
  }

  /** The address under which the receiver sees the sender. */
  #shown(sender: Resident, from: Endpoint, to: Endpoint): Endpoint {
    if (!this.#options.translates(sender.number)) return from;
    let sum = 0;
    for (let i = 0; i < to.length; i++) sum = (Math.imul(sum, 31) + to.charCodeAt(i)) >>> 0;
    const shown = `${from.slice(0, from.lastIndexOf(':'))}:${20_000 + (sum % 40_000)}`;
    this.attach(shown, sender);
    return shown;
  }
}
