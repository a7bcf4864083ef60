/**
 * The charts, against what the machines of the core do: paths that `xstate/graph` finds through a chart are driven through
 * the core until every edge has been taken, and every event is told in every status. No chance is involved.
 */
import { Conformance, judge, pathsThrough, Trails, textOf } from '@xorrery/charts';
import { advanceQuery, initQuery, type Protocol, type QueryEvent, type QueryState } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { type Drive, Driver, explore, type Place } from './drive.ts';
import { broadcastDrive, CHAIN, CONTACTS, poolDrive, queryDrive, scheduleDrive } from './lookup-drives.ts';
import { nodeDrive } from './node-drive.ts';
import { bootstrapDrive, includeDrive, probeDrive, refreshDrive } from './upkeep-drives.ts';

/** States of the core in each status. */
const statesIn = <S, E, F>(drive: Drive<S, E, F>): ReadonlyMap<string, readonly Place<S>[]> => {
  const { chart } = drive.law;
  const driver = new Driver(drive, (step) => judge(drive.law, step));
  const ways = [...pathsThrough(chart).values()].flat();
  return new Map(
    chart.statuses.map((status) => {
      if (status === chart.initial) return [status, drive.beginnings.map((state) => ({ state, now: 0 }))];
      const leading = ways.filter((it) => it.at(-1)?.to === status);
      return [status, firstOf(leading, (it) => driver.along(it))];
    }),
  );
};

const firstOf = <A, B>(list: readonly A[], of: (it: A) => readonly B[]): readonly B[] => {
  for (const it of list) {
    const found = of(it);
    if (found.length > 0) return found;
  }
  return [];
};

/** `exact`: each kind of effect that an edge names is yielded there, too. */
const covers = <S, E, F>(drive: Drive<S, E, F>, exact = true): void => {
  const { law } = drive;
  describe(law.title, () => {
    it('[X16] every edge ends a path that the core can be driven along', () => {
      const watch = new Conformance(law);
      const driver = new Driver(drive, (step) => watch.observe(step));
      for (const [edge, paths] of pathsThrough(law.chart)) {
        const path = paths.find((it) => driver.along(it).length > 0);
        expect(path, `${textOf(edge)} was not taken`).toBeDefined();
      }
      expect(watch.coverage.untaken()).toEqual([]);
      if (exact) expect(watch.coverage.unyielded()).toEqual([]);
    });

    it('[G08][X16] every event in every status: what no edge names changes nothing and yields nothing', () => {
      const watch = new Conformance(law);
      for (const [status, places] of statesIn(drive)) {
        for (const { state: before, now } of places) {
          for (const event of drive.inputs(before, now)) {
            const { state: after, effects } = drive.advance(before, event, now);
            const verdict = watch.observe({ before, event, now, after, effects });
            const isNamed = law.chart.edges.some((it) => it.from === status && it.event === law.labelOf(event));
            if (!isNamed) expect(verdict).toBe('ignored');
          }
        }
      }
      expect(watch.coverage.unexercised()).toEqual([]);
    });
  });
};

covers(bootstrapDrive);
covers(includeDrive);
covers(probeDrive);
covers(refreshDrive);
covers(broadcastDrive);
covers(scheduleDrive);
covers(queryDrive);
// What lookups that end at once may bring about in the others is named, but too rare to be arranged.
covers(poolDrive, false);
covers(nodeDrive, false);

describe('candidates and requests of a lookup', () => {
  it('[X16] every edge is taken, and nothing else happens to them', () => {
    const trails = new Trails();
    for (const beginning of queryDrive.beginnings) {
      explore(queryDrive, beginning, 5, (step) => trails.observe(step));
    }
    // The one that has to be arranged: it need not wait any more, has no slot yet, and the lookup ends.
    const inTurn: readonly QueryEvent<Protocol>[] = [
      { type: 'start', seeds: CONTACTS, firstRequest: 7 },
      { type: 'parked', request: 7, by: 'endpoint' },
      { type: 'unparked', request: 7 },
      { type: 'cancel', reason: 'cancelled' },
    ];
    let before = initQuery({ ...CHAIN, k: 2 }) as QueryState<Protocol>;
    for (const event of inTurn) {
      const { state: after, effects } = advanceQuery(before, event, 0);
      trails.observe({ before, event, now: 0, after, effects });
      before = after;
    }
    expect(trails.candidates.untaken()).toEqual([]);
    expect(trails.requests.untaken()).toEqual([]);
  });
});
