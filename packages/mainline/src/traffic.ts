/**
 * What a node has sent and received since it was made, by method: for people and for whoever watches over it. It is told
 * each turn by the coordinator and each packet's length by the transport, and adds up; it costs a request a few sums.
 *
 * It refuses to: look into packets, or keep anything that grows but by the lookups under way.
 */
import type { Instant, NodeEffect, NodeEvent } from '@xorrery/core';
import type { Mainline, OutRequest } from './messages.ts';

export type Method = OutRequest['method'];

/** Requests by method: ours, those of them that were answered, and those of others. */
export interface MethodCounts {
  readonly sent: number;
  readonly succeeded: number;
  readonly received: number;
}

export interface TrafficCounts {
  /** Methods that were used. */
  readonly methods: Readonly<Partial<Record<Method, MethodCounts>>>;
  /** Our requests whose deadline passed without an answer. */
  readonly timeouts: number;
  /** Errors others sent us. */
  readonly errors: number;
  /** Of packets, without the headers of UDP and IP. 0 where the transport does not tell. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Peers that lookups found, each counted once a lookup. */
  readonly peersDiscovered: number;
}

export class Traffic {
  readonly #methods = new Map<Method, { sent: number; succeeded: number; received: number }>();
  /** What each lookup under way asks, by its id. */
  readonly #asking = new Map<string, Method>();
  #timeouts = 0;
  #errors = 0;
  #bytesReceived = 0;
  #bytesSent = 0;
  #peers = 0;

  get counts(): TrafficCounts {
    return {
      methods: Object.fromEntries([...this.#methods].map(([method, it]) => [method, { ...it }])),
      timeouts: this.#timeouts,
      errors: this.#errors,
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      peersDiscovered: this.#peers,
    };
  }

  received(bytes: number): void {
    this.#bytesReceived += bytes;
  }

  sent(bytes: number): void {
    this.#bytesSent += bytes;
  }

  /** For the coordinator: `whose` tells the lookups of several nodes apart. */
  readonly observe = (
    whose: string,
    _at: Instant,
    event: NodeEvent<Mainline>,
    effects: readonly NodeEffect<Mainline>[],
  ): void => {
    if (event.type === 'received') {
      const { message } = event;
      if (message.type === 'request') this.#of(message.request.method).received++;
      else if (message.type === 'error') this.#errors++;
    }
    for (const effect of effects) if (effect.type === 'query') this.#take(`${whose} ${effect.id}`, effect.effect);
  };

  #take(id: string, effect: Extract<NodeEffect<Mainline>, { type: 'query' }>['effect']): void {
    switch (effect.type) {
      case 'send':
        this.#asking.set(id, effect.payload.method);
        this.#of(effect.payload.method).sent++;
        return;
      case 'progressed': {
        const method = this.#asking.get(id);
        if (method === undefined) return;
        this.#of(method).succeeded++;
        if (method === 'get_peers') this.#peers += effect.values.length;
        return;
      }
      case 'unanswered':
        this.#timeouts++;
        return;
      case 'finished':
        this.#asking.delete(id);
    }
  }

  #of(method: Method): { sent: number; succeeded: number; received: number } {
    let counts = this.#methods.get(method);
    if (counts === undefined) {
      counts = { sent: 0, succeeded: 0, received: 0 };
      this.#methods.set(method, counts);
    }
    return counts;
  }
}
