/**
 * The iterative lookup of BEP 5 as one function, for programs that have their own routing table and their own way to
 * send get_peers. It drives the core's lookup machine with alpha as a hard limit (no widening, no extra slots for slow
 * nodes), takes whatever the callbacks do, and always settles.
 *
 * Ids are bytes here and nodes are `{id, host, port}`, since that is what such programs have at hand.
 */
import { type Clock, SystemClock } from '@xorrery/coordinator';
import {
  type Answer,
  advanceQuery,
  ConfigError,
  DEFAULT_QUERY,
  type Endpoint,
  type FinishReason,
  type Id,
  idFromBytes,
  idToBytes,
  initQuery,
  nextQueryDeadline,
  type QueryConfig,
  type QueryEvent,
  type QueryReport,
  type QueryState,
} from '@xorrery/core';
import type { Mainline, Peer } from './messages.ts';

/** A peer's address. */
export interface LookupPeer {
  readonly host: string;
  readonly port: number;
}

/** A node's 20-byte id and address. */
export interface LookupNode extends LookupPeer {
  readonly id: Uint8Array;
}

/** What a node answered to get_peers; any part may be missing. */
export interface GetPeersAnswer {
  readonly peers?: readonly LookupPeer[];
  readonly nodes?: readonly LookupNode[];
  readonly token?: Uint8Array;
}

export interface IterativeLookupOptions {
  /** What is looked for: 20 bytes. */
  readonly target: Uint8Array;
  /** Where to begin: asked once, for the k closest to the target. */
  readonly routingTable: { closest(target: Uint8Array, count: number): readonly LookupNode[] };
  /** Asks one node. `null` or `undefined`: it did not answer. A rejection or a throw: it could not be asked. */
  readonly sendGetPeers: (node: LookupNode, target: Uint8Array) => Promise<GetPeersAnswer | null | undefined>;
  /** Requests in flight, at most. Default 3. */
  readonly alpha?: number;
  /** How many of the closest must have answered. Default 8. */
  readonly k?: number;
  /** Our own id, 20 bytes: never asked. */
  readonly localNodeId?: Uint8Array;
  /** ms after which a node that has not answered frees its place. Default 15,000. */
  readonly requestTimeout?: number;
  /** ms after which the lookup ends with what it has. Default 60,000. */
  readonly deadline?: number;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock;
}

export interface LookupResult {
  /** Distinct peers, in the order in which they were heard of. */
  readonly peers: LookupPeer[];
  /** At most k nodes that answered, nearest first. */
  readonly closestNodes: LookupNode[];
  /** How many nodes were asked. */
  readonly queriedCount: number;
  /** By `host:port`: each node that gave a token, and the token. */
  readonly tokens: Map<string, { node: LookupNode; token: Uint8Array }>;
  readonly reason: FinishReason;
}

/** Looks for the peers of `target`. Rejects with `ConfigError` on bad options, and with nothing else. */
export async function iterativeLookup(options: IterativeLookupOptions): Promise<LookupResult> {
  const { alpha = 3, k = 8, requestTimeout = 15_000, deadline = 60_000, clock = new SystemClock() } = options;
  const target = readId('target', options.target);
  const self = options.localNodeId === undefined ? nobody(target) : readId('localNodeId', options.localNodeId);
  const nodes = new Map<Endpoint, LookupNode>();
  const heard = (node: LookupNode): { id: Id; endpoint: Endpoint } => {
    const endpoint = keyOf(node);
    if (!nodes.has(endpoint)) nodes.set(endpoint, node);
    return { id: idFromBytes(node.id), endpoint };
  };
  const config: QueryConfig<Mainline> = {
    ...DEFAULT_QUERY,
    kind: 'collect',
    identity: 'endpoint',
    target,
    self,
    request: { method: 'get_peers', infoHash: target },
    alpha,
    k,
    stall: 'off',
    slowAfter: 'off',
    requestTimeout,
    lateFor: Math.max(DEFAULT_QUERY.lateFor, requestTimeout),
    deadline,
  };
  let state: QueryState<Mainline> = initQuery<Mainline>(config);

  return new Promise((resolve) => {
    const step = (event: QueryEvent<Mainline>): void => {
      const { state: next, effects } = advanceQuery(state, event, clock.now());
      state = next;
      for (const effect of effects) {
        if (effect.type === 'send') ask(effect.request, nodes.get(effect.to.endpoint) as LookupNode);
        if (effect.type === 'finished') resolve(resultOf(effect.report, nodes));
      }
      clock.wakeAt(state.status === 'searching' ? nextQueryDeadline(state) : undefined, () => step({ type: 'tick' }));
    };
    const ask = (request: number, node: LookupNode): void => {
      const owed = async (): Promise<GetPeersAnswer | null | undefined> => options.sendGetPeers(node, options.target);
      owed().then(
        (answer) => {
          if (answer === null || answer === undefined) return step({ type: 'timeout', request });
          const taught = readAnswer(answer, heard);
          if (taught === undefined) return step({ type: 'failure', request, cause: 'malformed' });
          step({ type: 'response', request, from: idFromBytes(node.id), answer: taught });
        },
        () => step({ type: 'failure', request, cause: 'unsent' }),
      );
    };
    const seeds = options.routingTable.closest(options.target, k).filter(hasId).map(heard);
    step({ type: 'start', seeds, firstRequest: 0 });
  });
}

/** What an answer teaches; `undefined` when it is not of the shape it should be. */
function readAnswer(
  answer: GetPeersAnswer,
  heard: (node: LookupNode) => { id: Id; endpoint: Endpoint },
): Answer<Peer> | undefined {
  try {
    const contacts = (answer.nodes ?? []).filter(hasId).map(heard);
    const values = (answer.peers ?? []).map((peer) => ({ key: keyOf(peer) }));
    const { token } = answer;
    return token === undefined
      ? { contacts, values }
      : { contacts, values, token: token.length === 0 ? '' : idFromBytes(token) };
  } catch {
    return undefined;
  }
}

function hasId(node: LookupNode): boolean {
  return node.id.length === 20;
}

function resultOf(report: QueryReport<Mainline>, nodes: ReadonlyMap<Endpoint, LookupNode>): LookupResult {
  const tokens: LookupResult['tokens'] = new Map();
  for (const { endpoint, token } of report.asked) {
    const node = nodes.get(endpoint);
    if (token !== undefined && node !== undefined) tokens.set(endpoint, { node, token: idToBytes(token as Id) });
  }
  return {
    peers: report.values.map(({ key }) => addressOf(key)),
    closestNodes: report.closest.map(({ endpoint }) => nodes.get(endpoint) as LookupNode),
    queriedCount: report.counts.requests,
    tokens,
    reason: report.reason,
  };
}

function keyOf({ host, port }: LookupPeer): Endpoint {
  return `${host}:${port}`;
}

function addressOf(endpoint: Endpoint): LookupPeer {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon), port: Number(endpoint.slice(colon + 1)) };
}

function readId(field: string, bytes: Uint8Array): Id {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 20) throw new ConfigError(field, 'must be 20 bytes');
  return idFromBytes(bytes);
}

/** Stands in for our own id where there is none: an id that nobody has but by a chance of 1 in 2^160. */
function nobody(target: Id): Id {
  return idFromBytes(idToBytes(target).map((byte, i) => (byte ^ (167 + 59 * i)) & 255));
}
