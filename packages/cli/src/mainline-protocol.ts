/**
 * Mainline as it is simulated: its own profile and defaults. Packets are encoded for their length alone; tokens are tied to
 * an address, an infohash and an epoch as their keyed hash is, without a key, for nobody looks into a packet there.
 */
import type { Endpoint, Id } from '@xorrery/core';
import {
  ed25519,
  encode,
  type ImmutableItem,
  type KrpcOut,
  MAINLINE_DEFAULTS,
  MAX_VALUE,
  type Mainline,
  type MainlineStore,
  type MainlineStoreConfig,
  mainline,
  TOKEN_ROTATION,
  type TokenPort,
  targetOf,
} from '@xorrery/mainline';
import type { SimulatedProtocol } from '@xorrery/simulator';

/** Stands for tokens where only the length of a packet matters. */
const ANY_TOKEN = '00'.repeat(8);
const UNKEYED: TokenPort = { mint: () => ANY_TOKEN, judge: () => 'bad' };

/** An item as long as BEP 44 allows: a text of 996 bytes. */
const LONGEST: ImmutableItem = {
  type: 'immutable',
  value: Buffer.from('996:'.padEnd(MAX_VALUE, 'x')).toString('hex'),
};
const LONGEST_TARGET = targetOf(LONGEST);

/** Members of buckets by depth, as multiples of k: as large clients have them. */
const BUCKETS = [16, 8, 4, 2, 1];

export const mainlineProtocol: SimulatedProtocol<Mainline, MainlineStoreConfig, MainlineStore> = {
  profile: mainline,
  settingsOf: (k, alpha) => ({
    ...MAINLINE_DEFAULTS,
    query: { ...MAINLINE_DEFAULTS.query, k, alpha },
    storeSet: k,
    table: { ...MAINLINE_DEFAULTS.table, bucketSizes: BUCKETS.map((it) => it * k) },
    replySize: k,
  }),
  carry(message, from, to, now) {
    if (message.type === 'reply') {
      const { token, ...rest } = message.reply;
      if (token === undefined) return { ...message, reply: rest };
      return { ...message, reply: { ...rest, token: mintedFor(to, token.infoHash, token.epoch) } };
    }
    if (message.type === 'error') return message;
    const { request } = message;
    if (request.method !== 'announce_peer' && request.method !== 'put') return { ...message, request };
    const target = request.method === 'put' ? request.target : request.infoHash;
    const epoch = Math.floor(now / TOKEN_ROTATION);
    const isOf = (then: number): boolean => request.token === mintedFor(from, target, then);
    const token = isOf(epoch) ? 'current' : isOf(epoch - 1) ? 'previous' : 'bad';
    return { ...message, request: { ...request, token } };
  },
  verify: ed25519.verify,
  targetOf(request) {
    if (request.method === 'ping' || request.method === 'announce_peer' || request.method === 'put') return undefined;
    return request.method === 'get_peers' ? request.infoHash : request.target;
  },
  forge: (request, contacts) => {
    const reply = { nodes: contacts, token: 'forged' };
    return request.method === 'get_peers' ? { ...reply, peers: [{ key: '5.5.5.5:5' }] } : reply;
  },
  tokenFor: (infoHash) => ({ method: 'get_peers', infoHash }),
  storeOf: (infoHash) => ({ method: 'announce_peer', infoHash, port: 6_881, impliedPort: false, token: '' }),
  bytesOf: (message, to) => encode(withAnyToken(message), to, UNKEYED).length,
  bulk: {
    ask: { method: 'get', target: LONGEST_TARGET },
    store: { method: 'put', target: LONGEST_TARGET, item: LONGEST, token: '' },
  },
};

/** Tokens are written out here, as texts that are longer than the bytes that stand for them. */
function withAnyToken(message: KrpcOut): KrpcOut {
  if (message.type !== 'request' || !('token' in message.request)) return message;
  return { ...message, request: { ...message.request, token: ANY_TOKEN } };
}

function mintedFor(endpoint: Endpoint, infoHash: Id, epoch: number): string {
  return `${endpoint.slice(0, endpoint.lastIndexOf(':'))}/${infoHash}/${epoch}`;
}
