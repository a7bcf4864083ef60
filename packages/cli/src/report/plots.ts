/** The plots of one simulation, as Vega-Lite describes them. Pure. */
import type { Sample } from '@xorrery/simulator';
import type { TopLevelSpec } from 'vega-lite';
import type { Run } from '../simulate.ts';

export interface Plot {
  readonly title: string;
  readonly spec: TopLevelSpec;
}

type Row = Readonly<Record<string, number | string>>;

const WIDTH = 380;
const HEIGHT = 200;

export function plotsOf(run: Run): readonly Plot[] {
  const { hops, latencyMs, reasons, occupancy, series, traffic } = run;
  const seconds = (at: number): number => at / 1_000;
  const rates = series.slice(1).map((it, i) => rateOf(series[i] as Sample, it));
  const over = (title: string, unit: string, value: (rate: Rate) => number): Plot => ({
    title,
    spec: lines(
      rates.map((it) => ({ x: seconds(it.at), y: value(it) })),
      'virtual time, s',
      unit,
    ),
  });
  return [
    { title: 'Recall', spec: bars(recallRows(run), 'share of the true k closest found', 'lookups') },
    {
      title: 'Hops',
      spec: bars(
        hops.histogram.map((y, x) => ({ x: String(x), y })),
        'hops to the closest node',
        'lookups',
      ),
    },
    { title: 'Messages', spec: bars(messageRows(run), 'requests of a lookup', 'lookups') },
    {
      title: 'Latency quantiles',
      spec: bars(
        Object.entries(latencyMs).map(([x, y]) => ({ x, y })),
        'quantile',
        'ms',
      ),
    },
    {
      title: 'Table occupancy by depth',
      spec: bars(
        occupancy.map((y, x) => ({ x: String(x), y })),
        'depth (bits shared)',
        'contacts',
      ),
    },
    {
      title: 'How lookups ended',
      spec: bars(
        Object.entries(reasons).map(([x, y]) => ({ x, y })),
        'reason',
        'lookups',
      ),
    },
    { title: 'Packets', spec: bars(trafficRows(traffic), 'fate', 'packets') },
    over('Traffic over time', 'packets a second', (it) => it.sent),
    over('Failures over time', 'packets lost a second', (it) => it.lost),
    over('Bytes over time', 'KiB a second', (it) => it.bytes / 1_024),
    over('Lookups over time', 'ended a second', (it) => it.lookups),
    {
      title: 'Nodes up',
      spec: lines(
        series.map((it) => ({ x: seconds(it.at), y: it.up })),
        'virtual time, s',
        'honest nodes',
      ),
    },
  ];
}

type Rate = Pick<Sample, 'at' | 'sent' | 'lost' | 'bytes' | 'lookups'>;

/** What happened between two samples, a second. */
function rateOf(before: Sample, after: Sample): Rate {
  const seconds = (after.at - before.at) / 1_000;
  const rate = (key: 'sent' | 'lost' | 'bytes' | 'lookups'): number => (after[key] - before[key]) / seconds;
  return { at: after.at, sent: rate('sent'), lost: rate('lost'), bytes: rate('bytes'), lookups: rate('lookups') };
}

function recallRows({ recallHistogram }: Run): readonly Row[] {
  return recallHistogram.map((y, i) => ({ x: `${i * 10} %`, y }));
}

function messageRows({ messagesHistogram }: Run): readonly Row[] {
  return messagesHistogram.flatMap((y, x) => (y === 0 ? [] : [{ x: String(x), y }]));
}

function trafficRows({ delivered, lost, duplicated, garbled, unreachable }: Run['traffic']): readonly Row[] {
  return Object.entries({ delivered, lost, duplicated, garbled, unreachable }).map(([x, y]) => ({ x, y }));
}

function bars(values: readonly Row[], x: string, y: string): TopLevelSpec {
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values: [...values] },
    mark: { type: 'bar' },
    encoding: {
      x: { field: 'x', type: 'nominal', sort: null, title: x, axis: { labelAngle: 0, labelOverlap: true } },
      y: { field: 'y', type: 'quantitative', title: y },
    },
  };
}

export function lines(values: readonly Row[], x: string, y: string, series?: string): TopLevelSpec {
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values: [...values] },
    mark: { type: 'line', point: values.length < 40 },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x, scale: { zero: false } },
      y: { field: 'y', type: 'quantitative', title: y },
      ...(series === undefined ? undefined : { color: { field: 'series', type: 'nominal', title: series } }),
    },
  } as TopLevelSpec;
}
