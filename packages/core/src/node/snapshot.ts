/**
 * What is kept over a restart: who we are, whom we know, what we keep published and what the server holds. A snapshot
 * is versioned JSON with ages and remaining lifetimes, because instants mean nothing in another process.
 *
 * A restored node trusts nobody it knew: contacts are vetted again before they enter the table, and how long each
 * took to answer only shortens the wait for those that are gone. It refuses to: read a
 * snapshot of another protocol, of a later version, or one that is damaged as a whole; a damaged entry is left out.
 */
import type { Contact } from '../contact.ts';
import { SnapshotError } from '../errors.ts';
import { type Id, isId } from '../id.ts';
import type { Instant } from '../machine.ts';
import { entries, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import { roundTripTo, withRoundTrips } from '../pool/traffic.ts';
import type { Profile } from '../profile.ts';
import { advanceSchedule, canKeep } from '../publish/schedule.ts';
import { tableOf } from '../routing/routing.ts';
import type { NodeConfig } from './config.ts';
import { makeNode } from './node.ts';
import type { NodeState, PublishEvent } from './types.ts';

const FORMAT = 'xorrery-node';
const VERSION = 1;

export interface Snapshot<P extends Protocol> {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly profile: { readonly name: string; readonly version: number };
  /** Unix time in ms at which it was taken. */
  readonly wall: number;
  readonly self: Id;
  /** The least recently seen first. */
  readonly contacts: readonly SavedContact[];
  readonly kept: readonly PublishEvent<P>[];
  readonly server: unknown;
}

export interface SavedContact extends Contact {
  /** ms since the last answer. */
  readonly age: Instant;
  /** ms from a request to its answer, where that was measured of late. */
  readonly roundTrip?: Instant;
}

/** The snapshot of a node at `now`, which is `wall` in Unix time. Plain JSON. */
export function snapshotOf<P extends Protocol, C, S>(
  profile: Profile<P, C, S>,
  state: NodeState<P, C, S>,
  now: Instant,
  wall: number,
): Snapshot<P> {
  return {
    format: FORMAT,
    version: VERSION,
    profile: { name: profile.name, version: profile.version },
    wall,
    self: state.config.self,
    contacts: savedContacts(state, now),
    kept: entries(state.kept).map((it) => it.value),
    server: profile.server.save(state.server, now),
  };
}

/** Whom a node knows at `now`, the least recently seen first. */
export function savedContacts<P extends Protocol, C, S>(state: NodeState<P, C, S>, now: Instant): SavedContact[] {
  const known = tableOf(state.routing).buckets.flatMap(({ members, seen }) =>
    members.map(({ id, endpoint }, i) => {
      const roundTrip = roundTripTo(state.pool, endpoint);
      const age = Math.max(0, now - (seen[i] as Instant));
      return roundTrip === undefined ? { id, endpoint, age } : { id, endpoint, age, roundTrip };
    }),
  );
  return known.sort((a, b) => b.age - a.age);
}

/**
 * A node that goes on where `saved` left off, under the id it had; it begins when it is told `start`. `wall` is now's
 * Unix time; a clock set back counts as no time passed. Throws `SnapshotError`, and `ConfigError` as `init` does.
 */
export function restoreNode<P extends Protocol, C, S>(
  profile: Profile<P, C, S>,
  config: NodeConfig<C>,
  saved: unknown,
  now: Instant,
  wall: number,
): NodeState<P, C, S> {
  const { self, wall: then, contacts, kept, server } = readSnapshot(profile, saved);
  const fresh = makeNode(profile).init({ ...config, self });
  const elapsed = Math.max(0, wall - then);
  const known = contacts.filter((it) => isContact(it, profile.idBits));
  const restored = known.map(({ id, endpoint }) => ({ id, endpoint }));
  let { schedule } = fresh;
  let publishing = fresh.kept;
  for (const event of kept.filter((it) => isPublish(it, profile.idBits))) {
    if (!canKeep(schedule, event.target)) continue;
    publishing = set(publishing, event.target, event);
    // How long ago each was stored is not worth keeping: all of it is stored again once we have joined.
    const resumed = { type: 'resumed', target: event.target, every: event.every as number } as const;
    schedule = advanceSchedule(schedule, resumed, now).state;
  }
  const holdings = profile.server.load(config.server, server, elapsed, now, self);
  const pool = withRoundTrips(fresh.pool, known, now);
  return { ...fresh, at: now, restored: restored.reverse(), kept: publishing, schedule, pool, server: holdings };
}

/** The outer shape of a snapshot. */
function readSnapshot<P extends Protocol, C, S>(profile: Profile<P, C, S>, saved: unknown): Snapshot<P> {
  const it = saved as Partial<Snapshot<P>> | null;
  if (typeof it !== 'object' || it === null || it.format !== FORMAT) {
    throw new SnapshotError('corrupt', 'it is not a snapshot of a node');
  }
  if (it.version !== VERSION)
    throw new SnapshotError('version', `it is of version ${String(it.version)}, not ${VERSION}`);
  if (it.profile?.name !== profile.name || it.profile.version !== profile.version) {
    const other = `${String(it.profile?.name)} ${String(it.profile?.version)}`;
    throw new SnapshotError('profile', `it is of ${other}, not ${profile.name} ${profile.version}`);
  }
  if (!isId(it.self, profile.idBits)) throw new SnapshotError('corrupt', 'self is not an id');
  if (!Number.isSafeInteger(it.wall)) throw new SnapshotError('corrupt', 'wall is not a time');
  if (!Array.isArray(it.contacts)) throw new SnapshotError('corrupt', 'contacts is not a list');
  if (!Array.isArray(it.kept)) throw new SnapshotError('corrupt', 'kept is not a list');
  return it as Snapshot<P>;
}

function isContact(it: unknown, bits: number): it is SavedContact {
  const contact = it as Partial<SavedContact> | null;
  if (typeof contact !== 'object' || contact === null || typeof contact.endpoint !== 'string') return false;
  const { roundTrip = 0 } = contact;
  return isId(contact.id, bits) && Number.isSafeInteger(roundTrip) && roundTrip >= 0;
}

function isPublish<P extends Protocol>(it: unknown, bits: number): it is PublishEvent<P> {
  const event = it as Partial<PublishEvent<P>> | null;
  if (typeof event !== 'object' || event === null || event.type !== 'publish') return false;
  return isId(event.target, bits) && Number.isSafeInteger(event.every) && (event.every as number) > 0;
}
