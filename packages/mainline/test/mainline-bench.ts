/** A Mainline machine under a test's control: fed by hand, its requests kept. */
import {
  type Contact,
  contactsIn,
  type Endpoint,
  type Id,
  type Instant,
  idFromHex,
  makeNode,
  maps,
  type NodeConfig,
  type NodeEffect,
  type NodeEvent,
  type NodeState,
} from '@xorrery/core';
import {
  type InReply,
  MAINLINE_DEFAULTS,
  type Mainline,
  type MainlineStore,
  type MainlineStoreConfig,
  mainline,
} from '@xorrery/mainline';
import { Dice } from '@xorrery/testkit';
import { expect } from 'vitest';

export const machine = makeNode(mainline);
export const idOf = (n: number): Id => idFromHex(n.toString(16).padStart(40, '0'), 160);
/** Each in a network of its own, so that limits on networks do not bind. */
export const at = (n: number): Endpoint => `198.18.${n & 255}.1:${6_881 + (n >> 8)}`;
export const node = (n: number): Contact => ({ id: idOf(n), endpoint: at(n) });

export interface Sent {
  readonly to: Endpoint;
  readonly tid: string;
}

/** A node under a test's control. Its entropy is real enough: seeded, and without a pattern. */
export class Bench {
  state: NodeState<Mainline, MainlineStoreConfig, MainlineStore>;
  now: Instant = 0;
  told: readonly NodeEffect<Mainline>[] = [];
  readonly sent: Sent[] = [];
  readonly #dice = new Dice(1);
  #next = 0;

  constructor(changes: Partial<NodeConfig<MainlineStoreConfig>> = {}) {
    this.state = machine.init({ ...MAINLINE_DEFAULTS, self: idOf(0), seed: 1, ...changes });
    this.step({ type: 'start', seeds: [] });
  }

  step(event: NodeEvent<Mainline>): readonly NodeEffect<Mainline>[] {
    const { state, effects } = machine.advance(this.state, event, this.now);
    this.state = state;
    const told: NodeEffect<Mainline>[] = effects.filter((it) => it.type !== 'entropy-needed');
    for (const effect of effects) {
      if (effect.type === 'transmit' && effect.message.type === 'request') {
        this.sent.push({ to: effect.to, tid: effect.message.tid });
      }
      if (effect.type === 'entropy-needed') {
        const bytes = Array.from({ length: effect.bytes }, () => this.#dice.below(256).toString(16).padStart(2, '0'));
        told.push(...this.step({ type: 'entropy', bytes: bytes.join('') }));
      }
    }
    this.told = told;
    return told;
  }

  /** Pings these endpoints; the transaction of each. */
  ping(...endpoints: readonly Endpoint[]): Sent[] {
    const before = this.sent.length;
    const seeds = endpoints.map((endpoint) => ({ endpoint }));
    const settings = { alpha: Math.max(1, seeds.length) };
    this.step({ type: 'ask', id: `ping${this.#next++}`, seeds, request: { method: 'ping' }, settings });
    return this.sent.slice(before);
  }

  reply(from: Endpoint, tid: string, sender: Id, reply: InReply = {}): readonly NodeEffect<Mainline>[] {
    return this.step({ type: 'received', from, message: { type: 'reply', tid, sender, reply } });
  }

  /** Makes members of the table: each answers a ping of ours. */
  meet(...contacts: readonly Contact[]): void {
    for (const { id, endpoint } of contacts) for (const { tid } of this.ping(endpoint)) this.reply(endpoint, tid, id);
    // Meeting the first makes the node join: its lookups are answered too, so that nothing is open after.
    for (let i = 0; i < this.sent.length; i++) {
      const { to, tid } = this.sent[i] as Sent;
      const contact = contacts.find((it) => it.endpoint === to);
      if (contact !== undefined && maps.has(this.state.wire.open, tid)) this.reply(to, tid, contact.id);
    }
    expect(this.state.wire.open.size).toBe(0);
  }

  /** The report of the lookup that ends in this step. */
  report(told: readonly NodeEffect<Mainline>[] = this.told) {
    for (const it of told) if (it.type === 'query' && it.effect.type === 'finished') return it.effect.report;
    return undefined;
  }

  get deadline(): Instant | undefined {
    return machine.nextDeadline(this.state);
  }

  get members(): Id[] {
    return contactsIn(this.state.routing)
      .map((it) => it.id)
      .toSorted();
  }
}
