import { describe, expect, it } from 'vitest';
import {
  type Asked,
  type Explanation,
  eventsOf,
  explain,
  explanationLine,
  explanationText,
  type TraceEntry,
} from '../src/index.ts';
import { kvText, mainlineText, traceOf } from './network.ts';

const trace = await traceOf(await mainlineText(8));
const all = explain(trace.entries);
const flat = (tree: readonly Asked[]): Asked[] => tree.flatMap((it) => [it, ...flat(it.children)]);
const named = (id: string): Explanation => all.find((it) => it.id === id) as Explanation;

/** The report of a lookup, as the node gave it. */
const reports = eventsOf(trace).flatMap(({ effects }) =>
  effects.flatMap((it) => {
    const { id, effect } = it as unknown as { id: string; effect?: { type: string; report: never } };
    return effect?.type === 'finished' ? [{ id, report: effect.report as Report }] : [];
  }),
);

interface Report {
  readonly kind: string;
  readonly target: string;
  readonly reason: string;
  readonly hops: number;
  readonly asked: readonly { endpoint: string; result: string; via?: string; cause?: string }[];
}

describe('explaining a trace', () => {
  it('[X17] every lookup is there, with its kind, its target and why it ended', () => {
    expect(all.length).toBe(reports.length);
    for (const { id, report } of reports) {
      expect(named(id)).toMatchObject({ kind: report.kind, reason: report.reason, hops: report.hops });
      expect(named(id).why).not.toBe('');
      if (report.kind !== 'each') expect(named(id).target).toBe(report.target);
    }
    expect(new Set(all.map((it) => it.kind))).toEqual(new Set(['closest', 'collect', 'each']));
  });

  it('[X17] everybody asked is in the tree once, with the outcome and under the one who named it', () => {
    for (const { id, report } of reports.filter((it) => it.report.kind !== 'each')) {
      const { tree } = named(id);
      const asked = flat(tree);
      expect(asked.map((it) => it.endpoint).sort()).toEqual(report.asked.map((it) => it.endpoint).sort());
      for (const { endpoint, result, via, cause } of report.asked) {
        const node = asked.find((it) => it.endpoint === endpoint);
        expect(node).toMatchObject({ outcome: result, ...(cause === undefined ? {} : { cause }) });
        const parent = asked.find((it) => it.children.some((child) => child.endpoint === endpoint));
        expect(parent?.endpoint).toBe(via);
      }
    }
  });

  it('[X17] says what each step gained and how long each answer took', () => {
    const { tree, target } = named('op0');
    expect(target).toMatch(/^[0-9a-f]{40}$/);
    for (const parent of flat(tree)) {
      if (parent.outcome === 'answered') expect(parent.rtt).toBe(30);
      for (const child of parent.children) {
        if (child.bits !== undefined) expect(child.gained).toBe(child.bits - (parent.bits ?? 0));
      }
    }
  });

  it('[X17] a node that fell silent is shown as silent', () => {
    expect(all.flatMap((it) => flat(it.tree)).some((it) => it.outcome === 'silent')).toBe(true);
  });

  it('[X17] a lookup the trace ends in is explained as far as it goes', () => {
    const events = eventsOf(trace);
    const from = events.findIndex(({ event }) => event.type === 'lookup');
    const [last] = explain(events.slice(0, from + 2)).slice(-1);
    expect(last).toMatchObject({
      id: 'op0',
      kind: 'collect',
      reason: 'unfinished',
      why: 'the trace ends before the lookup does',
    });
    expect(last?.target).toBe(named('op0').target);
  });

  it('[X17] in a simulation each lookup belongs to its node', () => {
    const twice = eventsOf(trace).flatMap((it): TraceEntry[] => [
      { ...it, node: 1 },
      { ...it, node: 2 },
    ]);
    const both = explain(twice);
    expect(both.length).toBe(2 * all.length);
    const first = both.filter((it) => it.node === 1).map(({ node: _node, ...rest }) => rest);
    expect(first).toEqual(all);
  });

  it('[X17] as text it fits 80 columns', async () => {
    for (const it of [...all, ...explain((await traceOf(await kvText())).entries)]) {
      const text = explanationText(it);
      for (const line of [...text.split('\n'), explanationLine(it)]) expect(line.length).toBeLessThanOrEqual(80);
      expect(text).toContain(it.reason);
    }
  });

  it('[X17] however deep and long, and whatever a trace claims', () => {
    const contact = (n: number) => ({
      id: n.toString(16).padStart(40, '0'),
      endpoint: `[2001:db8:1111:2222:3333:4444:5555:${n}]:65535`,
    });
    const effects = (n: number) => [
      {
        type: 'query',
        id: 'x'.repeat(100),
        effect: {
          type: 'progressed',
          request: n - 1,
          from: contact(n - 1),
          late: true,
          hops: n,
          learned: [contact(n), contact(0)],
          values: [1],
        },
      },
      { type: 'query', id: 'x'.repeat(100), effect: { type: 'send', request: n, to: contact(n), payload: {} } },
    ];
    const entries = Array.from(
      { length: 200 },
      (_, n): TraceEntry => ({ type: 'event', at: n, event: { type: 'tick' }, effects: effects(n) }),
    );
    const [it] = explain(entries);
    expect(flat(it?.tree ?? [])).toHaveLength(200);
    for (const line of explanationText(it as Explanation).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
