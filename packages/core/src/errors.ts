/**
 * The things in core that may throw: a constructor given a bad argument (`ConfigError`) or a bad snapshot
 * (`SnapshotError`), and an assert, which means a bug in this code. Nothing a stranger sends can reach any of them.
 */

/** A configuration field or constructor argument is unusable. `field` names it, e.g. `query.alpha`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}

/**
 * A snapshot cannot be restored; `reason` says why. `version`: a version this code does not read. `profile`: of another protocol.
 * `corrupt`: not a snapshot, or a damaged one. The file is left as it is.
 */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly reason: 'version' | 'profile' | 'corrupt';

  constructor(reason: SnapshotError['reason'], message: string) {
    super(`snapshot: ${message}`);
    this.reason = reason;
  }
}

/** Throws `ConfigError` unless `value` is an integer in `min..max`. */
export function checkInteger(field: string, value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw new ConfigError(field, `must be an integer from ${min} to ${max}, got ${describe(value)}`);
  }
}

/** Throws `ConfigError` unless `value` is one of `choices`. */
export function checkChoice(field: string, value: unknown, choices: readonly string[]): void {
  if (typeof value !== 'string' || !choices.includes(value)) {
    throw new ConfigError(field, `must be one of ${choices.join(', ')}, got ${describe(value)}`);
  }
}

/**
 * States what must hold if this code is right. A failure is a bug here, never a stranger's doing. The numbers are put into
 * words only then: what is asserted in every step must not cost a text.
 */
export function assert(condition: boolean, claim: string, ...numbers: readonly number[]): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${[claim, ...numbers].join(' ')}`);
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
