/**
 * The promise face of an operation, made of the event stream alone: await it for its report, iterate it for what it
 * finds on the way, abort it with a signal. It stops listening to the signal when it settles.
 *
 * An accepted operation always resolves, but for one whose end had to be saved first and could not be: that rejects.
 * Aborting ends it early with reason `cancelled` and what it has found so far.
 */
import type { OperationEvent, Protocol } from '@xorrery/core';
import { onAbort } from './abort.ts';
import type { Coordinator } from './coordinator.ts';
import type { Announcement } from './types.ts';

export interface OperationOptions {
  /** Ends the operation early. Aborted already: nothing is started, and `signal.reason` is thrown. */
  readonly signal?: AbortSignal;
}

/** How the announcements of an operation are read. */
export interface Reading<P extends Protocol, Item, Report> {
  /** What an announcement brings the caller on the way. */
  items(event: Announcement<P>): readonly Item[];
  /** The report, when this announcement is the end. */
  report(event: Announcement<P>): Report | undefined;
  /** What has to come to pass before the report is handed out. */
  readonly first?: (() => Promise<void>) | undefined;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** Awaitable, and iterable any number of times: each iteration sees every item from the first. */
export class Operation<Item, Report> implements PromiseLike<Report>, AsyncIterable<Item> {
  readonly id: string;
  readonly #items: Item[] = [];
  readonly #settled: Promise<Report>;
  #ended = false;
  #moved: () => void = () => {};
  #motion: Promise<void> = new Promise((resolve) => {
    this.#moved = resolve;
  });

  /** Wraps an operation that has been accepted: `run` reads it, hands on its items and resolves to its report. */
  constructor(id: string, run: (add: (items: readonly Item[]) => void) => Promise<Report>) {
    this.id = id;
    this.#settled = run((items) => {
      if (items.length === 0) return;
      this.#items.push(...items);
      this.#move();
    });
    const end = (): void => {
      this.#ended = true;
      this.#move();
    };
    this.#settled.then(end, end);
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting an operation is its purpose
  then<A = Report, B = never>(
    onReport?: ((report: Report) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settled.then(onReport, onError);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for (let next = 0; ; ) {
      while (next < this.#items.length) yield this.#items[next++] as Item;
      if (this.#ended) {
        await this.#settled;
        return;
      }
      await this.#motion;
    }
  }

  #move(): void {
    this.#moved();
    this.#motion = new Promise((resolve) => {
      this.#moved = resolve;
    });
  }
}

/** Starts an operation and reads it from the stream. Throws at once where `Coordinator.begin` does. */
export function operate<P extends Protocol, C, S, Item, Report>(
  coordinator: Coordinator<P, C, S>,
  event: WithoutId<OperationEvent<P>>,
  reading: Reading<P, Item, Report>,
  { signal }: OperationOptions = {},
): Operation<Item, Report> {
  signal?.throwIfAborted();
  const id = coordinator.nextOperationId();
  const events = coordinator.events({ operation: id, limit: 65_536 });
  try {
    coordinator.begin({ ...event, id } as OperationEvent<P>);
  } catch (error) {
    events.close();
    throw error;
  }
  const forget = signal === undefined ? undefined : onAbort(signal, () => coordinator.cancel(id));
  return new Operation(id, async (add) => {
    try {
      for await (const streamed of events) {
        if (streamed.type === 'lagged') continue;
        add(reading.items(streamed.event));
        const report = reading.report(streamed.event);
        if (report === undefined) continue;
        await reading.first?.();
        return report;
      }
      throw new Error(`the stream ended before operation ${id} did`);
    } finally {
      forget?.();
    }
  });
}
