/**
 * Reads trace files. A gzipped file that was cut off gives what there is before the cut. A damaged one is a `TraceError`,
 * as is a file that cannot be read at all.
 */
import { createReadStream, type ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { TraceError } from '../errors.ts';
import type { Header, Trace } from '../format.ts';
import { loadTrace, openTrace, type TraceStream } from '../reader.ts';
import type { AnyProfile } from '../replay.ts';

/** The header of a trace file at once, its entries as they are read. Throws `TraceError`, also later, from the batches. */
export function openTraceFile(path: string): Promise<TraceStream> {
  return openTrace(readTextFile(path));
}

/** A whole trace file in memory. Throws `TraceError`. */
export function loadTraceFile(path: string): Promise<Trace> {
  return loadTrace(readTextFile(path));
}

/** Which two bytes a gzipped file begins with, whatever its name. */
const GZIP = [0x1f, 0x8b];

/** The text of a file in pieces, gunzipped if need be. Throws `TraceError`. */
export async function* readTextFile(path: string): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: 262_144 });
  try {
    const text = await textOf(file);
    for await (const chunk of text) yield chunk as string;
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw refusal(path, error as NodeJS.ErrnoException);
  } finally {
    file.destroy();
  }
}

/** The profiles that are known by name, and where they live. Nothing else is ever imported, whatever a trace says. */
const HOMES: Readonly<Record<string, { readonly from: string; readonly name: string }>> = {
  mainline: { from: '@xorrery/mainline', name: 'mainline' },
  kv: { from: '@xorrery/kv', name: 'kv' },
  generic: { from: '@xorrery/simulator', name: 'generic' },
};

/** The profile a trace was recorded with, from its package if that is installed. Throws `TraceError`. */
export async function profileFor({ profile }: Header): Promise<AnyProfile> {
  const home = Object.hasOwn(HOMES, profile.name) ? HOMES[profile.name] : undefined;
  if (home === undefined) throw new TraceError('profile', `it is of '${profile.name}', which is not known here`);
  const { from, name } = home;
  try {
    return ((await import(from)) as Record<string, AnyProfile>)[name] as AnyProfile;
  } catch {
    throw new TraceError('profile', `it is of ${name}, and ${from} is not installed`);
  }
}

async function textOf(file: ReadStream): Promise<Readable> {
  const first: Buffer | null = await new Promise((resolve, reject) => {
    file.once('readable', () => resolve(file.read()));
    file.once('error', reject);
    file.once('end', () => resolve(null));
  });
  if (first !== null) file.unshift(first);
  if (first === null || GZIP.some((byte, i) => first[i] !== byte)) return file.setEncoding('utf8');
  // A flush at the end in place of an insistence on it: what was cut off is told by the trace itself.
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  file.on('error', (error) => gunzip.destroy(error));
  return file.pipe(gunzip).setEncoding('utf8');
}

function refusal(path: string, { code, message }: NodeJS.ErrnoException): TraceError {
  if (code === 'ENOENT') return new TraceError('not-a-trace', `no such file: '${path}'`);
  if (code === 'EISDIR') return new TraceError('not-a-trace', `not a file: '${path}'`);
  if (code?.startsWith('Z_')) return new TraceError('edited', `the compressed data is damaged (${message})`);
  return new TraceError('not-a-trace', `cannot read '${path}' (${code ?? message})`);
}
