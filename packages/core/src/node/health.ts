/**
 * How a node is doing, for people and for whoever watches over it: who is in the table, how many of the last requests
 * were answered, and how large the network seems. Derived when asked for; nothing is kept for it.
 */
import type { Protocol } from '../message.ts';
import { tableOf } from '../routing/routing.ts';
import { tableSize } from '../table/table.ts';
import { type NetworkSize, networkSize } from './network-size.ts';
import { answeredOf } from './outcomes.ts';
import type { NodeState } from './types.ts';

export interface Health {
  /** `isolated`: the table has been empty for the join timeout. `joining`: not yet through. */
  readonly status: 'stopped' | 'joining' | 'online' | 'isolated';
  readonly contacts: number;
  /** By leading bits shared with our id: members of that bucket. Policy `split`: the last covers all deeper ones. */
  readonly perDepth: readonly number[];
  /** Of the last requests, at most 20. */
  readonly answers: { readonly asked: number; readonly answered: number };
  /** As our lookups suggest; `undefined` before the first. */
  readonly networkSize: NetworkSize | undefined;
}

export function healthOf<P extends Protocol, C, S>(state: NodeState<P, C, S>): Health {
  const table = tableOf(state.routing);
  return {
    status: statusOf(state),
    contacts: tableSize(table),
    perDepth: table.buckets.map((bucket) => bucket.members.length),
    answers: { asked: state.recent.count, answered: answeredOf(state.recent) },
    networkSize: networkSize(state.sizes),
  };
}

function statusOf<P extends Protocol, C, S>({ phase, routing }: NodeState<P, C, S>): Health['status'] {
  if (phase !== 'running') return 'stopped';
  const { said } = routing.bootstrap;
  return said === 'nothing' ? 'joining' : said === 'joined' ? 'online' : 'isolated';
}
