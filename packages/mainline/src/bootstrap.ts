/** Whom to join through: what was given as text, by address family. Names are looked up once for each family. */
import { isIP } from 'node:net';
import type { Endpoint } from '@xorrery/core';
import type { Family } from './compact.ts';
import { parseEndpoint, resolveEndpoint } from './target-endpoint.ts';

/** Nodes that are known to help newcomers in. */
export const PUBLIC_BOOTSTRAP: readonly string[] = [
  'dht.transmissionbt.com:6881',
  'router.bittorrent.com:6881',
  'dht.libtorrent.org:25401',
  'router.utorrent.com:6881',
];

/**
 * The endpoints for each of these families. A name that has no address is left out while there are others. Rejects with
 * `EndpointError` when a text is no endpoint, or an address of no such family, or when nothing is left at all.
 */
export async function resolveSeeds(
  texts: readonly string[],
  families: readonly Family[],
): Promise<readonly (readonly Endpoint[])[]> {
  for (const text of texts) {
    const literal = isIP(parseEndpoint(text).host);
    if (literal !== 0 && !families.includes(literal as Family))
      await resolveEndpoint(text, { family: families[0] as Family });
  }
  const failures: Error[] = [];
  const resolved = families.map(async (family) => {
    const own = texts.filter((text) => [0, family].includes(isIP(parseEndpoint(text).host)));
    const outcomes = await Promise.allSettled(own.map((text) => resolveEndpoint(text, { family })));
    for (const it of outcomes) if (it.status === 'rejected') failures.push(it.reason as Error);
    return [...new Set(outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : [])))].sort();
  });
  const found = await Promise.all(resolved);
  if (failures[0] !== undefined && found.every((it) => it.length === 0)) throw failures[0];
  return found;
}
