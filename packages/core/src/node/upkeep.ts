/** The routing table and those who look after it: who is met, who is lost, and what bootstrap and include want done. */
import type { Contact, Endpoint } from '../contact.ts';
import { commonPrefix, type Id, idInBucket } from '../id.ts';
import type { Protocol } from '../message.ts';
import type { Seed } from '../query/types.ts';
import { nextId } from '../random.ts';
import { advanceBootstrap, type BootstrapEffect, type BootstrapEvent } from '../routing/bootstrap.ts';
import { advanceInclude, type IncludeEvent } from '../routing/include.ts';
import { closest } from '../table/closest.ts';
import {
  contactFailed,
  hasRoomFor,
  insertContact,
  memberAt,
  memberOf,
  removeContact,
  tableSize,
} from '../table/table.ts';
import { beginWaiting } from './operations.ts';
import { addAsk, addLookup, queryConfig, type Turn } from './turn.ts';

/** Somebody answered a request of ours: the one way into the table (F35). */
export function meet<P extends Protocol, C, S>(turn: Turn<P, C, S>, contact: Contact): void {
  const [table, insertion] = insertContact(turn.state.table, contact, turn.now);
  turn.state.table = table;
  if ('removed' in insertion && insertion.removed !== undefined) part(turn, insertion.removed, 'changed-id');
  if (insertion.type === 'added' || insertion.type === 'split') welcome(turn, contact);
}

/** A node did not answer; if it is a member, that counts against it. */
export function suspect<P extends Protocol, C, S>(turn: Turn<P, C, S>, id: Id | undefined, endpoint: Endpoint): void {
  const { state } = turn;
  if (id === undefined || memberOf(state.table, id)?.contact.endpoint !== endpoint) return;
  const [table, { removed, added }] = contactFailed(state.table, id, turn.now);
  state.table = table;
  if (added !== undefined) welcome(turn, added);
  if (removed !== undefined) part(turn, removed, 'unanswering');
}

/** Another id answered where a member was expected: the old entry goes, the new id must prove itself (R13). */
export function distrust<P extends Protocol, C, S>(turn: Turn<P, C, S>, endpoint: Endpoint, claimed: Id): void {
  const { state } = turn;
  const member = memberAt(state.table, endpoint);
  if (member !== undefined && member.id !== claimed) {
    state.table = removeContact(state.table, member.id);
    part(turn, member, 'changed-id');
  }
  consider(turn, claimed, endpoint);
}

/** A stranger that might be worth a place, if it turns out to be there. */
export function consider<P extends Protocol, C, S>(turn: Turn<P, C, S>, id: Id, endpoint: Endpoint): void {
  if (hasRoomFor(turn.state.table, id)) stepInclude(turn, { type: 'candidate', stranger: { id, endpoint } });
}

export function stepInclude<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: IncludeEvent): void {
  const step = advanceInclude(turn.state.include, event, turn.now);
  turn.state.include = step.state;
  for (const { check, stranger } of step.effects) {
    addAsk(turn, `check:${check}`, { seeds: [stranger], request: turn.profile.ping });
  }
}

export function stepBootstrap<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: BootstrapEvent): void {
  const step = advanceBootstrap(turn.state.bootstrap, event, turn.now);
  turn.state.bootstrap = step.state;
  for (const effect of step.effects) performBootstrap(turn, effect);
  beginWaiting(turn);
}

/** The bucket of our closest contact, or -1. */
export function neighbourBucket<P extends Protocol, C, S>({ state }: Turn<P, C, S>): number {
  const { self } = state.config;
  const neighbour = closest(state.table, self, 1)[0];
  return neighbour === undefined ? -1 : commonPrefix(self, neighbour.id);
}

function performBootstrap<P extends Protocol, C, S>(turn: Turn<P, C, S>, effect: BootstrapEffect): void {
  const { state, profile } = turn;
  const { self } = state.config;
  switch (effect.type) {
    case 'find-self': {
      const config = queryConfig(turn, 'closest', self, profile.findNode(self));
      const known = closest(state.table, self, config.k);
      const seeds: readonly Seed<P>[] = [...known, ...state.seeds.map((endpoint) => ({ endpoint }))];
      turn.forPool.push({ type: 'add', id: `join:self-${state.joins++}`, priority: 'background', config, seeds });
      return;
    }
    case 'fill-bucket': {
      const [filler, random] = nextId(state.random, profile.idBits);
      state.random = random;
      const target = idInBucket(self, effect.index, filler);
      const request = profile.findNode(target);
      addLookup(turn, `join:${effect.index}-${state.joins++}`, { kind: 'closest', target, request });
      return;
    }
    case 'joined':
    case 'isolated': {
      const { type: outcome, elapsed } = effect;
      turn.effects.push({ type: 'join-finished', outcome, contacts: tableSize(state.table), elapsed });
    }
  }
}

function welcome<P extends Protocol, C, S>(turn: Turn<P, C, S>, contact: Contact): void {
  turn.effects.push({ type: 'contact-added', contact });
  stepBootstrap(turn, { type: 'contact-added' });
}

function part<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  contact: Contact,
  reason: 'unanswering' | 'changed-id',
): void {
  turn.effects.push({ type: 'contact-removed', contact, reason });
  stepBootstrap(turn, { type: 'contact-removed', left: tableSize(turn.state.table) });
}
