/** Promises of a pool of lookups, under any schedule: the machine of the core against arbitrary networks and limits. */
import {
  advancePool,
  DEFAULT_POOL,
  initPool,
  maps,
  nextPoolDeadline,
  type PoolConfig,
  pathsOf,
  runningQueries,
} from '@xorrery/core';
import {
  type Addition,
  anyId,
  anyModel,
  anyPool,
  anyPoolSchedule,
  anyQuery,
  anySeeds,
  checkInFlight,
  drivePool,
  fullModel,
  modelQuery,
  type Plain,
  type PoolDrive,
  type PoolMove,
  rankContacts,
  seededContacts,
  tinyId,
} from '@xorrery/testkit';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';

const self = tinyId(0);

const anyDrive: fc.Arbitrary<PoolDrive & { readonly schedule: readonly PoolMove[] }> = anyModel().chain((model) => {
  const addition = fc.record({
    priority: fc.constantFrom('user', 'background'),
    config: anyQuery(anyId(8), self),
    seeds: anySeeds(model),
  } as const);
  return fc.record({
    model: fc.constant(model),
    config: anyPool(),
    schedule: anyPoolSchedule(),
    additions: fc
      .array(addition, { minLength: 1, maxLength: 8 })
      .map((list) => list.map((it, i): Addition => ({ type: 'add', id: `q${i}`, ...it }))),
  });
});

const WIDE: PoolConfig = {
  ...DEFAULT_POOL,
  maxQueued: 64,
  adaptiveTimeout: 'off',
};

describe('any pool of lookups, under any schedule', () => {
  it('[U01][F08][F17] every accepted lookup ends in exactly one report, a refused one says nothing', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { reports, accepted, rejected } = drivePool(drive);
        expect(reports).toHaveLength(accepted);
        const added = drive.additions.length + drive.schedule.filter((it) => it.move === 'add').length;
        expect(accepted + rejected).toBe(added);
      }),
    );
  });

  it('[G14][F05] never has more in flight than the pool, or one endpoint, may have', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { maxInFlight, maxPerEndpoint, maxQueries, maxQueued } = drive.config;
        drivePool({
          ...drive,
          onStep: (state) => {
            expect(state.flying).toBeLessThanOrEqual(maxInFlight);
            for (const { value } of maps.entries(state.inFlight))
              expect(value.length).toBeLessThanOrEqual(maxPerEndpoint);
            expect(runningQueries(state).length).toBeLessThanOrEqual(maxQueries);
            expect(state.queue.length).toBeLessThanOrEqual(maxQueued);
          },
        });
      }),
    );
  });

  it('[G14][T16][R09] no lookup in it has more in flight than it may have, whatever was parked and released', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        drivePool({
          ...drive,
          onStep: (state) => {
            for (const { query } of runningQueries(state)) pathsOf(query).forEach(checkInFlight);
          },
        });
      }),
    );
  });

  it('[F03][F05][F45] is finished by its deadlines alone, and then has none', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { reports, accepted, state } = drivePool({ ...drive, schedule: [] });
        expect(reports).toHaveLength(accepted);
        for (const { report } of reports) expect(['expired', 'exhausted', 'cancelled']).toContain(report.reason);
        expect(nextPoolDeadline(state)).toBeUndefined();
      }),
    );
  });

  it('[F02][X02] a tick right after a step yields nothing and changes nothing', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        drivePool({
          ...drive,
          onStep: (state, now) => {
            const again = advancePool(state, { type: 'tick' }, now);
            expect(again.effects).toEqual([]);
            expect(again.state).toEqual(state);
            expect(nextPoolDeadline(state) ?? now + 1).toBeGreaterThan(now);
          },
        });
      }),
    );
  });

  it('[X12][G06] goes on identically when its state goes through JSON at every step', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const plain = drivePool(drive);
        const carried = drivePool({ ...drive, carry: (state) => JSON.parse(JSON.stringify(state)) });
        expect(JSON.stringify(carried.log)).toBe(JSON.stringify(plain.log));
      }),
    );
  });

  it('[G13] holds nothing of lookups that have ended', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { state } = drivePool(drive);
        const { running, lanes, queue, parked, inFlight, flying } = state;
        expect([running.size, lanes.size, queue.length, parked.length, inFlight.size, flying]).toEqual([
          0, 0, 0, 0, 0, 0,
        ]);
      }),
    );
  });
});

describe('lookups that share a network', () => {
  it('[F37][U01] each of 12 busy lookups over the same 30 nodes ends exact, under every pair of caps', () => {
    const runs = 20 * inject('runs');
    for (let seed = 0; seed < runs; seed++) {
      const model = fullModel(30, seed, 160, 8);
      const contacts = model.nodes.map((it) => it.contact);
      for (const [maxInFlight, maxPerEndpoint] of [
        [1, 1],
        [3, 1],
        [256, 1],
        [256, 2],
      ] as const) {
        const additions = seededContacts(12, seed + 10_000).map(({ id: target }, i): Addition => {
          const config = modelQuery(target, { k: 8, alpha: 3, deadline: 3_600_000 });
          return { type: 'add', id: `q${i}`, priority: i % 2 === 0 ? 'user' : 'background', config, seeds: contacts };
        });
        const config = { ...WIDE, maxInFlight, maxPerEndpoint };
        const { reports } = drivePool({ config, model, additions, afterwards: 'answers' });
        const where = `seed ${seed}, caps ${maxInFlight} and ${maxPerEndpoint}`;
        expect(reports.length, where).toBe(12);
        for (const { report } of reports) {
          expect(report.reason, where).toBe('converged');
          expect(report.closest, where).toEqual(rankContacts(contacts, report.target).slice(0, 8));
        }
      }
    }
  });

  it('[F37] no lookup of equal standing waits for a whole other one: of two over one shared endpoint cap, neither ends before both have begun', () => {
    const model = fullModel(30, 7, 160, 8);
    const contacts = model.nodes.map((it) => it.contact);
    const additions = ['a', 'b'].map((id): Addition => {
      const config = modelQuery(contacts[0]?.id as never, { self: contacts[29]?.id as never, k: 8, alpha: 3 });
      return { type: 'add', id, priority: 'user', config, seeds: contacts };
    });
    const { log } = drivePool({ config: { ...WIDE, maxInFlight: 2 }, model, additions, afterwards: 'answers' });
    const flat = log.flat().flatMap((it) => (it.type === 'query' ? [`${it.id} ${it.effect.type}`] : []));
    const firstEnd = flat.findIndex((it) => it.endsWith('finished'));
    expect(flat.slice(0, firstEnd)).toContain('a progressed');
    expect(flat.slice(0, firstEnd)).toContain('b progressed');
  });
});

describe('a lookup with alpha 1 whose nearest candidate was busy', () => {
  it.each(['each', 'closest'] as const)(
    '[G14][R09][J46] has one request in flight, not two, when the busy endpoint becomes free (%s)',
    (kind) => {
      const model = fullModel(3, 1, 8);
      const [busy, other] = model.nodes.map((it) => it.contact);
      const add = (id: string, seeds: readonly unknown[]): Addition => ({
        type: 'add',
        id,
        priority: 'user',
        config: modelQuery(tinyId(0), { kind, alpha: 1, slowAfter: 'off', stall: 'off' }),
        seeds: seeds as Addition['seeds'],
      });
      let state = advancePool(initPool<Plain>(WIDE), add('a', [busy]), 0).state;
      // The only slot of b goes to the next candidate, since the first one's endpoint is busy.
      state = advancePool(state, add('b', [busy, other]), 0).state;
      const answer = { contacts: [], values: [] };
      const response = { type: 'response', request: 0, from: busy?.id as never, answer } as const;
      state = advancePool(state, { type: 'query', event: response }, 1).state;
      const [{ query } = { query: undefined }] = runningQueries(state);
      const open = query === undefined ? [] : pathsOf(query).flatMap((path) => path.open);
      expect(open.filter((it) => it.phase === 'asked')).toHaveLength(1);
    },
  );
});
