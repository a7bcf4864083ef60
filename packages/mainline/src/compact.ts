/**
 * Endpoints as text and as compact bytes (BEP 5, BEP 32): `192.0.2.7:6881` is 6 bytes, `[2001:db8::1]:6881` is 18.
 *
 * Each address has one text, so that an endpoint is a map key: IPv4 in decimal without leading zeros, IPv6 as RFC 5952
 * writes it. Port 0 is refused, and so are IPv4 addresses dressed as IPv6 (`::ffff:0:0/96`), which would give one
 * address two texts. Nothing here resolves names, throws, or judges whether an address is reachable.
 */
import type { Contact, Endpoint, Id } from '@xorrery/core';

/** The address family of an endpoint. */
export type Family = 4 | 6;

/** Bytes of a compact endpoint: address, then port, most significant first. */
export const COMPACT_BYTES: Readonly<Record<Family, number>> = { 4: 6, 6: 18 };

/** Bytes of an id on the wire. */
export const ID_BYTES = 20;

const COLON = 0x3a;
const DOT = 0x2e;
const OPEN = 0x5b;

/** Text is put together here: one native call then makes a flat string, which beats joining parts. */
const scratch = Buffer.alloc(64);

/** The family of an endpoint, told by its first character alone. */
export function familyOf(endpoint: Endpoint): Family {
  return endpoint.charCodeAt(0) === OPEN ? 6 : 4;
}

/** The endpoint in the compact bytes at `at`, which must all be there; `undefined` when it is refused. */
export function endpointAt(data: Uint8Array, at: number, family: Family): Endpoint | undefined {
  return family === 4 ? endpoint4At(data, at) : endpoint6At(data, at);
}

/**
 * Appends the contacts in the compact nodes at `start..end` to `into` until it holds `limit`. Refused endpoints are
 * left out; a trailing partial entry is ignored.
 */
export function readNodes(
  data: Buffer,
  start: number,
  end: number,
  family: Family,
  into: Contact[],
  limit: number,
): void {
  const size = ID_BYTES + COMPACT_BYTES[family];
  for (let at = start; at + size <= end && into.length < limit; at += size) {
    const endpoint = endpointAt(data, at + ID_BYTES, family);
    if (endpoint === undefined) continue;
    into.push({ id: data.toString('hex', at, at + ID_BYTES) as Id, endpoint });
  }
}

/**
 * Writes an endpoint's compact bytes at `at` (6 or 18, by its family). False when the text is no canonical-looking
 * endpoint with a port of 1 to 65535, or names a zone; what lies at `at` then means nothing.
 */
export function writeEndpoint(endpoint: Endpoint, into: Uint8Array, at: number): boolean {
  return familyOf(endpoint) === 4 ? write4(endpoint, into, at) : write6(endpoint, into, at);
}

/** The one text of the IPv6 address in 16 bytes, without brackets (RFC 5952). */
export function textOf6(data: Uint8Array, at: number): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; ) {
    let length = 0;
    while (i + length < 8 && wordAt(data, at + 2 * (i + length)) === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
    i += length + 1;
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === best) {
      text += '::';
      i += bestLength - 1;
    } else {
      text += (text === '' || text.endsWith(':') ? '' : ':') + wordAt(data, at + 2 * i).toString(16);
    }
  }
  return text;
}

/** Puts the 16 bytes of an IPv6 literal (no zone, any legal spelling) at `at`. False when the text is none. */
export function parse6(text: string, into: Uint8Array, at: number): boolean {
  let count = 0;
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    let value = 0;
    let digits = 0;
    const from = i;
    for (; i < text.length; i++, digits++) {
      const digit = hexDigit(text.charCodeAt(i));
      if (digit === -1) break;
      value = value * 16 + digit;
    }
    if (text.charCodeAt(i) === DOT) {
      if (count > 6 || parse4(text, from, text.length, into, at + 2 * count) !== text.length) return false;
      count += 2;
      i = text.length;
      break;
    }
    if (digits === 0 || digits > 4 || count === 8) return false;
    into[at + 2 * count] = value >> 8;
    into[at + 2 * count + 1] = value & 255;
    count++;
    if (i === text.length) break;
    if (text.charCodeAt(i) !== COLON) return false;
    i++;
    if (text.charCodeAt(i) === COLON) {
      if (gap !== -1) return false;
      gap = count;
      i++;
    } else if (i === text.length) {
      return false;
    }
  }
  if (gap === -1) return count === 8;
  if (count > 7) return false;
  const tail = 2 * (count - gap);
  into.copyWithin(at + 16 - tail, at + 2 * gap, at + 2 * count);
  into.fill(0, at + 2 * gap, at + 16 - tail);
  return true;
}

/** Whether the 16 bytes at `at` are an IPv4 address dressed as IPv6. */
export function isMapped(data: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (data[at + i] !== 0) return false;
  return data[at + 10] === 255 && data[at + 11] === 255;
}

/** Reads decimal digits as a port. -1 unless all of `start..end` is a number of 1 to 65535 without a leading zero. */
export function portIn(text: string, start: number, end: number = text.length): number {
  const length = end - start;
  if (length < 1 || length > 5 || text.charCodeAt(start) === 48) return -1;
  let port = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    port = port * 10 + digit;
  }
  return port > 65535 ? -1 : port;
}

function endpoint4At(data: Uint8Array, at: number): Endpoint | undefined {
  const port = wordAt(data, at + 4);
  if (port === 0) return undefined;
  let end = putDecimal(data[at] as number, 0);
  for (let i = 1; i < 4; i++) {
    scratch[end] = DOT;
    end = putDecimal(data[at + i] as number, end + 1);
  }
  scratch[end] = COLON;
  return scratch.toString('latin1', 0, putDecimal(port, end + 1));
}

function endpoint6At(data: Uint8Array, at: number): Endpoint | undefined {
  const port = wordAt(data, at + 16);
  return port === 0 || isMapped(data, at) ? undefined : `[${textOf6(data, at)}]:${port}`;
}

function write4(endpoint: Endpoint, into: Uint8Array, at: number): boolean {
  const colon = parse4(endpoint, 0, endpoint.length, into, at);
  return endpoint.charCodeAt(colon) === COLON && writePort(endpoint, colon + 1, into, at + 4);
}

function write6(endpoint: Endpoint, into: Uint8Array, at: number): boolean {
  const close = endpoint.lastIndexOf(']:');
  if (close === -1 || !parse6(endpoint.slice(1, close), into, at) || isMapped(into, at)) return false;
  return writePort(endpoint, close + 2, into, at + 16);
}

function writePort(text: string, start: number, into: Uint8Array, at: number): boolean {
  const port = portIn(text, start);
  into[at] = port >> 8;
  into[at + 1] = port & 255;
  return port !== -1;
}

/** Puts the 4 bytes of a dotted address at `at`. Answers where it stopped reading, or -1. */
function parse4(text: string, start: number, end: number, into: Uint8Array, at: number): number {
  let i = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && text.charCodeAt(i++) !== DOT) return -1;
    const first = i;
    let value = 0;
    for (; i < end && i < first + 4; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i === first || value > 255 || (i > first + 1 && text.charCodeAt(first) === 48)) return -1;
    into[at + octet] = value;
  }
  return i;
}

function wordAt(data: Uint8Array, at: number): number {
  return ((data[at] as number) << 8) | (data[at + 1] as number);
}

/** Puts 0..65535 in decimal at `at` of the scratch bytes and answers where it ends. */
function putDecimal(value: number, at: number): number {
  let end = at + (value > 9 ? (value > 99 ? (value > 999 ? (value > 9999 ? 5 : 4) : 3) : 2) : 1);
  const after = end;
  let rest = value;
  do {
    const tenth = Math.floor(rest / 10);
    scratch[--end] = 48 + rest - tenth * 10;
    rest = tenth;
  } while (rest > 0);
  return after;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
