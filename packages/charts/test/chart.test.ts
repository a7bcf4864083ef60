/** The charts themselves: that they fit the core's types, that breaking them is noticed, and what is drawn from them. */
import {
  bootstrapLaw,
  broadcastLaw,
  CHARTS,
  Conformance,
  ConformanceError,
  chartFor,
  checkChildren,
  diagramOf,
  includeLaw,
  type Law,
  pathsThrough,
  poolLaw,
  probeLaw,
  queryLaw,
  refreshLaw,
  type Same,
  scheduleLaw,
  sectionOf,
  Trails,
} from '@xorrery/charts';
import {
  advanceBootstrap,
  type BootstrapEffect,
  type BootstrapEvent,
  type BootstrapState,
  bootstrapMachine,
  DEFAULT_BOOTSTRAP,
  initBootstrap,
  initQuery,
  type Protocol,
  type QueryState,
} from '@xorrery/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { setup } from 'xstate';
import { CHAIN, CONTACTS } from './lookup-drives.ts';
import { machine, smallConfig } from './node-drive.ts';

const LAWS: readonly Pick<
  Law<never, never, never>,
  'title' | 'chart' | 'guards' | 'statuses' | 'events' | 'effects'
>[] = [bootstrapLaw, broadcastLaw, includeLaw, poolLaw, probeLaw, queryLaw, refreshLaw, scheduleLaw];

const start: BootstrapEvent = { type: 'start', seeds: 1, contacts: 0 };
const idle = initBootstrap({ ...DEFAULT_BOOTSTRAP, seed: 1 });
const seeking = advanceBootstrap(idle, start, 0).state;
type Step = {
  before: BootstrapState;
  event: BootstrapEvent;
  now: number;
  after: BootstrapState;
  effects: BootstrapEffect[];
};
/** What a watch says of a step that the core did not take. */
const complaint = (step: Step): string => {
  try {
    new Conformance(bootstrapLaw).observe(step);
  } catch (error) {
    expect(error).toBeInstanceOf(ConformanceError);
    return (error as Error).message.split('\n')[0] ?? '';
  }
  return '';
};

describe('a chart', () => {
  it('[X16] that lacks a status of the core, or has one more, does not compile', () => {
    const two = setup({}).createMachine({ initial: 'idle', states: { idle: { on: { go: 'ended' } }, ended: {} } });
    expect(chartFor<'idle' | 'ended'>()(two).statuses).toEqual(['idle', 'ended']);
    // @ts-expect-error: the core has a status that the chart lacks
    chartFor<'idle' | 'searching' | 'ended'>()(two);
    // @ts-expect-error: the chart has a status that the core lacks
    chartFor<'idle'>()(two);
    expectTypeOf<Same<'a' | 'b', 'b' | 'a'>>().toEqualTypeOf<true>();
    expectTypeOf<Same<'a', 'a' | 'b'>>().toEqualTypeOf<false>();
  });

  it('[G05][X16] says what each status, event and effect is, and uses each guard and each kind of effect', () => {
    for (const { title, chart, guards, statuses, events, effects } of LAWS) {
      const used = (list: readonly (string | undefined)[]): Set<string | undefined> => new Set(list);
      const guardsUsed = used(chart.edges.map((it) => it.guard).filter((it) => it !== undefined));
      expect(Object.keys(statuses), title).toEqual(chart.statuses);
      expect([...guardsUsed].sort(), title).toEqual(Object.keys(guards).sort());
      expect([...used(chart.edges.flatMap((it) => it.effects))].sort(), title).toEqual(Object.keys(effects).sort());
      for (const { event } of chart.edges) expect(Object.keys(events), title).toContain(event);
    }
  });

  it('[X16] has a way to each of its edges', () => {
    for (const { chart, title } of CHARTS) {
      for (const [edge, paths] of pathsThrough(chart))
        expect(paths, `${title} ${edge.from} ${edge.event}`).not.toEqual([]);
    }
  });
});

describe('a step that is not on the chart is found', () => {
  const after = seeking;
  const effects: BootstrapEffect[] = [{ type: 'find-self', withSeeds: true }];

  it('[X16] it leads elsewhere: named are machine, time, status, event, guard, next status and effects', () => {
    const event: BootstrapEvent = { type: 'start', seeds: 0, contacts: 0 };
    expect(complaint({ before: idle, event, now: 7, after, effects })).toBe(
      'bootstrap at 7 ms: idle --start [nobody to ask]--> seeking / find-self: leads to resting on the chart',
    );
  });

  it('[X16] it yields another kind of effect', () => {
    const more: BootstrapEffect[] = [...effects, { type: 'joined', elapsed: 0 }];
    const text = complaint({ before: idle, event: start, now: 0, after, effects: more });
    expect(text).toContain('idle --start--> seeking / find-self, joined: yields joined, which the chart does not name');
  });

  it('[X16] an event that means nothing there changes something, or yields something', () => {
    const event: BootstrapEvent = { type: 'bucket-filled' };
    const changed = { ...seeking, attempts: 9 };
    expect(complaint({ before: seeking, event, now: 0, after: changed, effects: [] })).toContain('means nothing there');
    expect(complaint({ before: seeking, event, now: 0, after: seeking, effects })).toContain('means nothing there');
    expect(complaint({ before: seeking, event, now: 0, after: { ...seeking }, effects: [] })).toBe('');
  });

  it('[X02][F02] a tick before the deadline changes something, one at it nothing, or a deadline is left behind', () => {
    const event: BootstrapEvent = { type: 'tick' };
    const said: BootstrapState = { ...seeking, said: 'isolated' };
    const isolated: BootstrapEffect[] = [{ type: 'isolated', elapsed: 3_000 }];
    expect(complaint({ before: seeking, event, now: 2_999, after: said, effects: isolated })).toContain(
      'means nothing',
    );
    expect(complaint({ before: seeking, event, now: 3_000, after: said, effects: isolated })).toBe('');
    expect(complaint({ before: seeking, event, now: 3_000, after: seeking, effects: [] })).toContain(
      'leaves the deadline 3000, which has passed',
    );
    const moved = { ...seeking, since: 3_000 } as BootstrapState;
    expect(complaint({ before: { ...seeking, contacts: 0 }, event, now: 3_000, after: moved, effects: [] })).toBe('');
  });

  it('[X16] an event after the deadline may do what a tick would have done first, and no more', () => {
    const event: BootstrapEvent = { type: 'contacts-changed', contacts: 1 };
    const late = advanceBootstrap(seeking, event, 4_000);
    expect(late.effects.map((it) => it.type)).toEqual(['isolated']);
    const step = { before: seeking, event, now: 4_000, after: late.state, effects: [...late.effects] };
    expect(complaint(step)).toBe('');
    expect(complaint({ ...step, effects: [{ type: 'joined', elapsed: 0 }] })).toContain(
      'no tick followed by that event',
    );
  });

  it('[X16] a candidate or a request that went a way of its own', () => {
    const before: QueryState<Protocol> = initQuery(CHAIN);
    const event = { type: 'start', seeds: CONTACTS, firstRequest: 0 } as const;
    const step = { before, event, now: 0, after: before, effects: [] };
    const trails = new Trails();
    trails.observe(step);
    const send = { type: 'send', request: 0, to: CONTACTS[0] ?? { endpoint: '' }, payload: 'find' } as const;
    expect(() => trails.observe({ ...step, effects: [send] })).toThrow(/request at 0 ms: unsent --send--> over/);
  });

  it('[X16] a child of a node that went back where no way leads', () => {
    const before = machine.init(smallConfig());
    const { state: after } = machine.advance(before, { type: 'start', seeds: ['n1'] }, 0);
    checkChildren(before, after);
    expect(() => checkChildren(after, before)).toThrow(/bootstrap: no way on the chart leads from seeking to idle/);
  });

  it('[X16] a machine that is watched throws at it', () => {
    const watch = new Conformance(bootstrapLaw);
    const silent = watch.watch({
      ...bootstrapMachine,
      advance: (state) => ({ state: { ...state, attempts: 1 }, effects: [] }),
    });
    expect(() => silent.advance(idle, start, 0)).toThrow(ConformanceError);
    const sound = watch.watch(bootstrapMachine);
    expect(sound.advance(idle, start, 0).state.status).toBe('seeking');
    expect(watch.coverage.summary()).toMatch(/^bootstrap: 1\/\d+ edges, 1\/54 pairs$/);
  });
});

describe('what is drawn', () => {
  it('[G11] one arrow from a status to another, with all that leads there; the beginning and the ends', () => {
    expect(diagramOf(broadcastLaw).split('\n')).toEqual([
      'stateDiagram-v2',
      '    [*] --> idle',
      '    idle --> finding : start',
      '    finding --> ended : found [cut short]<br/>found [nobody gave a token]',
      '    finding --> storing : found',
      '    storing --> ended : stored',
      '    ended --> [*]',
    ]);
  });

  it('[G11] a table has each edge, with what it may yield', () => {
    const text = sectionOf(broadcastLaw);
    expect(text).toContain('| finding | `found` | cut short | ended | `published` |');
    for (const kind of Object.keys(broadcastLaw.effects)) expect(text).toContain(`\`${kind}\``);
  });
});
