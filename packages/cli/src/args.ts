/**
 * What a person types, read or refused: durations, ports, endpoints, ids. Each parser throws commander's
 * `InvalidArgumentError`, which says which argument it was; what it adds here is why.
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Id, idFromHex } from '@xorrery/core';
import { EndpointError, PUBLIC_BOOTSTRAP, parseEndpoint } from '@xorrery/mainline';
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DAY = 24 * 3_600_000;

/** A duration in ms, from 1 ms to a day. */
export function duration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (unit === '') throw new InvalidArgumentError('want a duration such as 500ms, 30s, 15m or 2h');
  const ms = Math.round(Number(digits) * (UNITS[unit] as number));
  if (ms < 1 || ms > DAY) throw new InvalidArgumentError('want a duration from 1ms to 24h');
  return ms;
}

/** A parser of whole numbers in a range. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`want a whole number from ${low} to ${high}`);
  };
}

/** The id of a node: 40 hex digits. */
export function nodeId(text: string): Id {
  if (!/^[0-9a-f]{40}$/i.test(text)) {
    const got = /^[0-9a-f]*$/i.test(text) ? `, got ${text.length}` : '';
    throw new InvalidArgumentError(`want 40 hex digits${got}`);
  }
  return idFromHex(text, 160);
}

/** An address to bind, each time it is given. */
export function host(text: string, before: readonly string[] | undefined): readonly string[] {
  if (isIP(text) === 0) throw new InvalidArgumentError('want an IPv4 or IPv6 address, such as 127.0.0.1 or ::1');
  return [...(before ?? []), text];
}

/** An endpoint to join through, each time it is given; or `none`, alone. */
export function bootstrap(text: string, before: readonly string[] | undefined): readonly string[] {
  const all = [...(before ?? []), text];
  if (text !== 'none') checkEndpoint(text, ', or none');
  if (all.length > 1 && all.includes('none')) throw new InvalidArgumentError("'none' stands alone");
  return all;
}

/** Whom to join through: what was given, nobody, or `others`: the public nodes. */
export function seedsOf(
  given: readonly string[] | undefined,
  others: readonly string[] = PUBLIC_BOOTSTRAP,
): readonly string[] {
  if (given === undefined) return others;
  return given.includes('none') ? [] : given;
}

/**
 * The addresses a short-lived node binds: any of the families of those it joins through; of names, IPv4, and IPv6 where
 * this machine has an address that others reach. Never loopback alone, for a node on this machine may name others that
 * are not.
 */
export function bindHosts(seeds: readonly string[], hasIpv6: () => boolean = reachesIpv6): readonly string[] {
  const families = new Set(seeds.map((it) => isIP(parseEndpoint(it).host)));
  const v6 = families.has(6) || (families.has(0) && hasIpv6());
  const v4 = families.has(4) || families.has(0) || !v6;
  return [...(v4 ? ['0.0.0.0'] : []), ...(v6 ? ['::'] : [])];
}

/** Whether this machine has an IPv6 address beyond its own link. */
function reachesIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flat()
    .some((it) => it?.family === 'IPv6' && !it.internal && !it.address.startsWith('fe80:'));
}

/** An endpoint of somebody to talk to. */
export function endpoint(text: string): string {
  return checkEndpoint(text, '');
}

function checkEndpoint(text: string, or: string): string {
  try {
    parseEndpoint(text);
    return text;
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    const why = error.message.replace(/^bad endpoint '.*': /, '');
    throw new InvalidArgumentError(why === 'want host:port' ? `${why}${or}` : why);
  }
}
