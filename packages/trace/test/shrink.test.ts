import { contactsOf } from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnyMachine,
  ddmin,
  type EventEntry,
  eventsOf,
  type Judge,
  machineFor,
  type NodeHeader,
  replay,
  shrink,
  type Trace,
} from '../src/index.ts';
import { mainlineText, traceOf } from './network.ts';

describe('delta debugging', () => {
  const numbers = fc.uniqueArray(fc.nat(200), { maxLength: 60 });

  it('[X04] ends with a list that fails, in order, and of which nothing can be left out', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.integer({ min: 1, max: 5 }), (items, guilty, enough) => {
        // Not monotone: more of the guilty may fail less, as real failures do.
        const fails = (some: readonly number[]): boolean => {
          const many = some.filter((it) => guilty.includes(it)).length;
          return many >= enough && many % 3 === enough % 3;
        };
        fc.pre(fails(items));
        const least = ddmin(items, fails);
        expect(fails(least)).toBe(true);
        expect(least).toEqual(items.filter((it) => least.includes(it)));
        for (const it of least) expect(fails(least.filter((other) => other !== it))).toBe(false);
      }),
    );
  });

  it('[X04] takes a number of tests that grows with what is left, not with what was there', () => {
    let tests = 0;
    const fails = (some: readonly number[]): boolean => {
      tests++;
      return [7, 800, 801].every((it) => some.includes(it));
    };
    expect(
      ddmin(
        Array.from({ length: 1_000 }, (_, i) => i),
        fails,
      ),
    ).toEqual([7, 800, 801]);
    expect(tests).toBeLessThan(200);
  });
});

const trace = await traceOf(await mainlineText(8));
const machine = machineFor(trace.header, mainline);
const defaults = MAINLINE_DEFAULTS;

/** The machine with something wrong in what it does. */
const broken = (spoil: (effects: readonly never[], event: never, state: never) => readonly unknown[]): AnyMachine => ({
  ...machine,
  advance(state, event, now) {
    const step = machine.advance(state, event, now);
    return { state: step.state, effects: spoil(step.effects as never, event as never, state as never) as never };
  },
});

/** Whether none of its events but the last can be left out. */
const isLeast = (least: Trace<NodeHeader>, fails: (events: readonly EventEntry[]) => boolean): boolean => {
  const events = eventsOf(least);
  return events.slice(0, -1).every((_, i) => !fails(events.toSpliced(i, 1)));
};

describe('shrinking a trace', () => {
  it('[X04] one that does not fail is left alone', () => {
    expect(shrink(trace, machine)).toBe(undefined);
    expect(shrink(trace, machine, { judge: () => undefined })).toBe(undefined);
  });

  it('[X04] a broken invariant comes down to few events that break it, and no fewer do', async () => {
    // As if the node were never to know more than three others.
    const judge: Judge = (state) => (contactsOf(state).length > 3 ? 'knows too many' : undefined);
    const found = shrink(trace, machine, { judge, defaults });
    expect(found?.failure).toBe('knows too many');
    expect(found?.before).toBe(eventsOf(trace).length);
    expect(found?.after).toBeLessThan(20);
    const least = found?.trace as Trace<NodeHeader>;
    expect(await replay(least, machine)).toMatchObject({ identical: true, events: found?.after });
    const fails = (events: readonly EventEntry[]): boolean => {
      let state = machine.init((least.header.start as { config: never }).config);
      for (const { at, event } of events) {
        const step = machine.advance(state, event as never, at);
        state = step.state;
        if (judge(state, event, step.effects) !== undefined) return true;
      }
      return false;
    };
    expect(fails(eventsOf(least))).toBe(true);
    expect(isLeast(least, fails)).toBe(true);
    // Settings that do not matter are back at their defaults.
    expect(least.header.start).toMatchObject({ config: { query: MAINLINE_DEFAULTS.query, storeSet: 20 } });
  });

  it('[X04] an assert that fails is a failure of its own, whatever the numbers in it', () => {
    const thrower: AnyMachine = {
      ...machine,
      advance(state, event, now) {
        const step = machine.advance(state, event, now);
        if (step.state.counters.replies >= 5) throw new Error(`assertion failed: at ${now}`);
        return step;
      },
    };
    const found = shrink(trace, thrower);
    expect(found?.failure).toMatch(/^it throws: assertion failed: at \d+$/);
    expect(found?.after).toBeLessThan(20);
  });

  it('[X04] a divergence comes down to few events that diverge in the same way', async () => {
    // It tells those who ask of one contact fewer than it should.
    const machines = broken((effects) =>
      effects.map((it) => {
        const { type, message } = it as { type: string; message: { type: string; reply?: { nodes?: unknown[] } } };
        if (type !== 'transmit' || message.type !== 'reply' || (message.reply?.nodes?.length ?? 0) < 2) return it;
        return {
          ...(it as object),
          message: { ...message, reply: { ...message.reply, nodes: message.reply?.nodes?.slice(1) } },
        };
      }),
    );
    const before = (await replay(trace, machines)).divergence;
    const found = shrink(trace, machines, { defaults });
    expect(found?.after).toBeLessThan(20);
    const least = found?.trace as Trace<NodeHeader>;
    const { events, divergence } = await replay(least, machines);
    expect(events).toBe(eventsOf(least).length - 1);
    expect(divergence).toMatchObject({
      at: before?.at,
      event: before?.event,
      expected: before?.expected,
      actual: before?.actual,
    });
    // The sound machine agrees with what was recorded.
    expect(await replay(least, machine)).toMatchObject({ identical: true });
  });

  it('[X04] one that comes late in the life of a node does too', async () => {
    const machines = broken((effects, event) => {
      const { type, kind } = event as { type: string; kind?: string };
      return type === 'lookup' && kind === 'closest' ? effects.slice(1) : effects;
    });
    const found = shrink(trace, machines, { defaults });
    expect(found?.before).toBeGreaterThan(30);
    expect(found?.after).toBeLessThan(20);
    expect((await replay(found?.trace as Trace, machines)).divergence?.event).toMatchObject({
      type: 'lookup',
      kind: 'closest',
    });
  });

  it('[X04] where only a hash differs it is cut to the stretch in which that happens', async () => {
    const machines: AnyMachine = {
      ...machine,
      advance(state, event, now) {
        const step = machine.advance(state, event, now);
        if (event.type !== 'lookup') return step;
        const { counters } = step.state;
        return { ...step, state: { ...step.state, counters: { ...counters, shed: counters.shed + 1_000 } } };
      },
    };
    const report = await replay(trace, machines);
    expect(report.divergence?.expected).toHaveProperty('hash');
    const found = shrink(trace, machines);
    expect(found?.failure).toContain('the state is not the one recorded');
    expect(found?.after).toBeLessThanOrEqual(20);
    expect((await replay(found?.trace as Trace, machines)).identical).toBe(false);
  });
});
