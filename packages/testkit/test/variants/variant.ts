/** Deliberately broken variants of the core: patches of its sources, applied to a copy and never to the core itself. */

export interface Variant {
  readonly name: string;
  /** What goes wrong. */
  readonly breaks: string;
  /** Under `packages/core/src`. */
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The network whose exploration catches it. */
  readonly net: string;
  /** Words of the promise that is found broken. */
  readonly caughtBy: string;
}

/** The source with the fault in it. Throws when the sources have moved on. */
export function patched({ name, file, find, replace }: Variant, source: string): string {
  const parts = source.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(
    `variant '${name}': its text occurs ${parts.length - 1} times in packages/core/src/${file}, not once. ` +
      `The sources have moved on; find the fault's new place, or write the variant anew:\n${find}`,
  );
}
