/** Subtrees of the id space in a sorted list of ids: each is a run of it. */
import { bitAt, type Id } from '@xorrery/core';

/** Where the bit at `depth` becomes 1 in a run of ids, from `low` to below `high`, that share all bits before it. */
export function splitOf(ids: readonly Id[], low: number, high: number, depth: number): number {
  let first = low;
  let last = high;
  while (first < last) {
    const middle = (first + last) >>> 1;
    if (bitAt(ids[middle] as Id, depth) === 0) first = middle + 1;
    else last = middle;
  }
  return first;
}
