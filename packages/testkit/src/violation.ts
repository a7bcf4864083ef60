/** How an invariant says that it was broken. */

/** A machine broke one of its promises: a bug in the machine, never in the input. */
export class ViolationError extends Error {
  override readonly name = 'ViolationError';
}

/** Throws `ViolationError` unless the claim holds. `show` is only asked when it does not. */
export function claim(holds: boolean, what: string, show?: () => unknown): asserts holds {
  if (holds) return;
  throw new ViolationError(show === undefined ? what : `${what}: ${JSON.stringify(show())}`);
}
