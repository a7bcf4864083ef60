/**
 * Endpoints as texts and as bytes: `192.0.2.7:7600` is 6 bytes, `[2001:db8::1]:7600` is 18, address first. An address has
 * one text (RFC 5952), so that equal endpoints are equal strings. Nothing here resolves names.
 */
import { isIP } from 'node:net';
import type { Endpoint } from '@xorrery/core';

/** An IP address without brackets, or a name; and a port of 1 to 65535. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The parts of `host:port` or `[v6]:port`; `undefined` when it is neither. The host is not looked at. */
export function splitEndpoint(text: string): HostPort | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** The endpoint of an address and a port. */
export function endpointOf(address: string, port: number): Endpoint {
  return isIP(address) === 6 ? `[${canonical(address)}]:${port}` : `${address}:${port}`;
}

/** 6 or 18 bytes; `undefined` for what has no such form, e.g. an address with a zone. */
export function packEndpoint(endpoint: Endpoint): Uint8Array | undefined {
  const parts = splitEndpoint(endpoint);
  if (parts === undefined) return undefined;
  const { host, port } = parts;
  const words = isIP(host) === 4 ? host.split('.').map(Number) : wordsOf(host)?.flatMap((it) => [it >> 8, it & 255]);
  return words && Uint8Array.of(...words, port >> 8, port & 255);
}

/** The endpoint in 6 or 18 bytes; `undefined` for another length, and for what nothing can be sent to. */
export function unpackEndpoint(bytes: Uint8Array): Endpoint | undefined {
  if (bytes.length !== 6 && bytes.length !== 18) return undefined;
  const size = bytes.length - 2;
  const port = wordAt(bytes, size);
  if (port === 0 || bytes.subarray(0, size).every((it) => it === 0)) return undefined;
  if (size === 4) return `${bytes.subarray(0, 4).join('.')}:${port}`;
  const words = Array.from({ length: 8 }, (_, i) => wordAt(bytes, 2 * i));
  // An IPv4 address in disguise: our IPv6 sockets carry IPv6 alone.
  if (words.slice(0, 5).every((it) => it === 0) && words[5] === 0xffff) return undefined;
  return `[${canonical(words.map((it) => it.toString(16)).join(':'))}]:${port}`;
}

/** The one text of an IPv6 address; its zone is kept. */
function canonical(address: string): string {
  const percent = address.indexOf('%');
  if (percent !== -1) return canonical(address.slice(0, percent)) + address.slice(percent);
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** The eight words of an IPv6 address. */
function wordsOf(host: string): readonly number[] | undefined {
  if (isIP(host) !== 6 || host.includes('%')) return undefined;
  const [head = '', tail] = canonical(host).split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((it) => Number.parseInt(it, 16)));
  const [before, after] = [words(head), words(tail ?? '')];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
