/**
 * Delta debugging (Zeller and Hildebrandt, 2002): from a list that fails to one that still fails and none of whose items
 * can be left out alone. The order is kept. What failing means is the caller's, who must give the same answer each time.
 */
export function ddmin<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => boolean,
  progress?: (left: number) => void,
): readonly T[] {
  if (items.length === 0 || fails([])) return [];
  let left = items;
  for (let parts = 2; left.length > 1; ) {
    const size = Math.ceil(left.length / parts);
    let smaller: readonly T[] | undefined;
    // From the end: what came last depends on what came first, seldom the other way round.
    for (let from = size * (Math.ceil(left.length / size) - 1); from >= 0 && smaller === undefined; from -= size) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      if (fails(without)) smaller = without;
    }
    if (smaller !== undefined) {
      left = smaller;
      parts = Math.max(2, Math.min(parts - 1, left.length));
      progress?.(left.length);
    } else if (size === 1) return left;
    else parts = Math.min(left.length, parts * 2);
  }
  return left;
}
