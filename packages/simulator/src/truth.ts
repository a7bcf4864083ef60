/**
 * What a lookup should have found: the k closest of the nodes that are alive, worked out from all ids at once. Ids are
 * kept in order, and a subtree of the id space is a run of them, so that the answer takes O(log n + k) steps in place of
 * a look at every node. It refuses to: know who is honest, or reachable.
 */
import { bitAt, compareDistance, type Id } from '@xorrery/core';
import { splitOf } from './subtree.ts';

export class Truth {
  readonly #ids: Id[];
  readonly #alive = new Set<Id>();

  /** All of them are alive. */
  constructor(ids: readonly Id[]) {
    this.#ids = ids.toSorted();
    for (const id of ids) this.#alive.add(id);
  }

  /** Nodes alive. */
  get size(): number {
    return this.#alive.size;
  }

  isAlive(id: Id): boolean {
    return this.#alive.has(id);
  }

  /** A node came, or came back. */
  add(id: Id): void {
    this.#alive.add(id);
    const at = this.#placeOf(id);
    if (this.#ids[at] !== id) this.#ids.splice(at, 0, id);
  }

  /** A node went. */
  remove(id: Id): void {
    if (!this.#alive.delete(id)) return;
    // Kept among the ids: whoever goes often comes back, and a run is scanned past the few who have not.
    if (this.#ids.length > 2 * this.#alive.size + 64) this.#forgetGone();
  }

  /** At most `count` of those alive, the nearest first, without `except`. */
  closest(target: Id, count: number, except?: Id): Id[] {
    const found: Id[] = [];
    const width = target.length * 4;
    // Depth first, the near half of each subtree before the far one: runs come out in the order of distance.
    const visit = (low: number, high: number, depth: number): void => {
      if (low >= high || found.length >= count) return;
      if (high - low <= 8 || depth === width) return this.#takeFrom(low, high, target, except, found);
      const split = splitOf(this.#ids, low, high, depth);
      if (bitAt(target, depth) === 0) {
        visit(low, split, depth + 1);
        visit(split, high, depth + 1);
      } else {
        visit(split, high, depth + 1);
        visit(low, split, depth + 1);
      }
    };
    visit(0, this.#ids.length, 0);
    return found.slice(0, count);
  }

  #takeFrom(low: number, high: number, target: Id, except: Id | undefined, found: Id[]): void {
    const run = this.#ids.slice(low, high).filter((id) => id !== except && this.#alive.has(id));
    found.push(...run.sort((a, b) => compareDistance(target, a, b)));
  }

  #placeOf(id: Id): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as Id) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forgetGone(): void {
    const left = this.#ids.filter((id) => this.#alive.has(id));
    this.#ids.splice(0, this.#ids.length, ...left);
  }
}
