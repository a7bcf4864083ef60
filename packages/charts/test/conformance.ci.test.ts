/** What the machines of the core do, against their charts: random runs of each, and the testkit's lookups. */
import {
  type AnyNodeState,
  Conformance,
  checkChildren,
  checkLookups,
  poolLaw,
  queryLaw,
  Trails,
} from '@xorrery/charts';
import type { Instant, PoolState, QueryState } from '@xorrery/core';
import {
  anyModel,
  anyPool,
  anyPoolSchedule,
  anyQuery,
  anySchedule,
  anySeeds,
  drivePool,
  driveQuery,
  type Plain,
  tinyId,
} from '@xorrery/testkit';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { type Choice, type Drive, walk } from './drive.ts';
import { broadcastDrive, poolDrive, queryDrive, scheduleDrive } from './lookup-drives.ts';
import { nodeDrive } from './node-drive.ts';
import { bootstrapDrive, includeDrive, probeDrive, refreshDrive } from './upkeep-drives.ts';

const anyRun = (maxLength: number): fc.Arbitrary<[number, Choice[]]> =>
  fc.tuple(fc.nat(40), fc.array(fc.tuple(fc.nat(10_000), fc.nat(1_000)), { maxLength, size: 'max' }));

const conforms = <S, E, F>(drive: Drive<S, E, F>, look: (before: S, after: S) => void = () => {}, share = 1): void => {
  it(`[X16][G09][X02] ${drive.law.title}`, () => {
    const watch = new Conformance(drive.law);
    const run = ([beginning, choices]: [number, Choice[]]): void =>
      walk(drive, beginning, choices, (step) => {
        watch.observe(step);
        look(step.before, step.after);
      });
    fc.assert(fc.property(anyRun(60), run), { numRuns: Math.floor(inject('propertyRuns') * share) });
    expect(watch.steps.taken).toBeGreaterThan(100);
  });
};

describe('whatever happens, in whatever state, early or late, is an edge of the chart, or changes nothing', () => {
  conforms(bootstrapDrive);
  conforms(includeDrive);
  conforms(probeDrive);
  conforms(refreshDrive);
  conforms(broadcastDrive);
  conforms(scheduleDrive);
  conforms(queryDrive);
  conforms(poolDrive, checkLookups);
  conforms(nodeDrive, (before, after) => checkChildren(before as AnyNodeState, after as AnyNodeState), 0.5);
});

const self = tinyId(0);
const anyTarget = fc.nat(255).map((n) => tinyId(n));

describe('lookups over networks', () => {
  it('[X16] conform, with each candidate and each request', () => {
    const watch = new Conformance(queryLaw);
    const trails = new Trails();
    const anyLookup = anyModel().chain((model) =>
      fc.record({
        model: fc.constant(model),
        seeds: anySeeds(model),
        config: anyQuery(anyTarget, self),
        schedule: anySchedule(),
      }),
    );
    const run = (drive: typeof anyLookup extends fc.Arbitrary<infer T> ? T : never): void => {
      const states: QueryState<Plain>[] = [{ status: 'idle', config: drive.config }];
      const { log } = driveQuery({ ...drive, onStep: (state) => void states.push(state) });
      log.forEach(({ at: now, event, effects }, i) => {
        const step = {
          before: states[i] as QueryState<Plain>,
          event,
          now,
          after: states[i + 1] as QueryState<Plain>,
          effects,
        };
        watch.observe(step);
        trails.observe(step);
      });
    };
    fc.assert(fc.property(anyLookup, run));
    expect(watch.steps.taken).toBeGreaterThan(1_000);
  });

  it('[X16] many at once conform, with each candidate and each request', () => {
    const states: [PoolState<Plain>, Instant][] = [];
    const anyRuns = anyModel().chain((model) =>
      fc.record({
        model: fc.constant(model),
        config: anyPool(),
        lookups: fc.array(fc.tuple(anySeeds(model), anyQuery(anyTarget, self)), { minLength: 1, maxLength: 6 }),
        schedule: anyPoolSchedule(),
      }),
    );
    const run = ({
      model,
      config,
      lookups,
      schedule,
    }: typeof anyRuns extends fc.Arbitrary<infer T> ? T : never): void => {
      const additions = lookups.map(
        ([seeds, it], i) =>
          ({ type: 'add', id: `q${i}`, priority: i % 2 === 0 ? 'user' : 'background', config: it, seeds }) as const,
      );
      states.length = 0;
      drivePool({ model, config, additions, schedule, onStep: (state, now) => void states.push([state, now]) });
      for (let i = 1; i < states.length; i++) {
        checkLookups((states[i - 1] as (typeof states)[0])[0], (states[i] as (typeof states)[0])[0]);
      }
    };
    fc.assert(fc.property(anyRuns, run));
    expect(poolLaw.statusOf((states.at(-1) as (typeof states)[0])[0])).toBe('idle');
  });
});
