/**
 * The filters of BEP 33: sets of IP addresses in 256 bytes, of which two bits stand for each address. Many nodes' filters
 * laid over each other are the filter of all their addresses.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import type { Endpoint } from '@xorrery/core';
import { familyOf, writeEndpoint } from './compact.ts';
import { bytesOf, hexOf } from './hex.ts';

/** Bytes of a filter. */
export const FILTER_BYTES = 256;
const BITS = FILTER_BYTES * 8;
const INDEX_BITS = 11;

/** The two bits that stand for an address, as one number; -1 where the endpoint has no address. Ports do not matter. */
export function marksOf(endpoint: Endpoint): number {
  const compact = new Uint8Array(18);
  if (!writeEndpoint(endpoint, compact, 0)) return -1;
  return marksOfHash(sha1(compact.subarray(0, familyOf(endpoint) === 4 ? 4 : 16)));
}

/** The two bits that stand for whatever has this hash: its first two pairs of bytes, the least significant first. */
export function marksOfHash([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number {
  return ((a | (b << 8)) & (BITS - 1)) | (((c | (d << 8)) & (BITS - 1)) << INDEX_BITS);
}

/** The filter in which these bits are set, as hex. */
export function filterOf(marks: Iterable<number>): string {
  const filter = new Uint8Array(FILTER_BYTES);
  for (const both of marks) if (both >= 0) mark(filter, both);
  return hexOf(filter);
}

/** Sets the two bits in a filter of any power of two bytes. */
export function mark(filter: Uint8Array, marks: number): void {
  for (const index of [marks, marks >>> INDEX_BITS]) {
    const bit = index & (filter.length * 8 - 1) & (BITS - 1);
    filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7));
  }
}

/** All filters laid over each other; an empty one where there are none. */
export function mergedFilters(filters: Iterable<string>): string {
  const merged = new Uint8Array(FILTER_BYTES);
  for (const hex of filters) for (const [i, byte] of bytesOf(hex).entries()) merged[i] = (merged[i] as number) | byte;
  return hexOf(merged);
}

/** Bits of a filter that are not set. */
export function zerosOf(filter: string): number {
  let zeros = 0;
  for (const byte of bytesOf(filter)) for (let bit = 0; bit < 8; bit++) zeros += ((byte >> bit) & 1) ^ 1;
  return zeros;
}

/** About how many addresses a filter holds (BEP 33). Uses logarithms, so it is no business of a machine's. */
export function estimateOf(filter: string): number {
  const zeros = zerosOf(filter);
  return zeros === BITS ? 0 : Math.log(Math.max(1, zeros) / BITS) / (2 * Math.log(1 - 1 / BITS));
}
