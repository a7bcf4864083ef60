/** A value as a person gives it: text, `@file`, or `-` for what comes on stdin. Read no further than it may be long. */
import { createReadStream } from 'node:fs';
import { Failure } from './failure.ts';

export const VALUE_HELP = "text, '@file', or '-' for stdin";

/** The bytes of VALUE. Throws `Failure` when it cannot be read, or is longer than `limit` bytes. */
export async function readValue(text: string, limit: number): Promise<Uint8Array> {
  if (text === '-') return bounded(process.stdin, limit);
  if (!text.startsWith('@')) return bounded([Buffer.from(text)], limit);
  try {
    return await bounded(createReadStream(text.slice(1)), limit);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'not a file' : `cannot read it (${code})`;
    throw new Failure(`VALUE: ${why}: '${text.slice(1)}'`);
  }
}

async function bounded(chunks: AsyncIterable<Buffer> | Iterable<Buffer>, limit: number): Promise<Uint8Array> {
  const read: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > limit) throw new Failure(`VALUE: must be at most ${limit} bytes`);
    read.push(chunk);
  }
  return Buffer.concat(read);
}
