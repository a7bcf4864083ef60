/** Promises of one lookup, under any schedule: the machine of the core against arbitrary networks and settings. */
import type { QueryReport, QueryState, Seed } from '@xorrery/core';
import { advanceQuery, compareDistance, type Id, queryMachine } from '@xorrery/core';
import {
  anyId,
  anyModel,
  anyQuery,
  anySchedule,
  anySeeds,
  checkInFlight,
  driveQuery,
  type Model,
  type Move,
  modelQuery,
  type Plain,
  type QueryDrive,
  type QueryRun,
  rankContacts,
  tinyId,
} from '@xorrery/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const self = tinyId(0);
const machine = queryMachine<Plain>();

/** A network of 8-bit ids, whom to begin with, settings, and what happens. */
const anyDrive: fc.Arbitrary<QueryDrive & { readonly schedule: readonly Move[] }> = anyModel()
  .chain((model) => fc.tuple(fc.constant(model), anySeeds(model), anyQuery(anyId(8), self), anySchedule()))
  .map(([model, seeds, config, schedule]) => ({ model, seeds, config, schedule }));

const onEachStep = (drive: QueryDrive, check: (state: QueryState<Plain>, now: number) => void): QueryRun =>
  driveQuery({ ...drive, onStep: check });

const named = (report: QueryReport<Plain>): string[] => report.closest.map((it) => it.endpoint);

describe('any lookup, under any schedule of answers, failures, silence, ticks and cancels', () => {
  it('[U01][F09][F17] ends in exactly one report', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { ends, log, report } = driveQuery(drive);
        expect(ends).toBe(1);
        expect(log.flatMap((it) => it.effects).filter((it) => it.type === 'finished')).toHaveLength(1);
        expect(['converged', 'found', 'exhausted', 'cancelled', 'expired']).toContain(report.reason);
      }),
    );
  });

  it('[U01] ends no later than its deadline', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { log, report } = driveQuery({ ...drive, schedule: drive.schedule.filter((it) => it.move !== 'pass') });
        expect(report.elapsed).toBeLessThanOrEqual(drive.config.deadline);
        expect(log.at(-1)?.at).toBeLessThanOrEqual(drive.config.deadline);
      }),
    );
  });

  it('[T16][R09] never has more in flight than alpha, or while stalled k; with stall and slow slots off never more than alpha', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { alpha, k, kind, stall, slowAfter } = drive.config;
        const hard = kind === 'each' || (stall === 'off' && slowAfter === 'off') ? alpha : Math.max(alpha, k);
        let inFlight = 0;
        // Counted from outside too, by what was sent and what came of it; parking, which frees slots, is the pool's.
        const schedule = drive.schedule.filter((it) => it.move !== 'park');
        const { log } = onEachStep({ ...drive, schedule }, (state) => {
          if (state.status === 'searching') checkInFlight(state);
        });
        const open = new Set<number>();
        for (const { event, effects } of log) {
          if ('request' in event) open.delete(event.request);
          for (const effect of effects) {
            if (effect.type === 'unanswered' || effect.type === 'abandon') open.delete(effect.request);
            if (effect.type === 'send') open.add(effect.request);
          }
          inFlight = Math.max(inFlight, open.size);
        }
        expect(inFlight).toBeLessThanOrEqual(hard);
      }),
    );
  });

  it('[T16][D22] asks nobody twice, and nobody it has not heard of', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { asked, log } = driveQuery(drive);
        const heard = new Set(drive.seeds.map((it) => it.endpoint));
        for (const { effects } of log) {
          for (const effect of effects) {
            if (effect.type === 'send') expect(heard).toContain(effect.to.endpoint);
            if (effect.type === 'progressed') for (const { endpoint } of effect.learned) heard.add(endpoint);
          }
        }
        if (drive.config.identity === 'endpoint') expect(new Set(asked).size).toBe(asked.length);
      }),
    );
  });

  it('[T09][J17] reports at most k, nearest first, without duplicates, without ourselves, and only responders', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { report, log } = driveQuery(drive);
        if (drive.config.kind === 'each') return;
        const responders = log.flatMap((it) => it.effects.flatMap((e) => (e.type === 'progressed' ? [e.from] : [])));
        const nearest = rankContacts(responders, drive.config.target);
        expect(report.closest).toEqual(nearest.slice(0, drive.config.k));
        expect(report.closest.map((it) => it.id)).not.toContain(self);
        const { identity } = drive.config;
        expect(new Set(report.closest.map((it) => it[identity])).size).toBe(report.closest.length);
      }),
    );
  });

  it('[F02][X02] a tick right after a step yields nothing and changes nothing', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        onEachStep(drive, (state, now) => {
          const again = advanceQuery(state, { type: 'tick' }, now);
          expect(again.effects).toEqual([]);
          expect(again.state).toEqual(state);
        });
      }),
    );
  });

  it('[F02][F03] wants to be woken later than now after each step, until it has ended', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        onEachStep(drive, (state, now) => {
          const deadline = machine.nextDeadline(state);
          if (state.status === 'searching') expect(deadline).toBeGreaterThan(now);
          else expect(deadline).toBeUndefined();
        });
      }),
    );
  });

  it('[F03][F28] is finished by its deadlines alone when nobody ever answers', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { report, log, now } = driveQuery({ ...drive, schedule: [] });
        expect(log.slice(1).every(({ event }) => event.type === 'tick')).toBe(true);
        expect(report.counts.answered).toBe(0);
        const { deadline } = drive.config;
        if (report.reason === 'expired') expect(now).toBe(deadline);
        else expect(report.reason).toBe('exhausted');
        // The end comes when the last request in flight falls silent, not when listening to it is over.
        if (report.reason === 'exhausted' && report.counts.requests > 0) {
          expect(log.at(-1)?.effects.some((it) => it.type === 'unanswered')).toBe(true);
        }
      }),
    );
  });

  it('[F04][X02] a tick before the deadline changes nothing, a tick at it changes the state', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        onEachStep(drive, (state, now) => {
          const deadline = machine.nextDeadline(state);
          if (deadline === undefined) return;
          if (deadline - 1 > now) {
            const early = advanceQuery(state, { type: 'tick' }, deadline - 1);
            expect(early.state).toEqual(state);
            expect(early.effects).toEqual([]);
          }
          expect(advanceQuery(state, { type: 'tick' }, deadline).state).not.toEqual(state);
        });
      }),
    );
  });

  it('[F10][G16] keeps counts that add up after every step, and ends each send in exactly one way', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const { log, report } = driveQuery(drive);
        const sent = log.flatMap((it) => it.effects.flatMap((e) => (e.type === 'send' ? [e.request] : [])));
        expect(report.counts.requests).toBe(new Set(sent).size);
      }),
    );
  });

  it('[X12][G06] goes on identically when its state goes through JSON at every step', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const plain = driveQuery(drive);
        const carried = driveQuery({ ...drive, carry: (state) => JSON.parse(JSON.stringify(state)) });
        expect(JSON.stringify(carried.log)).toBe(JSON.stringify(plain.log));
        const cloned = driveQuery({ ...drive, carry: (state) => structuredClone(state) });
        expect(cloned.log).toEqual(plain.log);
      }),
    );
  });

  it('[X12] leaves older states as they were', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        const before: [QueryState<Plain>, string][] = [];
        onEachStep(drive, (state) => before.push([state, JSON.stringify(state)]));
        for (const [state, text] of before) expect(JSON.stringify(state)).toBe(text);
      }),
    );
  });

  it('[F27] makes the same sends whatever the order of its seeds and of the contacts in an answer', () => {
    const reversed = (model: Model): Model => ({
      ...model,
      nodes: model.nodes.map((node) => ({ ...node, knows: node.knows.toReversed() })),
    });
    // Ids that are claimed at two endpoints, or endpoints with two ids, are settled by who comes first.
    const consistent = (model: Model): Model => {
      const real = new Set(model.nodes.map(({ contact }) => `${contact.id} ${contact.endpoint}`));
      const knows = (node: Model['nodes'][number]) => node.knows.filter((it) => real.has(`${it.id} ${it.endpoint}`));
      return { ...model, nodes: model.nodes.map((node) => ({ ...node, knows: knows(node) })) };
    };
    fc.assert(
      fc.property(anyDrive, fc.infiniteStream(fc.nat()), (drive, keys) => {
        if (drive.config.kind === 'each' || drive.config.maxCandidates < drive.model.nodes.length) return;
        const model = consistent(drive.model);
        const seeds: readonly Seed<Plain>[] = drive.seeds
          .map((seed) => [keys.next().value as number, seed] as const)
          .sort((a, b) => a[0] - b[0])
          .map(([, seed]) => seed);
        const schedule = drive.schedule.filter((it) => it.move !== 'start' && it.move !== 'bogus');
        const one = driveQuery({ ...drive, model, schedule });
        const other = driveQuery({ ...drive, model: reversed(model), seeds, schedule });
        expect(other.asked).toEqual(one.asked);
        expect(named(other.report)).toEqual(named(one.report));
      }),
    );
  });

  it('[R06][T13] says converged only when the k closest known, neither failed nor silent, have all answered', () => {
    fc.assert(
      fc.property(anyDrive, (drive) => {
        if (drive.config.kind === 'each' || drive.config.earlyExit !== 'none') return;
        const { target, k } = drive.config;
        let last: Extract<QueryState<Plain>, { status: 'searching' }> | undefined;
        const { report } = onEachStep(drive, (state) => {
          if (state.status === 'searching') last = state;
        });
        if (report.reason === 'exhausted') expect(report.closest.length).toBeLessThan(k);
        if (report.reason !== 'converged') return;
        expect(report.closest).toHaveLength(k);
        const farthest = report.closest.at(-1)?.id as Id;
        const settled = new Set(report.asked.filter((it) => it.result !== 'abandoned').map((it) => it.endpoint));
        for (const { id, endpoint } of last?.candidates ?? []) {
          if (id === undefined || settled.has(endpoint)) continue;
          expect(compareDistance(target, id, farthest)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('[U01] on a network where all who are there answer, gives the closest of those it can reach', () => {
    fc.assert(
      fc.property(anyModel(), anyId(8), fc.integer({ min: 1, max: 8 }), (model, target, k) => {
        const truthful: Model = {
          ...model,
          nodes: model.nodes.map((node) => ({
            ...node,
            knows: node.knows.filter((it) => model.nodes.some(({ contact }) => contact === it)),
          })),
        };
        const seeds = truthful.nodes.slice(0, 2).map((it) => it.contact);
        const config = modelQuery(target, { self, k, alpha: 1, stall: 'off' });
        const { report } = driveQuery({ config, model: truthful, seeds, afterwards: 'answers' });
        // By brute force: a node is asked when it is among the k closest of those named so far by the ones asked.
        const known = new Map(seeds.filter((it) => it.id !== self).map((it) => [it.endpoint, it]));
        const done = new Set<string>();
        for (;;) {
          const next = rankContacts([...known.values()], target)
            .slice(0, k)
            .find((it) => !done.has(it.endpoint));
          if (next === undefined) break;
          done.add(next.endpoint);
          const node = truthful.nodes.find(({ contact }) => contact.endpoint === next.endpoint);
          for (const it of rankContacts(node?.knows ?? [], target)) if (it.id !== self) known.set(it.endpoint, it);
        }
        expect(named(report)).toEqual(
          rankContacts([...known.values()], target)
            .slice(0, k)
            .map((it) => it.endpoint),
        );
      }),
    );
  });
});
