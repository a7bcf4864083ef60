/** A setting as its tests know it: values it refuses, and values it takes with what each leads to. */
export interface Setting {
  readonly bad: readonly unknown[];
  /** What is seen of a value from outside. */
  readonly story: (value: never) => unknown;
  /** At least two; the outcomes differ, or the setting would be idle. */
  readonly shows: readonly (readonly [value: unknown, outcome: unknown])[];
}

export const setting = <V>(
  bad: readonly unknown[],
  story: (value: V) => unknown,
  ...shows: readonly (readonly [V, unknown])[]
): Setting => ({ bad, story, shows });
