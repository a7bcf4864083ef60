/**
 * Ids that are bound to addresses (BEP 42): the first 21 bits follow from the node's IP address and 3 bits it may
 * choose, so that nobody can take a place in the id space of his liking from any address. Pure.
 *
 * Local addresses are exempt: behind them nobody knows the address that others see. It refuses to: find out our own
 * address, or decide what becomes of those whose id does not fit.
 */
import { type Endpoint, type Id, ipGroupOf } from '@xorrery/core';
import { familyOf, writeEndpoint } from './compact.ts';

/** The bits of an address that count: fewer of the first bytes, because whoever owns a network owns all of those. */
const MASKS = {
  4: [0x03, 0x0f, 0x3f, 0xff],
  6: [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff],
} as const;

/** CRC-32C as it is computed from the lowest bit (Castagnoli's polynomial, reversed; RFC 3720, B.4). */
const POLYNOMIAL = 0x82f63b78;

/** The address being hashed. Filled and done with inside one call. */
const scratch = new Uint8Array(18);

/** Whether this id may be that of a node at this endpoint. True for every id where addresses are exempt. */
export function idFits(id: Id, endpoint: Endpoint): boolean {
  const r = Number.parseInt(id.charAt(39), 16) & 7;
  const wanted = prefixFor(endpoint, r);
  return wanted === undefined || sameFirst21(wanted, Number.parseInt(id.slice(0, 6), 16));
}

/** An id that fits an endpoint, its free bits taken from `random`; `random` itself where addresses are exempt. */
export function idFor(endpoint: Endpoint, random: Id): Id {
  const r = Number.parseInt(random.charAt(39), 16) & 7;
  const wanted = prefixFor(endpoint, r);
  if (wanted === undefined) return random;
  const free = Number.parseInt(random.slice(0, 6), 16) & 7;
  const head = (wanted & ~7) | free;
  return (head.toString(16).padStart(6, '0') + random.slice(6)) as Id;
}

/** CRC-32C of some bytes, 0 to 2^32 - 1. */
export function crc32c(bytes: ArrayLike<number>): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= bytes[i] as number;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The first 24 bits of the hash of an address and the 3 bits its owner chose. */
function prefixFor(endpoint: Endpoint, r: number): number | undefined {
  if (ipGroupOf(endpoint).local || !writeEndpoint(endpoint, scratch, 0)) return undefined;
  const masked = MASKS[familyOf(endpoint)].map((mask, i) => (scratch[i] as number) & mask);
  masked[0] = (masked[0] as number) | (r << 5);
  return crc32c(masked) >>> 8;
}

function sameFirst21(a: number, b: number): boolean {
  return a >>> 3 === b >>> 3;
}
