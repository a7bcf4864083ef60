/** A node's configuration: plain data, every field checked when the node is made. */
import { ConfigError, checkChoice, checkInteger } from '../errors.ts';
import { type Id, isId } from '../id.ts';
import { checkPoolConfig, DEFAULT_POOL, type PoolConfig } from '../pool/types.ts';
import { checkQuerySettings, DEFAULT_QUERY, type QuerySettings } from '../query/config.ts';
import { type BootstrapConfig, DEFAULT_BOOTSTRAP } from '../routing/bootstrap.ts';
import { DEFAULT_INCLUDE, type IncludeConfig } from '../routing/include.ts';
import { checkTableConfig, type TableConfig } from '../table/table.ts';

export interface NodeConfig<ServerConfig> {
  readonly self: Id;
  /** Seeds the node's own generator: jitter and refresh targets. 0 to 2^32 - 1. */
  readonly seed: number;
  /** Settings of lookups that do not bring their own. */
  readonly query: QuerySettings;
  /** Nodes a value or an announcement is stored at. */
  readonly storeSet: number;
  readonly pool: PoolConfig;
  readonly table: TableConfig;
  /** Contacts in a reply of ours. */
  readonly replySize: number;
  readonly bootstrap: Omit<BootstrapConfig, 'seed'>;
  readonly include: IncludeConfig;
  readonly wire: { readonly tidBytes: number; readonly poolBytes: number };
  /** Answer nobody, and ask others not to enter us in their tables (BEP 43). */
  readonly readOnly: boolean;
  /** An operation asked for before anybody was met: wait for the join to be settled, or refuse it (`isolated`). */
  readonly whenEmpty: 'wait' | 'refuse';
  /** Operations that may wait for that. */
  readonly maxWaiting: number;
  readonly server: ServerConfig;
}

/** The generic profile's starting points: all but who we are and what the server needs. */
export const DEFAULT_NODE: Omit<NodeConfig<never>, 'self' | 'seed' | 'server'> = {
  query: DEFAULT_QUERY,
  storeSet: 20,
  pool: DEFAULT_POOL,
  table: { bucketPolicy: 'fixed', bucketSizes: [20], replacements: 20, maxFailures: 2 },
  replySize: 20,
  bootstrap: DEFAULT_BOOTSTRAP,
  include: DEFAULT_INCLUDE,
  wire: { tidBytes: 8, poolBytes: 256 },
  readOnly: false,
  whenEmpty: 'wait',
  maxWaiting: 256,
};

/** Throws `ConfigError` naming the first field that is out of range. Machines check their own parts when made. */
export function checkNodeConfig(config: NodeConfig<unknown>, idBits: number): void {
  if (!isId(config.self, idBits)) throw new ConfigError('node.self', `must be ${idBits / 4} hex digits`);
  checkInteger('node.seed', config.seed, 0, 4_294_967_295);
  checkQuerySettings(config.query);
  checkInteger('node.storeSet', config.storeSet, 1, 1_024);
  checkPoolConfig(config.pool);
  checkTableConfig(config.table);
  checkInteger('node.replySize', config.replySize, 1, 1_024);
  checkChoice('node.whenEmpty', config.whenEmpty, ['wait', 'refuse']);
  checkInteger('node.maxWaiting', config.maxWaiting, 0, 65_536);
  if (typeof config.readOnly !== 'boolean') throw new ConfigError('node.readOnly', 'must be true or false');
}
