/**
 * A node as it is long after it joined, for simulations and tests that begin with full tables: nobody is asked on the
 * way there. Real nodes get there by events alone.
 */
import type { Contact } from '../contact.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';
import { advanceRefresh } from '../routing/refresh.ts';
import { nextRoutingDeadline, type RoutingState } from '../routing/routing.ts';
import { bucketOf, EMPTY_BUCKET } from '../table/bucket.ts';
import { makeTable, tableSize } from '../table/table.ts';
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
  const { bootstrap, probe, refresh } = fresh.routing;
  const { self, config } = probe.table;
  const heardFrom = buckets.map((members) => bucketHeardFrom(members, now));
  const table = makeTable(self, config, heardFrom);
  const joined = { ...bootstrap, contacts: tableSize(table), since: now, said: 'joined' } as const;
  const routing: RoutingState = {
    ...fresh.routing,
    bootstrap: { ...joined, status: 'settled', wakeAt: undefined },
    probe: { ...probe, table },
    refresh: advanceRefresh(refresh, { type: 'deepest', depth: buckets.length - 1 }, now).state,
  };
  return { ...fresh, phase: 'running', at: now, wakeAt: nextRoutingDeadline(routing), routing };
}

function bucketHeardFrom(members: readonly Contact[], now: Instant): typeof EMPTY_BUCKET {
  if (members.length === 0) return EMPTY_BUCKET;
  const seen = new Array<Instant>(members.length).fill(now);
  return bucketOf(members, seen, [], []);
}
