/**
 * What a person may type for an infohash: its 40 hex digits, a magnet URI, or the path of a `.torrent` file.
 *
 * Magnets and torrents are read by `parse-torrent`, a file only after our own reader found it to be bencode (the
 * library's reader can be made to eat all memory). The infohash of a file is the SHA-1 of its `info` as the bytes lie
 * there (BEP 3), whatever the order of its keys. Nothing here fetches anything from a network. Errors are one line.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Id, idFromBytes, idFromHex } from '@xorrery/core';
import { endOf, names, readDictionary } from './bencode.ts';
import { shown } from './target-text.ts';

/** The largest `.torrent` file that is read, in bytes. */
export const MAX_TORRENT: number = 32 * 1024 * 1024;

/** An infohash and what its source said about it. */
export interface Target {
  readonly id: Id;
  /** The torrent forbids announcing it in a DHT (BEP 27). A bare infohash or a magnet cannot say so. */
  readonly private: boolean;
  readonly name?: string;
}

/** Why a text is no target. */
export type TargetErrorCode =
  | 'not-a-target'
  | 'no-infohash'
  | 'not-a-pointer'
  | 'file-missing'
  | 'file-unreadable'
  | 'file-too-large'
  | 'not-a-torrent';

/** The text names no infohash. The message is one line that says why, fit to be shown as it is. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
  readonly code: TargetErrorCode;

  constructor(code: TargetErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Reads a target. Rejects with `TargetError`. */
export async function parseTarget(text: string): Promise<Target> {
  if (/^[0-9a-f]{40}$/i.test(text)) return { id: idFromHex(text, 160), private: false };
  return /^magnet:/i.test(text) ? await fromMagnet(text) : await fromFile(text);
}

/** Loaded once it is needed: it and what it needs take 6 MiB, and a node that runs for weeks has no use for it. */
async function library(): Promise<typeof import('parse-torrent').default> {
  return (await import('parse-torrent')).default;
}

async function fromMagnet(text: string): Promise<Target> {
  // Some writers escape the colons of `xt`, which the library does not undo.
  const parseTorrent = await library();
  const parsed = await parseTorrent(text.replace(/^magnet:/i, 'magnet:').replace(/%3a/gi, ':')).catch(() => undefined);
  const topics = [parsed?.xt ?? []].flat();
  const valid = topics.some((topic) => /^urn:btih:([0-9a-f]{40}|[a-z2-7]{32})$/i.test(topic));
  const digits = parsed?.infoHash ?? '';
  if (!valid || !/^[0-9a-f]{40}$/.test(digits)) {
    throw new TargetError('no-infohash', `no infohash in the magnet '${shown(text)}': it needs xt=urn:btih:HASH`);
  }
  const name = parsed?.name;
  return { id: idFromHex(digits, 160), private: false, ...(typeof name === 'string' && { name }) };
}

async function fromFile(path: string): Promise<Target> {
  const bytes = await read(path);
  const id = infoHashOf(bytes);
  const parsed = id === undefined ? undefined : await (await library())(bytes).catch(() => undefined);
  if (id === undefined || parsed === undefined)
    throw new TargetError('not-a-torrent', `not a torrent: '${shown(path)}'`);
  return { id, private: parsed.private === true, ...(parsed.name !== undefined && { name: parsed.name }) };
}

const INFO = names('info');

function infoHashOf(bytes: Uint8Array): Id | undefined {
  const found = new Int32Array(1);
  const info = readDictionary(bytes, 0, INFO, found) === -1 ? -1 : (found[0] as number);
  if (info === -1) return undefined;
  return idFromBytes(
    createHash('sha1')
      .update(bytes.subarray(info, endOf(bytes, info)))
      .digest(),
  );
}

async function read(path: string): Promise<Buffer> {
  try {
    // Asked before it is opened: opening a pipe would wait for a writer.
    const status = await stat(path);
    if (!status.isFile()) throw new TargetError('file-unreadable', `not a file: '${shown(path)}'`);
    if (status.size > MAX_TORRENT) {
      const limit = MAX_TORRENT / 1024 / 1024;
      throw new TargetError('file-too-large', `too large for a torrent (over ${limit} MiB): '${shown(path)}'`);
    }
    return await readFile(path);
  } catch (error) {
    throw error instanceof TargetError ? error : noFile(path, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
}

function noFile(path: string, code: string): TargetError {
  if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ENAMETOOLONG' && code !== 'ERR_INVALID_ARG_VALUE') {
    return new TargetError('file-unreadable', `cannot read '${shown(path)}': ${code}`);
  }
  if (/\.torrent$|[/\\]/i.test(path)) return new TargetError('file-missing', `no such file: '${shown(path)}'`);
  const hint = /^[0-9a-f]+$/i.test(path) ? `, got ${path.length}` : '';
  return new TargetError(
    'not-a-target',
    `not a target: '${shown(path)}' (want 40 hex digits${hint}, a magnet URI or a .torrent file)`,
  );
}
