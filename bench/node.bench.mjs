// Whole nodes, no sockets. First what strangers ask of a node that holds 10,000 accounts of its rate limiter and 100,000
// peers, beside a mutated twin (node.twin.mjs) that gives the same effects. Then its next deadline at several sizes. Then
// the events of a simulated network, by kind: how many a second, and how many bytes each takes.
import { createHash } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { idInBucket, makeNode, settled, tableOf } from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { DEFAULT_SCENARIO, genericProtocol, Simulation } from '@xorrery/simulator';
import { NodeTwin } from './node.twin.mjs';
import { bytesFrom, digits, inTurns, median, printTable, ratio } from './support.mjs';

const ACCOUNTS = 10_000;
const PEERS = 100_000;
const TORRENTS = 1_000;
/** Requests of one instant. */
const AT_ONCE = 10;
const DEPTHS = 17;
const REQUEST_BYTES = 100;

const bytes = bytesFrom(0x9b05688c);
const below = (bound) => new DataView(bytes(4).buffer).getUint32(0) % bound;
const newId = () => /** @type {import('@xorrery/core').Id} */ (Buffer.from(bytes(20)).toString('hex'));
const inOnePiece = (text) => Buffer.from(text).toString('latin1');

const SELF = newId();
const machine = makeNode(mainline);
const config = {
  ...MAINLINE_DEFAULTS,
  self: SELF,
  seed: 1,
  table: { ...MAINLINE_DEFAULTS.table, bucketPolicy: /** @type {const} */ ('fixed'), bucketSizes: [8] },
  // No budget of replies: everybody who asks here is answered.
  responder: { ...MAINLINE_DEFAULTS.responder, maxRate: { perSecond: 100_000_000, burst: 1_000_000_000 } },
};
const torrents = Array.from({ length: TORRENTS }, newId);

const start = () => {
  const buckets = Array.from({ length: DEPTHS }, (_, depth) =>
    Array.from({ length: 8 }, (_, i) => ({
      id: idInBucket(SELF, depth, newId()),
      endpoint: inOnePiece(`${80 + depth}.${i}.7.7:6881`),
    })),
  );
  return settled(machine.init(config), buckets, 0);
};

/** A request from one of so many hosts, whose bucket is full, so that nobody vets it. */
const requestFrom = (hosts, method) => {
  const host = below(hosts);
  const from = inOnePiece(`${100 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}.${1 + (host % 250)}:6881`);
  const request =
    method === 'find_node'
      ? { method, target: newId() }
      : { method, infoHash: torrents[below(TORRENTS)], port: 6881, impliedPort: true, token: 'current' };
  const message = { type: 'request', tid: 'aabbccdd', sender: idInBucket(SELF, 0, newId()), readOnly: false, request };
  return /** @type {any} */ ({ type: 'received', from, message, bytes: REQUEST_BYTES });
};

/** Requests with their instants, `AT_ONCE` a millisecond. */
const listOf = (count, from, make) =>
  Array.from({ length: count }, (_, i) => ({ event: make(i), now: from + Math.floor(i / AT_ONCE) }));

const feed = (state, list) => {
  let after = state;
  for (const { event, now } of list) after = machine.advance(after, event, now).state;
  return after;
};

const digestOf = (advance, list) => {
  const hash = createHash('sha256');
  for (const { event, now } of list) hash.update(JSON.stringify(advance(event, now)));
  return hash.digest('hex');
};

const besideTwin = (short, full, load) => {
  const rows = [];
  const summary = [];
  for (const method of ['find_node', 'announce_peer']) {
    // Peers that are known announce themselves again, so that there are as many at the end.
    const again = () => load[below(load.length)]?.event;
    const make = method === 'find_node' ? () => requestFrom(1 << 17, method) : again;
    const list = listOf(short ? 1_000 : 20_000, 1 + load.length / AT_ONCE, make);
    const twinLoaded = () => {
      const twin = new NodeTwin(config, tableOf(full.routing));
      for (const { event, now } of load) twin.advance(event, now);
      return twin;
    };
    const twin = twinLoaded();
    let state = full;
    const expected = digestOf((event, now) => {
      const step = machine.advance(state, event, now);
      state = step.state;
      return step.effects;
    }, list);
    if (digestOf((event, now) => twin.advance(event, now), list) !== expected) throw new Error(`${method} differs`);
    if (twin.nextDeadline() !== machine.nextDeadline(state)) throw new Error('the deadlines differ');
    // A twin cannot go back: each round begins where the last one ended, and later, for both.
    let [round, turn] = [0, 0];
    const last = /** @type {any} */ (list.at(-1)).now;
    const [ours, theirs] = inTurns(
      [
        () => {
          const shift = ++round * (last - (list[0]?.now ?? 0) + 1);
          for (const { event, now } of list) state = machine.advance(state, event, now + shift).state;
          return list.length;
        },
        () => {
          const shift = ++turn * (last - (list[0]?.now ?? 0) + 1);
          for (const { event, now } of list) twin.advance(event, now + shift);
          return list.length;
        },
      ],
      short ? 2 : 11,
    );
    rows.push([method, digits(theirs / 1_000), digits(ours / 1_000), ratio(ours, theirs)]);
    summary.push(`${method} ${ratio(ours, theirs)}`);
  }
  printTable(['', 'twin us', 'node us', 'x twin'], rows);
  return summary.join(', ');
};

const deadlines = (short) => {
  const rows = [];
  for (const peers of short ? [100, 1_000] : [1_000, 10_000, PEERS]) {
    const state = feed(
      start(),
      listOf(peers, 1, () => requestFrom(peers, 'announce_peer')),
    );
    const list = listOf(5_000, peers, () => requestFrom(peers, 'find_node'));
    let sink = 0;
    const [due, step] = inTurns(
      [
        () => {
          for (let i = 0; i < 100_000; i++) sink += machine.nextDeadline(state) ?? 0;
          return 100_000;
        },
        () => {
          feed(state, list);
          return list.length;
        },
      ],
      short ? 2 : 9,
    );
    if (sink === 0) throw new Error('no deadline');
    rows.push([peers, state.limiter.accounts.size, digits(due), digits(step / 1_000)]);
  }
  printTable(['peers', 'accounts', 'nextDeadline ns', 'find_node us'], rows);
};

const kindOf = (event) => (event.type === 'received' ? event.message.type : event.type);

/** The steps of a network of production nodes: by kind, us and bytes of each. */
const byKind = (short) => {
  const steps = [];
  const born = [];
  const scenario = { ...DEFAULT_SCENARIO, nodes: 200, lookups: short ? 50 : 1_000, k: 8, tables: 'full', loss: 0.02 };
  const simulation = new Simulation(/** @type {any} */ (scenario), {
    protocol: genericProtocol,
    born: (node, state) => {
      born[node] = state;
    },
    observe: (now, node, event) => steps.push({ now, node, event, kind: kindOf(event) }),
  });
  while (simulation.run(10_000));
  const node = makeNode(genericProtocol.profile);
  const replay = (see) => {
    const states = born.slice();
    for (const it of steps) {
      const before = see.before();
      const { state } = node.advance(states[it.node], it.event, it.now);
      see.after(it.kind, before);
      states[it.node] = state;
    }
  };
  const used = () => getHeapStatistics().used_heap_size;
  const own = median(Array.from({ length: 1_000 }, () => -(used() - used())));
  const times = new Map();
  const sizes = new Map();
  const note = (map, kind, value) => {
    const list = map.get(kind) ?? [];
    list.push(value);
    map.set(kind, list);
  };
  const clock = {
    before: () => process.hrtime.bigint(),
    after: (kind, before) => note(times, kind, Number(process.hrtime.bigint() - before)),
  };
  for (let round = 0; round < (short ? 2 : 8); round++) {
    if (round === 2) times.clear();
    replay(clock);
  }
  replay({ before: used, after: (kind, before) => note(sizes, kind, used() - before - own) });
  const rows = [];
  for (const [kind, name] of [
    ['reply', 'an answer'],
    ['request', 'a request'],
    ['tick', 'a tick'],
    ['lookup', 'a lookup begun'],
  ]) {
    const us = median(times.get(kind)) / 1_000;
    const size = median(sizes.get(kind).filter((it) => it >= 0));
    rows.push([name, sizes.get(kind).length, digits(us), Math.round(1_000_000 / us), Math.round(size)]);
  }
  printTable(['', 'events', 'us (median)', 'a second', 'bytes allocated'], rows);
};

/** Prints the tables. */
export const run = ({ short }) => {
  const load = listOf(short ? 2_000 : PEERS, 1, () => requestFrom(1 << 17, 'announce_peer'));
  const full = feed(start(), load);
  if (!short && full.limiter.accounts.size !== ACCOUNTS) throw new Error(`${full.limiter.accounts.size} accounts`);
  const summary = besideTwin(short, full, load);
  process.stdout.write('\n');
  deadlines(short);
  process.stdout.write('\n');
  byKind(short);
  return [`node: beside a mutated twin ${summary}`];
};
