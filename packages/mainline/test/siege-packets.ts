/** What a node under siege is sent: valid packets with bad intentions, and packets damaged on the way. */
import type { Contact, Endpoint, Id } from '@xorrery/core';
import { encode, type KrpcOut, type TokenPort } from '@xorrery/mainline';
import { type Chance, mutated } from './mutate.ts';

/** A request of ours that waits for its answer. */
export interface Pending {
  readonly tid: string;
  readonly to: Endpoint;
  readonly target: Id | undefined;
}

/** What an attacker may know: more than a real one, for it also knows what the node waits for. */
export interface Knowledge {
  readonly self: Id;
  readonly tokens: TokenPort;
  readonly epoch: number;
  readonly pending: readonly Pending[];
  /** Nodes that answer as nodes do, most of the time. Some are very near to `self`. */
  readonly population: readonly Contact[];
  readonly corpus: readonly Buffer[];
  /** One of them asks without a pause. */
  readonly isFlood: boolean;
}

export interface Arrival {
  readonly from: Endpoint;
  readonly packet: Buffer;
}

const FLOODER: Endpoint = '203.0.113.9:999';
const ODD_ENDPOINTS: readonly Endpoint[] = [
  '10.1.2.3:6881',
  '127.0.0.1:6881',
  '0.0.0.1:1',
  '255.255.255.255:65535',
  '[2001:db8::1]:6881',
  '[::1]:1',
];

/** The next packet. */
export const arrivalOf = (chance: Chance, known: Knowledge, last: Arrival | undefined): Arrival => {
  if (known.isFlood && chance.below(2) === 0) return { ...request(chance, known), from: FLOODER };
  const kind = chance.below(100);
  if (kind < 8 && last !== undefined) return last;
  if (kind < 40)
    return { from: somebody(chance, known), packet: mutated(chance.pick(known.corpus), chance, known.corpus) };
  if (kind < 75) return answer(chance, known);
  return request(chance, known);
};

const somebody = (chance: Chance, { population }: Knowledge): Endpoint =>
  chance.below(10) === 0 ? chance.pick(ODD_ENDPOINTS) : chance.pick(population).endpoint;

/** Damaged one time in four. */
const sent = (chance: Chance, known: Knowledge, from: Endpoint, message: KrpcOut): Arrival => {
  // Replies hold nodes of the family they are sent to: ours here, whatever the sender's.
  const packet = encode(message, '192.0.2.1:6881', known.tokens);
  return { from, packet: chance.below(4) === 0 ? mutated(packet, chance, known.corpus) : packet };
};

/** To a request of ours, if there is one: the right one as a rule, or wrong in transaction, endpoint or id. */
const answer = (chance: Chance, known: Knowledge): Arrival => {
  const { pending, population, self } = known;
  const asked = pending.length === 0 ? undefined : chance.pick(pending);
  const isWrong = chance.below(3) === 0;
  const wrong = isWrong ? chance.below(3) : -1;
  const tid = asked === undefined || wrong === 0 ? chance.hex(chance.pick([1, 2, 4, 4, 4, 20])) : asked.tid;
  const from = asked === undefined || wrong === 1 ? somebody(chance, known) : asked.to;
  const honest = population.find((it) => it.endpoint === from)?.id ?? chance.pick(population).id;
  const sender = wrong === 2 ? chance.pick([self, asked?.target ?? self, chance.pick(population).id]) : honest;
  if (chance.below(12) === 0) return sent(chance, known, from, { type: 'error', tid, code: 203, text: 'no' });
  const about = asked?.target ?? self;
  const nodes = Array.from({ length: chance.below(12) }, () => contact(chance, known, about));
  const peers = Array.from({ length: chance.pick([0, 0, 1, 40]) }, () => ({ key: chance.pick(population).endpoint }));
  const token = { infoHash: about, epoch: known.epoch };
  const reply = { nodes, ...(peers.length > 0 && { peers }), ...(chance.below(2) === 0 && { token }) };
  return sent(chance, known, from, { type: 'reply', tid, sender, reply });
};

/** Somebody a reply names: honest as a rule; ourselves, the target itself, or the same id or endpoint as another. */
const contact = (chance: Chance, { population, self }: Knowledge, target: Id): Contact => {
  const { id, endpoint } = chance.pick(population);
  const kind = chance.below(20);
  if (kind === 0) return { id: self, endpoint };
  if (kind === 1) return { id: target, endpoint };
  if (kind === 2) return { id, endpoint: chance.pick(population).endpoint };
  if (kind === 3) return { id: chance.hex(20) as Id, endpoint: chance.pick(ODD_ENDPOINTS) };
  return { id, endpoint };
};

const request = (chance: Chance, known: Knowledge): Arrival => {
  const { population, self, tokens, epoch } = known;
  const honest = chance.pick(population);
  const from = chance.below(8) === 0 ? somebody(chance, known) : honest.endpoint;
  const sender = chance.below(10) === 0 ? chance.pick([self, chance.pick(population).id]) : honest.id;
  const target = chance.pick([self, sender, chance.pick(population).id, chance.hex(20) as Id]);
  const method = chance.pick(['ping', 'find_node', 'get_peers', 'announce_peer', 'sample_infohashes'] as const);
  const tid = chance.hex(chance.pick([1, 2, 2, 4, 32]));
  const common = { type: 'request', tid, sender, readOnly: chance.below(4) === 0 } as const;
  if (method === 'ping') return sent(chance, known, from, { ...common, request: { method } });
  if (method === 'find_node' || method === 'sample_infohashes') {
    return sent(chance, known, from, { ...common, request: { method, target } });
  }
  if (method === 'get_peers') return sent(chance, known, from, { ...common, request: { method, infoHash: target } });
  const isGood = chance.below(2) === 0;
  const token = isGood
    ? Buffer.from(tokens.mint(from, { infoHash: target, epoch }), 'hex').toString('hex')
    : chance.hex(8);
  const impliedPort = chance.below(2) === 0;
  const port = impliedPort ? 0 : 1 + chance.below(65_535);
  return sent(chance, known, from, {
    ...common,
    request: { method, infoHash: target, port, impliedPort, token },
  });
};
