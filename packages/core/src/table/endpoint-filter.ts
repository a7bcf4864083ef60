/**
 * Which endpoints may be a member's: a Bloom filter of 8 to 16 bits a member and two hashes (Bloom, 1970), so that
 * nineteen in twenty strangers are told from all members without a look at any. It says yes to every member. What is in
 * it depends on the members alone, not on how they came and went.
 */
import type { Contact, Endpoint } from '../contact.ts';
import { hashOf } from '../map.ts';
import { NONE } from '../none.ts';
import type { Bucket } from './bucket.ts';

/** Words of 32 bits: a power of two of them, or none. */
export type EndpointFilter = readonly number[];

const MEMBERS_A_WORD = 4;

/** The filter of all members of these buckets. O(members). */
export function filterOf(buckets: readonly Bucket[]): EndpointFilter {
  let size = 0;
  for (const { members } of buckets) size += members.length;
  if (size === 0) return NONE;
  let length = 1;
  while (length * MEMBERS_A_WORD < size) length *= 2;
  const words = new Array<number>(length).fill(0);
  for (const { members } of buckets) {
    for (let i = 0; i < members.length; i++) mark(words, hashOf((members[i] as Contact).endpoint));
  }
  return words;
}

/** With a newcomer, who makes the members of these buckets `size`. */
export function withEndpoint(
  filter: EndpointFilter,
  endpoint: Endpoint,
  size: number,
  buckets: readonly Bucket[],
): EndpointFilter {
  if (filter.length * MEMBERS_A_WORD < size) return filterOf(buckets);
  const words = filter.slice();
  mark(words, hashOf(endpoint));
  return words;
}

/** False: no member is at this endpoint. */
export function mayHold(filter: EndpointFilter, endpoint: Endpoint): boolean {
  if (filter.length === 0) return false;
  const hash = hashOf(endpoint);
  return isMarked(filter, hash) && isMarked(filter, hash >>> 16);
}

function mark(words: number[], hash: number): void {
  markPart(words, hash);
  markPart(words, hash >>> 16);
}

function markPart(words: number[], part: number): void {
  const at = placeOf(words, part);
  words[at] = (words[at] as number) | (1 << (part & 31));
}

function isMarked(words: readonly number[], part: number): boolean {
  return ((words[placeOf(words, part)] as number) & (1 << (part & 31))) !== 0;
}

/** The low five bits say which bit of a word, the next ones which word. */
function placeOf({ length }: readonly number[], part: number): number {
  return (part >>> 5) & (length - 1);
}
