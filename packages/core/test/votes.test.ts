import { advanceVotes, DEFAULT_VOTES, initVotes, type VotesConfig, votesMachine } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

class Ballot {
  state;

  constructor(changes: Partial<VotesConfig> = {}) {
    this.state = initVotes({ ...DEFAULT_VOTES, ...changes });
  }

  vote(voter: string, address: string, family: 'v4' | 'v6' = 'v4'): string[] {
    const { state, effects } = advanceVotes(this.state, { type: 'voted', family, voter, address }, 0);
    this.state = state;
    return effects.map((it) => `${it.family} ${it.address} after ${it.former ?? 'none'}`);
  }
}

describe('votes on our address', () => {
  it('[S96] a voter counts once, however often it votes', () => {
    const ballot = new Ballot();
    for (let i = 0; i < 101; i++) expect(ballot.vote('a', 'X')).toEqual([]);
    expect(ballot.vote('b', 'X')).toEqual([]);
    expect(ballot.state.v4.votes.length).toBe(2);
  });

  it('[S96] the third distinct voter decides, and it is told once', () => {
    const ballot = new Ballot({ threshold: 3 });
    expect(['a', 'b', 'c', 'd', 'a'].map((voter) => ballot.vote(voter, 'X'))).toEqual([
      [],
      [],
      ['v4 X after none'],
      [],
      [],
    ]);
  });

  it('[S96] a voter’s second, different vote replaces its first', () => {
    const ballot = new Ballot();
    ballot.vote('a', 'X');
    ballot.vote('b', 'X');
    ballot.vote('a', 'Y');
    expect(ballot.vote('c', 'X')).toEqual([]);
    expect(ballot.vote('d', 'X')).toEqual(['v4 X after none']);
    expect(['b', 'c'].map((voter) => ballot.vote(voter, 'Y'))).toEqual([[], ['v4 Y after X']]);
  });

  it('[S96] votes beyond the maximum expire, the oldest first', () => {
    const ballot = new Ballot({ maxVotes: 4 });
    ballot.vote('a', 'X');
    ballot.vote('b', 'X');
    for (const other of ['c', 'd', 'e']) ballot.vote(other, other);
    expect(ballot.vote('f', 'X')).toEqual([]);
    expect(ballot.state.v4.votes.map((it) => it.voter)).toEqual(['c', 'd', 'e', 'f']);
  });

  it('[S96] another address wins with more votes than the adopted one, not with as many', () => {
    const ballot = new Ballot({ threshold: 2 });
    for (const voter of ['a', 'b']) ballot.vote(voter, 'X');
    expect(['c', 'd', 'a'].map((voter) => ballot.vote(voter, 'Y'))).toEqual([[], [], ['v4 Y after X']]);
  });

  it('[S96] IPv4 and IPv6 are counted apart', () => {
    const ballot = new Ballot();
    ballot.vote('a', 'X', 'v4');
    ballot.vote('b', 'X', 'v6');
    expect(ballot.vote('c', 'X', 'v4')).toEqual([]);
    expect(ballot.vote('a', 'X', 'v6')).toEqual([]);
    expect(ballot.vote('c', 'X', 'v6')).toEqual(['v6 X after none']);
    expect(ballot.state.v4.adopted).toBeUndefined();
  });

  it('[S96] whoever votes what: fewer than the threshold never decide, and the votes stay within their limit', () => {
    const vote = fc.tuple(fc.nat(5), fc.constantFrom('X', 'Y', 'Z'), fc.constantFrom('v4' as const, 'v6' as const));
    const size = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(6));
    fc.assert(
      fc.property(size, fc.array(vote, { maxLength: 60 }), ([threshold, more], votes) => {
        const maxVotes = threshold + more;
        const ballot = new Ballot({ threshold, maxVotes });
        const latest = { v4: new Map<string, string>(), v6: new Map<string, string>() };
        for (const [voter, address, family] of votes) {
          latest[family].set(`${voter}`, address);
          const former = ballot.state[family].adopted;
          const told = ballot.vote(`${voter}`, address, family);
          const agree = (it: string | undefined): number => [...latest[family].values()].filter((a) => a === it).length;
          if (told.length > 0) expect(agree(address)).toBeGreaterThanOrEqual(threshold);
          // Without expiry, the rule can be told from the latest vote of each.
          if (maxVotes >= 6) {
            const wins = agree(address) >= threshold && agree(address) > agree(former);
            expect(ballot.state[family].adopted).toBe(wins ? address : former);
          }
          expect(ballot.state[family].votes.length).toBeLessThanOrEqual(maxVotes);
        }
      }),
    );
  });

  it('[F02][G09] has no deadline, and a tick changes nothing', () => {
    const { state } = new Ballot();
    expect(votesMachine.nextDeadline(state)).toBeUndefined();
    expect(votesMachine.advance(state, { type: 'tick' }, 5)).toEqual({ state, effects: [] });
  });

  it.each([
    ['threshold', { threshold: 0 }],
    ['maxVotes', { maxVotes: 2 }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => new Ballot(change)).toThrow(`votes.${field}`);
  });
});
