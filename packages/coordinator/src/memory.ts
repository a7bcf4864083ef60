/**
 * Many nodes in one process without sockets: a clock that only moves when told to, and a router that carries messages
 * between transports on it. Everything happens in order of (time, arrival), so that a run repeats exactly.
 *
 * It refuses to: lose, delay unevenly or forge. That is the simulator's work.
 */
import type { Endpoint, Instant } from '@xorrery/core';
import { TransportError } from './errors.ts';
import type { Clock, Inbox, Transport } from './ports.ts';

interface Task {
  readonly at: Instant;
  readonly seq: number;
  readonly run: () => void;
}

/** Virtual time, shared by any number of clocks. */
export class VirtualTime {
  #now: Instant;
  #seq = 0;
  /** In order of (at, seq). */
  readonly #tasks: Task[] = [];

  constructor(start: Instant = 0) {
    this.#now = start;
  }

  get now(): Instant {
    return this.#now;
  }

  /** Runs `run` when `delay` ms have passed; returns what takes it back. */
  schedule(delay: Instant, run: () => void): () => void {
    const task: Task = { at: this.#now + Math.max(0, delay), seq: this.#seq++, run };
    let low = 0;
    let high = this.#tasks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#tasks[middle] as Task).at <= task.at) low = middle + 1;
      else high = middle;
    }
    this.#tasks.splice(low, 0, task);
    return () => {
      const index = this.#tasks.indexOf(task);
      if (index >= 0) this.#tasks.splice(index, 1);
    };
  }

  /** Lets `ms` pass, doing what falls due. Between two things due, whatever awaits them gets to run. */
  async advance(ms: Instant): Promise<void> {
    const end = this.#now + ms;
    for (let task = this.#tasks[0]; task !== undefined && task.at <= end; task = this.#tasks[0]) {
      this.#tasks.shift();
      this.#now = task.at;
      task.run();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** Lets time pass until `promise` settles; throws when nothing is scheduled any more, or after `limit` ms. */
  async until<T>(promise: PromiseLike<T>, limit: Instant = 600_000): Promise<T> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    promise.then(mark, mark);
    const end = this.#now + limit;
    for (await settled(); !done; await settled()) {
      const next = this.#tasks[0];
      if (next === undefined || next.at > end) throw new Error('nothing more happens, and the promise is still open');
      await this.advance(next.at - this.#now);
    }
    return promise;
  }

  /** A clock on this time. */
  clock(): Clock {
    let cancel: () => void = () => {};
    return {
      now: () => this.#now,
      wall: () => this.#now,
      wakeAt: (at, wake) => {
        cancel();
        cancel = at === undefined ? () => {} : this.schedule(at - this.#now, wake);
      },
    };
  }
}

/** Carries messages between the transports that were joined to it, each `latency` ms after it was sent. */
export class MemoryRouter<Out, In> {
  readonly #time: VirtualTime;
  readonly #latency: Instant;
  readonly #carry: (message: Out, from: Endpoint, to: Endpoint, now: Instant) => In;
  readonly #inboxes = new Map<Endpoint, Inbox<In>>();

  /** `carry` stands for encoding and decoding: it turns what was sent into what arrives. */
  constructor(
    time: VirtualTime,
    carry: (message: Out, from: Endpoint, to: Endpoint, now: Instant) => In,
    latency: Instant = 1,
  ) {
    this.#time = time;
    this.#carry = carry;
    this.#latency = latency;
  }

  /** A transport at this endpoint; `open` fails while another is open there. */
  join(endpoint: Endpoint): Transport<Out, In> {
    let own: Inbox<In> | undefined;
    const isOpen = (): boolean => own !== undefined && this.#inboxes.get(endpoint) === own;
    return {
      open: async (inbox) => {
        if (this.#inboxes.has(endpoint)) throw new TransportError('address-in-use', `${endpoint} is in use`);
        own = inbox;
        this.#inboxes.set(endpoint, inbox);
        return endpoint;
      },
      send: (to, message) => {
        if (!isOpen()) return;
        this.#time.schedule(this.#latency, () => {
          this.#inboxes.get(to)?.received(endpoint, this.#carry(message, endpoint, to, this.#time.now));
        });
      },
      close: async () => {
        if (isOpen()) this.#inboxes.delete(endpoint);
      },
    };
  }
}

/** Lets everything that only waits for promises run. */
async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}
