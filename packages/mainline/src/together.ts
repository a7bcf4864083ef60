/**
 * Several homes as one: an operation runs at each of them at once, and ends when all have ended; but a home that is
 * known to be alone is not waited for once another has come through, or an address that leads nowhere would hold up all.
 */
import type { Operation as OperationOf, StreamEvent, Subscription } from '@xorrery/coordinator';
import { type Lagged, Operation } from '@xorrery/coordinator';
import {
  type Contact,
  compareDistance,
  type FinishReason,
  type Id,
  type PublishReport,
  type QueryReport,
} from '@xorrery/core';
import type { Home } from './home.ts';
import { betterItem, type Item } from './item.ts';
import type { GetReport } from './item-get.ts';
import type { PutReport } from './item-put.ts';
import type { JoinReport } from './join-report.ts';
import type { Mainline } from './messages.ts';
import type { ScrapeReport } from './scrape.ts';

/** Begins the operation at every home. Throws what each of them throws, when none of them begins. */
export function together<Item, Report>(
  homes: readonly Home[],
  begin: (home: Home, signal: AbortSignal | undefined) => OperationOf<Item, Report>,
  merge: (reports: readonly Report[]) => Report,
  signal: AbortSignal | undefined,
): OperationOf<Item, Report> {
  if (homes.length === 1) return begin(homes[0] as Home, signal);
  const begun: { readonly home: Home; readonly part: OperationOf<Item, Report>; readonly cut: AbortController }[] = [];
  let refusal: unknown;
  for (const home of homes) {
    const cut = new AbortController();
    try {
      const either = signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]);
      begun.push({ home, part: begin(home, either), cut });
    } catch (error) {
      refusal ??= error;
    }
  }
  if (begun[0] === undefined) throw refusal;
  return new Operation(begun[0].part.id, async (add) => {
    const reports = begun.map(async ({ home, part }) => {
      for await (const item of part) add([item]);
      const report = await part;
      if (home.size > 0) for (const other of begun) void cutWhereAlone(other.home, other.cut);
      return report;
    });
    return merge(await Promise.all(reports));
  });
}

/** Ends what goes on at a home, unless it has met somebody, or soon does: it says so within its join timeout. */
async function cutWhereAlone(home: Home, cut: AbortController): Promise<void> {
  if (home.size > 0) return;
  await home.joined;
  if (home.size === 0) cut.abort();
}

/** From what says most to what says least. */
const REASONS: readonly (FinishReason | 'failed')[] = [
  'found',
  'quorum',
  'converged',
  'exhausted',
  'expired',
  'failed',
  'cancelled',
  'closed',
];

/** The lookups of several homes as one: the reason and the evidence are those of the one that came farthest. */
export function mergedQuery(reports: readonly QueryReport<Mainline>[]): QueryReport<Mainline> {
  const best = farthest(reports);
  const { target } = best;
  const byDistance = (a: Contact, b: Contact): number => compareDistance(target as Id, a.id, b.id);
  const sum = (of: (report: QueryReport<Mainline>) => number): number => reports.reduce((all, it) => all + of(it), 0);
  return {
    ...best,
    closest: reports.flatMap((it) => it.closest).sort(byDistance),
    values: reports.flatMap((it) => it.values),
    asked: reports.flatMap((it) => it.asked),
    counts: {
      requests: sum((it) => it.counts.requests),
      answered: sum((it) => it.counts.answered),
      failed: sum((it) => it.counts.failed),
      silent: sum((it) => it.counts.silent),
      abandoned: sum((it) => it.counts.abandoned),
      late: sum((it) => it.counts.late),
    },
    elapsed: Math.max(...reports.map((it) => it.elapsed)),
  };
}

/** The publishing of several homes as one. */
export function mergedPublish(reports: readonly PublishReport[]): PublishReport {
  return {
    ...farthest(reports),
    stored: reports.flatMap((it) => it.stored),
    failed: reports.flatMap((it) => it.failed),
    notAttempted: reports.flatMap((it) => it.notAttempted),
    elapsed: Math.max(...reports.map((it) => it.elapsed)),
  };
}

/** The puts of several homes as one. */
export function mergedPut(reports: readonly PutReport[]): PutReport {
  return { ...farthest(reports), ...mergedPublish(reports), local: reports.some((it) => it.local) };
}

/** The searches of several homes for an item as one: the better item is the one that counts. */
export function mergedGet(reports: readonly GetReport[]): GetReport {
  const holders = reports.filter((it) => it.item !== undefined);
  const best = holders.reduce(
    (a, b) => (betterItem(b.item as Item, a.item as Item) === b.item ? b : a),
    holders[0] ?? farthest(reports),
  );
  return { ...best, ...totals(reports) };
}

/** The estimates of several homes as one: a peer of two families counts in both, so that the larger one holds. */
export function mergedScrape(reports: readonly ScrapeReport[]): ScrapeReport {
  const most = (of: (report: ScrapeReport) => number): number => Math.max(...reports.map(of));
  const { queried, responded, elapsed } = totals(reports);
  return {
    ...farthest(reports),
    seeds: most((it) => it.seeds),
    peers: most((it) => it.peers),
    queried,
    responded,
    elapsed,
  };
}

interface Efforts {
  readonly queried: number;
  readonly responded: number;
  readonly elapsed: number;
}

function totals(reports: readonly Efforts[]): Efforts {
  return {
    queried: reports.reduce((all, it) => all + it.queried, 0),
    responded: reports.reduce((all, it) => all + it.responded, 0),
    elapsed: Math.max(...reports.map((it) => it.elapsed)),
  };
}

function farthest<R extends { readonly reason: FinishReason | 'failed' }>(reports: readonly R[]): R {
  const rank = ({ reason }: R): number => REASONS.indexOf(reason);
  return reports.reduce((best, it) => (rank(it) < rank(best) ? it : best));
}

/** How joining went: well as soon as it did at one home, badly when it did at none. */
export async function joinedAny(homes: readonly Home[]): Promise<JoinReport | undefined> {
  const joins = homes.map(async (home) => {
    const report = await home.joined;
    if (report?.outcome !== 'joined') throw report;
    return report;
  });
  const first = await Promise.any(joins).catch((error: AggregateError) => error.errors.find((it) => it !== undefined));
  if (first === undefined || homes.length === 1) return first;
  return { ...first, contacts: homes.reduce((all, home) => all + home.size, 0) };
}

type Streamed = StreamEvent<Mainline> | Lagged;

/** Several subscriptions as one, numbered anew. */
export function mergedEvents(
  parts: readonly Subscription<StreamEvent<Mainline>>[],
): Subscription<StreamEvent<Mainline>> {
  const close = (): void => {
    for (const part of parts) part.close();
  };
  const events = inTurn(parts, close);
  return {
    [Symbol.asyncIterator]: () => events,
    next: () => events.next(),
    return: (value) => events.return(value),
    close,
  } as Subscription<StreamEvent<Mainline>>;
}

async function* inTurn(
  parts: readonly Subscription<StreamEvent<Mainline>>[],
  close: () => void,
): AsyncGenerator<Streamed, void, undefined> {
  const next = async (part: Subscription<StreamEvent<Mainline>>) => ({ part, result: await part.next() });
  const pending = new Map(parts.map((part) => [part, next(part)]));
  try {
    for (let seq = 0; pending.size > 0; ) {
      const { part, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(part);
        continue;
      }
      pending.set(part, next(part));
      yield result.value.type === 'lagged' ? result.value : { ...result.value, seq: seq++ };
    }
  } finally {
    close();
  }
}
