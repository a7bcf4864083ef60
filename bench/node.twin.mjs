// A twin of a Mainline node's answers, written by hand on mutable Maps and heaps: the same limits, the same peers, the
// same deadlines, without structural sharing. It knows find_node and announce_peer, and it reads the table by the core's
// own functions, because a request changes nothing there. The yardstick of node.bench.mjs.
import { closest, hasRoomFor, memberOf } from '@xorrery/core';
import { mainline } from '@xorrery/mainline';
import { Heap } from './pool.twin.mjs';

const SWEEP_EVERY = 60_000;

export class NodeTwin {
  constructor(config, table) {
    this.config = config;
    this.table = table;
    this.counters = { requests: 0, limited: 0, oversized: 0, shed: 0 };
    this.replyLevel = 0;
    this.serial = 0;
    /** By host or network. */
    this.accounts = new Map();
    this.byLevel = new Heap();
    this.sweepAt = Number.MAX_SAFE_INTEGER;
    this.torrents = new Map();
    this.byExpiry = new Heap();
  }

  nextDeadline() {
    const { questionableAfter } = this.config.probe;
    const peers = this.byExpiry.first?.due ?? Number.MAX_SAFE_INTEGER;
    return Math.min(this.sweepAt, peers, this.table.oldest + questionableAfter);
  }

  /** One request; what is sent in return. */
  advance({ from, message, bytes }, now) {
    const { config, table } = this;
    this.counters.requests++;
    const group = mainline.groupOf(from) ?? { host: from, network: from, local: false };
    const isExempt = config.exemptLocal && group.local;
    if (!isExempt && !this.admits(group, now)) {
      this.counters.limited++;
      return [];
    }
    const isMember = memberOf(table, message.sender)?.contact.endpoint === from;
    const room = isMember ? Number.MAX_SAFE_INTEGER : config.responder.amplification * bytes;
    const { request } = message;
    let reply = {};
    if (request.method === 'announce_peer') this.announced(request.infoHash, from, now);
    else {
      const nodes = closest(table, request.target, config.replySize + 1).filter((it) => it.endpoint !== from);
      reply = { nodes: nodes.length > config.replySize ? nodes.slice(0, config.replySize) : nodes };
    }
    const answer = /** @type {const} */ ({ type: 'reply', tid: message.tid, sender: config.self, reply });
    const size = mainline.sizeOf(answer);
    if (request.method !== 'announce_peer' && size > room) {
      this.counters.oversized++;
      return [];
    }
    if (!isExempt && !this.affords(size, now)) {
      this.counters.shed++;
      return [];
    }
    if (!message.readOnly && hasRoomFor(table, message.sender)) throw new Error('the twin vets nobody');
    return [{ type: 'transmit', to: from, message: answer }];
  }

  admits({ host, network }, now) {
    const { perHost, perNetwork, maxEntries } = this.config.responder.limiter;
    const hostLevel = levelAfter(this.accounts.get(host)?.due, perHost, 1, now);
    const networkLevel = levelAfter(this.accounts.get(network)?.due, perNetwork, 1, now);
    if (hostLevel === undefined || networkLevel === undefined) return false;
    this.charge(host, hostLevel);
    this.charge(network, networkLevel);
    while (this.accounts.size > maxEntries) {
      const { first } = this.byLevel;
      this.byLevel.remove(first);
      this.accounts.delete(first.key);
    }
    if (this.sweepAt === Number.MAX_SAFE_INTEGER) this.sweepAt = now + SWEEP_EVERY;
    return true;
  }

  charge(key, level) {
    const account = this.accounts.get(key);
    if (account === undefined) {
      const added = { key, due: level, lane: this.serial++, place: 0 };
      this.accounts.set(key, added);
      this.byLevel.add(added);
      this.byLevel.moved(added);
    } else {
      account.due = level;
      this.byLevel.moved(account);
    }
  }

  affords(size, now) {
    const level = levelAfter(this.replyLevel, this.config.responder.maxRate, size, now);
    if (level !== undefined) this.replyLevel = level;
    return level !== undefined;
  }

  /** All live equally long, so that a Map whose keys are set anew is in order of expiry. */
  announced(infoHash, endpoint, now) {
    const { maxPeersPerTorrent, maxTorrents, peerLifetime } = this.config.server.peers;
    let torrent = this.torrents.get(infoHash);
    if (torrent === undefined) {
      if (this.torrents.size >= maxTorrents) throw new Error('the twin lets no torrent go');
      torrent = { peers: new Map(), turn: 0, due: now + peerLifetime, lane: this.serial++, place: 0 };
      this.torrents.set(infoHash, torrent);
      this.byExpiry.add(torrent);
      this.byExpiry.moved(torrent);
    }
    const { peers } = torrent;
    if (!peers.delete(endpoint) && peers.size >= maxPeersPerTorrent) peers.delete(peers.keys().next().value);
    peers.set(endpoint, { key: endpoint, due: now + peerLifetime });
    torrent.turn++;
    torrent.due = peers.values().next().value.due;
    this.byExpiry.moved(torrent);
  }
}

const levelAfter = (level, rate, cost, now) => {
  const unit = 1_000 / rate.perSecond;
  const after = Math.max(level ?? now, now) + cost * unit;
  return after - now <= rate.burst * unit ? after : undefined;
};
