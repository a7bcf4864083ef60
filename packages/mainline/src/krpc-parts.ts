/**
 * Reads parts of KRPC packets that stand in several places: flags, lists of peers, wanted families (BEP 32), samples
 * (BEP 51), filters (BEP 33), our own address (BEP 42) and a stranger's text. `at` is where a value begins, or -1 where
 * there is none.
 */
import type { Endpoint, Id } from '@xorrery/core';
import { bodyOf, endOf, integerAt, isEnd, itemsOf, nameAt, names } from './bencode.ts';
import { FILTER_BYTES } from './bloom.ts';
import { COMPACT_BYTES, endpointAt, type Family, ID_BYTES } from './compact.ts';
import type { InReply, Peer } from './messages.ts';

/** Peers of one reply we look at; the rest is ignored. */
export const MAX_PEERS = 200;
/** The longest error text we keep, in characters. */
export const MAX_TEXT = 100;
/** Infohashes of one reply we look at; the rest is ignored. */
const MAX_SAMPLES = 64;
/** Seconds between samples at most (BEP 51). */
const MAX_INTERVAL = 21_600;

const FAMILIES = names('n4', 'n6');
const [V4, V6] = [0, 1] as const;
/** Entries of `want` we look at; there are two words, and others may be added some day. */
const MAX_WANT = 8;

/** A flag that is set: there, and an integer other than 0. Anything else is as good as not there. */
export function isSet(packet: Buffer, at: number): boolean {
  return at !== -1 && (integerAt(packet, at) ?? 0) !== 0;
}

/** The peers in a list of compact endpoints; items that are none are left out. `undefined` when it is no list. */
export function peersIn(packet: Buffer, list: number): Peer[] | undefined {
  let at = itemsOf(packet, list);
  if (at === -1) return undefined;
  const peers: Peer[] = [];
  while (!isEnd(packet, at) && peers.length < MAX_PEERS) {
    const body = bodyOf(packet, at);
    at = endOf(packet, at);
    const length = body === -1 ? 0 : at - body;
    if (length !== COMPACT_BYTES[4] && length !== COMPACT_BYTES[6]) continue;
    const key = endpointAt(packet, body, length === COMPACT_BYTES[4] ? 4 : 6);
    if (key !== undefined) peers.push({ key });
  }
  return peers;
}

/** Reads what BEP 51 adds. False where a key is known and its value is of another type. */
export function sampledIn(
  packet: Buffer,
  at: number,
  numAt: number,
  intervalAt: number,
  said: { -readonly [Key in keyof InReply]: InReply[Key] },
): boolean {
  if (at === -1) return true;
  const body = bodyOf(packet, at);
  const num = numAt === -1 ? 0 : integerAt(packet, numAt);
  const interval = intervalAt === -1 ? 0 : integerAt(packet, intervalAt);
  if (body === -1 || num === undefined || interval === undefined) return false;
  const end = Math.min(endOf(packet, at), body + MAX_SAMPLES * ID_BYTES);
  const samples: Id[] = [];
  for (let i = body; i + ID_BYTES <= end; i += ID_BYTES) samples.push(packet.toString('hex', i, i + ID_BYTES) as Id);
  said.samples = samples;
  said.num = Math.max(0, num);
  said.interval = Math.min(MAX_INTERVAL, Math.max(0, interval));
  return true;
}

/** The digits of a filter; `undefined` when there is none, or none of the right size. */
export function filterIn(packet: Buffer, at: number): string | undefined {
  const body = at === -1 ? -1 : bodyOf(packet, at);
  return body === -1 || endOf(packet, at) - body !== FILTER_BYTES
    ? undefined
    : packet.toString('hex', body, body + FILTER_BYTES);
}

/** A stranger's text made fit for a log or a terminal: no control, format or unassigned characters, and not long. */
export function cleanText(text: string): string {
  return [...text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')].slice(0, MAX_TEXT).join('');
}

/** The families named in `want`; nothing where there is no such list. Unknown words are ignored (BEP 32). */
export function wantIn(packet: Buffer, list: number): { readonly want: readonly Family[] } | undefined {
  let at = list === -1 ? -1 : itemsOf(packet, list);
  if (at === -1) return undefined;
  let [v4, v6] = [false, false];
  for (let i = 0; i < MAX_WANT && !isEnd(packet, at); i++) {
    const body = bodyOf(packet, at);
    at = endOf(packet, at);
    const family = body === -1 ? -1 : nameAt(packet, body, at, FAMILIES);
    v4 ||= family === V4;
    v6 ||= family === V6;
  }
  return { want: v4 ? (v6 ? [4, 6] : [4]) : v6 ? [6] : [] };
}

/** As whom the answerer sees us; what is no endpoint is left aside, for the reply may be good all the same. */
export function seenIn(packet: Buffer, at: number): Endpoint | undefined {
  const body = at === -1 ? -1 : bodyOf(packet, at);
  const length = body === -1 ? 0 : endOf(packet, at) - body;
  if (length !== COMPACT_BYTES[4] && length !== COMPACT_BYTES[6]) return undefined;
  return endpointAt(packet, body, length === COMPACT_BYTES[4] ? 4 : 6);
}
