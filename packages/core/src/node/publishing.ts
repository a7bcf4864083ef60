/**
 * Publishing as the node does it: a broadcast's two lookups, what we keep ourselves when we are among the closest, the
 * rounds in which things are stored again, and values left on the way to whoever looks for them next.
 */
import { compareDistance, type Id } from '../id.ts';
import { get, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { PoolEffect, Priority } from '../pool/types.ts';
import {
  advanceBroadcast,
  type BroadcastEvent,
  type BroadcastState,
  type Grant,
  initBroadcast,
} from '../publish/broadcast.ts';
import { advanceSchedule, canKeep, type Owner, type ScheduleEvent } from '../publish/schedule.ts';
import type { QueryEffect, QueryReport } from '../query/types.ts';
import { addAsk, addLookup, type Turn } from './turn.ts';
import type { PublishEvent, Publishing } from './types.ts';

/** What the lookups of a publish are called; users' ids never look like it. */
const AGAIN = 'again:';

/** Whether a publish that wants to be kept published can be. */
export function hasRoomToKeep<P extends Protocol, C, S>({ state }: Turn<P, C, S>, event: PublishEvent<P>): boolean {
  return event.every === undefined || canKeep(state.schedule, event.target);
}

export function beginPublish<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: PublishEvent<P>): void {
  const { target, every } = event;
  if (every !== undefined) {
    turn.state.kept = set(turn.state.kept, target, event);
    tellSchedule(turn, { type: 'kept', target, every });
  }
  broadcast(turn, event, 'user');
}

/** Nothing is stored again under this key. What the network holds of it expires there. */
export function unpublish<P extends Protocol, C, S>(turn: Turn<P, C, S>, target: Id): void {
  turn.state.kept = remove(turn.state.kept, target);
  tellSchedule(turn, { type: 'dropped', owner: 'own', target });
}

export function tellSchedule<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: ScheduleEvent): void {
  if (turn.state.phase === 'closed') return;
  const step = advanceSchedule(turn.state.schedule, event, turn.now);
  turn.state.schedule = step.state;
  for (const { owner, target } of step.effects) publishAgain(turn, owner, target);
}

/** One of the two lookups of a publish has ended, or was not admitted. */
export function concludePublish<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  kind: 'find' | 'store',
  id: string,
  outcome: Extract<QueryEffect<P>, { type: 'finished' }> | Extract<PoolEffect<P>, { type: 'rejected' }>,
): void {
  const publishing = get(turn.state.publishing, id);
  if (publishing === undefined) return;
  if (outcome.type === 'finished') {
    const { report } = outcome;
    if (kind === 'store') return stepBroadcast(turn, publishing, { type: 'stored', report });
    return stepBroadcast(turn, keepHere(turn, publishing, report), { type: 'found', report });
  }
  turn.state.publishing = remove(turn.state.publishing, id);
  if (id.startsWith(AGAIN)) return endRound(turn, id);
  turn.effects.push({ type: 'rejected', id, reason: outcome.reason });
}

/** A broadcast that ends before anything was sent for it. */
export function endPublish<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  event: PublishEvent<P>,
  report: QueryReport<P>,
): void {
  stepBroadcast(turn, { event, broadcast: begun(turn, event), local: false }, { type: 'found', report });
}

export function storeSetOf<P extends Protocol, C, S>({ state }: Turn<P, C, S>, { settings }: PublishEvent<P>): number {
  return settings?.k ?? state.config.storeSet;
}

/**
 * Leaves a value that was found at the closest node that answered and did not have it, for whoever asks next: for a
 * while that halves with each node nearer to the key (T17; Kademlia 2002, section 2.3).
 */
export function cacheOnPath<P extends Protocol, C, S>(turn: Turn<P, C, S>, id: string, report: QueryReport<P>): void {
  const { state, profile } = turn;
  const value = report.values[0];
  const rank = report.asked.findIndex((it) => it.result === 'answered' && !it.gave);
  const lacking = report.asked[rank];
  if (report.reason !== 'found' || value === undefined || lacking?.id === undefined) return;
  const { cacheLongest, cacheShortest } = state.config;
  let lifetime = cacheLongest;
  for (let i = 0; i < rank && lifetime > cacheShortest; i++) lifetime = Math.floor(lifetime / 2);
  const store = profile.cached(value, report.target, Math.max(lifetime, cacheShortest));
  if (store === undefined) return;
  const { endpoint, token } = lacking;
  const request = token === undefined ? store : profile.granted(store, token);
  addAsk(turn, `cache:${id}`, 'background', { seeds: [{ id: lacking.id, endpoint, request }], request });
}

function publishAgain<P extends Protocol, C, S>(turn: Turn<P, C, S>, owner: Owner, target: Id): void {
  const { state, profile } = turn;
  const id = `${AGAIN}${owner}-${target}`;
  const kept = get(state.kept, target);
  const replica = owner === 'own' ? kept : profile.server.replica(state.server, target, turn.now);
  if (replica !== undefined) {
    const settings = owner === 'own' ? kept?.settings : undefined;
    const { find, store } = replica;
    const event = { type: 'publish', id, target, find, store } as const;
    return broadcast(turn, settings === undefined ? event : { ...event, settings }, 'background');
  }
  // Expired, or dropped meanwhile: nothing to hand on.
  tellSchedule(turn, { type: 'round-ended', owner, target });
  tellSchedule(turn, { type: 'dropped', owner, target });
}

function endRound<P extends Protocol, C, S>(turn: Turn<P, C, S>, id: string): void {
  const dash = id.indexOf('-');
  const owner = id.slice(AGAIN.length, dash) as Owner;
  tellSchedule(turn, { type: 'round-ended', owner, target: id.slice(dash + 1) as Id });
}

function broadcast<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: PublishEvent<P>, priority: Priority): void {
  const { id, target, find: request, settings } = event;
  turn.state.publishing = set(turn.state.publishing, id, { event, broadcast: begun(turn, event), local: false });
  const k = storeSetOf(turn, event);
  addLookup(turn, `find:${id}`, priority, { kind: 'collect', target, request, settings: { ...settings, k } });
}

/** A broadcast that has asked for its lookup. */
function begun<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: PublishEvent<P>): BroadcastState {
  const fresh = initBroadcast({ target: event.target, storeSet: storeSetOf(turn, event) });
  return advanceBroadcast(fresh, { type: 'start' }, turn.now).state;
}

function stepBroadcast<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  { event: operation, broadcast: before, local }: Publishing<P>,
  event: BroadcastEvent<P>,
): void {
  const { state } = turn;
  const { id } = operation;
  const step = advanceBroadcast(before, event, turn.now);
  state.publishing = set(state.publishing, id, { event: operation, broadcast: step.state, local });
  for (const effect of step.effects) {
    if (effect.type === 'store') store(turn, operation, effect.grants);
    else if (effect.type === 'published') {
      state.publishing = remove(state.publishing, id);
      const { report } = effect;
      if (!id.startsWith(AGAIN)) turn.effects.push({ type: 'published', id, local, report });
      else {
        turn.effects.push({ type: 'republished', target: operation.target, report });
        endRound(turn, id);
      }
    }
  }
}

/** The same is kept here when we are among the closest ourselves. */
function keepHere<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  publishing: Publishing<P>,
  { closest, reason }: QueryReport<P>,
): Publishing<P> {
  const { state, profile } = turn;
  const { target, store } = publishing.event;
  const { self, readOnly } = state.config;
  const last = closest[storeSetOf(turn, publishing.event) - 1];
  const isAmong = last === undefined || compareDistance(target, self, last.id) < 0;
  // What is handed on for another is held here already, and lives no longer for it.
  const isOthers = publishing.event.id.startsWith(`${AGAIN}other`);
  if (readOnly || !isAmong || isOthers || reason === 'cancelled' || reason === 'closed') return publishing;
  const before = state.server;
  state.server = profile.server.keep(before, store, turn.now);
  return { ...publishing, local: state.server !== before };
}

function store<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: PublishEvent<P>, grants: readonly Grant[]): void {
  const { id, store: request, settings } = event;
  const seeds = grants.map(({ contact, token }) => ({ ...contact, request: turn.profile.granted(request, token) }));
  const priority = id.startsWith(AGAIN) ? 'background' : 'user';
  const asked = { seeds, request, ...(settings === undefined ? undefined : { settings }) };
  addAsk(turn, `store:${id}`, priority, asked);
}
