/** How much strangers may ask of a node, and how much it says to those who have shown nothing. */
import { checkInteger } from '../errors.ts';
import type { Instant } from '../machine.ts';
import { checkRate, type LimiterConfig, type Rate } from './limiter.ts';

export interface ResponderConfig {
  /** Requests that are answered; those beyond are dropped and counted. */
  readonly limiter: LimiterConfig;
  /** Bytes of all our answers together, errors up to half of the burst; those beyond are dropped and counted. */
  readonly maxRate: Rate | 'off';
  /**
   * A reply to somebody who has not shown that it receives packets at its address has at most so many times the bytes
   * of the request, so that a forged source gains nothing.
   */
  readonly amplification: number | 'off';
  readonly checks: ChecksConfig;
}

/** Signatures, each of which costs as much as a hundred other requests. */
export interface ChecksConfig {
  /** Signatures of strangers' requests that are judged; requests beyond are dropped and counted. */
  readonly maxRate: Rate | 'off';
  /** Requests, and replies to us, that wait for a verdict, of each at most so many. */
  readonly maxPending: number;
  /** ms after which a verdict is not waited for any more: a request is dropped, a reply counts without its values. */
  readonly deadline: Instant;
}

export const DEFAULT_RESPONDER: ResponderConfig = {
  limiter: { perHost: 'off', perNetwork: 'off', maxEntries: 10_000 },
  maxRate: 'off',
  amplification: 12,
  checks: { maxRate: { perSecond: 200, burst: 400 }, maxPending: 256, deadline: 5_000 },
};

/** Throws `ConfigError` naming the first field that is out of range. The limiter checks its own part when made. */
export function checkResponderConfig(config: ResponderConfig): void {
  checkRate('responder.limiter.perHost', config.limiter.perHost);
  checkRate('responder.limiter.perNetwork', config.limiter.perNetwork);
  checkInteger('responder.limiter.maxEntries', config.limiter.maxEntries, 2, 1_000_000);
  checkRate('responder.maxRate', config.maxRate);
  if (config.amplification !== 'off') checkInteger('responder.amplification', config.amplification, 1, 1_000_000);
  checkRate('responder.checks.maxRate', config.checks.maxRate);
  checkInteger('responder.checks.maxPending', config.checks.maxPending, 1, 65_536);
  checkInteger('responder.checks.deadline', config.checks.deadline, 1, 3_600_000);
}
