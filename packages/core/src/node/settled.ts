/**
 * A node as it is long after it joined, for simulations and tests that begin with full tables: nobody is asked on the
 * way there. Real nodes get there by events alone.
 */
import type { Contact } from '../contact.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';
import { NONE } from '../none.ts';
import { advanceRefresh } from '../routing/refresh.ts';
import { nextRoutingDeadline } from '../routing/routing.ts';
import type { RoutingState } from '../routing/types.ts';
import { bucketOf, EMPTY_BUCKET } from '../table/bucket.ts';
import { makeTable, tableSize } from '../table/table.ts';
import { draftOf } from './turn.ts';
import type { NodeState } from './types.ts';

/**
 * `fresh` (from `init`, policy `fixed`) as if it had joined, and had heard from all of these just now. `buckets[i]` are
 * those who share exactly i bits with its id; there may be more of them than the table's configuration has room for.
 */
export function settled<P extends Protocol, C, S>(
  fresh: NodeState<P, C, S>,
  buckets: readonly (readonly Contact[])[],
  now: Instant,
): NodeState<P, C, S> {
  const { bootstrap, include, probe, refresh } = fresh.routing;
  const { self, config } = probe.table;
  // Lists of the same instant over and over: one for each length, in a million nodes as in one.
  const times: Instant[][] = [];
  const seenNow = (length: number): readonly Instant[] => {
    times[length] ??= new Array<Instant>(length).fill(now);
    return times[length] as Instant[];
  };
  const heardFrom = buckets.map((members) =>
    members.length === 0 ? EMPTY_BUCKET : bucketOf(members, seenNow(members.length), NONE, NONE),
  );
  const table = makeTable(self, config, heardFrom);
  const { config: joining, random, seeds, attempts } = bootstrap;
  const { status, config: checks, checking, resting, urgent, nextCheck } = probe;
  const contacts = tableSize(table);
  // As in every step of a node: written out, so that all states are of one shape.
  const routing: RoutingState = {
    bootstrap: {
      status: 'settled',
      config: joining,
      random,
      seeds,
      contacts,
      attempts,
      since: now,
      said: 'joined',
      wakeAt: undefined,
    },
    include,
    probe: { status, config: checks, table, checking, resting, urgent, nextCheck },
    refresh: advanceRefresh(refresh, { type: 'deepest', depth: buckets.length - 1 }, now).state,
  };
  const state = draftOf(fresh, now);
  state.phase = 'running';
  state.wakeAt = nextRoutingDeadline(routing);
  state.routing = routing;
  return state;
}
