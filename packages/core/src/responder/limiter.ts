/**
 * Rate limits on what others ask: so many requests a second for each host and for each network, with a burst. One
 * number for each that is not at rest: the instant at which its account will be level again (the virtual scheduling
 * form of a token bucket, ITU-T I.371), which is also when it can be forgotten.
 *
 * It refuses to: keep anything of those who are at rest, or more than `maxEntries` accounts: beyond that the one
 * nearest to rest is forgotten, so a flood from ever new addresses costs its own accounts.
 */
import { ConfigError, checkInteger } from '../errors.ts';
import type { Instant } from '../machine.ts';
import { emptyMap, entriesDue, get, hashOf, nextDue, type PersistentMap, remove, set, withoutFirst } from '../map.ts';

/** So many a second on average, and at most `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface LimiterConfig {
  /** For one host: an address without its port. */
  readonly perHost: Rate | 'off';
  /** For all hosts of one network together. */
  readonly perNetwork: Rate | 'off';
  readonly maxEntries: number;
}

export interface LimiterState {
  readonly config: LimiterConfig;
  /** By host or network: when its account is level again. Due then. */
  readonly accounts: PersistentMap<Instant>;
  /** When those at rest are swept out, if nobody asks before. */
  readonly sweepAt: Instant | undefined;
}

/** Accounts forgotten in one sweep. */
const MAX_SWEEP = 1_000;
const SWEEP_EVERY = 60_000;

/** Throws `ConfigError` unless `rate` is `off` or in range. */
export function checkRate(field: string, rate: Rate | 'off'): void {
  if (rate === 'off') return;
  if (typeof rate !== 'object') throw new ConfigError(field, "must be {perSecond, burst} or 'off'");
  checkInteger(`${field}.perSecond`, rate.perSecond, 1, 100_000_000);
  checkInteger(`${field}.burst`, rate.burst, 1, 1_000_000_000);
}

export function initLimiter(config: LimiterConfig): LimiterState {
  return { config, accounts: emptyMap(), sweepAt: undefined };
}

/** Charges one request to its host and its network; `undefined` when either account has no room for it. */
export function charged(
  state: LimiterState,
  { host, network }: { readonly host: string; readonly network: string },
  now: Instant,
): LimiterState | undefined {
  const { perHost, perNetwork, maxEntries } = state.config;
  const [hostHash, networkHash] = [hashOf(host), hashOf(network)];
  const hostLevel = levelAfter(get(state.accounts, host, hostHash), perHost, 1, now);
  const networkLevel = levelAfter(get(state.accounts, network, networkHash), perNetwork, 1, now);
  if (hostLevel === undefined || networkLevel === undefined) return undefined;
  let { accounts } = state;
  if (perHost !== 'off') accounts = set(accounts, host, hostLevel, hostLevel, hostHash);
  if (perNetwork !== 'off') accounts = set(accounts, network, networkLevel, networkLevel, networkHash);
  while (accounts.size > maxEntries) accounts = withoutFirst(accounts);
  const sweepAt = accounts.size === 0 ? undefined : (state.sweepAt ?? now + SWEEP_EVERY);
  return { config: state.config, accounts, sweepAt };
}

/** Forgets accounts that are at rest. */
export function sweepLimiter(state: LimiterState, now: Instant): LimiterState {
  if (state.sweepAt === undefined || now < state.sweepAt) return state;
  let { accounts } = state;
  for (const { key } of entriesDue(accounts, now).slice(0, MAX_SWEEP)) accounts = remove(accounts, key);
  const next = nextDue(accounts);
  return {
    config: state.config,
    accounts,
    sweepAt: next === undefined ? undefined : Math.max(next, now) + SWEEP_EVERY,
  };
}

/**
 * When an account is level again after `cost` more units; `undefined` when it has no room for them. An account has
 * room while the time until it is level is no longer than its burst takes to flow off.
 */
export function levelAfter(
  level: Instant | undefined,
  rate: Rate | 'off',
  cost: number,
  now: Instant,
): Instant | undefined {
  if (rate === 'off') return now;
  const unit = 1_000 / rate.perSecond;
  const after = Math.max(level ?? now, now) + cost * unit;
  return after - now <= rate.burst * unit ? after : undefined;
}
