import {
  advanceBroadcast,
  advanceSchedule,
  type BroadcastEvent,
  type BroadcastState,
  broadcastMachine,
  canKeep,
  DEFAULT_SCHEDULE,
  type Instant,
  initBroadcast,
  initSchedule,
  nextScheduleDeadline,
  type QueryReport,
  type ScheduleConfig,
  type ScheduleEvent,
  type ScheduleState,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { id8, node, numbers, Run, type Tiny } from './support.ts';

/** What a lookup that was answered by these nodes reports. */
const found = (...answerers: number[]): QueryReport<Tiny> => {
  const run = new Run({ kind: 'collect', k: 20, alpha: 20 });
  run.start(answerers);
  for (const n of answerers) run.answer(n, { token: `t${n}` });
  return run.report;
};

class Publication {
  state: BroadcastState = initBroadcast({ target: id8(1), storeSet: 3 });
  now: Instant = 0;

  step(event: BroadcastEvent<Tiny>): string[] {
    const { state, effects } = advanceBroadcast(this.state, event, this.now);
    this.state = state;
    return effects.map((it) => {
      if (it.type === 'store') return `store ${numbers(it.grants.map((grant) => grant.contact)).join(' ')}`;
      return it.type === 'published' ? `published ${it.report.reason}` : it.type;
    });
  }
}

describe('broadcast', () => {
  it('[Z08][S39] stopped while it looks for nodes: finished, nobody contacted', () => {
    const it = new Publication();
    expect(it.step({ type: 'start' })).toEqual(['find']);
    const run = new Run({ kind: 'collect' });
    run.start([4]);
    run.cancel();
    expect(it.step({ type: 'found', report: run.report })).toEqual(['published cancelled']);
    expect(it.state).toMatchObject({ report: { stored: [], failed: [] } });
  });

  it('[Z08][S41] with nobody to begin with it finishes at once, and stays finished', () => {
    const publication = new Publication();
    publication.step({ type: 'start' });
    const run = new Run({ kind: 'collect' });
    expect(run.start([])).toEqual(['finished exhausted']);
    expect(publication.step({ type: 'found', report: run.report })).toEqual(['published failed']);
    expect(publication.step({ type: 'tick' })).toEqual([]);
    expect(publication.step({ type: 'found', report: run.report })).toEqual([]);
  });

  it('[Z08][R10] stores on the closest that gave a token, and reports each: stored, failed, not attempted', () => {
    const publication = new Publication();
    publication.step({ type: 'start' });
    expect(publication.step({ type: 'found', report: found(4, 8, 16, 32) })).toEqual(['store 4 8 16']);
    const stores = new Run({ kind: 'each', alpha: 2 });
    stores.start([4, 8, 16]);
    stores.answer(4);
    stores.fail(8);
    stores.cancel();
    expect(publication.step({ type: 'stored', report: stores.report })).toEqual(['published cancelled']);
    expect(publication.state).toMatchObject({
      report: { stored: [node(4)], failed: [{ contact: node(8), cause: 'refused' }], notAttempted: [node(16)] },
    });
  });
});

describe('a broadcast told of lookups that ended in any way', () => {
  const START = 1_000;

  /** One that has started, and been told of this search. */
  const after = (search: QueryReport<Tiny>): Publication => {
    const publication = new Publication();
    publication.now = START;
    publication.step({ type: 'start' });
    publication.now = START + 40;
    publication.step({ type: 'found', report: search });
    publication.now = START + 100;
    return publication;
  };
  const asked = (
    ...outcomes: readonly (readonly [n: number, outcome: Partial<QueryReport<Tiny>['asked'][number]>])[]
  ): QueryReport<Tiny> => {
    const {
      asked: [one],
      ...report
    } = found(4);
    const told = one as QueryReport<Tiny>['asked'][number];
    return { ...report, asked: outcomes.map(([n, outcome]) => ({ ...told, ...node(n), ...outcome })) };
  };

  it('[R10][S41] only who answered, gave a token and has an id is stored at', () => {
    const publication = after(
      asked(
        [4, { result: 'silent', token: 't' }],
        [5, { result: 'answered', token: undefined }],
        [6, { result: 'answered', token: 't', id: undefined }],
        [7, { result: 'answered', token: 't7' }],
      ),
    );
    expect(publication.state).toMatchObject({ status: 'storing', grants: [{ contact: node(7), token: 't7' }] });
  });

  it.each(['cancelled', 'closed'] as const)(
    '[S39] %s while it searched: nobody is stored at, who was willing is named',
    (reason) => {
      const publication = after({ ...found(4, 8), reason });
      expect(publication.state).toMatchObject({
        status: 'ended',
        report: { reason, stored: [], failed: [], notAttempted: [node(4), node(8)], lookup: { reason }, elapsed: 40 },
      });
    },
  );

  it('[S41] a search that expires stores at those it found; when it found nobody, expired is the reason', () => {
    expect(after({ ...found(4), reason: 'expired' }).state).toMatchObject({ status: 'storing', grants: [{}] });
    expect(after({ ...asked(), reason: 'expired' }).state).toMatchObject({ report: { reason: 'expired' } });
    expect(after({ ...asked(), reason: 'converged' }).state).toMatchObject({ report: { reason: 'failed' } });
  });

  it('[R10] each store is told apart: by endpoint and id, silent, failed, or never settled', () => {
    const publication = after(found(4, 8, 16));
    const stored = asked(
      [4, { result: 'answered', id: id8(5) }],
      [4, { result: 'answered', endpoint: 'elsewhere' }],
      [8, { result: 'silent' }],
      [16, { result: 'abandoned' }],
    );
    expect(publication.step({ type: 'stored', report: stored })).toEqual(['published failed']);
    expect(publication.state).toMatchObject({
      report: {
        stored: [],
        failed: [{ contact: node(8), cause: 'silent' }],
        notAttempted: [node(4), node(16)],
        elapsed: 100,
      },
    });
  });

  it.each(['closed', 'expired', 'exhausted'] as const)('[R10] stores that end %s', (reason) => {
    const publication = after(found(4, 8));
    const search = publication.state.status === 'storing' ? publication.state.lookup.reason : undefined;
    publication.step({ type: 'stored', report: { ...asked([4, { result: 'answered' }]), reason } });
    // What was cut short says so; otherwise the search has the word.
    expect(publication.state).toMatchObject({ report: { reason: reason === 'exhausted' ? search : reason } });
  });

  it('[F45][G08] has no deadline, and what is told out of turn changes nothing', () => {
    const machine = broadcastMachine<Tiny>();
    const idle = machine.init({ target: id8(1), storeSet: 3 });
    expect(machine.nextDeadline(idle)).toBeUndefined();
    const report = found(4);
    const events: readonly BroadcastEvent<Tiny>[] = [
      { type: 'start' },
      { type: 'found', report },
      { type: 'stored', report },
      { type: 'tick' },
    ];
    const finding = machine.advance(idle, events[0] as BroadcastEvent<Tiny>, 0).state;
    const storing = machine.advance(finding, events[1] as BroadcastEvent<Tiny>, 0).state;
    const ended = machine.advance(storing, events[2] as BroadcastEvent<Tiny>, 0).state;
    const states = [idle, finding, storing, ended];
    expect(states.map((it) => it.status)).toEqual(['idle', 'finding', 'storing', 'ended']);
    for (const [i, state] of states.entries()) {
      for (const event of events.filter((_, j) => j !== i || i === 3)) {
        expect(machine.advance(state, event, 5)).toEqual({ state, effects: [] });
      }
    }
  });
});

describe('a store at given nodes', () => {
  it('[S42] the first two are asked, each answer brings on the next, a failure too, and the last ends it', () => {
    const run = new Run({ kind: 'each', alpha: 2 });
    expect(run.start([4, 3, 2])).toEqual(['send n4', 'send n3']);
    expect(run.answer(4)).toEqual(['progressed n4', 'send n2']);
    expect(run.fail(3)).toEqual([]);
    expect(run.answer(2)).toEqual(['progressed n2', 'finished exhausted']);
  });

  it('[S42] stopped after two sends it is finished at once', () => {
    const run = new Run({ kind: 'each', alpha: 2 });
    run.start([4, 3, 2]);
    expect(run.cancel()).toEqual(['abandon n4', 'abandon n3', 'finished cancelled']);
  });

  it('[S41] at nobody: finished at once', () => {
    expect(new Run({ kind: 'each' }).start([])).toEqual(['finished exhausted']);
  });
});

class Calendar {
  state: ScheduleState;
  now: Instant = 0;

  constructor(changes: Partial<ScheduleConfig> = {}) {
    this.state = initSchedule({ ...DEFAULT_SCHEDULE, gap: 100, seed: 1, ...changes });
  }

  step(event: ScheduleEvent): string[] {
    const { state, effects } = advanceSchedule(this.state, event, this.now);
    this.state = state;
    return effects.map(({ owner, target }) => `${owner} ${Number.parseInt(target, 16)}`);
  }

  keep(n: number, every = 1_000): string[] {
    return this.step({ type: 'kept', target: id8(n), every });
  }

  wake(): string[] {
    this.now = nextScheduleDeadline(this.state) as Instant;
    return this.step({ type: 'tick' });
  }

  ended(n: number, owner: 'own' | 'other' = 'own'): string[] {
    return this.step({ type: 'round-ended', owner, target: id8(n) });
  }
}

describe('the republish schedule', () => {
  it('[T43][Z08] what is kept is stored again every interval, lengthened by at most a twentieth', () => {
    const calendar = new Calendar();
    expect(calendar.keep(4)).toEqual([]);
    let last = 0;
    for (let round = 0; round < 20; round++) {
      expect(calendar.wake()).toEqual(['own 4']);
      expect(calendar.now - last).toBeGreaterThanOrEqual(1_000);
      expect(calendar.now - last).toBeLessThanOrEqual(1_050);
      expect(nextScheduleDeadline(calendar.state)).toBeUndefined();
      last = calendar.now;
      calendar.ended(4);
    }
  });

  it('[U16] keys kept at one instant drift apart, start at least the gap apart, and so many at once', () => {
    const calendar = new Calendar({ maxRunning: 2, gap: 100 });
    for (let n = 1; n <= 5; n++) calendar.keep(n);
    const starts: number[] = [];
    for (let i = 0; i < 2; i++) {
      expect(calendar.wake()).toHaveLength(1);
      starts.push(calendar.now);
    }
    expect((starts[1] as number) - (starts[0] as number)).toBeGreaterThanOrEqual(100);
    expect(calendar.state.status).toBe('busy');
    expect(nextScheduleDeadline(calendar.state)).toBeUndefined();
    const [name] = calendar.state.running as [string];
    calendar.ended(Number.parseInt(name.slice(4), 16));
    expect(calendar.state.status).toBe('publishing');
    expect(nextScheduleDeadline(calendar.state)).toBeGreaterThanOrEqual((starts[1] as number) + 100);
  });

  it('[U16][T43] a round is skipped when somebody else has just stored the same', () => {
    const calendar = new Calendar();
    calendar.keep(4);
    calendar.now = 900;
    calendar.step({ type: 'stored-by-other', target: id8(4), by: 'publisher' });
    expect(calendar.wake()).toEqual(['own 4']);
    expect(calendar.now).toBeGreaterThanOrEqual(1_900);
  });

  it('[T43] a copy handed on by a holder puts nothing of our own off: it lives no longer for it', () => {
    const calendar = new Calendar();
    calendar.keep(4);
    calendar.now = 900;
    calendar.step({ type: 'stored-by-other', target: id8(4), by: 'holder' });
    expect(nextScheduleDeadline(calendar.state)).toBeLessThanOrEqual(1_050);
  });

  it('[T43] what others stored is handed on, as many keys as the limit has it, and only where that is on', () => {
    const off = new Calendar();
    off.step({ type: 'stored-by-other', target: id8(4), by: 'publisher' });
    expect(nextScheduleDeadline(off.state)).toBeUndefined();
    const calendar = new Calendar({ replicate: 500, maxReplicated: 1 });
    for (const n of [4, 5]) calendar.step({ type: 'stored-by-other', target: id8(n), by: 'publisher' });
    expect(calendar.state.replicated).toBe(1);
    expect(calendar.wake()).toEqual(['other 4']);
    calendar.step({ type: 'dropped', owner: 'other', target: id8(4) });
    calendar.ended(4, 'other');
    expect([calendar.state.replicated, nextScheduleDeadline(calendar.state)]).toEqual([0, undefined]);
  });

  it('[X28] an address that changed brings everything of our own forward, one after the other', () => {
    const calendar = new Calendar({ replicate: 5_000 });
    calendar.keep(4, 100_000);
    calendar.keep(5, 200_000);
    calendar.step({ type: 'stored-by-other', target: id8(6), by: 'holder' });
    calendar.now = 10;
    const said = calendar.step({ type: 'hasten' });
    expect(said).toHaveLength(1);
    expect(calendar.wake()).toHaveLength(1);
    expect(calendar.now).toBe(110);
    expect(calendar.wake()).toEqual(['other 6']);
  });

  it('what is dropped is not stored again; a key kept twice has the newer interval', () => {
    const calendar = new Calendar();
    calendar.keep(4, 1_000);
    calendar.keep(4, 9_000);
    expect(nextScheduleDeadline(calendar.state)).toBeGreaterThanOrEqual(9_000);
    calendar.step({ type: 'dropped', owner: 'own', target: id8(4) });
    expect(nextScheduleDeadline(calendar.state)).toBeUndefined();
  });

  it('[T43] what is ours, is running, or was dropped while it ran is not counted as handed on', () => {
    const calendar = new Calendar({ replicate: 500, maxReplicated: 2, maxRunning: 2, maxKept: 2 });
    expect([calendar.state.status, calendar.ended(4)]).toEqual(['idle', []]);
    calendar.keep(4);
    calendar.step({ type: 'stored-by-other', target: id8(5), by: 'holder' });
    calendar.step({ type: 'stored-by-other', target: id8(6), by: 'holder' });
    expect(calendar.state).toMatchObject({ replicated: 2, kept: { size: 3 } });
    // Those handed on take no room from our own.
    expect([canKeep(calendar.state, id8(7)), calendar.keep(7), canKeep(calendar.state, id8(8))]).toEqual([
      true,
      [],
      false,
    ]);
    calendar.step({ type: 'dropped', owner: 'own', target: id8(7) });
    calendar.step({ type: 'dropped', owner: 'own', target: id8(7) });
    expect(calendar.state).toMatchObject({ replicated: 2, kept: { size: 3 } });
    const [round] = calendar.wake();
    expect(round).toMatch(/^other [56]$/);
    const n = Number(round?.slice(-1));
    // Its round runs: that others store it now puts off nothing, and it is not due.
    const before = calendar.state;
    calendar.step({ type: 'stored-by-other', target: id8(n), by: 'publisher' });
    expect(calendar.state).toBe(before);
    calendar.ended(n, 'other');
    expect(calendar.state).toMatchObject({ status: 'idle', running: [], replicated: 2 });
  });

  it('[T43] the publisher of our own key is heard while no round of ours runs, and not while one does', () => {
    const calendar = new Calendar();
    calendar.keep(4);
    calendar.wake();
    const before = calendar.state;
    calendar.step({ type: 'stored-by-other', target: id8(4), by: 'publisher' });
    expect(calendar.state).toBe(before);
  });

  it('[F09] keys beyond the limit are refused', () => {
    const calendar = new Calendar({ maxKept: 1 });
    calendar.keep(4);
    expect([canKeep(calendar.state, id8(4)), canKeep(calendar.state, id8(5))]).toEqual([true, false]);
    calendar.keep(5);
    expect(calendar.state.kept.size).toBe(1);
  });
});
