/** How a table is divided, how many it holds, and of whom. Plain data, checked when a table is made. */
import { ConfigError, checkChoice, checkInteger } from '../errors.ts';
import { checkCaps, type GroupCaps } from './caps.ts';

export interface TableConfig {
  readonly bucketPolicy: 'fixed' | 'split';
  /** Members per bucket, by depth; the last number holds for all deeper ones. */
  readonly bucketSizes: readonly number[];
  /** Spares per bucket. */
  readonly replacements: number;
  /** Unanswered requests in a row after which a member goes; one is enough where a spare waits. */
  readonly maxFailures: number;
  /** Places that one host or one network may take. */
  readonly caps: GroupCaps | 'off';
}

/** Throws `ConfigError` naming the first field that is out of range. */
export function checkTableConfig(config: TableConfig): void {
  checkChoice('table.bucketPolicy', config.bucketPolicy, ['fixed', 'split']);
  if (!Array.isArray(config.bucketSizes) || config.bucketSizes.length === 0) {
    throw new ConfigError('table.bucketSizes', 'must list at least one size');
  }
  for (const size of config.bucketSizes) checkInteger('table.bucketSizes', size, 1, 4_096);
  checkInteger('table.replacements', config.replacements, 0, 4_096);
  checkInteger('table.maxFailures', config.maxFailures, 1, 100);
  checkCaps('table.caps', config.caps);
}

/** How many members a bucket of one depth may have. */
export function bucketCapacity(config: TableConfig, index: number): number {
  return config.bucketSizes[Math.min(index, config.bucketSizes.length - 1)] as number;
}
