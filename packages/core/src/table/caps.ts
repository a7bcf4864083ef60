/**
 * How many places one owner of many addresses may take in a table: limits per host (an address without its port) and
 * per network (an IPv4 /24, an IPv6 /64), in one bucket and in the whole table (U12). What an endpoint's group is, the
 * protocol says; an endpoint without a group has no limits.
 */
import type { Contact, Endpoint, GroupOf } from '../contact.ts';
import { ConfigError, checkInteger } from '../errors.ts';
import type { Bucket } from './bucket.ts';

export interface GroupCaps {
  readonly hostInBucket: number;
  readonly hostInTable: number;
  readonly networkInBucket: number;
  readonly networkInTable: number;
}

/** For protocols whose addresses have no structure. */
export const ungrouped: GroupOf = () => undefined;

export function checkCaps(field: string, caps: GroupCaps | 'off'): void {
  if (caps === 'off') return;
  if (typeof caps !== 'object') throw new ConfigError(field, "must be an object of limits or 'off'");
  for (const name of ['hostInBucket', 'hostInTable', 'networkInBucket', 'networkInTable'] as const) {
    checkInteger(`${field}.${name}`, caps[name], 1, 4_096);
  }
}

/** Whether one more contact at this endpoint would pass a limit. Looks at the whole table: for newcomers only. */
export function isCrowded(
  buckets: readonly Bucket[],
  index: number,
  endpoint: Endpoint,
  caps: GroupCaps | 'off',
  groupOf: GroupOf,
): boolean {
  const group = caps === 'off' ? undefined : groupOf(endpoint);
  if (caps === 'off' || group === undefined) return false;
  let hosts = 0;
  let networks = 0;
  const tally = (members: readonly Contact[]): void => {
    for (const member of members) {
      const other = groupOf(member.endpoint);
      if (other?.host === group.host) hosts++;
      if (other?.network === group.network) networks++;
    }
  };
  tally(buckets[index]?.members ?? []);
  if (hosts >= caps.hostInBucket || networks >= caps.networkInBucket) return true;
  buckets.forEach((bucket, i) => {
    if (i !== index) tally(bucket.members);
  });
  return hosts >= caps.hostInTable || networks >= caps.networkInTable;
}
