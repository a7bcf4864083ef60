// Steps of the pool in memory, no sockets, at 1, 16 and 256 lookups at once, beside a twin that is the same algorithm on
// mutable objects (pool.twin.mjs). The machines are pure, so a run among simulated nodes is recorded first, as a list of
// events, and what is timed is the same events again: nothing but `advance`. Before that both are given the same events
// once and every effect is compared.
import { createHash } from 'node:crypto';
import {
  advancePool,
  commonPrefix,
  compareDistance,
  DEFAULT_POOL,
  initPool,
  ipGroupOf,
  nextPoolDeadline,
} from '@xorrery/core';
import { MAINLINE_DEFAULTS } from '@xorrery/mainline';
import { PoolTwin } from './pool.twin.mjs';
import { bytesFrom, digits, inTurns, printTable, ratio } from './support.mjs';

const NODES = 4_096;
const REPLY = 8;
/** A tick of this clock is a tenth of a millisecond, so that no two answers need share an instant. */
const MS = 10;

const bytes = bytesFrom(0x510e527f);
const below = (bound) => new DataView(bytes(4).buffer).getUint32(0) % bound;
// Strings as the codec makes them: in one piece, where `+` would make ropes.
const newId = () => /** @type {import('@xorrery/core').Id} */ (Buffer.from(bytes(20)).toString('hex'));
const inOnePiece = (text) => Buffer.from(text).toString('latin1');
const RULES = { groupOf: ipGroupOf, isExempt: () => false };
const SELF = newId();

/** @type {any[]} */
const nodes = Array.from({ length: NODES }, () => ({
  id: newId(),
  endpoint: inOnePiece(`${80 + below(100)}.${below(256)}.${below(256)}.${1 + below(254)}:6881`),
})).sort((a, b) => (a.id < b.id ? -1 : 1));
/** @type {Map<string, any>} */
const byEndpoint = new Map(nodes.map((node) => [node.endpoint, node]));

/** Whom a node knows: of those that share exactly i leading bits with it so many, for each i. */
const knownTo = (id, sizes, suits) => {
  const buckets = new Map();
  const [start, stride] = [below(NODES), 2 * below(NODES) + 1];
  for (let i = 0; i < NODES; i++) {
    const other = nodes[(start + i * stride) % NODES];
    if (other.id === id || !suits(other)) continue;
    const depth = commonPrefix(id, other.id);
    const bucket = buckets.get(depth) ?? [];
    if (bucket.length < (sizes[depth] ?? REPLY)) bucket.push(other);
    buckets.set(depth, bucket);
  }
  return [...buckets.values()].flat();
};
const nearest = (known, target, count) =>
  [...known].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count);

const known = new Map(nodes.map(({ id, endpoint }) => [endpoint, knownTo(id, [], () => true)]));
/** One in twenty never answers, one in fifty refuses, one in twelve takes longer than a timeout. */
/** @type {Map<string, any>} */
const temper = new Map(
  nodes.map(({ endpoint }) => {
    const dice = below(600);
    const kind = dice < 30 ? 'silent' : dice < 42 ? 'refuses' : 'answers';
    const delay = (dice % 12 === 11 ? 400 + below(1_200) : 15 + below(200)) * MS;
    return [endpoint, { kind, delay }];
  }),
);

/** Our own table: Mainline's bucket sizes, and only those that answer in time, as those in a table do. */
const isPrompt = ({ endpoint }) => temper.get(endpoint).kind === 'answers' && temper.get(endpoint).delay < 400 * MS;
const ours = knownTo(SELF, MAINLINE_DEFAULTS.table.bucketSizes, isPrompt);

/** @returns {any} */
const lookupOf = (target, kind) => ({
  ...MAINLINE_DEFAULTS.query,
  slowAfter: 1_000 * MS,
  requestTimeout: 2_000 * MS,
  lateFor: 15_000 * MS,
  deadline: 60_000 * MS,
  kind,
  target,
  self: SELF,
  identity: 'endpoint',
  request: kind === 'closest' ? { method: 'find_node', target } : { method: 'get_peers', infoHash: target },
});

/** What a node answers: to `collect` a token, and peers if it is among the last few on the way. */
const answerOf = (node, target, kind) => {
  const contacts = nearest(known.get(node.endpoint), target, REPLY);
  if (kind === 'closest') return { contacts, values: [] };
  const count = commonPrefix(node.id, target) >= 9 ? 12 : 0;
  const values = Array.from({ length: count }, () => ({ key: inOnePiece(`${below(64)}.7.7.7:${5_000 + below(40)}`) }));
  return { contacts, values, token: inOnePiece(node.id.slice(0, 16)) };
};

/** The events of `total` lookups in a pool, `atOnce` of them running: [event, now] in order. */
const record = (atOnce, total) => {
  const config = {
    ...DEFAULT_POOL,
    maxQueries: atOnce,
    maxInFlight: 65_536,
    adaptiveTimeout: { min: 300 * MS, max: 4_000 * MS },
  };
  const events = [];
  /** Answers under way, the next last. */
  const arriving = [];
  const wanted = new Map();
  let state = initPool(config);
  let started = 0;
  let now = 0;
  const feed = (event, at) => {
    now = Math.max(now + 1, at);
    events.push([event, now]);
    /** @type {any} */
    const step = advancePool(state, event, now, RULES);
    state = step.state;
    for (const { id, effect } of step.effects) {
      if (effect.type === 'send') depart(id, effect);
      if (effect.type === 'finished' && started < total) add();
    }
  };
  const depart = (id, { request, to }) => {
    const { kind, delay } = temper.get(to.endpoint);
    if (kind === 'silent') return;
    const node = byEndpoint.get(to.endpoint);
    const event =
      kind === 'refuses'
        ? { type: 'failure', request, cause: 'refused' }
        : { type: 'response', request, from: node.id, answer: answerOf(node, ...wanted.get(id)) };
    const at = now + delay + below(50 * MS);
    let place = arriving.length;
    while (place > 0 && arriving[place - 1].at < at) place--;
    arriving.splice(place, 0, { at, event });
  };
  const add = () => {
    const id = `q${started++}`;
    const kind = started % 2 === 0 ? 'closest' : 'collect';
    const target = newId();
    wanted.set(id, [target, kind]);
    const seeds = nearest(ours, target, REPLY);
    feed({ type: 'add', id, priority: 'user', config: lookupOf(target, kind), seeds }, now);
  };
  while (started < atOnce) add();
  for (;;) {
    const due = nextPoolDeadline(state);
    const next = arriving.at(-1);
    if (next !== undefined && (due === undefined || Math.max(now + 1, next.at) < due)) {
      arriving.pop();
      feed({ type: 'query', event: next.event }, next.at);
    } else if (due !== undefined) feed({ type: 'tick' }, due);
    else break;
  }
  if (state.nextLane !== total) throw new Error(`${state.nextLane} of ${total} lookups`);
  return { config, events };
};

const core = ({ config, events }, see) => {
  let state = initPool(config);
  for (const [event, now] of events) {
    const step = advancePool(state, event, now, RULES);
    state = step.state;
    see(step.effects);
  }
};

const twin = ({ config, events }, see) => {
  const pool = new PoolTwin(config, RULES);
  for (const [event, now] of events) see(pool.advance(event, now));
};

/** Of all effects in order, whatever the order of an object's fields. */
const digestOf = (replay, run) => {
  const hash = createHash('sha256');
  const sorted = (_, value) =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  let effects = 0;
  replay(run, (list) => {
    effects += list.length;
    hash.update(JSON.stringify(list, sorted));
  });
  return { digest: hash.digest('hex'), effects };
};

/** Prints the table. */
export const run = async ({ short }) => {
  const total = short ? 60 : 320;
  const runs = [1, 16, 256].map((atOnce) => ({ atOnce, ...record(atOnce, Math.max(total, atOnce)) }));
  const rows = [];
  const summary = [];
  let sink = 0;
  const count = (list) => {
    sink += list.length;
  };
  for (const it of runs) {
    const [expected, found] = [digestOf(core, it), digestOf(twin, it)];
    if (found.digest !== expected.digest) throw new Error(`the twin differs at ${it.atOnce}`);
    const works = [core, twin].map((replay) => () => {
      replay(it, count);
      return it.events.length;
    });
    const [ofCore, ofTwin] = inTurns(works, short ? 2 : 15);
    const compared = ratio(ofCore, ofTwin);
    summary.push(`${compared} at ${it.atOnce}`);
    const digest = expected.digest.slice(0, 8);
    rows.push([
      it.atOnce,
      it.events.length,
      expected.effects,
      digest,
      digits(ofTwin / 1_000),
      digits(ofCore / 1_000),
      compared,
    ]);
  }
  printTable(['lookups at once', 'events', 'effects', 'same digest', 'twin us', 'Pool us an event', 'x twin'], rows);
  if (sink === 0) throw new Error('nothing was done');
  return [`pool: beside a mutated twin ${summary.join(', ')}`];
};
