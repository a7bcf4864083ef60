import { kv } from '@xorrery/kv';
import { mainline } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { diff, eventsOf, machineFor, openTrace, replay, type Trace } from '../src/index.ts';
import { kvText, mainlineText, traceOf } from './network.ts';

const trace = await traceOf(await mainlineText());
const machine = machineFor(trace.header, mainline);

/** The same with one event changed. */
const changed = (step: number, change: object): Trace => {
  let n = 0;
  const entries = trace.entries.map((it) => (it.type === 'event' && ++n === step ? { ...it, ...change } : it));
  return { ...trace, entries };
};

describe('replaying', () => {
  it('[X03][G01] a stream is run as it comes', async () => {
    const text = await kvText();
    const stream = await openTrace(text.match(/[\s\S]{1,1000}/g) ?? []);
    const seen: number[] = [];
    const report = await replay(stream, machineFor(stream.header, kv), (events) => seen.push(events));
    expect(report).toMatchObject({ identical: true, truncated: false });
    expect(seen.at(-1)).toBe(report.events);
  });

  it('[X03] the first step with other effects is named, with what was expected and what came', async () => {
    const effects = [{ type: 'closed' }];
    const report = await replay(changed(12, { effects }), machine);
    const { at, event, effects: actual } = eventsOf(trace)[11] ?? {};
    expect(report).toEqual({
      events: 11,
      identical: false,
      divergence: { step: 12, at, event, expected: effects, actual },
      truncated: false,
    });
  });

  it('[X03] a state that is not the recorded one is a divergence though all effects agree', async () => {
    const hash = '00'.repeat(32);
    const entries = trace.entries.map((it) => (it.type === 'mark' ? { ...it, hash } : it));
    const { identical, divergence } = await replay({ ...trace, entries }, machine);
    expect(identical).toBe(false);
    expect(divergence).toMatchObject({
      step: 20,
      expected: { hash },
      actual: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it('[X03] a machine that throws has diverged', async () => {
    const broken = {
      ...machine,
      advance: (...[state, event, now]: Parameters<typeof machine.advance>) => {
        if (event.type === 'tick') throw new Error('boom');
        return machine.advance(state, event, now);
      },
    };
    expect((await replay(trace, broken)).divergence).toMatchObject({
      event: { type: 'tick' },
      actual: { error: 'boom' },
    });
  });

  it('[X03] a trace of another protocol, or another version of it, is refused', () => {
    expect(() => machineFor(trace.header, kv)).toThrow(/^trace: it is of mainline 2, and this is kv 1$/);
    expect(() => machineFor(trace.header, { ...mainline, version: 3 })).toThrow(/and this is mainline 3/);
  });
});

describe('comparing two traces', () => {
  it('[X03] a trace does not differ from itself', () => {
    expect(diff(trace, structuredClone(trace))).toBe(undefined);
  });

  it.each([
    ['an event', { event: { type: 'close' } }, 'event', 'event'],
    ['its time', { at: 1 }, 'event', 'at'],
    ['its effects', { effects: [] }, 'effects', ''],
  ])('[X03] %s is named with its step and place', (_what, change, what, path) => {
    const found = diff(trace, changed(10, change));
    expect(found).toMatchObject({ what, step: 10 });
    expect(found?.path.startsWith(path)).toBe(true);
  });

  it('[X03] so are the configuration, the state, the length and the protocol', async () => {
    const start = { config: { ...(trace.header.start as { config: object }).config, storeSet: 4 } };
    expect(diff(trace, { ...trace, header: { ...trace.header, start } })).toEqual({
      what: 'start',
      step: 0,
      path: 'config.storeSet',
      a: 3,
      b: 4,
    });
    const marks = trace.entries.map((it) => (it.type === 'mark' ? { ...it, hash: '00'.repeat(32) } : it));
    expect(diff(trace, { ...trace, entries: marks })).toMatchObject({ what: 'state', step: 20 });
    expect(diff(trace, { ...trace, entries: trace.entries.slice(0, 5) })).toEqual({
      what: 'length',
      step: 5,
      path: '',
      a: eventsOf(trace).length,
      b: 5,
    });
    expect(diff(trace, await traceOf(await kvText()))).toMatchObject({ what: 'profile', path: 'name' });
  });
});
