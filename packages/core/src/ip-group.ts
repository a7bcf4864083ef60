/**
 * How IP addresses are grouped, for profiles whose endpoints read `192.0.2.7:6881` or `[2001:db8::1]:6881`: an IPv4 /24
 * and an IPv6 /64 are one network each. Whatever reads otherwise is a group of its own. It resolves nothing.
 */
import type { AddressGroup, Endpoint } from './contact.ts';

/** The group of an IP endpoint. Total: never throws. */
export function ipGroupOf(endpoint: Endpoint): AddressGroup {
  const colon = endpoint.lastIndexOf(':');
  const host = colon < 0 ? endpoint : endpoint.slice(0, colon);
  if (host.charCodeAt(0) === 91 /* [ */) return groupOfV6(host);
  const dot = host.lastIndexOf('.');
  return { host, network: dot < 0 ? host : host.slice(0, dot), local: isLocalV4(host) };
}

/** Loopback, private, link-local (RFC 1122, 1918, 3927). */
function isLocalV4(host: string): boolean {
  // All of them begin with a 1, and most addresses do not.
  if (host.charCodeAt(0) !== 49) return false;
  if (host.startsWith('10.') || host.startsWith('127.')) return true;
  if (host.startsWith('192.168.') || host.startsWith('169.254.')) return true;
  if (!host.startsWith('172.')) return false;
  const second = Number(host.slice(4, host.indexOf('.', 4)));
  return second >= 16 && second <= 31;
}

/** `host` in brackets. Loopback, unique local and link-local addresses are local (RFC 4291, 4193). */
function groupOfV6(host: string): AddressGroup {
  const words = wordsOf(host.slice(1, -1));
  const first = Number.parseInt(words[0] as string, 16);
  const isLoopback = host === '[::1]';
  const local = isLoopback || (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80;
  return { host, network: words.slice(0, 4).join(':'), local };
}

/** The eight words of an IPv6 address, without leading zeros; a last part in dotted form counts as one word. */
function wordsOf(text: string): string[] {
  const [head = '', tail] = text.toLowerCase().split('::') as [string, string | undefined];
  const words = (part: string): string[] =>
    part === '' ? [] : part.split(':').map((word) => word.replace(/^0+(?=.)/, ''));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const gap = Math.max(0, 8 - before.length - after.length);
  const all = [...before, ...(tail === undefined ? [] : new Array<string>(gap).fill('0')), ...after];
  return all.length === 0 ? ['0'] : all;
}
