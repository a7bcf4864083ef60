/** A node's configuration: plain data, every field checked when the node is made. */
import { ConfigError, checkChoice, checkInteger } from '../errors.ts';
import { type Id, isId } from '../id.ts';
import { checkPoolConfig, DEFAULT_POOL, type PoolConfig } from '../pool/types.ts';
import { checkScheduleConfig, DEFAULT_SCHEDULE, type ScheduleConfig } from '../publish/schedule.ts';
import { checkQuerySettings, DEFAULT_QUERY, type QuerySettings } from '../query/config.ts';
import { checkResponderConfig, DEFAULT_RESPONDER, type ResponderConfig } from '../responder/config.ts';
import { type BootstrapConfig, checkBootstrapConfig, DEFAULT_BOOTSTRAP } from '../routing/bootstrap.ts';
import { checkIncludeConfig, DEFAULT_INCLUDE, type IncludeConfig } from '../routing/include.ts';
import { checkProbeConfig, DEFAULT_PROBE, type ProbeConfig } from '../routing/probe.ts';
import { checkRefreshConfig, DEFAULT_REFRESH, type RefreshConfig } from '../routing/refresh.ts';
import { DEFAULT_VOTES, type VotesConfig } from '../routing/votes.ts';
import { checkTableConfig, type TableConfig } from '../table/config.ts';

export interface NodeConfig<ServerConfig> {
  readonly self: Id;
  /** Seeds the node's own generator: jitter and refresh targets. 0 to 2^32 - 1. */
  readonly seed: number;
  /** Settings of lookups that do not bring their own. */
  readonly query: QuerySettings;
  /** Nodes a value or an announcement is stored at. */
  readonly storeSet: number;
  /** ms a value cached on the way lives at the node closest to its key; half of it a node farther, and so on (T17). */
  readonly cacheLongest: number;
  /** The least it lives anywhere, in ms. */
  readonly cacheShortest: number;
  readonly pool: PoolConfig;
  readonly table: TableConfig;
  /** Contacts in a reply of ours. */
  readonly replySize: number;
  readonly bootstrap: Omit<BootstrapConfig, 'seed'>;
  readonly include: IncludeConfig;
  readonly probe: ProbeConfig;
  readonly refresh: Omit<RefreshConfig, 'seed'>;
  readonly publish: Omit<ScheduleConfig, 'seed'>;
  readonly responder: ResponderConfig;
  readonly wire: { readonly tidBytes: number; readonly poolBytes: number };
  /** Answer nobody, and ask others not to enter us in their tables (BEP 43). */
  readonly readOnly: boolean;
  /** No limits on groups and no rate limits for loopback and private addresses (R15). */
  readonly exemptLocal: boolean;
  /** Hosts and networks that are neither answered, asked nor entered. At most 1,024. */
  readonly blocked: readonly string[];
  /** An operation asked for before anybody was met: wait for the join to be settled, or refuse it (`isolated`). */
  readonly whenEmpty: 'wait' | 'refuse';
  /** Operations that may wait for that. */
  readonly maxWaiting: number;
  /** When we believe others about the address they see us at. */
  readonly votes: VotesConfig;
  /**
   * Nodes whose id does not fit their address, where the profile binds ids to addresses: all the same, entered in the
   * table only where nobody better waits (`prefer`), or refused and never entered (`enforce`).
   */
  readonly unfitIds: 'any' | 'prefer' | 'enforce';
  readonly server: ServerConfig;
}

/** The generic profile's starting points: all but who we are and what the server needs. */
export const DEFAULT_NODE: Omit<NodeConfig<never>, 'self' | 'seed' | 'server'> = {
  query: DEFAULT_QUERY,
  storeSet: 20,
  cacheLongest: 86_400_000,
  cacheShortest: 900_000,
  pool: DEFAULT_POOL,
  table: { bucketPolicy: 'fixed', bucketSizes: [20], replacements: 20, maxFailures: 2, caps: 'off' },
  replySize: 20,
  bootstrap: DEFAULT_BOOTSTRAP,
  include: DEFAULT_INCLUDE,
  probe: DEFAULT_PROBE,
  refresh: DEFAULT_REFRESH,
  publish: DEFAULT_SCHEDULE,
  responder: DEFAULT_RESPONDER,
  wire: { tidBytes: 8, poolBytes: 256 },
  readOnly: false,
  exemptLocal: true,
  blocked: [],
  whenEmpty: 'wait',
  maxWaiting: 256,
  votes: DEFAULT_VOTES,
  unfitIds: 'prefer',
};

/** A node's configuration without what tells it from others. */
export type NodeSettings<ServerConfig> = Omit<NodeConfig<ServerConfig>, 'self' | 'seed'>;

/** The configuration of one of many nodes that share their settings. All are of one shape, which a spread does not see to. */
export function nodeConfigOf<C>(settings: NodeSettings<C>, self: Id, seed: number): NodeConfig<C> {
  return {
    self,
    seed,
    query: settings.query,
    storeSet: settings.storeSet,
    cacheLongest: settings.cacheLongest,
    cacheShortest: settings.cacheShortest,
    pool: settings.pool,
    table: settings.table,
    replySize: settings.replySize,
    bootstrap: settings.bootstrap,
    include: settings.include,
    probe: settings.probe,
    refresh: settings.refresh,
    publish: settings.publish,
    responder: settings.responder,
    wire: settings.wire,
    readOnly: settings.readOnly,
    exemptLocal: settings.exemptLocal,
    blocked: settings.blocked,
    whenEmpty: settings.whenEmpty,
    maxWaiting: settings.maxWaiting,
    votes: settings.votes,
    unfitIds: settings.unfitIds,
    server: settings.server,
  };
}

/** Throws `ConfigError` naming the first field that is out of range. Machines check their own parts when made. */
export function checkNodeConfig(config: NodeConfig<unknown>, idBits: number): void {
  if (!isId(config.self, idBits)) throw new ConfigError('node.self', `must be ${idBits / 4} hex digits`);
  checkInteger('node.seed', config.seed, 0, 4_294_967_295);
  checkQuerySettings(config.query);
  checkInteger('node.storeSet', config.storeSet, 1, 1_024);
  checkInteger('node.cacheLongest', config.cacheLongest, 1);
  checkInteger('node.cacheShortest', config.cacheShortest, 1, config.cacheLongest);
  checkPoolConfig(config.pool);
  checkTableConfig(config.table);
  checkInteger('node.replySize', config.replySize, 1, 1_024);
  checkBootstrapConfig(config.bootstrap);
  checkIncludeConfig(config.include);
  checkProbeConfig(config.probe);
  checkRefreshConfig(config.refresh);
  checkScheduleConfig(config.publish);
  checkResponderConfig(config.responder);
  checkFlag('node.readOnly', config.readOnly);
  checkFlag('node.exemptLocal', config.exemptLocal);
  if (!Array.isArray(config.blocked) || config.blocked.length > 1_024) {
    throw new ConfigError('node.blocked', 'must list at most 1024 hosts and networks');
  }
  checkChoice('node.whenEmpty', config.whenEmpty, ['wait', 'refuse']);
  checkInteger('node.maxWaiting', config.maxWaiting, 0, 65_536);
  checkChoice('node.unfitIds', config.unfitIds, ['any', 'prefer', 'enforce']);
}

function checkFlag(field: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new ConfigError(field, 'must be true or false');
}
