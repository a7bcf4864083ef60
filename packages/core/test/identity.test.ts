/** Who we are to others: the address they vote for, the id that fits it, and what becomes of ids that fit none. */
import { commonPrefix, contactsIn, tableOf } from '@xorrery/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lone, only, type Solo } from './routing-support.ts';
import { LOW_IDS, readSeen } from './settings/identity.ts';
import { id8 } from './support.ts';

/** Node 0, whose id must be 128 or above at the address `high`, and below elsewhere. */
const ids = {
  fits: LOW_IDS.fits,
  at: (address: string, random: Parameters<typeof LOW_IDS.at>[1]) => {
    const low = Number.parseInt(random, 16) & 127;
    return id8(address === 'high' ? low | 128 : low);
  },
};
const seenAt = (solo: Solo, address: string, ...voters: number[]): string[] =>
  voters.flatMap((n) => {
    solo.tell({ type: 'introduce', endpoint: `n${n}` });
    // Where the checks of others take all the room, it is not asked.
    return solo.open.includes(`n${n}`) ? solo.answer(n, { token: `seen ${address}` }) : [];
  });
const self = (solo: Solo): string => solo.state.config.self;

describe('the address others see us at', () => {
  it('[X13][S96] is adopted when three see it, and told once', () => {
    const solo = lone({}, { read: readSeen });
    expect(only(seenAt(solo, 'here', 1, 2), 'adopted')).toEqual([]);
    expect(only(seenAt(solo, 'here', 3), 'adopted')).toEqual(['adopted here']);
    expect(only(seenAt(solo, 'here', 4, 5), 'adopted')).toEqual([]);
  });

  it('[X13][X15] those of one network have one vote together', () => {
    const groupOf = (host: string) => ({ host, network: 'one', local: false });
    const solo = lone({}, { read: readSeen, groupOf });
    expect(only(seenAt(solo, 'here', 1, 2, 3, 4), 'adopted')).toEqual([]);
  });

  it('[X13][X15] answers to what was not asked do not count', () => {
    const solo = lone({}, { read: readSeen });
    for (let n = 1; n <= 5; n++) {
      const reply = { nodes: [], token: 'seen here' };
      solo.tell({ type: 'received', from: `n${n}`, message: { type: 'reply', tid: 'ffff', sender: id8(n), reply } });
    }
    expect(solo.state.votes.v4).toEqual({ votes: [], adopted: undefined });
  });
});

describe('our own id', () => {
  it('[X13] that does not fit the address is changed for one that does; the table is put in order around it', () => {
    const solo = lone({}, { read: readSeen, ids });
    solo.meet(64, 65, 66, 130, 131);
    const said = seenAt(solo, 'high', 1, 2, 3);
    const now = self(solo);
    expect(only(said, 'renamed')).toEqual([`renamed ${now}`]);
    expect(Number.parseInt(now, 16)).toBeGreaterThanOrEqual(128);
    expect(solo.state.wire.config.self).toBe(now);
    const table = tableOf(solo.state.routing);
    expect(table.self).toBe(now);
    table.buckets.forEach((bucket, i) => {
      for (const { id } of bucket.members) expect(commonPrefix(id, table.self)).toBe(i);
    });
    expect(contactsIn(solo.state.routing)).toHaveLength(8);
    // It looks for its new neighbours.
    expect(only(said, 'find')).not.toEqual([]);
    expect(only(said, 'find').every((it) => it.endsWith(now))).toBe(true);
  });

  it('[X13] that fits the address stays', () => {
    const solo = lone({}, { read: readSeen, ids });
    expect(only(seenAt(solo, 'low', 1, 2, 3), 'renamed', 'adopted')).toEqual(['adopted low']);
    expect(self(solo)).toBe(id8(0));
  });

  it('[X13] goes with every request from then on, and lookups that run end as they would have', () => {
    const solo = lone({}, { read: readSeen, ids });
    solo.meet(64, 65);
    solo.tell({ type: 'lookup', id: 'q', kind: 'closest', target: id8(64), request: { ask: 'find', target: id8(64) } });
    seenAt(solo, 'high', 1, 2, 3);
    solo.tell({ type: 'introduce', endpoint: 'n9' });
    const [last] = solo.effects.flatMap((it) => (it.type === 'transmit' ? [it.message] : []));
    expect(last).toMatchObject({ type: 'request', sender: self(solo) });
    const ends = () => solo.log.filter(({ effect }) => effect.type === 'query' && effect.effect.type === 'finished');
    solo.pass(100_000, () => true);
    expect(ends().filter(({ effect }) => effect.type === 'query' && effect.id === 'q')).toHaveLength(1);
  });

  it('[X13] whatever others say, it changes only when it must, and the table never holds it', () => {
    const votes = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom('high', 'low', 'lower')));
    fc.assert(
      fc.property(votes, (all) => {
        const solo = lone({}, { read: readSeen, ids });
        for (const [voter, address] of all) {
          const before = self(solo);
          const said = seenAt(solo, address, voter);
          const renamed = only(said, 'renamed').length > 0;
          expect(self(solo) !== before).toBe(renamed);
          if (renamed) expect(ids.at(address, self(solo) as never)).toBe(self(solo));
          expect(solo.members.some((it) => it.id === self(solo))).toBe(false);
        }
      }),
    );
  });
});

describe('ids that do not fit their address, where others are preferred', () => {
  it('[S68][X13] of those who wait for a place the latest that fits steps in, before others who answered later', () => {
    const table = { bucketPolicy: 'fixed', bucketSizes: [1], replacements: 4, maxFailures: 1, caps: 'off' } as const;
    const only65 = { ...ids, fits: (id: string) => id === id8(65) || id === id8(64) };
    const solo = lone({ table }, { ids: only65 });
    solo.meet(64, 65, 66, 67);
    const fail = (n: number): string[] => {
      const seeds = [{ id: id8(n), endpoint: `n${n}` }];
      solo.tell({ type: 'ask', id: `a${n}`, seeds, request: { ask: 'ping' } });
      solo.now += 20_000;
      return only(solo.tell({ type: 'tick' }), 'added');
    };
    expect(fail(64)).toEqual(['added n65']);
    expect(fail(65)).toEqual(['added n67']);
  });
});

describe('ids that do not fit their address, where that is enforced', () => {
  const enforced = (): Solo => lone({ unfitIds: 'enforce' }, { ids });

  it('[X13][S75] whoever asks with one is told so, and is not vetted', () => {
    const solo = enforced();
    expect(solo.hear(200)).toEqual(['unfit-id', 'error n200']);
    expect(solo.effects).toContainEqual({
      type: 'transmit',
      to: 'n200',
      message: { type: 'error', tid: '77', code: 203, text: 'invalid node ID' },
    });
    expect(solo.hear(100)).toEqual(['reply n100', 'ping n100']);
    expect(solo.state.counters.unfit).toBe(1);
  });

  it('[X13] whoever answers with one does not enter the table, and those named with one are not asked', () => {
    const solo = enforced();
    solo.meet(200, 64);
    expect(solo.known).toEqual([64]);
    solo.tell({ type: 'lookup', id: 'q', kind: 'closest', target: id8(1), request: { ask: 'find', target: id8(1) } });
    expect(solo.answer(64, { closer: [129, 2] })).toEqual(['find n2 01']);
  });
});
