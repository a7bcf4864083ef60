import type { Id } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { beginning, demoFrame, demoLines } from '../src/ui/demo-view.ts';
import type { MainlineEvent } from '../src/ui/events.ts';
import { LookupView, rowLine, rowText, statusLine } from '../src/ui/lookup-view.ts';
import { newsJson, newsLine } from '../src/ui/node-lines.ts';
import { PLAIN } from '../src/ui/terminal.ts';

const id = (start: string): Id => start.padEnd(40, '0') as Id;
const target = id('ff');
const near = { id: id('fe'), endpoint: '255.255.255.255:65535' };
const far = { id: id('0'), endpoint: '192.0.2.2:2' };
const request = { method: 'get_peers', infoHash: target } as const;

const query = (effect: Extract<MainlineEvent, { type: 'query' }>['effect']): MainlineEvent => ({
  type: 'query',
  id: 'op0',
  effect,
});
const asked = (to: typeof near): MainlineEvent => query({ type: 'send', request: 1, to, payload: request });
const silent = (to: typeof near): MainlineEvent => query({ type: 'unanswered', request: 1, to });
const answered = (from: typeof near, hops = 0, peers = 0): MainlineEvent => {
  const values = Array.from({ length: peers }, (_, i) => ({ key: `192.0.2.9:${i + 1}` }));
  return query({ type: 'progressed', request: 1, from, late: false, hops, learned: [], values });
};

const seen = (...events: MainlineEvent[]): LookupView => {
  const view = new LookupView(target);
  for (const event of events) view.take(event, 'op0');
  return view;
};

describe('a lookup as a person sees it', () => {
  it('counts who was asked, who answered and who did not', () => {
    const view = seen(asked(near), asked(far), answered(near, 1, 2), silent(far));
    expect(statusLine(view, 1_500, PLAIN)).toBe('asked 2 · answered 1 · silent 1 · nearest 7 bits · 2 peers · 1.5 s');
  });

  it('puts the nearest on top, and those of unknown id last', () => {
    const seed = { endpoint: '192.0.2.3:3' };
    const view = seen(query({ type: 'send', request: 0, to: seed, payload: request }), asked(far), asked(near));
    expect(view.closest(3).map((it) => it.endpoint)).toEqual([near.endpoint, far.endpoint, seed.endpoint]);
  });

  it('ignores other lookups', () => {
    const view = new LookupView(target);
    expect(view.take(asked(near), 'op1')).toBeUndefined();
    expect(view.rows.size).toBe(0);
  });

  it('fits 80 columns with the longest IPv4 endpoint, and hundreds of peers', () => {
    const [row] = seen(answered(near, 12, 100)).answers;
    const line = rowLine(row as NonNullable<typeof row>, 7, PLAIN);
    expect(line).toBe('✓ ████████████████  7 bits  fe000000… 255.255.255.255:65535  hop 12  100 peers');
    expect(line.length).toBeLessThanOrEqual(80);
  });

  it('cuts an IPv6 endpoint rather than the line', () => {
    const endpoint = '[2001:db8:1111:2222:3333:4444:5555:6666]:65535';
    const [row] = seen(answered({ ...near, endpoint })).answers;
    expect(rowLine(row as NonNullable<typeof row>, 7, PLAIN)).toContain('[2001:db8:1111:2222:…');
  });

  it('has no bars when piped', () => {
    const [row] = seen(answered(near, 1, 1)).answers;
    expect(rowText(row as NonNullable<typeof row>)).toBe(
      'answered fe000000 255.255.255.255:65535, 7 bits in common, hop 1, 1 new peer',
    );
  });
});

describe('the demo', () => {
  const start = beginning({ nodes: 32, seed: 7, infoHash: target, most: 7 });
  const ending = { peers: ['127.0.0.1:6881'], queried: 9, responded: 9, hops: 2, durationMs: 4, reason: 'converged' };
  const view = seen(answered(far), answered(near, 1, 1));
  const whole = { ...start, joined: 32, joinedIn: 1_000, through: '127.0.0.1:40000', announcer: 22, stored: 4 };
  const items = { immutable: { target, found: true }, mutable: { target, seq: 2, found: false } };
  const replayed = { events: 111, identical: true, trace: '/tmp/demo.ndjson.gz' };
  const end = { ...whole, finder: 19, view, ending };

  it('fits 80 columns from beginning to end', () => {
    const frames = [
      start,
      whole,
      end,
      { ...end, nodes: 512, joined: 512 },
      { ...end, ending: { ...ending, peers: [] } },
      { ...end, items, replayed },
    ];
    for (const line of frames.flatMap((it) => demoFrame(it, PLAIN))) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('tells each fact once when piped', () => {
    expect(demoLines(start, start)).toEqual([]);
    expect(demoLines(start, end)).toHaveLength(6);
    expect(demoLines(end, { ...end, items })).toEqual([
      `value ${target}, under its hash: found`,
      `value ${target}, signed, version 2: not found`,
    ]);
    expect(demoLines(end, end)).toEqual([]);
  });
});

describe('the events of a node', () => {
  const contact = { id: id('ab'), endpoint: '192.0.2.1:6881' };

  it('[G17] are objects for scripts', () => {
    expect(newsJson({ type: 'contact-added', contact })).toEqual({
      event: 'contact-added',
      id: contact.id,
      host: '192.0.2.1',
      port: 6881,
    });
    expect(newsJson({ type: 'contact-removed', contact, reason: 'unanswering' })).toMatchObject({
      event: 'contact-removed',
      reason: 'unanswering',
    });
    expect(newsJson({ type: 'join-finished', outcome: 'joined', contacts: 3, elapsed: 5 })).toEqual({
      event: 'join-finished',
      outcome: 'joined',
      contacts: 3,
      elapsedMs: 5,
    });
    expect(newsJson({ type: 'lagged', missed: 4 })).toEqual({ event: 'lagged', missed: 4 });
  });

  it('leave out the steps of its own lookups', () => {
    expect(newsJson(asked(near))).toBeUndefined();
    expect(newsLine(asked(near), PLAIN)).toBeUndefined();
  });

  it('are lines for people', () => {
    const line = newsLine({ type: 'announced', infoHash: target, from: 'a:1', peer: '192.0.2.1:5' }, PLAIN);
    expect(line).toBe('* announced  192.0.2.1:5 is a peer of ff000000…');
  });
});
