/** How large a torrent is, by the filters of those who keep its peers (BEP 33); and what one node stores (BEP 51). */
import { type Operation, operate } from '@xorrery/coordinator';
import type { Contact, Endpoint, FinishReason, Id, Instant, Refusal } from '@xorrery/core';
import { estimateOf, mergedFilters } from './bloom.ts';
import type { MainlineCoordinator } from './item-get.ts';
import type { OutRequest, Sample, Sampling, Scraped } from './messages.ts';
import { type Announced, answererOf, type LookupOptions, reportOf, valuesOf } from './readings.ts';

/** About how many peers a torrent has, as far as those who answered know. */
export interface ScrapeReport {
  readonly target: Id;
  /** Peers that have all of it. */
  readonly seeds: number;
  /** The others. */
  readonly peers: number;
  /** Different answers that were laid over each other; 0: nobody knows of a peer. */
  readonly filters: number;
  readonly reason: FinishReason;
  readonly queried: number;
  readonly responded: number;
  /** ms from start to end. */
  readonly elapsed: Instant;
}

/** Asks all on the way to a torrent. Throws at once where `Coordinator.begin` does. Its items are the nodes that answer. */
export function scrapeTorrent(
  coordinator: MainlineCoordinator,
  target: Id,
  { settings, signal }: LookupOptions = {},
): Operation<Contact, ScrapeReport> {
  const request: OutRequest = { method: 'get_peers', infoHash: target, scrape: true };
  return operate(
    coordinator,
    { type: 'lookup', kind: 'collect', target, request, ...(settings && { settings }) },
    { items: answererOf, report: (event) => scrapeReportOf(target, event) },
    signal === undefined ? {} : { signal },
  );
}

function scrapeReportOf(target: Id, event: Announced): ScrapeReport | undefined {
  const report = reportOf(event);
  if (report === undefined) return undefined;
  const { reason, counts, elapsed } = report;
  const scraped = report.values as readonly Scraped[];
  const count = (which: 'seeds' | 'peers'): number =>
    Math.round(estimateOf(mergedFilters(scraped.map((it) => it[which]))));
  return {
    ...{ target, seeds: count('seeds'), peers: count('peers'), filters: scraped.length },
    ...{ reason, queried: counts.requests, responded: counts.answered, elapsed },
  };
}

/** What one node said of the infohashes it stores. */
export interface SampleReport {
  readonly endpoint: Endpoint;
  /** Whether it answered, and spoke of infohashes. */
  readonly answered: boolean;
  readonly samples: readonly Id[];
  /** How many it stores. */
  readonly num: number;
  /** Seconds for which its sample stays the same. */
  readonly interval: number;
  /** What it said, if it refused. */
  readonly refusal: Refusal | undefined;
  readonly reason: FinishReason;
  /** ms from start to end. */
  readonly elapsed: Instant;
}

/** Asks one node. Throws at once where `Coordinator.begin` does. Its items are the infohashes. */
export function sampleNode(
  coordinator: MainlineCoordinator,
  endpoint: Endpoint,
  { settings, signal }: LookupOptions = {},
): Operation<Sample, SampleReport> {
  const request: OutRequest = { method: 'sample_infohashes', target: coordinator.state.config.self };
  return operate(
    coordinator,
    { type: 'ask', seeds: [{ endpoint }], request, ...(settings && { settings }) },
    { items: samplesOf, report: (event) => sampleReportOf(endpoint, event) },
    signal === undefined ? {} : { signal },
  );
}

/** The infohashes in an announcement of a lookup for samples. */
export function samplesOf(event: Announced): readonly Sample[] {
  return valuesOf(event).filter((it): it is Sample => !('num' in it));
}

function sampleReportOf(endpoint: Endpoint, event: Announced): SampleReport | undefined {
  const report = reportOf(event);
  if (report === undefined) return undefined;
  const { values, asked, reason, elapsed } = report;
  const said = values.find((it): it is Sampling => 'num' in it);
  return {
    endpoint,
    answered: said !== undefined,
    samples: values.filter((it) => it !== said).map((it) => it.key as Id),
    num: said?.num ?? 0,
    interval: said?.interval ?? 0,
    refusal: asked[0]?.refusal,
    ...{ reason, elapsed },
  };
}
