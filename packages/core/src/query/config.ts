/**
 * What a lookup is told before it starts, and the ranges each setting must lie in. Every field changes behaviour and
 * has a test that shows it.
 */
import type { Identity } from '../contact.ts';
import { ConfigError, checkChoice, checkInteger } from '../errors.ts';
import { type Id, isId, widthOf } from '../id.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';

/**
 * - `closest`: find the k nodes nearest to the target.
 * - `collect`: as `closest`, and gather every value and write token on the way.
 * - `first`: as `collect`, but the first valid value ends it (reason `found`).
 * - `quorum`: as `collect`, but `quorum` nodes with a valid value end it (reason `quorum`).
 * - `each`: ask every given seed once, in the order given; learn of nobody. Stores and liveness checks.
 */
export type QueryKind = 'closest' | 'collect' | 'first' | 'quorum' | 'each';

export interface QueryConfig<P extends Protocol> {
  readonly kind: QueryKind;
  readonly target: Id;
  /** Our own id: never a candidate. */
  readonly self: Id;
  readonly identity: Identity;
  /** What each candidate is asked, unless its seed brings a request of its own. */
  readonly request: P['outRequest'];
  /** How many of the closest must have answered, and how many are reported. 1 to 1,024. */
  readonly k: number;
  /** Requests in flight while the lookup makes progress. 1 to 1,024. */
  readonly alpha: number;
  /** `widen`: ask up to k at once while the last alpha settled requests brought nobody nearer. `off`: alpha always binds. */
  readonly stall: 'widen' | 'off';
  /** ms after which an unanswered request opens an extra slot; `off`: never. */
  readonly slowAfter: Instant | 'off';
  /** ms after which a request frees its slot and its candidate counts as silent. */
  readonly requestTimeout: Instant;
  /** ms after sending until which an answer is still taken. At least `requestTimeout`. */
  readonly lateFor: Instant;
  /** ms from the start after which the lookup ends with what it has (reason `expired`). */
  readonly deadline: Instant;
  /** `noProgress`: end after alpha answers in a row that bring nobody nearer than the nearest known. */
  readonly earlyExit: 'none' | 'noProgress';
  /** Candidates remembered; beyond it the farthest that were not asked are dropped. 1 to 65,536. */
  readonly maxCandidates: number;
  /** Silent requests still listened to; beyond it the oldest is abandoned. */
  readonly maxListening: number;
  /** Distinct values kept; further ones are counted and dropped. */
  readonly maxValues: number;
  /** Kind `quorum`: how many nodes must have given a value. 1 to 1,024. */
  readonly quorum: number;
  /** Places in the window, and in the result, for nodes of one network (an IPv4 /24, an IPv6 /64). */
  readonly maxPerNetwork: number | 'off';
  /** Disjoint paths (S/Kademlia): so many lookups of which no two ask the same node. 1 to 16. */
  readonly paths: number;
}

/** Settings of a lookup that have defaults: all but what is looked for and by whom. */
export type QuerySettings = Omit<QueryConfig<Protocol>, 'kind' | 'target' | 'self' | 'identity' | 'request'>;

/** The starting points of the generic profile; Mainline differs in k and alpha. */
export const DEFAULT_QUERY: QuerySettings = {
  k: 20,
  alpha: 3,
  stall: 'widen',
  slowAfter: 1_000,
  requestTimeout: 2_000,
  lateFor: 15_000,
  deadline: 60_000,
  earlyExit: 'none',
  maxCandidates: 256,
  maxListening: 64,
  maxValues: 4_096,
  quorum: 3,
  maxPerNetwork: 'off',
  paths: 1,
};

/** The configuration of one lookup. Written out: every step reads it, and reading is slow where a spread made the object. */
export function configOf<P extends Protocol>(
  settings: QuerySettings,
  kind: QueryKind,
  target: Id,
  self: Id,
  identity: Identity,
  request: P['outRequest'],
): QueryConfig<P> {
  return {
    kind,
    target,
    self,
    identity,
    request,
    k: settings.k,
    alpha: settings.alpha,
    stall: settings.stall,
    slowAfter: settings.slowAfter,
    requestTimeout: settings.requestTimeout,
    lateFor: settings.lateFor,
    deadline: settings.deadline,
    earlyExit: settings.earlyExit,
    maxCandidates: settings.maxCandidates,
    maxListening: settings.maxListening,
    maxValues: settings.maxValues,
    quorum: settings.quorum,
    maxPerNetwork: settings.maxPerNetwork,
    paths: settings.paths,
  };
}

const KINDS: readonly QueryKind[] = ['closest', 'collect', 'first', 'quorum', 'each'];
const HOUR = 3_600_000;

/** Throws `ConfigError` naming the first field that is out of range. */
export function checkQueryConfig<P extends Protocol>(config: QueryConfig<P>): void {
  checkChoice('query.kind', config.kind, KINDS);
  checkChoice('query.identity', config.identity, ['endpoint', 'id']);
  for (const field of ['self', 'target'] as const) {
    if (!isId(config[field], widthOf(config.self)))
      throw new ConfigError(`query.${field}`, 'must be an id of the network');
  }
  checkQuerySettings(config);
}

/** The part of the check that concerns settings with defaults. */
export function checkQuerySettings(config: QuerySettings): void {
  checkInteger('query.k', config.k, 1, 1_024);
  checkInteger('query.alpha', config.alpha, 1, 1_024);
  checkChoice('query.stall', config.stall, ['widen', 'off']);
  if (config.slowAfter !== 'off') checkInteger('query.slowAfter', config.slowAfter, 1, HOUR);
  checkInteger('query.requestTimeout', config.requestTimeout, 1, HOUR);
  checkInteger('query.lateFor', config.lateFor, config.requestTimeout, HOUR);
  checkInteger('query.deadline', config.deadline, 1, 24 * HOUR);
  checkChoice('query.earlyExit', config.earlyExit, ['none', 'noProgress']);
  checkInteger('query.maxCandidates', config.maxCandidates, 1, 65_536);
  checkInteger('query.maxListening', config.maxListening, 0, 65_536);
  checkInteger('query.maxValues', config.maxValues, 1, 1_000_000);
  checkInteger('query.quorum', config.quorum, 1, 1_024);
  if (config.maxPerNetwork !== 'off') checkInteger('query.maxPerNetwork', config.maxPerNetwork, 1, 1_024);
  checkInteger('query.paths', config.paths, 1, 16);
}
