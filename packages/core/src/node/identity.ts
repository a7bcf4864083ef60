/**
 * Who we are to others: the address they see us at, by their votes, and the id that fits it (BEP 42); and whether an id
 * fits the address it comes from. It trusts no single voter, and takes another id only where ours does not fit.
 */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import type { Protocol, SeenAs } from '../message.ts';
import { nextId } from '../random.ts';
import { advanceVotes } from '../routing/votes.ts';
import type { Turn } from './turn.ts';
import { tellRouting } from './upkeep.ts';

/** Somebody who answered says at which address it sees us. Those of one network have one vote together. */
export function hearOfUs<P extends Protocol, C, S>(turn: Turn<P, C, S>, voter: Endpoint, seen: SeenAs): void {
  const { state, profile, now } = turn;
  const step = advanceVotes(
    state.votes,
    { type: 'voted', ...seen, voter: profile.groupOf(voter)?.network ?? voter },
    now,
  );
  state.votes = step.state;
  for (const { family, address, former } of step.effects) {
    turn.effects.push({ type: 'address-adopted', family, address, former });
    fitIn(turn, address);
  }
}

/** Whether this node's id is one that it may not have, and that matters here. */
export function isUnfit<P extends Protocol, C, S>({ state, profile }: Turn<P, C, S>, id: Id, at: Endpoint): boolean {
  return state.config.unfitIds === 'enforce' && profile.ids?.fits(id, at) === false;
}

/** Those who may have the id they have. */
export function fitContacts<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  contacts: readonly Contact[],
): readonly Contact[] {
  const { ids } = turn.profile;
  if (ids === undefined || turn.state.config.unfitIds !== 'enforce') return contacts;
  return contacts.filter(({ id, endpoint }) => ids.fits(id, endpoint));
}

function fitIn<P extends Protocol, C, S>(turn: Turn<P, C, S>, address: string): void {
  const { state, profile } = turn;
  const { self: former } = state.config;
  if (profile.ids === undefined || profile.ids.at(address, former) === former) return;
  const [filler, random] = nextId(state.random, profile.idBits);
  const self = profile.ids.at(address, filler);
  state.random = random;
  state.config = { ...state.config, self };
  state.wire = { ...state.wire, config: { ...state.wire.config, self } };
  state.server = profile.server.renamed?.(state.server, self) ?? state.server;
  turn.effects.push({ type: 'renamed', self, former });
  tellRouting(turn, { type: 'renamed', self });
}
