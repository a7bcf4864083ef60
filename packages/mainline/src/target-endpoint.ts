/**
 * What a person may type for an endpoint: `host:port`, `1.2.3.4:port` or `[v6]:port`. Parsing asks nobody; resolving
 * asks the system for the address of a host name. Errors are one line.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Endpoint } from '@xorrery/core';
import { type Family, isMapped, parse6, portIn, textOf6 } from './compact.ts';
import { shown } from './target-text.ts';

/** A host, as a name or as an address in its one text without brackets, and a port of 1 to 65535. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The text is no endpoint, or its host has no address. The message is one line, fit to be shown as it is. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code: 'malformed' | 'unresolvable';

  constructor(code: 'malformed' | 'unresolvable', message: string) {
    super(message);
    this.code = code;
  }
}

/** Finds addresses of a host name: `dns.lookup`, or what a test puts in its place. */
export type Lookup = (host: string, options: { family: 0 | Family }) => Promise<{ address: string }>;

/** What `resolveEndpoint` may be told. */
export interface ResolveOptions {
  /** The family the endpoint must have; any when left out. */
  readonly family?: Family;
  readonly lookup?: Lookup;
}

/** Reads an endpoint. Throws `EndpointError`. */
export function parseEndpoint(text: string): HostPort {
  const bad = (why: string): EndpointError => new EndpointError('malformed', `bad endpoint '${shown(text)}': ${why}`);
  const colon = text.lastIndexOf(':');
  if (colon === -1) throw bad('want host:port');
  const bracketed = text.startsWith('[');
  if (bracketed && text[colon - 1] !== ']') throw bad('want [address]:port');
  const host = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon);
  const port = portIn(text, colon + 1);
  if (port === -1) throw bad('the port must be 1 to 65535');
  if (bracketed) {
    const address = canonical6(host);
    if (address === undefined) throw bad('no IPv6 address between the brackets');
    return { host: address, port };
  }
  if (host.includes(':')) throw bad('write an IPv6 address as [address]:port');
  if (/^[0-9.]+$/.test(host) && isIP(host) !== 4) throw bad('no IPv4 address before the port');
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host) || host.length > 253) throw bad('no host before the port');
  return { host, port };
}

/** The endpoint of a host: the address itself, or the first one the system finds. Rejects with `EndpointError`. */
export async function resolveEndpoint(text: string, options: ResolveOptions = {}): Promise<Endpoint> {
  const { family, lookup: find = lookup } = options;
  const { host, port } = parseEndpoint(text);
  const literal = isIP(host);
  if (literal !== 0) {
    if (family !== undefined && literal !== family) {
      throw new EndpointError('malformed', `bad endpoint '${shown(text)}': need an IPv${family} address`);
    }
    return endpointOf(host, port);
  }
  const found = await find(host, { family: family ?? 0 }).catch((error: NodeJS.ErrnoException) => {
    throw new EndpointError('unresolvable', `cannot resolve '${shown(host)}': ${error.code ?? error.message}`);
  });
  return endpointOf(canonical6(found.address) ?? found.address, port);
}

function endpointOf(host: string, port: number): Endpoint {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The one text of an IPv6 literal, its zone kept; `undefined` when it is none, or an IPv4 address in disguise. */
function canonical6(text: string): string | undefined {
  const percent = text.indexOf('%');
  const zone = percent === -1 ? '' : text.slice(percent);
  const bytes = new Uint8Array(16);
  if (isIP(text) !== 6 || !parse6(text.slice(0, text.length - zone.length), bytes, 0)) return undefined;
  return isMapped(bytes, 0) ? undefined : textOf6(bytes, 0) + zone;
}
