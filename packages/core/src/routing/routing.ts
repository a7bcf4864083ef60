/**
 * Routing owns the table, and is the only one to change it: whoever answers enters, whoever falls silent leaves. Its
 * four children look after it: Bootstrap joins, Include vets strangers, Probe checks members, Refresh looks into quiet
 * buckets. Routing carries word between them and the table, and wants two things done: checks, and lookups.
 *
 * It refuses to: send, run lookups, or believe hearsay: neither asking us nor being named puts anybody in the table.
 */
import type { Contact, Endpoint, GroupOf } from '../contact.ts';
import { commonPrefix, type Id } from '../id.ts';
import { earliest, type Instant, NO_EFFECTS, type Step } from '../machine.ts';
import { NONE } from '../none.ts';
import type { AddressIds } from '../profile.ts';
import { closest } from '../table/closest.ts';
import {
  contactFailed,
  emptyTable,
  hasRoomFor,
  insertContact,
  memberAt,
  memberOf,
  onLastChance,
  rehomed,
  removeContact,
  type Table,
  tableContacts,
  tableSize,
} from '../table/table.ts';
import { advanceBootstrap, type BootstrapEvent, initBootstrap, nextBootstrapDeadline } from './bootstrap.ts';
import { advanceInclude, type IncludeEvent, initInclude, type Stranger } from './include.ts';
import { advanceProbe, initProbe, nextProbeDeadline, type ProbeEvent } from './probe.ts';
import { advanceRefresh, initRefresh, nextRefreshDeadline, type RefreshEvent } from './refresh.ts';
import type { Lookup, RemovalReason, RoutingConfig, RoutingEffect, RoutingEvent, RoutingState } from './types.ts';

/** Contacts of a former run that are greeted at once, at most. */
const MAX_SAMPLE = 64;

/** One step under way. */
interface Draft {
  readonly now: Instant;
  readonly groupOf: GroupOf;
  readonly prefers: AddressIds['fits'] | undefined;
  readonly state: { -readonly [K in keyof RoutingState]: RoutingState[K] };
  readonly effects: RoutingEffect[];
  /** Whom a start brought along. */
  readonly restored: readonly Contact[];
}

/** Throws `ConfigError` naming the first field that is out of range. */
export function initRouting(config: RoutingConfig): RoutingState {
  const { self, seed } = config;
  return {
    bootstrap: initBootstrap({ seed, ...config.bootstrap }),
    include: initInclude(config.include),
    probe: initProbe({ probe: config.probe, table: emptyTable(self, config.table) }),
    refresh: initRefresh({ seed, ...config.refresh }),
  };
}

export function tableOf(state: RoutingState): Table {
  return state.probe.table;
}

export function advanceRouting(
  before: RoutingState,
  event: RoutingEvent,
  now: Instant,
  groupOf: GroupOf,
  prefers: AddressIds['fits'] | undefined = undefined,
): Step<RoutingState, RoutingEffect> {
  const { bootstrap, include, probe, refresh } = before;
  const restored = event.type === 'start' ? event.restored : NONE;
  const draft: Draft = { now, groupOf, prefers, state: { bootstrap, include, probe, refresh }, effects: [], restored };
  if (event.type === 'tick') expire(draft);
  else absorb(draft, event);
  return { state: draft.state, effects: draft.effects.length === 0 ? NO_EFFECTS : draft.effects };
}

export function nextRoutingDeadline({ bootstrap, probe, refresh }: RoutingState): Instant | undefined {
  return earliest(earliest(nextBootstrapDeadline(bootstrap), nextProbeDeadline(probe)), nextRefreshDeadline(refresh));
}

/** In the order of the children: Bootstrap, Include, Probe, Refresh (Z10). */
function expire(draft: Draft): void {
  const { bootstrap, probe, refresh } = draft.state;
  if (isDue(nextBootstrapDeadline(bootstrap), draft.now)) tellBootstrap(draft, { type: 'tick' });
  if (isDue(nextProbeDeadline(probe), draft.now)) tellProbe(draft, { type: 'tick' });
  if (isDue(nextRefreshDeadline(refresh), draft.now)) tellRefresh(draft, { type: 'tick' });
}

function isDue(deadline: Instant | undefined, now: Instant): boolean {
  return deadline !== undefined && now >= deadline;
}

function absorb(draft: Draft, event: Exclude<RoutingEvent, { type: 'tick' }>): void {
  switch (event.type) {
    case 'start': {
      const { seeds, restored } = event;
      tellBootstrap(draft, { type: 'start', seeds, contacts: tableSize(tableOf(draft.state)) + restored.length });
      for (const stranger of restored.slice(sampleSize(draft))) tellInclude(draft, { type: 'candidate', stranger });
      return;
    }
    case 'seeds':
      return tellBootstrap(draft, event);
    case 'answered':
      return meet(draft, event.contact);
    case 'fell-silent':
      return suspect(draft, event.id, event.endpoint);
    case 'impostor':
      return distrust(draft, event.endpoint, event.claimed);
    case 'candidate':
      return consider(draft, event.stranger);
    case 'checked': {
      const verdict = { type: event.passed ? 'check-passed' : 'check-failed', check: event.check.number } as const;
      return event.check.by === 'include' ? tellInclude(draft, verdict) : tellProbe(draft, verdict);
    }
    case 'lookup-ended':
      return conclude(draft, event.lookup);
    case 'looked-into': {
      const { self } = tableOf(draft.state);
      return tellRefresh(draft, { type: 'looked-into', depth: commonPrefix(self, event.target) });
    }
    case 'lost':
      return tellBootstrap(draft, event);
    case 'renamed':
      return moveTo(draft, event.self);
    case 'unsettled':
      if (event.rejoin) tellBootstrap(draft, { type: 'unsettled' });
      return doubt(draft, event.sample, event.rejoin);
  }
}

function meet(draft: Draft, contact: Contact): void {
  const before = tableOf(draft.state);
  const [table, insertion] = insertContact(before, contact, draft.now, draft.groupOf);
  if (table !== before) changeTable(draft, table);
  if (insertion.type !== 'updated' && insertion.removed !== undefined) part(draft, insertion.removed, 'changed-id');
  if (insertion.type === 'added' || insertion.type === 'split') welcome(draft, contact);
  else if (insertion.type === 'full') {
    const { leastRecent: member } = insertion;
    tellProbe(draft, { type: 'contested', member, seen: memberOf(table, member.id)?.seen as Instant });
  }
}

function suspect(draft: Draft, id: Id, endpoint: Endpoint): void {
  const before = tableOf(draft.state);
  if (memberOf(before, id)?.contact.endpoint !== endpoint) return;
  const [table, { removed, added }] = contactFailed(before, id, draft.now, draft.groupOf, draft.prefers);
  changeTable(draft, table);
  if (removed === undefined) return;
  part(draft, removed, 'unanswering');
  if (added !== undefined) welcome(draft, added);
  tellInclude(draft, { type: 'fallen', stranger: removed });
}

function distrust(draft: Draft, endpoint: Endpoint, claimed: Id): void {
  const table = tableOf(draft.state);
  const member = memberAt(table, endpoint);
  if (member !== undefined && member.id !== claimed) {
    changeTable(draft, removeContact(table, member.id));
    part(draft, member, 'changed-id');
  }
  consider(draft, { id: claimed, endpoint });
}

function consider(draft: Draft, stranger: Stranger): void {
  if (stranger.id !== undefined && !hasRoomFor(tableOf(draft.state), stranger.id)) return;
  tellInclude(draft, { type: 'candidate', stranger });
}

function moveTo(draft: Draft, self: Id): void {
  const before = tableOf(draft.state);
  const table = rehomed(before, self, draft.groupOf);
  changeTable(draft, table);
  for (const member of tableContacts(before)) {
    if (memberOf(table, member.id) === undefined) part(draft, member, 'displaced');
  }
  recount(draft);
  tellBootstrap(draft, { type: 'unsettled' });
}

/** The members not seen for longest, from every bucket in turn, the deepest first; `last`: the first failure counts. */
function doubt(draft: Draft, sample: number, last: boolean): void {
  const { buckets } = tableOf(draft.state);
  const members: Contact[] = [];
  for (let i = 0; members.length < sample; i++) {
    const rank = buckets.map((bucket) => bucket.members[i]).filter((it) => it !== undefined);
    if (rank.length === 0) break;
    members.push(...rank.reverse());
  }
  const doubted = members.slice(0, sample);
  if (last)
    changeTable(
      draft,
      doubted.reduce((table, { id }) => onLastChance(table, id), tableOf(draft.state)),
    );
  tellProbe(draft, { type: 'doubted', members: doubted });
}

function conclude(draft: Draft, lookup: Lookup): void {
  if (lookup.for === 'refresh') return tellRefresh(draft, { type: 'lookup-ended', lookup: lookup.number });
  if (lookup.for === 'bucket') return tellBootstrap(draft, { type: 'bucket-filled' });
  if (lookup.for === 'greeting') return tellBootstrap(draft, { type: 'greeted' });
  const table = tableOf(draft.state);
  const neighbour = closest(table, table.self, 1)[0];
  const bucket = neighbour === undefined ? -1 : commonPrefix(table.self, neighbour.id);
  tellBootstrap(draft, { type: 'self-found', neighbour: bucket });
}

function welcome(draft: Draft, contact: Contact): void {
  draft.effects.push({ type: 'contact-added', contact });
  recount(draft);
}

function part(draft: Draft, contact: Contact, reason: RemovalReason): void {
  draft.effects.push({ type: 'contact-removed', contact, reason });
  recount(draft);
}

function recount(draft: Draft): void {
  const { buckets } = tableOf(draft.state);
  let depth = buckets.length - 1;
  while (depth >= 0 && buckets[depth]?.members.length === 0) depth--;
  tellBootstrap(draft, { type: 'contacts-changed', contacts: tableSize(tableOf(draft.state)) });
  tellRefresh(draft, { type: 'deepest', depth });
}

/** Whom a former run knew and this one greets: twice as many as are wanted, for some of them will be gone. */
function sampleSize({ state }: Draft): number {
  return Math.min(MAX_SAMPLE, 2 * state.bootstrap.config.minContacts);
}

function changeTable(draft: Draft, table: Table): void {
  tellProbe(draft, { type: 'table-changed', table });
}

function tellBootstrap(draft: Draft, event: BootstrapEvent): void {
  const { state, effects } = advanceBootstrap(draft.state.bootstrap, event, draft.now);
  draft.state.bootstrap = state;
  for (const effect of effects) {
    if (effect.type === 'find-self')
      draft.effects.push({ type: 'look', lookup: { for: 'self' }, withSeeds: effect.withSeeds });
    else if (effect.type === 'greet') {
      draft.effects.push({ type: 'greet', whom: draft.restored.slice(0, sampleSize(draft)) });
    } else if (effect.type === 'fill-bucket') {
      draft.effects.push({ type: 'look', lookup: { for: 'bucket', depth: effect.index }, withSeeds: false });
    } else {
      const { type: outcome, elapsed } = effect;
      draft.effects.push({ type: 'join-finished', outcome, contacts: state.contacts, elapsed });
    }
  }
}

function tellInclude(draft: Draft, event: IncludeEvent): void {
  const { state, effects } = advanceInclude(draft.state.include, event, draft.now);
  draft.state.include = state;
  for (const { check, stranger } of effects) {
    draft.effects.push({ type: 'check', check: { by: 'include', number: check }, whom: stranger });
  }
}

function tellProbe(draft: Draft, event: ProbeEvent): void {
  const { state, effects } = advanceProbe(draft.state.probe, event, draft.now);
  draft.state.probe = state;
  for (const { check, member } of effects) {
    draft.effects.push({ type: 'check', check: { by: 'probe', number: check }, whom: member });
  }
}

function tellRefresh(draft: Draft, event: RefreshEvent): void {
  const { state, effects } = advanceRefresh(draft.state.refresh, event, draft.now);
  draft.state.refresh = state;
  for (const effect of effects) {
    if (effect.type === 'refreshed') draft.effects.push(effect);
    else {
      const { lookup: number, depth } = effect;
      draft.effects.push({ type: 'look', lookup: { for: 'refresh', depth, number }, withSeeds: false });
    }
  }
}

/** Everybody in the table. */
export function contactsIn(state: RoutingState): Contact[] {
  return tableContacts(tableOf(state));
}
