import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { mainline } from '@xorrery/mainline';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { loadTraceFile, openTraceFile, profileFor, recordTo, writeTraceFile } from '../src/files.ts';
import { eventsOf, machineFor, replay, TraceError, writeTrace } from '../src/index.ts';
import { mainlineNetwork, mainlineText, traceOf } from './network.ts';

const dir = mkdtempSync(join(tmpdir(), 'xorrery-trace-'));
const text = await mainlineText();
const machine = machineFor({ profile: mainline } as never, mainline);

/** A node that records itself to this file while it looks around. */
const recorded = async (path: string, options: Parameters<typeof recordTo>[2] = {}, lookups = 2) => {
  const net = mainlineNetwork();
  const recording = recordTo(path, mainline, options as never);
  await net.grow();
  const node = await net.grow({ observer: recording.observer });
  for (let i = 0; i < lookups; i++) {
    await net.time.until(Promise.all([node.findNode(net.id())]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await net.close();
  return recording;
};

describe('trace files', () => {
  it.each(['a.ndjson', 'a.ndjson.gz'])('[X03] a recording in %s replays', async (name) => {
    const path = join(dir, name);
    const recording = await recorded(path);
    const report = await recording.close();
    expect(report).toEqual({ files: [path], events: expect.any(Number), lost: 0 });
    expect(await recording.close()).toBe(report);
    const stream = await openTraceFile(path);
    expect(await replay(stream, machine)).toEqual({ events: report.events, identical: true, truncated: false });
    if (name.endsWith('.gz')) expect(() => gunzipSync(readFileSync(path))).not.toThrow();
  });

  it('[X03] past its limit a recording goes on in numbered files, and the oldest are deleted', async () => {
    const path = join(mkdtempSync(join(dir, 'many-')), 'b.ndjson');
    const recording = await recorded(path, { maxBytes: 4_096, keep: 3 }, 400);
    const { files } = await recording.close();
    expect(files).toHaveLength(3);
    expect(files.every((it) => /b\.\d+\.ndjson$/.test(it))).toBe(true);
    expect(readdirSync(join(path, '..')).length).toBe(3);
    for (const file of files)
      expect(await replay(await loadTraceFile(file), machine)).toMatchObject({ identical: true, truncated: false });
  });

  it('[X03] a gzipped trace cut off anywhere replays up to the cut', async () => {
    const packed = gzipSync(text);
    const whole = eventsOf(await traceOf(text));
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), async (cut) => {
        const path = join(dir, 'cut.gz');
        writeFileSync(path, packed.subarray(0, cut));
        try {
          const trace = await loadTraceFile(path);
          const events = eventsOf(trace);
          expect(events).toEqual(whole.slice(0, events.length));
          expect(await replay(trace, machine)).toMatchObject({ identical: true });
          if (!trace.truncated) expect(events).toEqual(whole);
        } catch (error) {
          expect(error).toMatchObject({ name: 'TraceError' });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('[X03] damage in a gzipped trace is a TraceError or a divergence, never a crash', async () => {
    const packed = gzipSync(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const path = join(dir, 'damaged.gz');
        const damaged = Buffer.from(packed);
        damaged[at] = (damaged[at] as number) ^ change;
        writeFileSync(path, damaged);
        await loadTraceFile(path).then(
          (trace) => replay(trace, machine),
          (error) => expect(error).toBeInstanceOf(TraceError),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('[X03] what was flushed is in the file before it is closed', async () => {
    const path = join(dir, 'live.ndjson.gz');
    const recording = await recorded(path, {}, 300);
    await vi.waitFor(async () => expect(eventsOf(await loadTraceFile(path)).length).toBeGreaterThan(100));
    const trace = await loadTraceFile(path);
    expect(trace.truncated).toBe(true);
    expect(await replay(trace, machine)).toMatchObject({ identical: true });
    await recording.close();
  });

  it.each([
    ['nowhere', 'no such file'],
    ['.', 'not a file'],
  ])('[X03] %s is refused in one line', async (name, why) => {
    await expect(loadTraceFile(join(dir, name))).rejects.toMatchObject({
      name: 'TraceError',
      message: expect.stringContaining(why),
    });
  });

  it('[X03] an empty file, and noise, are no traces', async () => {
    writeFileSync(join(dir, 'empty'), '');
    writeFileSync(join(dir, 'noise'), Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    for (const name of ['empty', 'noise'])
      await expect(loadTraceFile(join(dir, name))).rejects.toBeInstanceOf(TraceError);
  });

  it('[X03] a file that cannot be made is told at once; one that is written is whole or not there', async () => {
    expect(() => recordTo(join(dir, 'no', 'such', 'dir.ndjson'), mainline)).toThrow(/ENOENT/);
    const trace = await traceOf(text);
    await expect(writeTraceFile(join(dir, 'no', 'such', 'dir.ndjson'), trace)).rejects.toThrow(/ENOENT/);
    for (const name of ['w.ndjson', 'w.ndjson.gz']) {
      await writeTraceFile(join(dir, name), trace);
      expect(writeTrace(await loadTraceFile(join(dir, name)))).toBe(text);
    }
    expect(readdirSync(dir).filter((it) => it.endsWith('.tmp'))).toEqual([]);
    expect(existsSync(join(dir, 'no'))).toBe(false);
  });

  it('[X03] the profile is found by its name, and no other module is ever loaded', async () => {
    const { header } = await traceOf(text);
    expect(await profileFor(header)).toBe(mainline);
    for (const name of ['node:fs', '__proto__', 'toString']) {
      await expect(profileFor({ ...header, profile: { name, version: 1 } })).rejects.toMatchObject({
        reason: 'profile',
      });
    }
  });
});
