/**
 * The rules of a node under siege, read a second time: what one packet counts as, whether an answer may be taken, what may
 * be sent back for it. Throws where the node has done something else.
 */
import { type Counters, contactsIn, maps, type NodeEffect, type NodeEvent, type NodeState } from '@xorrery/core';
import {
  encode,
  type KrpcOut,
  type Mainline,
  type MainlineStore,
  type MainlineStoreConfig,
  mainline,
  type TokenPort,
} from '@xorrery/mainline';
import { checkPoolState, checkReport } from '@xorrery/testkit';

type State = NodeState<Mainline, MainlineStoreConfig, MainlineStore>;
type Effect = NodeEffect<Mainline>;
type Received = Extract<NodeEvent<Mainline>, { type: 'received' }>;
type Malformed = Extract<NodeEvent<Mainline>, { type: 'malformed' }>;

/** The longest packet we may send. */
const MAX_SENT = 1_024;

const fail = (what: string, ...shown: unknown[]): never => {
  throw new Error(`${what}: ${JSON.stringify(shown)}`);
};
const claim = (holds: boolean, what: string, ...shown: unknown[]): void => {
  if (!holds) fail(what, ...shown);
};

/** What has been counted between two states. */
const countedBetween = (before: State, after: State): Counters => {
  const difference: Record<string, number> = {};
  for (const [name, count] of Object.entries(after.counters)) {
    difference[name] = count - before.counters[name as keyof Counters];
  }
  return difference as unknown as Counters;
};

/** Judges what was done about one packet, whatever it was. */
export const judgePacket = (
  before: State,
  event: Received | Malformed,
  { state, effects }: { readonly state: State; readonly effects: readonly Effect[] },
  length: number,
): void => {
  const counted = countedBetween(before, state);
  const anomalies = counted.unknownTransaction + counted.wrongSource + counted.wrongId + counted.ownId;
  claim(effects.filter((it) => it.type === 'anomaly').length === anomalies, 'X15: each anomaly is told', counted);
  const { requests, replies, errors, malformed, ownId } = counted;
  claim(requests + replies + errors + malformed + ownId === 1, 'U03: a packet counts as one thing', counted);
  if (event.type === 'malformed') {
    claim(malformed === 1, 'U03: what is malformed is counted as that', counted);
    judgeAnswered(event.from, event.answer?.tid, counted, effects, length);
  } else if (event.message.type === 'request') judgeRequest(before, event, counted, effects, length);
  else judgeAnswer(before, event.from, event.message, counted, state);
};

const judgeRequest = (
  before: State,
  { from, message }: Received,
  counted: Counters,
  effects: readonly Effect[],
  length: number,
): void => {
  if (message.type !== 'request') return;
  const isSelf = message.sender === before.config.self;
  claim(counted.ownId === (isSelf ? 1 : 0), 'U03: a request under our own id is no request', counted);
  judgeAnswered(from, isSelf ? undefined : message.tid, counted, effects, length);
};

/** Exactly one answer, or a count that says why there is none. */
const judgeAnswered = (
  from: string,
  tid: string | undefined,
  counted: Counters,
  effects: readonly Effect[],
  length: number,
): void => {
  const back: KrpcOut[] = effects.flatMap((it) =>
    it.type === 'transmit' && it.message.type !== 'request' ? [{ ...it.message, to: it.to }] : [],
  );
  const refusals = counted.limited + counted.oversized + counted.shed;
  claim(back.length + refusals === (tid === undefined ? 0 : 1), 'U03: answered, or refused and counted', counted, back);
  for (const message of back) {
    claim((message as { to?: string }).to === from && message.tid === tid, 'an answer goes back to its asker', message);
    claim(length > 0, 'there was something to answer');
  }
};

/** Whom an answer must come from is in the state before: transaction, endpoint, id. */
const judgeAnswer = (
  before: State,
  from: string,
  message: Exclude<Received['message'], { type: 'request' }>,
  counted: Counters,
  after: State,
): void => {
  const asked = maps.get(before.wire.open, message.tid);
  const isWrongId =
    message.type === 'reply' &&
    asked?.expected !== undefined &&
    asked.expected !== message.sender &&
    asked.endpoint === from;
  const wanted = {
    unknownTransaction: asked === undefined ? 1 : 0,
    wrongSource: asked !== undefined && asked.endpoint !== from ? 1 : 0,
    wrongId: isWrongId ? 1 : 0,
  };
  const { unknownTransaction, wrongSource, wrongId } = counted;
  claim(
    unknownTransaction === wanted.unknownTransaction &&
      wrongSource === wanted.wrongSource &&
      wrongId === wanted.wrongId,
    'X15: an answer is taken from whom it was asked, or counted as what is wrong with it',
    wanted,
    counted,
  );
  const isClosed = maps.get(after.wire.open, message.tid) === undefined;
  claim(
    asked === undefined || isClosed === (asked.endpoint === from),
    'X15: who was not asked ends no request',
    message,
  );
};

/** Judges what is sent and told in any step: nothing longer than it was counted as, no report that does not add up. */
export const judgeEffects = (effects: readonly Effect[], tokens: TokenPort): void => {
  for (const effect of effects) {
    if (effect.type === 'query' && effect.effect.type === 'finished') checkReport(effect.effect.report);
    if (effect.type !== 'transmit') continue;
    const { length } = encode(effect.message, effect.to, tokens);
    claim(length <= MAX_SENT, 'no packet is too long', length);
    claim(
      length <= mainline.sizeOf(effect.message),
      'U16: a packet is as long as it was counted, or shorter',
      length,
      effect.message,
    );
  }
};

/** Judges a state by itself: what lies in it is within its limits. */
export const judgeState = (state: State, now: number): void => {
  checkPoolState(state.pool, now);
  const { self, server, pool, query, responder, maxWaiting, include } = state.config;
  const members = contactsIn(state.routing);
  claim(
    members.every((it) => it.id !== self),
    'we are not in our own table',
  );
  claim(new Set(members.map((it) => it.id)).size === members.length, 'an id is in the table once');
  claim(new Set(members.map((it) => it.endpoint)).size === members.length, 'an endpoint is in the table once');
  const sizes: [string, number, number][] = [
    ['torrents', state.server.peers.torrents.size, server.peers.maxTorrents],
    ['items', state.server.items.held.size, server.items.maxRecords],
    ['bytes of items', state.server.items.bytes, server.items.maxBytes],
    ['accounts', state.limiter.accounts.size, responder.limiter.maxEntries],
    // Silent requests are listened to a little longer, beside those in flight.
    ['open requests', state.wire.open.size, pool.maxInFlight + pool.maxQueries * query.maxListening],
    ['candidates', state.routing.include.queue.length, include.maxQueued],
    ['waiting operations', state.waiting.length, maxWaiting],
  ];
  for (const [what, size, limit] of sizes) claim(size <= limit, `U02: ${what} within their limit`, size, limit);
};
