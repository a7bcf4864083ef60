/**
 * JSON as the traces see it: compared, put in canonical form and hashed. What `JSON.stringify` leaves out (`undefined`)
 * is not there, so that data compares equal before and after it was written.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Text that needs no escapes. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A string as JSON text. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

const KEYS = new Map<string, string>();

/** A key as JSON text with its colon. There are few different ones, if a trace is an honest one; so they are kept. */
export function quotedKey(key: string): string {
  let text = KEYS.get(key);
  if (text === undefined) {
    text = `${quoted(key)}:`;
    if (KEYS.size < 1_024 && key.length < 64) KEYS.set(key, text);
  }
  return text;
}

/** The canonical text of plain data: keys in code unit order, no spaces (RFC 8785 for the numbers that occur here). */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonical(item) : `,${canonical(item)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    text += text === '' ? quotedKey(key) + canonical(item) : `,${quotedKey(key)}${canonical(item)}`;
  }
  return `{${text}}`;
}

/** SHA-256 of the canonical text, as hex. */
export function hashOf(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonical(value))));
}

/** Whether two pieces of plain data are the same JSON. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => sameJson(item, b[i]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let owed = 0;
  for (const key in right) if (right[key] !== undefined) owed++;
  for (const key in left) {
    if (left[key] === undefined) continue;
    if (!Object.hasOwn(right, key) || !sameJson(left[key], right[key])) return false;
    owed--;
  }
  return owed === 0;
}

/** The checksum of a text, going on from that of the text before it: FNV-1a over UTF-16 code units. Guards against accident and meddling by hand, not against forgery. */
export function checksum(text: string, before: number): number {
  let sum = before;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

export const EMPTY_SUM = 0x811c9dc5;

/** Where two pieces of plain data first differ, as a path such as `effects[2].message.tid`; `undefined`: nowhere. */
export function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (sameJson(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path;
  if (Array.isArray(a) !== Array.isArray(b)) return path;
  const isList = Array.isArray(a);
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const step = isList ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    if (left[key] === undefined && right[key] === undefined) continue;
    if (left[key] === undefined || right[key] === undefined) return step;
    const found = firstDifference(left[key], right[key], step);
    if (found !== undefined) return found;
  }
  return path;
}
