/**
 * By which address others know us: each that answers may say how it saw us, and what enough of them say alike is
 * adopted. One voter has one vote, for IPv4 and IPv6 apart: its next one replaces the last, so that a voter who repeats
 * itself gains nothing. Votes are few and the oldest go first. Another address wins once it has more votes than the one
 * that was adopted, so that two halves of the network cannot toss us to and fro.
 *
 * It refuses to: look inside an address, trust a single voter, or forget what was adopted because voters fall silent.
 */
import { checkInteger } from '../errors.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';

export interface VotesConfig {
  /** Distinct voters that must agree. */
  readonly threshold: number;
  /** Votes kept for each family; the oldest beyond it expire. */
  readonly maxVotes: number;
}

export const DEFAULT_VOTES: VotesConfig = { threshold: 3, maxVotes: 32 };

export type AddressFamily = 'v4' | 'v6';

export type VotesEvent =
  /** `voter`: whatever makes voters distinct, best the group of its address; `address`: how it saw us. */
  | { readonly type: 'voted'; readonly family: AddressFamily; readonly voter: string; readonly address: string }
  | { readonly type: 'tick' };

/** Enough agree on another address than before, and more than on that one; `former`: what was adopted until now. */
export type VotesEffect = {
  readonly type: 'adopted';
  readonly family: AddressFamily;
  readonly address: string;
  readonly former: string | undefined;
};

interface Vote {
  readonly voter: string;
  readonly address: string;
}

interface Poll {
  /** The oldest first; one for each voter. */
  readonly votes: readonly Vote[];
  readonly adopted: string | undefined;
}

/** - `counting`: always; there is nothing to wait for. */
export interface VotesState {
  readonly status: 'counting';
  readonly config: VotesConfig;
  readonly v4: Poll;
  readonly v6: Poll;
}

export type VotesMachine = Machine<VotesConfig, VotesState, VotesEvent, VotesEffect>;

const EMPTY: Poll = { votes: [], adopted: undefined };

/** Throws `ConfigError` naming the first field that is out of range. */
export function initVotes(config: VotesConfig): VotesState {
  checkInteger('votes.threshold', config.threshold, 1, 1_024);
  checkInteger('votes.maxVotes', config.maxVotes, config.threshold, 65_536);
  return { status: 'counting', config, v4: EMPTY, v6: EMPTY };
}

export function advanceVotes(state: VotesState, event: VotesEvent, _now: Instant): Step<VotesState, VotesEffect> {
  if (event.type === 'tick') return { state, effects: NO_EFFECTS };
  const { family, voter, address } = event;
  const before = state[family];
  const votes = [...before.votes.filter((it) => it.voter !== voter), { voter, address }].slice(-state.config.maxVotes);
  const votesFor = (it: string | undefined): number => votes.filter((vote) => vote.address === it).length;
  const wins = votesFor(address) >= state.config.threshold && votesFor(address) > votesFor(before.adopted);
  const after: VotesState = { ...state, [family]: { votes, adopted: wins ? address : before.adopted } };
  if (!wins) return { state: after, effects: NO_EFFECTS };
  return { state: after, effects: [{ type: 'adopted', family, address, former: before.adopted }] };
}

export const votesMachine: VotesMachine = {
  init: initVotes,
  advance: advanceVotes,
  nextDeadline: () => undefined,
};
