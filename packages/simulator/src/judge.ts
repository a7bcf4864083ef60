/**
 * The two oracles. *Safety*: after every step, what must always hold of a node, whatever was done to it. *Liveness*: at
 * the end, every operation has ended, once, with a reason. A breach names the promise, the node and the instant.
 */
import { type Contact, compareDistance, type Instant, type NodeEffect, type Protocol, tableOf } from '@xorrery/core';
import type { AnyState } from './population.ts';

export interface Violation {
  readonly at: Instant;
  readonly node: number;
  /** The promise that was broken. */
  readonly claim: string;
}

type Effects = readonly NodeEffect<Protocol>[];

/** The first promise that one step broke, if any. `now` and `due` are the node's own time; `before` where it is known. O(effects). */
export function breachOf(
  before: AnyState | undefined,
  after: AnyState,
  effects: Effects,
  now: Instant,
  due: Instant | undefined,
): string | undefined {
  if (due !== undefined && due <= now) return `the next deadline is later than now: ${due} at ${now}`;
  if (before?.phase === 'closed' && effects.length > 0) return 'nothing is said or sent after the end';
  // Of what is as it was before, the promises were checked then.
  if (after.pool !== before?.pool || after.wire !== before.wire || after.waiting !== before.waiting) {
    const breach = breachOfBounds(after);
    if (breach !== undefined) return breach;
  }
  if (after.limiter !== before?.limiter && after.limiter.accounts.size > after.config.responder.limiter.maxEntries) {
    return 'accounts of the rate limiter are bounded';
  }
  for (const effect of effects) {
    const breach = effect.type === 'query' ? breachOfQuery(effect) : breachOfOther(effect, after);
    if (breach !== undefined) return breach;
  }
  return undefined;
}

function breachOfBounds({ config, pool, wire, waiting }: AnyState): string | undefined {
  if (pool.running.size > config.pool.maxQueries) return `at most ${config.pool.maxQueries} lookups run`;
  if (pool.queue.length > config.pool.maxQueued) return `at most ${config.pool.maxQueued} lookups wait`;
  if (pool.flying > config.pool.maxInFlight) return `at most ${config.pool.maxInFlight} requests are in flight`;
  if (wire.pool.length > 4 * config.wire.poolBytes) return 'the pool of entropy is bounded';
  if (waiting.length > config.maxWaiting) return `at most ${config.maxWaiting} operations wait for the join`;
  return undefined;
}

function breachOfOther(effect: NodeEffect<Protocol>, after: AnyState): string | undefined {
  if (effect.type !== 'contact-added') return undefined;
  if (effect.contact.id === after.config.self) return 'a node is not in its own table';
  const { buckets, config } = tableOf(after.routing);
  const most = Math.max(...config.bucketSizes);
  return buckets.every((it) => it.members.length <= most) ? undefined : `a bucket has at most ${most} members`;
}

function breachOfQuery({ effect }: Extract<NodeEffect<Protocol>, { type: 'query' }>): string | undefined {
  if (effect.type !== 'finished') return undefined;
  const { closest, counts, kind, asked, target } = effect.report;
  const { requests, answered, failed, silent, abandoned } = counts;
  if (answered + failed + silent + abandoned !== requests) return 'the counts of a report add up';
  if (asked.length !== requests) return 'nobody is asked twice';
  if (closest.length > answered) return 'only those who answered are in a result';
  for (let i = 1; i < closest.length && kind !== 'each'; i++) {
    const order = compareDistance(target, (closest[i - 1] as Contact).id, (closest[i] as Contact).id);
    if (order > 0) return 'a result has the nearest first';
  }
  return undefined;
}
