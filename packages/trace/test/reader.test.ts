import { mainline } from '@xorrery/mainline';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  eventsOf,
  FORMAT,
  type Header,
  loadTrace,
  machineFor,
  openTrace,
  Replay,
  replay,
  type Trace,
  TraceError,
  TraceWriter,
  writeTrace,
} from '../src/index.ts';
import { mainlineText, traceOf } from './network.ts';

let text = '';
let whole: Trace;

beforeAll(async () => {
  text = await mainlineText();
  whole = await traceOf(text);
});

const ending = (error: unknown): TraceError => {
  expect(error).toBeInstanceOf(TraceError);
  expect((error as TraceError).message).toMatch(/^trace: [^\n]+$/);
  return error as TraceError;
};

/** What comes of reading and running a text: never anything but these. */
const fate = async (chunks: readonly string[]): Promise<TraceError | Awaited<ReturnType<typeof replay>>> => {
  try {
    const trace = await loadTrace(chunks);
    return await replay(trace, machineFor(trace.header, mainline));
  } catch (error) {
    return ending(error);
  }
};

describe('reading a trace', () => {
  it('[X03] gives the same whatever the pieces it comes in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 30 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = at.slice(1).map((to, i) => text.slice(at[i], to));
        expect(await loadTrace(pieces)).toEqual(whole);
      }),
    );
  });

  it('[X03] written again it is the same text', () => {
    expect(writeTrace(whole)).toBe(text);
  });

  it('[X03] cut off anywhere it replays up to the cut, and says so', async () => {
    const header = text.indexOf('\n') + 1;
    const machine = machineFor(whole.header, mainline);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: header, max: text.length - 1 }), async (cut) => {
        const trace = await loadTrace([text.slice(0, cut)]);
        const complete = text.slice(0, cut).match(/^\[.*\n/gm)?.length ?? 0;
        expect(trace.truncated).toBe(true);
        expect(eventsOf(trace)).toEqual(eventsOf(whole).slice(0, complete));
        expect(await replay(trace, machine)).toEqual({ events: complete, identical: true, truncated: true });
      }),
    );
  });

  it('[X03] cut off in its first line it is refused as cut off', async () => {
    const header = text.indexOf('\n');
    for (const cut of [1, 20, 40, header - 1, header]) {
      expect(await fate([text.slice(0, cut)])).toMatchObject({ reason: 'truncated' });
    }
  });

  it('[X03] any one character changed is noticed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 2),
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }),
        async (at, other) => {
          fc.pre(text[at] !== other);
          const outcome = await fate([text.slice(0, at) + other + text.slice(at + 1)]);
          expect(outcome).toBeInstanceOf(TraceError);
        },
      ),
    );
  });

  it('[X03] any damage is a TraceError or a divergence, never a crash', async () => {
    const edit = fc.record({
      at: fc.nat(text.length),
      drop: fc.nat(2_000),
      put: fc.string({ maxLength: 50 }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let damaged = text;
        for (const { at, drop, put, cut } of edits) {
          damaged = damaged.slice(0, at) + put + (cut ? '' : damaged.slice(at + drop));
        }
        await fate([damaged]);
      }),
    );
  });

  it('[X03] events that no protocol would send are a TraceError or a divergence, never a crash', async () => {
    const events = fc.array(
      fc.record({
        type: fc.constantFrom('received', 'start', 'lookup', 'publish', 'tick'),
        from: fc.jsonValue(),
        message: fc.jsonValue(),
        seeds: fc.jsonValue(),
        target: fc.jsonValue(),
      }),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(events, async (some) => {
        const writer = new TraceWriter();
        const lines = [writer.header(whole.header), ...some.map((it, i) => writer.event(i, it, [])), writer.end()];
        await fate(lines);
      }),
    );
  });

  it.each([
    ['nothing', '', 'not-a-trace'],
    ['other text', 'hello\nworld\n', 'not-a-trace'],
    ['other JSON', '{"format":"something","version":1}\n', 'not-a-trace'],
    ['a short line', '{}\n', 'not-a-trace'],
    ['a later version', `{"format":"${FORMAT}","version":2,"kind":"node"}\n`, 'version'],
    ['a header without a version', `{"format":"${FORMAT}","version":"x"}\n`, 'edited'],
    ['a header without a start', `{"format":"${FORMAT}","version":1,"kind":"node","wall":0}\n`, 'edited'],
    ['a header that is no JSON', `{"format":"${FORMAT}","version":1,\n`, 'edited'],
  ])('[X03] refuses %s', async (_what, content, reason) => {
    expect(await fate([content])).toMatchObject({ name: 'TraceError', reason });
  });

  it('[X03] lets go of its source when nobody wants the rest', async () => {
    let open = true;
    const source = (function* () {
      try {
        for (let at = 0; at < text.length; at += 500) yield text.slice(at, at + 500);
      } finally {
        open = false;
      }
    })();
    for await (const _ of await openTrace(source)) break;
    expect(open).toBe(false);
  });

  it('[X03] names the lines that were edited', async () => {
    const lines = text.split('\n');
    const at = lines.findIndex((line, i) => i > 1 && /"[0-9a-f]{8}"/.test(line));
    lines[at] = lines[at]?.replace(/"[0-9a-f]{8}"/, '"deadbeef"') ?? '';
    const outcome = await fate([lines.join('\n')]);
    expect(outcome).toMatchObject({
      reason: 'edited',
      message: expect.stringMatching(/lines 2 to \d+ are not as they were written/),
    });
    expect(await fate([`${text}[]\n`])).toMatchObject({ reason: 'edited', message: 'trace: it goes on after its end' });
  });

  it('[X03] does not read a line without an end into memory', async () => {
    const flood = (function* () {
      yield text.slice(0, text.indexOf('\n') + 1);
      yield '["';
      for (let i = 0; i < 200; i++) yield 'x'.repeat(1_048_576);
    })();
    await expect(loadTrace(flood)).rejects.toMatchObject({ reason: 'limit' });
    const noise = (function* () {
      for (let i = 0; i < 200; i++) yield 'x'.repeat(1_048_576);
    })();
    await expect(loadTrace(noise)).rejects.toMatchObject({ reason: 'not-a-trace' });
  });

  it('[X03] holds back no more lines than a writer would leave without a mark', async () => {
    const endless = (function* () {
      yield text.slice(0, text.indexOf('\n') + 1);
      for (let i = 0; i < 200_000; i++) yield '[1,{"type":"tick"},[]]\n';
    })();
    await expect(loadTrace(endless)).rejects.toMatchObject({ reason: 'limit' });
  });
});

describe('a trace of a simulation', () => {
  const header: Header = {
    format: FORMAT,
    version: 1,
    kind: 'simulation',
    events: true,
    profile: { name: 'generic', version: 1 },
    wall: 0,
    seed: 7,
    scenario: { nodes: 3, link: ['fixed', 10] },
  };
  const hash = 'ab'.repeat(32);

  it('[X03] is its scenario, its seed and hashes; events may be written out with the node they happened to', async () => {
    const writer = new TraceWriter();
    const lines = [
      writer.header(header),
      writer.event(5, { type: 'tick' }, [], 2),
      writer.mark(hash),
      writer.end(hash),
    ];
    const trace = await loadTrace(lines);
    expect(trace).toEqual({
      header,
      entries: [
        { type: 'event', at: 5, event: { type: 'tick' }, effects: [], node: 2 },
        { type: 'mark', events: 1, hash, end: false },
        { type: 'mark', events: 1, hash, end: true },
      ],
      truncated: false,
    });
    expect(() => new Replay(header, machineFor(whole.header, mainline))).toThrow(TraceError);
  });
});
