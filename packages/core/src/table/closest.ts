/**
 * The n members closest to a target, exactly, without looking at the whole table.
 *
 * Let b be the number of leading bits the target shares with our id. Bucket b lies on the target's side and is nearest.
 * Of the deeper ones, those j at which target and id differ come next, in rising order, then those at which they agree,
 * in falling order (the last bucket, which shares everything left, lies between the two). The shallower ones follow in
 * falling order. All of one bucket is nearer than all of the next, so only the members of the last bucket taken from
 * have to be compared with each other; sorting happens within a bucket.
 */
import type { Contact } from '../contact.ts';
import { bitAt, commonPrefix, compareDistance, digitsOf, headOf, type Id } from '../id.ts';
import type { Bucket } from './bucket.ts';
import type { Table } from './table.ts';

/** At most `n` members in ascending distance to `target`. Visits only the buckets it takes from. */
export function closest(table: Table, target: Id, n: number): Contact[] {
  const found: Contact[] = [];
  const { self, buckets, config } = table;
  const last = buckets.length - 1;
  if (last < 0 || n <= 0) return found;
  const take = (index: number): boolean => {
    takeFrom(buckets[index] as Bucket, target, n, found, index >> 2);
    return found.length >= n;
  };
  const shared = commonPrefix(self, target);
  // Buckets below `whole` hold one prefix each; under the split policy the last one holds all deeper prefixes.
  const hasRest = config.bucketPolicy === 'split';
  const whole = hasRest ? last : last + 1;
  if (shared < whole) {
    if (take(shared)) return found;
    for (let i = shared + 1; i < whole; i++) if (differs(self, target, i) && take(i)) return found;
    if (hasRest && take(last)) return found;
    for (let i = whole - 1; i > shared; i--) if (!differs(self, target, i) && take(i)) return found;
  } else if (hasRest && take(last)) return found;
  for (let i = Math.min(shared, whole) - 1; i >= 0; i--) if (take(i)) return found;
  return found;
}

/** Flips the order of the two halves of 32-bit integers. */
const TOP_BIT = 0x80000000 | 0;
/** Digits that are compared first where a bucket keeps no heads: few of a short bucket are alike in them. */
const DIGITS = 4;

function differs(self: Id, target: Id, index: number): boolean {
  return bitAt(self, index) !== bitAt(target, index);
}

/**
 * Appends the nearest of a bucket, in order, until there are `n`: insertion into a short sorted tail. Heads, or else the
 * first digits behind the `alike` ones that all members have in common, decide nearly always; whole ids are compared only
 * where those tie.
 */
function takeFrom(bucket: Bucket, target: Id, n: number, found: Contact[], alike: number): void {
  const { members, heads } = bucket;
  // An index beyond the end, of a list that is always empty, is looked for in vain in a slow way.
  const hasHeads = heads.length > 0;
  const from = Math.max(0, Math.min(alike, target.length - DIGITS));
  // Top bit flipped, so that the order of unsigned numbers is that of small signed ones, which engines hold without a box.
  const wanted = hasHeads ? headOf(target) ^ TOP_BIT : digitsOf(target, from, DIGITS);
  const base = found.length;
  const far: number[] = [];
  for (let m = 0; m < members.length; m++) {
    const member = members[m] as Contact;
    const distance = (hasHeads ? (heads[m] as number) : digitsOf(member.id, from, DIGITS)) ^ wanted;
    let at = found.length;
    while (at > base && isNearer(target, distance, member, far[at - 1 - base] as number, found[at - 1] as Contact))
      at--;
    if (at >= n) continue;
    if (found.length < n) {
      found.push(member);
      far.push(distance);
    }
    for (let i = found.length - 1; i > at; i--) {
      found[i] = found[i - 1] as Contact;
      far[i - base] = far[i - 1 - base] as number;
    }
    found[at] = member;
    far[at - base] = distance;
  }
}

function isNearer(target: Id, distance: number, a: Contact, other: number, b: Contact): boolean {
  return distance === other ? compareDistance(target, a.id, b.id) < 0 : distance < other;
}
