/** The empty list of anything. Shared, so that a node at rest has no lists of its own where there is nothing to list. */
export const NONE: readonly never[] = Object.freeze([]);
