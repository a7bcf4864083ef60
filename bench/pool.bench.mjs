// Steps of the pure core in memory, no sockets: one lookup (Query), many lookups (Pool at 1, 16 and 256 at once) and a
// whole node (Node, with table, wire and requests). The machines are pure, so a run among simulated nodes is recorded
// first, as a list of events, and what is timed is the same events again: nothing but `advance`.
import {
  advancePool,
  advanceQuery,
  commonPrefix,
  compareDistance,
  DEFAULT_POOL,
  initPool,
  initQuery,
  makeNode,
} from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { bytesFrom, digits, inTurns, printTable, ratio } from './support.mjs';

const NODES = 1_000;
const REPLY = 8;

const bytes = bytesFrom(0x510e527f);
// Strings as the codec makes them: in one piece, where `+` would make ropes.
const newId = () => /** @type {import('@xorrery/core').Id} */ (Buffer.from(bytes(20)).toString('hex'));
const inOnePiece = (text) => Buffer.from(text).toString('latin1');
const below = (bound) => new DataView(bytes(4).buffer).getUint32(0) % bound;
const SELF = newId();

const contacts = Array.from({ length: NODES }, (_, i) => ({
  id: newId(),
  endpoint: inOnePiece(`10.0.${i >> 8}.${i & 255}:6881`),
})).sort((a, b) => (a.id < b.id ? -1 : 1));
/** @type {Map<string, any>} */
const byEndpoint = new Map(contacts.map((contact) => [contact.endpoint, contact]));

/**
 * Whom a node knows: everyone who shares its first 6 bits, and one in eight of the others.
 * @type {Map<string, any>}
 */
const known = new Map(
  contacts.map(({ id, endpoint }, i) => {
    const near = contacts.filter((it) => commonPrefix(it.id, id) >= 6);
    return [endpoint, [...near, ...contacts.filter((it, j) => ((i ^ j) & 7) === 0 && !near.includes(it))]];
  }),
);

const answerOf = (endpoint, target) =>
  [...known.get(endpoint)].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, REPLY);

/** @returns {any[]} */
const seedsFor = () => Array.from({ length: REPLY }, () => contacts[below(NODES)]);
/** @returns {any} */
const queryOf = (target) => ({
  ...MAINLINE_DEFAULTS.query,
  kind: 'closest',
  target,
  self: SELF,
  identity: 'endpoint',
  request: { method: 'find_node', target },
});

/** Takes one at random out of a list: answers do not come in the order of asking. */
const draw = (list) => {
  const at = below(list.length);
  [list[at], list[list.length - 1]] = [list[list.length - 1], list[at]];
  return list.pop();
};

/** The events of `total` lookups in a pool, `atOnce` of them running: [event, now] in order. */
const recordPool = (atOnce, total) => {
  const config = { ...DEFAULT_POOL, maxQueries: atOnce, maxInFlight: 65_536, maxPerEndpoint: 1_024 };
  const events = [];
  const open = [];
  const targets = new Map();
  let state = initPool(config);
  let started = 0;
  let now = 0;
  const feed = (event) => {
    now += 1;
    events.push([event, now]);
    /** @type {any} */
    const step = advancePool(state, event, now);
    state = step.state;
    for (const { id, effect } of step.effects) {
      if (effect.type === 'send') open.push({ request: effect.request, endpoint: effect.to.endpoint, id });
      if (effect.type === 'finished' && started < total) add();
    }
  };
  const add = () => {
    const id = `q${started++}`;
    const target = newId();
    targets.set(id, target);
    feed({ type: 'add', id, priority: 'user', config: queryOf(target), seeds: seedsFor() });
  };
  while (started < atOnce) add();
  while (open.length > 0) {
    const { request, endpoint, id } = draw(open);
    const answer = { contacts: answerOf(endpoint, targets.get(id)), values: [] };
    feed({ type: 'query', event: { type: 'response', request, from: byEndpoint.get(endpoint).id, answer } });
  }
  return { start: () => initPool(config), advance: advancePool, events };
};

/** The events of lookups one after the other, each of a machine of its own. */
const recordQueries = (total) => {
  const runs = [];
  for (let i = 0; i < total; i++) {
    const config = queryOf(newId());
    const events = [];
    const open = [];
    let state = initQuery(config);
    let now = 0;
    const feed = (event) => {
      now += 1;
      events.push([event, now]);
      /** @type {any} */
      const step = advanceQuery(state, event, now);
      state = step.state;
      for (const effect of step.effects) if (effect.type === 'send') open.push(effect);
    };
    feed({ type: 'start', seeds: seedsFor(), firstRequest: 0 });
    while (open.length > 0) {
      const { request, to } = draw(open);
      const answer = { contacts: answerOf(to.endpoint, config.target), values: [] };
      feed({ type: 'response', request, from: to.id, answer });
    }
    runs.push({ start: () => initQuery(config), advance: advanceQuery, events });
  }
  return runs;
};

/** The events of a node that joins, looks up and answers: half of its packets are requests of others. */
const recordNode = (total) => {
  const machine = makeNode(mainline);
  /** @type {any} */
  const config = { ...MAINLINE_DEFAULTS, self: SELF, seed: 1, readOnly: false };
  const events = [];
  const open = [];
  let state = machine.init(config);
  let now = 0;
  let running = 0;
  const feed = (event) => {
    now += 1;
    events.push([event, now]);
    /** @type {any} */
    const step = machine.advance(state, event, now);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type === 'transmit' && effect.message.type === 'request') open.push(effect);
      if (effect.type === 'entropy-needed')
        feed({ type: 'entropy', bytes: Buffer.from(bytes(effect.bytes)).toString('hex') });
      if (effect.type === 'query' && effect.effect.type === 'finished' && effect.id.startsWith('op')) running--;
    }
  };
  const answerAll = () => {
    while (open.length > 0) {
      const { to, message } = draw(open);
      const { id } = byEndpoint.get(to);
      const { target } = message.request;
      const reply = target === undefined ? {} : { nodes: answerOf(to, target) };
      feed({ type: 'received', from: to, message: { type: 'reply', tid: message.tid, sender: id, reply } });
      const [asker] = seedsFor();
      const request = { method: 'find_node', target: newId() };
      const query = { type: 'request', tid: '0001', sender: asker.id, readOnly: false, request };
      feed({ type: 'received', from: asker.endpoint, message: query });
    }
  };
  feed({ type: 'start', seeds: seedsFor().map(({ endpoint }) => endpoint) });
  answerAll();
  for (let i = 0; i < total; i++) {
    const target = newId();
    running++;
    feed({ type: 'lookup', id: `op${i}`, kind: 'closest', target, request: { method: 'find_node', target } });
    answerAll();
  }
  if (running !== 0) throw new Error(`${running} lookups did not end`);
  return { start: () => machine.init(config), advance: machine.advance, events };
};

let sink = 0;
const replay = (runs) => () => {
  let units = 0;
  for (const { start, advance, events } of runs) {
    let state = start();
    for (const [event, now] of events) {
      const step = advance(state, event, now);
      state = step.state;
      sink += step.effects.length;
    }
    units += events.length;
  }
  return units;
};

/** Prints the table. */
export const run = async ({ short }) => {
  const total = short ? 60 : 600;
  /** @type {[string, any[]][]} */
  const rows = [
    ['Query', recordQueries(total)],
    ['Pool, 1 at once', [recordPool(1, total)]],
    ['Pool, 16 at once', [recordPool(16, total)]],
    ['Pool, 256 at once', [recordPool(256, Math.max(total, 256))]],
    ['Node, answers and requests', [recordNode(total)]],
  ];
  const times = inTurns(
    rows.map(([, runs]) => replay(runs)),
    short ? 3 : 21,
  );
  printTable(
    ['advance, in memory', 'events', 'us an event', 'events a second', 'x Query', 'x Pool at 1'],
    rows.map(([name, runs], i) => {
      const count = runs.reduce((sum, { events }) => sum + events.length, 0);
      const speed = Math.round(1e9 / times[i]);
      return [name, count, digits(times[i] / 1_000), speed, ratio(times[i], times[0]), ratio(times[i], times[1])];
    }),
  );
  if (sink === 0) throw new Error('nothing was done');
  return [
    `pool: ${digits(times[1] / 1_000)} us an event with 1 lookup, ${ratio(times[2], times[1])} of that with 16, ${ratio(times[3], times[1])} with 256`,
  ];
};
