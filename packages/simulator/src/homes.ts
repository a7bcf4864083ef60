/**
 * Where nodes live, and which ids they have there. Each honest node has a network (a /24) of its own, none of them
 * private; Sybils share few. Where a protocol binds ids to addresses (BEP 42), the ids of honest nodes fit theirs.
 */
import { type AddressIds, compareDistance, type Endpoint, type Id } from '@xorrery/core';
import type { Chance } from './chance.ts';

/** Digits of an id that place it in any network; those beyond are random. */
const PLACE_DIGITS = 10;
/** Bits that a cluster of chosen ids shares with what it surrounds, beyond those that tell nodes apart. */
const CLUSTER_BITS = 8;

/** The ids, in ascending order, all different. */
export function drawIds(count: number, idBits: number, chance: Chance): Id[] {
  const ids = new Set<Id>();
  while (ids.size < count) ids.add(chance.id(idBits));
  return [...ids].sort();
}

/** Ids that are bound to addresses, with these; in no order. The first `misfits` have another id than they may. */
export function drawHomes(
  count: number,
  misfits: number,
  idBits: number,
  ids: AddressIds,
  chance: Chance,
): Map<Id, Endpoint> {
  const homes = new Map<Id, Endpoint>();
  while (homes.size < count) {
    const endpoint = scatteredEndpointOf(homes.size);
    const random = chance.id(idBits);
    homes.set(homes.size < misfits ? random : fitId(endpoint, random, ids), endpoint);
  }
  return homes;
}

/** An id for who lives there, its free bits taken from `random`; `random` itself where ids are not bound to addresses. */
export function fitId(endpoint: Endpoint, random: Id, ids: AddressIds | undefined): Id {
  return ids === undefined ? random : ids.at(endpoint.slice(0, endpoint.lastIndexOf(':')), random);
}

/** Of the ids that fit an address, one of those nearest to `centre`: BEP 42 leaves its owner 8 places to choose from. */
export function fitIdNear(centre: Id, endpoint: Endpoint, random: Id, ids: AddressIds): Id {
  const rest = random.slice(PLACE_DIGITS, -1);
  const fit = Array.from({ length: 8 }, (_, choice) =>
    fitId(endpoint, (centre.slice(0, PLACE_DIGITS) + rest + choice.toString(16)) as Id, ids),
  );
  return fit.reduce((a, b) => (compareDistance(centre, a, b) <= 0 ? a : b));
}

/** An id that is nearer to `centre` than nearly all of so many others, whatever the address. */
export function chosenIdNear(centre: Id, random: Id, nodes: number): Id {
  const digits = Math.floor((32 - Math.clz32(nodes) + CLUSTER_BITS) / 4);
  return (centre.slice(0, digits) + random.slice(digits)) as Id;
}

/** The i-th address: each in a /24 of its own. */
export function endpointOf(number: number): Endpoint {
  return `${20 + (number >>> 16)}.${(number >>> 8) & 255}.${number & 255}.1:6881`;
}

/** The i-th address of those who have many in few networks: 250 in each /24. */
export function crowdedEndpointOf(number: number): Endpoint {
  const network = Math.floor(number / 250);
  return `5.${(network >>> 8) & 255}.${network & 255}.${1 + (number % 250)}:6881`;
}

/**
 * As `endpointOf`, the last part differing where the others differ in bits that BEP 42 leaves out (it hashes the last 2,
 * 4, 6 and 8 bits of them): 2^18 addresses that are all different for it, so that ids are spread as in a large network.
 */
function scatteredEndpointOf(number: number): Endpoint {
  const unseen = ((number >>> 6) & 3) | (((number >>> 12) & 15) << 2);
  return `${20 + (number >>> 16)}.${(number >>> 8) & 255}.${number & 255}.${1 + unseen}:6881`;
}
