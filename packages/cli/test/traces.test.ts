import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNode } from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { FORMAT, hashOf, loadTrace, type Trace, type TraceEntry, writeTrace } from '@xorrery/trace';
import { describe, expect, it } from 'vitest';
import { run } from '../src/program.ts';

const dir = mkdtempSync(join(tmpdir(), 'xorrery-cli-'));

/** Runs a command line in this process. */
const invoke = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  let [out, err] = ['', ''];
  const to = (take: (text: string) => void) => ({ write: (text: string | Uint8Array) => take(String(text)) });
  const code = await run(argv, {
    out: to((text) => {
      out += text;
    }),
    err: to((text) => {
      err += text;
    }),
  });
  return { code, out, err };
};

/** A node that joins through somebody who never answers, and then is asked who it knows. */
const small = ((): Trace => {
  const machine = makeNode(mainline);
  const config = { ...MAINLINE_DEFAULTS, self: '5'.repeat(40) as never, seed: 1 };
  let state = machine.init(config);
  const entries: TraceEntry[] = [];
  const take = (at: number, event: Parameters<typeof machine.advance>[1]): void => {
    const step = machine.advance(state, event, at);
    state = step.state;
    entries.push({ type: 'event', at, event, effects: step.effects });
  };
  take(1, { type: 'start', seeds: ['10.0.0.1:6881'] });
  take(2, { type: 'entropy', bytes: '0123456789abcdef'.repeat(32) });
  const request = { method: 'find_node', target: '3'.repeat(40) } as never;
  take(3, { type: 'lookup', id: 'op0', kind: 'closest', target: '3'.repeat(40) as never, request });
  for (let i = 0; i < 30; i++)
    take(10 + i, {
      type: 'received',
      from: `10.0.${i}.2:6881`,
      message: {
        type: 'request',
        tid: `aa${10 + i}`,
        sender: `${10 + i}`.repeat(20) as never,
        readOnly: true,
        request: { method: 'ping' },
      },
    });
  for (let at = machine.nextDeadline(state); at !== undefined && at < 60_000; at = machine.nextDeadline(state))
    take(at, { type: 'tick' });
  entries.push({ type: 'mark', events: entries.length, hash: hashOf(state), end: true });
  const profile = { name: mainline.name, version: mainline.version };
  const header = {
    format: FORMAT,
    version: 1,
    kind: 'node',
    profile,
    wall: 0,
    segment: 1,
    lost: 0,
    start: { config },
  } as const;
  return { header, entries, truncated: false };
})();

/** Where it answered the twentieth ping, a longer reply is recorded. */
const spoilt = (): Trace => {
  let pings = 0;
  const entries = small.entries.map((it) => {
    if (it.type !== 'event' || it.event.type !== 'received' || ++pings !== 20) return it;
    const [effect] = it.effects as unknown as [{ message: object }];
    return { ...it, effects: [{ ...effect, message: { ...effect.message, reply: { num: 1 } } }] as never };
  });
  return { ...small, entries };
};

const path = join(dir, 'small.ndjson');
writeFileSync(path, writeTrace(small));
const bad = join(dir, 'bad.ndjson');
writeFileSync(bad, writeTrace(spoilt()));
const events = small.entries.length - 1;

describe('xorrery replay', () => {
  it('[X03] an identical trace is exit code 0', async () => {
    const { code, out, err } = await invoke('replay', path, '--json');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toEqual({
      events,
      identical: true,
      truncated: false,
      kind: 'node',
      profile: { name: 'mainline', version: 2 },
    });
    expect((await invoke('replay', path)).out).toMatch(/^identical: \d+ events in /);
  });

  it('[X03] one that goes another way is exit code 3, with the step and both effects', async () => {
    const { code, out, err } = await invoke('replay', bad, '--json');
    expect(code).toBe(3);
    expect(err).toMatch(/^xorrery: the replay diverged: step 23 \(received\) went another way\n$/);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ events: 22, identical: false, divergence: { step: 23, at: 29 } });
    expect(report.divergence.expected[0].message.reply).toEqual({ num: 1 });
    expect(report.divergence.actual[0].message.reply).toEqual({});
    const text = (await invoke('replay', bad)).out;
    expect(text).toContain('effects differ first at [0].message.reply.num');
    expect(text).toMatch(/^- \{.*"num":1.*\n\+ \{/m);
  });

  it('[X03] one that is cut off is run up to the cut; exit code 2 and one line say that it is', async () => {
    const cut = join(dir, 'cut.ndjson');
    writeFileSync(cut, readFileSync(path, 'utf8').slice(0, -300));
    const { code, out, err } = await invoke('replay', cut, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ identical: true, truncated: true });
    expect(err).toMatch(/^xorrery: TRACE: it is cut off after \d+ events: '.*cut\.ndjson'\n$/);
  });

  it('[X03] one that was edited is exit code 2, with the lines, and nothing on stdout', async () => {
    const edited = join(dir, 'edited.ndjson');
    writeFileSync(edited, readFileSync(path, 'utf8').replace('aa17', 'aa18'));
    const { code, out, err } = await invoke('replay', edited, '--json');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^xorrery: TRACE: lines 2 to \d+ are not as they were written: '.*'\n$/);
  });

  it('[X03] one of an unknown protocol, or of a simulation that cannot be, is exit code 2', async () => {
    const other = join(dir, 'other.ndjson');
    writeFileSync(
      other,
      writeTrace({ ...small, header: { ...small.header, profile: { name: 'nosuch', version: 1 } } as never }),
    );
    expect(await invoke('replay', other)).toMatchObject({ code: 2, err: expect.stringContaining("it is of 'nosuch'") });
    const header = {
      format: FORMAT,
      version: 1,
      kind: 'simulation',
      profile: { name: 'generic', version: 1 },
      wall: 0,
      seed: 1,
      scenario: { nodes: -1 },
      events: false,
    } as const;
    writeFileSync(other, writeTrace({ header, entries: [], truncated: false }));
    for (const command of ['replay', 'shrink']) {
      expect(await invoke(command, other)).toMatchObject({ code: 2, out: '' });
    }
  });
});

describe('xorrery shrink', () => {
  it('[X04] the smallest trace that still fails is written, and fails', async () => {
    const { code, out } = await invoke('shrink', bad, '--json');
    const file = join(dir, 'bad.min.ndjson');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ before: events, after: expect.any(Number), file });
    expect(JSON.parse(out).after).toBeLessThanOrEqual(2);
    expect((await invoke('replay', file)).code).toBe(3);
    const least = await loadTrace([readFileSync(file, 'utf8')]);
    expect(least.truncated).toBe(false);
  });

  it('[X04] one that does not fail is exit code 1, and nothing is written', async () => {
    const before = readdirSync(dir);
    expect(await invoke('shrink', path, '-o', join(dir, 'none'))).toEqual({
      code: 1,
      out: '',
      err: `xorrery: the trace does not fail: '${path}'\n`,
    });
    expect(await invoke('shrink', bad, '-o', join(dir, 'no', 'such'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--out '.*': cannot write it: no such directory/),
    });
    expect(readdirSync(dir)).toEqual(before);
    expect(existsSync(join(dir, 'none'))).toBe(false);
  });
});

describe('xorrery explain', () => {
  it('[X17] shows why the lookup stopped and whom it asked, in 80 columns', async () => {
    const { code, out } = await invoke('explain', path);
    expect(code).toBe(0);
    expect(out).toContain('op0: closest 3333333333333333333333333333333333333333\n');
    expect(out).toMatch(/^join:self-0 +closest 55555555… +0\/1 +exhausted$/m);
    expect((await invoke('explain', path, '--query', 'join:self-0')).out).toContain('└─ ? 10.0.0.1:6881  silent\n');
    expect(out).toContain('exhausted: nobody was left to ask');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('[X17] as JSON, of one lookup, or why not', async () => {
    const { queries } = JSON.parse((await invoke('explain', path, '--query', 'join:self-0', '--json')).out);
    const tree = [{ endpoint: '10.0.0.1:6881', outcome: 'silent' }];
    expect(queries).toMatchObject([
      { id: 'join:self-0', kind: 'closest', target: '5'.repeat(40), reason: 'exhausted', tree },
    ]);
    expect(await invoke('explain', path, '--query', 'op9')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/--query 'op9': no such lookup in it; there are join:/),
    });
  });
});

describe('xorrery diff', () => {
  it('[X03] names the first difference; exit code 1 when there is one', async () => {
    expect(await invoke('diff', path, path)).toEqual({ code: 0, out: 'the same\n', err: '' });
    const { code, out } = await invoke('diff', path, bad, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      same: false,
      difference: { what: 'effects', step: 23, path: '[0].message.reply.num', b: 1 },
    });
    expect((await invoke('diff', path, bad)).out).toBe(
      'they differ in effects at step 23, [0].message.reply.num\n- nothing\n+ 1\n',
    );
  });
});
