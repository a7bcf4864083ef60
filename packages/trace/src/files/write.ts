/** Writes a whole trace file: beside its place first, then into it, so that there is never half of one. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Trace } from '../format.ts';
import { writeTrace } from '../writer.ts';

/** Gzipped when the name ends in `.gz`. Rejects with the error of the file system. */
export async function writeTraceFile(path: string, trace: Trace): Promise<void> {
  const text = writeTrace(trace);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, path.endsWith('.gz') ? gzipSync(text) : text);
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}
