/** Small pieces of text that every command shows alike: bars, ids, times, counts. Pure. */
import type { Contact, Id } from '@xorrery/core';
import { parseEndpoint } from '@xorrery/mainline';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `share` (0 to 1) of `width` columns, in eighths of a column. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** The first digits of an id. */
export function shortId(id: Id, digits = 8): string {
  return `${id.slice(0, digits)}…`;
}

/** A time for people: `3 ms`, `1.4 s`, `2 min 5 s`. */
export function time(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms % 1_000 === 0 ? 0 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `1 peer`, `2 peers`. */
export function count(many: number, one: string, several = `${one}s`): string {
  return `${many.toLocaleString('en')} ${many === 1 ? one : several}`;
}

/** A node as JSON shows it. */
export function nodeJson({ id, endpoint }: Contact): { id: Id; host: string; port: number } {
  return { id, ...hostPort(endpoint) };
}

/** An endpoint as JSON shows it. */
export function hostPort(endpoint: string): { host: string; port: number } {
  const { host, port } = parseEndpoint(endpoint);
  return { host, port };
}
