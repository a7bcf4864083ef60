/**
 * The event stream: any number of subscribers, each with a bounded queue of its own. A slow reader loses progress,
 * and is told how much (`lagged`); it never loses the end of an operation, because a place for that was reserved when
 * the operation was accepted. Publishing never waits and never throws.
 *
 * It refuses to: keep history. Who subscribes late sees what comes after.
 */

/** Stands where events were dropped because the reader was slow. */
export interface Lagged {
  readonly type: 'lagged';
  /** Events dropped here. */
  readonly missed: number;
}

/** What the stream must know of an event to carry it. */
export interface Envelope {
  /** The operation it belongs to, if any. */
  readonly operation?: string;
  /** Whether it is that operation's end. */
  readonly terminal: boolean;
}

export interface SubscribeOptions {
  /** Only events of this operation; the iteration ends after its terminal event. */
  readonly operation?: string;
  /** Progress events kept for a slow reader. Default 1,024. */
  readonly limit?: number;
}

/** One reader's view. Leaving a `for await` loop, or `close()`, ends it and frees its queue. */
export interface Subscription<E> extends AsyncIterableIterator<E | Lagged> {
  close(): void;
}

/** Ends a reader may leave unread, per subscriber, before further operations are refused. */
const MAX_UNREAD_ENDS = 1_024;

export class EventStream<E> {
  readonly #everything = new Set<Reader<E>>();
  readonly #byOperation = new Map<string, Set<Reader<E>>>();
  #closed = false;

  subscribe({ operation, limit = 1_024 }: SubscribeOptions = {}): Subscription<E> {
    const reader: Reader<E> = new Reader(limit, operation, () => this.#forget(reader));
    if (this.#closed) reader.end();
    else if (operation === undefined) this.#everything.add(reader);
    else {
      const readers = this.#byOperation.get(operation) ?? new Set();
      this.#byOperation.set(operation, readers.add(reader));
    }
    return reader;
  }

  /** Whether every subscriber still has room for one more end. */
  hasRoomForEnd(pending: number): boolean {
    for (const reader of this.#everything) if (reader.unreadEnds + pending >= MAX_UNREAD_ENDS) return false;
    return true;
  }

  publish(event: E, { operation, terminal }: Envelope): void {
    for (const reader of this.#everything) reader.offer(event, terminal);
    if (operation === undefined) return;
    for (const reader of this.#byOperation.get(operation) ?? []) {
      reader.offer(event, terminal);
      if (terminal) reader.end();
    }
    if (terminal) this.#byOperation.delete(operation);
  }

  /** Ends every iteration once what it holds has been read. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#everything) reader.end();
    for (const readers of this.#byOperation.values()) for (const reader of readers) reader.end();
    this.#everything.clear();
    this.#byOperation.clear();
  }

  /** Whether anybody listens: readers of everything, and operations that are read. */
  get readers(): number {
    return this.#everything.size + this.#byOperation.size;
  }

  #forget(reader: Reader<E>): void {
    this.#everything.delete(reader);
    if (reader.operation === undefined) return;
    const readers = this.#byOperation.get(reader.operation);
    readers?.delete(reader);
    if (readers?.size === 0) this.#byOperation.delete(reader.operation);
  }
}

interface Item<E> {
  readonly value: E | Lagged;
  readonly kind: 'progress' | 'end' | 'gap';
}

class Reader<E> implements Subscription<E> {
  readonly operation: string | undefined;
  unreadEnds = 0;
  readonly #limit: number;
  readonly #onClose: () => void;
  #queue: Item<E>[] = [];
  #progress = 0;
  #ended = false;
  readonly #waiting: ((result: IteratorResult<E | Lagged>) => void)[] = [];

  constructor(limit: number, operation: string | undefined, onClose: () => void) {
    this.#limit = limit;
    this.operation = operation;
    this.#onClose = onClose;
  }

  offer(event: E, terminal: boolean): void {
    if (this.#ended) return;
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) return waiter({ value: event, done: false });
    if (terminal) {
      this.unreadEnds++;
      this.#queue.push({ value: event, kind: 'end' });
    } else if (this.#progress < this.#limit) {
      this.#progress++;
      this.#queue.push({ value: event, kind: 'progress' });
    } else this.#miss();
  }

  next(): Promise<IteratorResult<E | Lagged>> {
    const item = this.#queue.shift();
    if (item === undefined) {
      if (this.#ended) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    if (item.kind === 'progress') this.#progress--;
    else if (item.kind === 'end') this.unreadEnds--;
    return Promise.resolve({ value: item.value, done: false });
  }

  return(): Promise<IteratorResult<E | Lagged>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  close(): void {
    this.#queue = [];
    this.end();
    this.#onClose();
  }

  /** Nothing more will come; what is held can still be read. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiting.splice(0)) waiter({ value: undefined, done: true });
  }

  /** One marker for each run of dropped events, however long. */
  #miss(): void {
    const last = this.#queue.at(-1);
    const missed = last?.kind === 'gap' ? (last.value as Lagged).missed + 1 : 1;
    if (missed > 1) this.#queue.pop();
    this.#queue.push({ value: { type: 'lagged', missed }, kind: 'gap' });
  }
}
