/**
 * What happens when: a queue in the order of (at, seq), seq being the order of adding. Many things happen in the same
 * millisecond, so it is a list for each instant that has any, and a heap of those instants.
 */
import { assert, type Instant } from '@xorrery/core';

export class Agenda<T> {
  readonly #lists = new Map<Instant, T[]>();
  /** A binary heap of the instants that have a list. */
  readonly #instants: Instant[] = [];
  #now: Instant = 0;
  #list: T[] = [];
  #taken = 0;
  #size = 0;

  /** Things to come. */
  get size(): number {
    return this.#size;
  }

  /** The instant of what was taken last. */
  get now(): Instant {
    return this.#now;
  }

  /** Adds something for an instant that is not over. */
  add(at: Instant, thing: T): void {
    assert(at >= this.#now, 'nothing is planned for the past:', at, this.#now);
    this.#size++;
    if (at === this.#now) {
      this.#list.push(thing);
      return;
    }
    const list = this.#lists.get(at);
    if (list !== undefined) list.push(thing);
    else {
      this.#lists.set(at, [thing]);
      this.#rise(at);
    }
  }

  /** The instant of what `take` would give; `undefined` when there is nothing. */
  get next(): Instant | undefined {
    return this.#taken < this.#list.length ? this.#now : this.#instants[0];
  }

  /** The earliest thing, taken out; `undefined` when there is none. `now` is its instant then. */
  take(): T | undefined {
    if (this.#taken === this.#list.length) {
      const at = this.#sink();
      if (at === undefined) return undefined;
      this.#now = at;
      this.#list = this.#lists.get(at) as T[];
      this.#lists.delete(at);
      this.#taken = 0;
    }
    this.#size--;
    return this.#list[this.#taken++] as T;
  }

  #rise(at: Instant): void {
    const heap = this.#instants;
    let i = heap.length;
    heap.push(at);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((heap[parent] as Instant) <= at) break;
      heap[i] = heap[parent] as Instant;
      i = parent;
    }
    heap[i] = at;
  }

  #sink(): Instant | undefined {
    const heap = this.#instants;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && (heap[child + 1] as Instant) < (heap[child] as Instant)) child++;
      if ((heap[child] as Instant) >= last) break;
      heap[i] = heap[child] as Instant;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
