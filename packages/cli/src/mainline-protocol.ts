/**
 * Mainline as it is simulated: its own profile and defaults. Packets are not encoded on their way; tokens are tied to
 * an address, an infohash and an epoch as their keyed hash is, without a key, for nobody looks into a packet there.
 */
import type { Endpoint, Id } from '@xorrery/core';
import {
  MAINLINE_DEFAULTS,
  type Mainline,
  mainline,
  type PeerStore,
  type PeerStoreConfig,
  TOKEN_ROTATION,
} from '@xorrery/mainline';
import type { SimulatedProtocol } from '@xorrery/simulator';

/** Members of buckets by depth, as multiples of k: as large clients have them. */
const BUCKETS = [16, 8, 4, 2, 1];

export const mainlineProtocol: SimulatedProtocol<Mainline, PeerStoreConfig, PeerStore> = {
  profile: mainline,
  configOf: (self, seed, k, alpha) => ({
    ...MAINLINE_DEFAULTS,
    self,
    seed,
    query: { ...MAINLINE_DEFAULTS.query, k, alpha },
    storeSet: k,
    table: { ...MAINLINE_DEFAULTS.table, bucketSizes: BUCKETS.map((it) => it * k) },
    replySize: k,
  }),
  carry(message, from, to, now) {
    if (message.type === 'reply') {
      const { token, ...rest } = message.reply;
      if (token === undefined) return { ...message, reply: rest };
      return { ...message, reply: { ...rest, token: tokenFor(to, token.infoHash, token.epoch) } };
    }
    if (message.type === 'error') return message;
    const { request } = message;
    if (request.method !== 'announce_peer') return { ...message, request };
    const { infoHash, token } = request;
    const epoch = Math.floor(now / TOKEN_ROTATION);
    const verdict =
      token === tokenFor(from, infoHash, epoch)
        ? 'current'
        : token === tokenFor(from, infoHash, epoch - 1)
          ? 'previous'
          : 'bad';
    return { ...message, request: { ...request, token: verdict } };
  },
  targetOf(request) {
    if (request.method === 'find_node' || request.method === 'sample_infohashes') return request.target;
    return request.method === 'get_peers' ? request.infoHash : undefined;
  },
  forge: (request, contacts) => {
    const reply = { nodes: contacts, token: 'forged' };
    return request.method === 'get_peers' ? { ...reply, peers: [{ key: '5.5.5.5:5' }] } : reply;
  },
  storeOf: (infoHash) => ({ method: 'announce_peer', infoHash, port: 6_881, impliedPort: false, token: '' }),
};

function tokenFor(endpoint: Endpoint, infoHash: Id, epoch: number): string {
  return `${endpoint.slice(0, endpoint.lastIndexOf(':'))}/${infoHash}/${epoch}`;
}
