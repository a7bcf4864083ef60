/**
 * A crawl of the network (BEP 51): which torrents do its nodes store peers of? Lookups to targets spread evenly over the
 * id space, each asking every node it meets for a sample; a node met twice counts once. A kind of query that the core
 * knows nothing of (Z09): it is one request, one reply and this file.
 *
 * It refuses to: ask for peers, or go on for ever.
 */
import { type Endpoint, type Id, nextId, seedRandom } from '@xorrery/core';
import type { MainlineNode } from './node.ts';
import type { LookupOptions } from './readings.ts';

export interface CrawlOptions extends LookupOptions {
  /** Lookups: 2 to this power, one into each part of the id space. 0 to 12. Default 4. */
  readonly bits?: number;
}

export interface CrawlReport {
  /** Every infohash heard of, in the order in which it was. */
  readonly infoHashes: readonly Id[];
  /** Nodes that answered, each once. */
  readonly visited: readonly Endpoint[];
  readonly lookups: number;
}

/** Crawls with a node that runs; `heard` is told of each infohash once, as it comes. */
export async function crawl(
  node: MainlineNode,
  { bits = 4, ...options }: CrawlOptions = {},
  heard: (infoHash: Id) => void = () => {},
): Promise<CrawlReport> {
  const infoHashes = new Set<Id>();
  const visited = new Set<Endpoint>();
  const lookups = 2 ** Math.min(12, Math.max(0, bits));
  for (let part = 0; part < lookups && options.signal?.aborted !== true; part++) {
    const operation = node.sample(targetIn(part, lookups), options);
    for await (const { key } of operation) {
      if (infoHashes.has(key)) continue;
      infoHashes.add(key);
      heard(key);
    }
    for (const { endpoint, result } of (await operation).asked) if (result === 'answered') visited.add(endpoint);
  }
  return { infoHashes: [...infoHashes], visited: [...visited], lookups };
}

/** An id in the given part of the id space. */
function targetIn(part: number, parts: number): Id {
  const [filler] = nextId(seedRandom(part), 160);
  const head = Math.floor((part / parts) * 65_536);
  return (head.toString(16).padStart(4, '0') + filler.slice(4)) as Id;
}
