/** How much strangers may ask of a node, and how much it says to those who have shown nothing. */
import { checkInteger } from '../errors.ts';
import { checkRate, type LimiterConfig, type Rate } from './limiter.ts';

export interface ResponderConfig {
  /** Requests that are answered; those beyond are dropped and counted. */
  readonly limiter: LimiterConfig;
  /** Bytes of all our answers together; those beyond are dropped and counted. */
  readonly maxRate: Rate | 'off';
  /**
   * A reply to somebody who has not shown that it receives packets at its address has at most so many times the bytes
   * of the request, so that a forged source gains nothing.
   */
  readonly amplification: number | 'off';
}

export const DEFAULT_RESPONDER: ResponderConfig = {
  limiter: { perHost: 'off', perNetwork: 'off', maxEntries: 10_000 },
  maxRate: 'off',
  amplification: 12,
};

/** Throws `ConfigError` naming the first field that is out of range. The limiter checks its own part when made. */
export function checkResponderConfig(config: ResponderConfig): void {
  checkRate('responder.limiter.perHost', config.limiter.perHost);
  checkRate('responder.limiter.perNetwork', config.limiter.perNetwork);
  checkInteger('responder.limiter.maxEntries', config.limiter.maxEntries, 2, 1_000_000);
  checkRate('responder.maxRate', config.maxRate);
  if (config.amplification !== 'off') checkInteger('responder.amplification', config.amplification, 1, 1_000_000);
}
