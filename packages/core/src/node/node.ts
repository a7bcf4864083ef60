/**
 * The root machine: a whole node of the network as a pure function of its events. It owns the budgets, carries each
 * machine's messages to the next (only here do lookups and routing meet), and answers requests through the profile.
 *
 * A packet's way: `received` goes to the wire, which says which request it answers; Routing hears that its sender is
 * alive, the pool's lookup takes the answer in and wants further requests; the wire gives them transaction ids; they
 * leave as `transmit`. All of it in one step.
 *
 * It refuses to: read a clock, open a socket, keep a secret, or look inside an endpoint.
 */

import type { Contact, Endpoint } from '../contact.ts';
import { assert } from '../errors.ts';
import { earliest, type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { emptyMap } from '../map.ts';
import type { Protocol } from '../message.ts';
import { NONE } from '../none.ts';
import { advancePool, initPool, nextPoolDeadline } from '../pool/pool.ts';
import type { PoolEffect, PoolEvent } from '../pool/types.ts';
import type { Profile } from '../profile.ts';
import { initSchedule, nextScheduleDeadline } from '../publish/schedule.ts';
import { seedRandom } from '../random.ts';
import { initLimiter, sweepLimiter } from '../responder/limiter.ts';
import { initRouting, nextRoutingDeadline, tableOf } from '../routing/routing.ts';
import { initVotes } from '../routing/votes.ts';
import { initWire } from '../wire/wire.ts';
import { nextCheckDeadline, noChecks } from './checks.ts';
import { checkNodeConfig, type NodeConfig } from './config.ts';
import { withSample } from './network-size.ts';
import { cancel, closeWaiting, operate, refuse } from './operations.ts';
import { NO_OUTCOMES } from './outcomes.ts';
import { dropOverdue, rebuff, receive, stepWire, takeVerdict } from './packets.ts';
import { cacheOnPath, concludePublish, tellSchedule, unpublish } from './publishing.ts';
import { count, draftOf, isBlocked, rulesOf, type Turn } from './turn.ts';
import type { Counters, NodeEffect, NodeEvent, NodeState } from './types.ts';
import { concludeUpkeep, noteOutcome, startOver, tellRouting, wakeUp } from './upkeep.ts';

export type NodeMachine<P extends Protocol, C, S> = Machine<
  NodeConfig<C>,
  NodeState<P, C, S>,
  NodeEvent<P>,
  NodeEffect<P>
>;

const NO_COUNTS: Counters = {
  requests: 0,
  replies: 0,
  errors: 0,
  malformed: 0,
  refused: 0,
  unknownTransaction: 0,
  wrongSource: 0,
  wrongId: 0,
  ownId: 0,
  unsent: 0,
  limited: 0,
  oversized: 0,
  shed: 0,
  unchecked: 0,
  blocked: 0,
  unfit: 0,
};

/** The node of a protocol. */
export function makeNode<P extends Protocol, C, S>(profile: Profile<P, C, S>): NodeMachine<P, C, S> {
  const { server } = profile;
  const rulesForAll = rulesOf(profile, false);
  const rulesForRemote = rulesOf(profile, true);

  function init(config: NodeConfig<C>): NodeState<P, C, S> {
    checkNodeConfig(config, profile.idBits);
    const { self, seed, readOnly } = config;
    return {
      phase: 'fresh',
      config,
      at: 0,
      wakeAt: undefined,
      random: seedRandom(seed),
      seeds: NONE,
      wire: initWire({ self, readOnly, ...config.wire }),
      pool: initPool(config.pool),
      routing: initRouting(config),
      joins: 0,
      restored: NONE,
      limiter: initLimiter(config.responder.limiter),
      replyLevel: undefined,
      checks: noChecks(),
      recent: NO_OUTCOMES,
      votes: initVotes(config.votes),
      sizes: NONE,
      schedule: initSchedule({ seed, ...config.publish }),
      kept: emptyMap(),
      caching: NONE,
      publishing: emptyMap(),
      waiting: NONE,
      server: server.init(config.server, self),
      counters: NO_COUNTS,
    };
  }

  function deadlineOf(state: NodeState<P, C, S>): Instant | undefined {
    if (state.phase !== 'running') return undefined;
    const lookups = earliest(nextPoolDeadline(state.pool), nextRoutingDeadline(state.routing));
    const records = earliest(server.nextDeadline(state.server), nextScheduleDeadline(state.schedule));
    const doors = earliest(state.limiter.sweepAt, nextCheckDeadline(state.checks));
    return earliest(earliest(lookups, records), doors);
  }

  function advance(
    before: NodeState<P, C, S>,
    event: NodeEvent<P>,
    now: Instant,
  ): Step<NodeState<P, C, S>, NodeEffect<P>> {
    assert(now >= before.at, 'time never falls:', now, before.at);
    const isDue = before.wakeAt !== undefined && now >= before.wakeAt;
    if (event.type === 'tick' && !isDue) return { state: before, effects: NO_EFFECTS };
    const rules = before.config.exemptLocal ? rulesForRemote : rulesForAll;
    const turn: Turn<P, C, S> = { profile, rules, now, state: draftOf(before, now), effects: [], forPool: [] };
    if (isDue) expire(turn);
    absorb(turn, event);
    settle(turn);
    const { state, effects } = turn;
    if (!hasSameDeadlines(before, state)) state.wakeAt = deadlineOf(state);
    return { state, effects };
  }

  return { init, advance, nextDeadline: (state) => state.wakeAt };
}

function hasSameDeadlines<P extends Protocol, C, S>(a: NodeState<P, C, S>, b: NodeState<P, C, S>): boolean {
  const isSame = a.pool === b.pool && a.routing === b.routing && a.schedule === b.schedule && a.server === b.server;
  return isSame && a.limiter.sweepAt === b.limiter.sweepAt && a.checks === b.checks && a.phase === b.phase;
}

/** The first beat: time passes for everyone, local before remote, what runs before what is new (Z12). */
function expire<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  const { state, profile, now } = turn;
  state.server = profile.server.expire(state.server, now);
  state.limiter = sweepLimiter(state.limiter, now);
  dropOverdue(turn);
  turn.forPool.push({ type: 'tick' });
  settle(turn);
  tellRouting(turn, { type: 'tick' });
  settle(turn);
  tellSchedule(turn, { type: 'tick' });
  settle(turn);
}

/** The second beat. What has no meaning in this phase is ignored; an operation is refused. */
function absorb<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: NodeEvent<P>): void {
  const { state } = turn;
  if (state.phase === 'fresh' && event.type === 'start') return start(turn, event.seeds);
  if (state.phase === 'fresh' && event.type === 'close') return close(turn);
  if (state.phase !== 'running') return refuse(turn, event);
  switch (event.type) {
    case 'lookup':
    case 'ask':
    case 'publish':
      return operate(turn, event);
    case 'cancel':
      return cancel(turn, event.id);
    case 'unpublish':
      return unpublish(turn, event.target);
    case 'close':
      return close(turn);
    case 'introduce':
      if (isBlocked(turn, event.endpoint)) return;
      return tellRouting(turn, { type: 'candidate', stranger: { endpoint: event.endpoint } });
    case 'clock-jumped':
      return wakeUp(turn, event.ms);
    case 'addresses-changed':
      startOver(turn);
      return tellSchedule(turn, { type: 'hasten' });
    case 'received':
      return receive(turn, event);
    case 'malformed':
      return rebuff(turn, event);
    case 'unsent':
      count(turn, 'unsent');
      return stepWire(turn, { type: 'unsent', to: event.to, tid: event.tid });
    case 'entropy':
      return stepWire(turn, { type: 'entropy', bytes: event.bytes });
    case 'seeds':
      state.seeds = event.seeds;
      return tellRouting(turn, { type: 'seeds', seeds: event.seeds.length });
    case 'verified':
      return takeVerdict(turn, event.job, event.valid);
    case 'start':
    case 'tick':
      return;
  }
}

/** The third beat: the pool is told what is left to tell, and its wishes are carried out, until nothing is left. */
function settle<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  const { forPool } = turn;
  for (let i = 0; i < forPool.length; i++) {
    const step = advancePool(turn.state.pool, forPool[i] as PoolEvent<P>, turn.now, turn.rules);
    turn.state.pool = step.state;
    for (const effect of step.effects) carryOut(turn, effect);
  }
  if (forPool.length > 0) turn.forPool = [];
}

function start<P extends Protocol, C, S>(turn: Turn<P, C, S>, seeds: readonly Endpoint[]): void {
  const { state } = turn;
  state.phase = 'running';
  state.seeds = seeds;
  const restored = state.restored.filter((it) => !isBlocked(turn, it.endpoint));
  tellRouting(turn, { type: 'start', seeds: seeds.length, restored });
  state.restored = NONE;
}

/** Every operation ends, with reason `closed`; then nothing more happens. */
function close<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  const { state } = turn;
  // Before anything ends, so that no end starts anything anew.
  state.phase = 'closed';
  closeWaiting(turn);
  turn.forPool.push({ type: 'close' });
  settle(turn);
  turn.effects.push({ type: 'closed' });
}

/** How the ids of lookups begin that the user wanted. */
const USERS = 'user:';

/** What became of a lookup goes to whoever wanted it; its id says who. */
function carryOut<P extends Protocol, C, S>(turn: Turn<P, C, S>, envelope: PoolEffect<P>): void {
  const isUsers = envelope.id.startsWith(USERS);
  if (envelope.type === 'rejected') {
    if (isUsers) turn.effects.push({ ...envelope, id: envelope.id.slice(USERS.length) });
    // The node's own lookups that find no room have come to nothing, and that is an end like another.
    else conclude(turn, envelope.id, envelope);
    return;
  }
  const { effect } = envelope;
  turn.effects.push(isUsers ? { type: 'query', id: envelope.id.slice(USERS.length), effect } : envelope);
  switch (effect.type) {
    case 'send': {
      const { request, to, payload } = effect;
      return stepWire(turn, { type: 'request', request, to: to.endpoint, expected: to.id, payload });
    }
    case 'abandon':
      return stepWire(turn, { type: 'abandon', request: effect.request });
    case 'unanswered': {
      const { id: silent, endpoint } = effect.to;
      noteOutcome(turn, false);
      if (silent !== undefined) tellRouting(turn, { type: 'fell-silent', id: silent, endpoint });
      return;
    }
    case 'recalled':
    case 'progressed':
      return;
    case 'finished':
      return conclude(turn, envelope.id, effect);
  }
}

function conclude<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  lookup: string,
  outcome: Parameters<typeof concludePublish<P, C, S>>[3],
): void {
  const colon = lookup.indexOf(':');
  const owner = lookup.slice(0, colon);
  const id = lookup.slice(colon + 1);
  const report = outcome.type === 'finished' ? outcome.report : undefined;
  if (report !== undefined && report.kind !== 'each') {
    const { reason, target, closest } = report;
    const isSample = reason === 'converged' && target !== turn.state.config.self;
    if (isSample) turn.state.sizes = withSample(turn.state.sizes, target, closest);
    if (report.counts.answered > 0) tellRouting(turn, { type: 'looked-into', target: report.target });
  }
  if (owner === 'find' || owner === 'store') return concludePublish(turn, owner, id, outcome);
  if (turn.state.phase === 'closed') return;
  if (owner === 'user') return concludeLookup(turn, id, report);
  concludeUpkeep(turn, owner, id, report);
}

function concludeLookup<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  id: string,
  report: Extract<Parameters<typeof concludePublish<P, C, S>>[3], { type: 'finished' }>['report'] | undefined,
): void {
  const { state } = turn;
  if (!state.caching.includes(id)) return;
  state.caching = state.caching.filter((it) => it !== id);
  if (report !== undefined) cacheOnPath(turn, id, report);
}

/** What the table knows of a node: id, endpoint, and when it last answered us. */
export interface ContactView extends Contact {
  readonly lastSeen: Instant;
}

/** All contacts, as seen through the API. */
export function contactsOf<P extends Protocol, C, S>(state: NodeState<P, C, S>): ContactView[] {
  return tableOf(state.routing).buckets.flatMap((bucket) =>
    bucket.members.map((contact, i) => ({ ...contact, lastSeen: bucket.seen[i] as Instant })),
  );
}
