/** An invariant that cannot fail proves nothing: each is shown a state or a step that breaks it. */
import { advanceQuery, initQuery, type QueryState, type Searching } from '@xorrery/core';
import {
  checkInFlight,
  checkQueryState,
  checkQueryStep,
  checkReport,
  driveQuery,
  fullModel,
  modelQuery,
  type Plain,
  tinyId,
  ViolationError,
} from '@xorrery/testkit';
import { describe, expect, it } from 'vitest';

const model = fullModel(6, 1, 8);
const seeds = model.nodes.map((it) => it.contact);
const config = modelQuery(tinyId(0), { k: 4, alpha: 2 });
const begin = { type: 'start', seeds, firstRequest: 0 } as const;
const idle: QueryState<Plain> = initQuery(config);
const first = advanceQuery(idle, begin, 0);
const good = first.state as Searching<Plain>;
const { report } = driveQuery({ config, model, seeds, afterwards: 'answers' });

const broken = (changes: Partial<Searching<Plain>>): Searching<Plain> => ({ ...good, ...changes });

describe('invariants of a lookup', () => {
  it('hold for one that is as it should be', () => {
    checkQueryState(good, 0);
    checkInFlight(good);
    checkQueryStep(idle, begin, first, 0);
    checkReport(report, 4);
  });

  it.each<[string, Searching<Plain>]>([
    ['T15', broken({ candidates: good.candidates.toReversed() })],
    ['T09', broken({ candidates: [...good.candidates, ...good.candidates.slice(-1)] })],
    ['J13', broken({ config: { ...config, self: seeds[0]?.id as never } })],
    ['T16', broken({ open: good.open.slice(1) })],
    ['F10', broken({ nextRequest: good.nextRequest + 1 })],
    ['F02', broken({ startedAt: -config.deadline })],
    ['candidates', broken({ config: { ...config, maxCandidates: 5 } })],
    ['listening', broken({ config: { ...config, maxListening: -1 } })],
    ['kept once', broken({ values: [{ key: 'v' }, { key: 'v' }] })],
  ])('find what breaks %s', (claim, state) => {
    expect(() => checkQueryState(state, 0)).toThrow(ViolationError);
    expect(() => checkQueryState(state, 0)).toThrow(claim);
  });

  it('[T16] find one request too many', () => {
    const strict = { ...config, alpha: 1, stall: 'off', slowAfter: 'off' } as const;
    expect(() => checkInFlight(broken({ config: strict }))).toThrow('T16');
  });

  it('[F09][G16] find a second end, an effect after the end, and a send that ended in no way or twice', () => {
    const tick = { type: 'tick' } as const;
    const ended: QueryState<Plain> = { status: 'ended', report, unowed: 0 };
    const end = { type: 'finished', report } as const;
    const effects = (...list: never[]) => ({ state: ended, effects: list });
    expect(() => checkQueryStep(ended, tick, effects(end as never), 0)).toThrow('F09');
    expect(() => checkQueryStep(good, tick, effects(end as never, end as never), 0)).toThrow('F09');
    const abandons = good.open.map(({ request, endpoint }) => ({ type: 'abandon', request, to: endpoint }) as never);
    expect(() => checkQueryStep(good, tick, effects(...abandons, end as never), 0)).not.toThrow();
    expect(() => checkQueryStep(good, tick, effects(end as never), 0)).toThrow('G16');
    const twice = [...abandons, ...abandons.slice(0, 1), end as never];
    expect(() => checkQueryStep(good, tick, effects(...twice), 0)).toThrow('G16');
    expect(() => checkQueryStep(good, tick, effects(end as never, ...abandons), 0)).toThrow('R06');
  });

  it('[T09][F11] find what is wrong with a report', () => {
    const wrong = (changes: Partial<typeof report>) => () => checkReport({ ...report, ...changes }, 4);
    expect(wrong({ closest: report.closest.toReversed() })).toThrow('nearest first');
    expect(wrong({ closest: [...report.closest, ...report.closest.slice(-1)] })).toThrow('at most k');
    expect(wrong({ closest: [report.closest[0], report.closest[0]] as never })).toThrow('nobody twice');
    expect(wrong({ closest: [{ id: tinyId(1), endpoint: 'x' }] })).toThrow('only responders');
    expect(wrong({ counts: { ...report.counts, answered: 0 } })).toThrow('F10');
    expect(wrong({ asked: [...report.asked, ...report.asked.slice(-1)] })).toThrow('D22');
  });
});
