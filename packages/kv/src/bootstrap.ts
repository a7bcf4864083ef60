/** From what a person types for a bootstrap node to an endpoint: asks the system for the address of a host name. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { TransportError } from '@xorrery/coordinator';
import { ConfigError, type Endpoint } from '@xorrery/core';
import { endpointOf, type HostPort, splitEndpoint } from './address.ts';

/** Reads `host:port`, `1.2.3.4:port` or `[v6]:port`. Throws `ConfigError`. */
export function readBootstrap(texts: readonly string[], family: 4 | 6): readonly HostPort[] {
  return texts.map((text) => {
    const parts = splitEndpoint(text);
    if (parts === undefined) throw new ConfigError('bootstrap', `want host:port or [v6]:port, got '${text}'`);
    const literal = isIP(parts.host);
    if (literal !== 0 && literal !== family)
      throw new ConfigError('bootstrap', `need an IPv${family} address, got '${text}'`);
    return parts;
  });
}

/** The endpoints of those that have an address. Rejects with `TransportError` when none of them has. */
export async function resolveBootstrap(seeds: readonly HostPort[], family: 4 | 6): Promise<readonly Endpoint[]> {
  const found = await Promise.allSettled(
    seeds.map(async ({ host, port }) =>
      endpointOf(isIP(host) === 0 ? (await lookup(host, { family })).address : host, port),
    ),
  );
  const endpoints = found.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
  const [first] = seeds;
  if (endpoints.length === 0 && first !== undefined) {
    throw new TransportError('address-not-available', `cannot resolve '${first.host}'`);
  }
  return [...new Set(endpoints)].sort();
}
