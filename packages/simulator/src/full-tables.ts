/**
 * Tables as they are when everybody has known the network for long: each bucket of each node holds min(size, subtree)
 * uniformly random members of its subtree, drawn for each node by itself (theory's model of a static network).
 *
 * A table here is a run of node numbers, 4 bytes a contact, so that a million of them exist before the first lookup.
 * It refuses to: know nodes. Whoever wants one gets lists of numbers, bucket by bucket.
 */
import type { Id } from '@xorrery/core';
import type { Chance } from './chance.ts';
import { splitOf } from './subtree.ts';

export interface FullTables {
  /** Members of all tables together. */
  readonly contacts: number;
  readonly bytes: number;
  /** By bucket: the numbers of its members. */
  bucketsOf(node: number): number[][];
}

/** `ids` in ascending order, all different; `sizes`: members a bucket may have by depth, the last for all deeper ones. */
export function fullTables(ids: readonly Id[], sizes: readonly number[], chance: Chance): FullTables {
  const sizeAt = (depth: number): number => sizes[Math.min(depth, sizes.length - 1)] as number;
  const starts = new Float64Array(ids.length + 1);
  let total = 0;
  countMembers(ids, sizeAt, (node, members) => {
    starts[node + 1] = (starts[node + 1] as number) + members;
    total += members;
  });
  for (let node = 0; node < ids.length; node++)
    starts[node + 1] = (starts[node] as number) + (starts[node + 1] as number);

  const members = new Uint32Array(total);
  const filled = starts.slice(0, ids.length);
  const visit = (low: number, high: number, depth: number): void => {
    if (high - low < 2) return;
    const split = splitOf(ids, low, high, depth);
    fill(low, split, split, high, depth);
    fill(split, high, low, split, depth);
    visit(low, split, depth + 1);
    visit(split, high, depth + 1);
  };
  const fill = (low: number, high: number, from: number, to: number, depth: number): void => {
    const count = Math.min(sizeAt(depth), to - from);
    for (let node = low; node < high; node++) {
      const at = filled[node] as number;
      chance.distinct(from, to - from, count, members, at);
      filled[node] = at + count;
    }
  };
  visit(0, ids.length, 0);

  const bucketsOf = (node: number): number[][] => {
    const buckets: number[][] = [];
    let [low, high, at] = [0, ids.length, starts[node] as number];
    for (let depth = 0; high - low > 1; depth++) {
      const split = splitOf(ids, low, high, depth);
      const siblings = node < split ? high - split : split - low;
      const count = Math.min(sizeAt(depth), siblings);
      const bucket = new Array<number>(count);
      for (let i = 0; i < count; i++) bucket[i] = members[at++] as number;
      buckets.push(bucket);
      if (node < split) high = split;
      else low = split;
    }
    return buckets;
  };
  return { contacts: total, bytes: members.byteLength + 2 * starts.byteLength, bucketsOf };
}

/** Tells how many members each node has at each depth. */
function countMembers(
  ids: readonly Id[],
  sizeAt: (depth: number) => number,
  tell: (node: number, members: number) => void,
): void {
  const visit = (low: number, high: number, depth: number): void => {
    if (high - low < 2) return;
    const split = splitOf(ids, low, high, depth);
    const [near, far] = [Math.min(sizeAt(depth), high - split), Math.min(sizeAt(depth), split - low)];
    for (let node = low; node < split; node++) tell(node, near);
    for (let node = split; node < high; node++) tell(node, far);
    visit(low, split, depth + 1);
    visit(split, high, depth + 1);
  };
  visit(0, ids.length, 0);
}
