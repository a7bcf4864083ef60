/** A trace that is written while a simulation runs: pieces are gathered during a slice, and go to the file between two. */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';

export class TraceFile {
  readonly #file: WriteStream;
  readonly #out: Writable;
  #pieces: string[] = [];

  private constructor(file: WriteStream, out: Writable) {
    this.#file = file;
    this.#out = out;
  }

  /** Gzipped when the name ends in `.gz`. Rejects when the file cannot be made. */
  static async open(path: string): Promise<TraceFile> {
    const file = createWriteStream(path);
    await once(file, 'open');
    if (!path.endsWith('.gz')) return new TraceFile(file, file);
    const gzip = createGzip();
    gzip.pipe(file);
    return new TraceFile(file, gzip);
  }

  /** Keeps a piece for the next `flush`. */
  readonly write = (text: string): void => {
    this.#pieces.push(text);
  };

  /** Resolves when there is room for more. */
  async flush(): Promise<void> {
    if (this.#pieces.length === 0) return;
    const text = this.#pieces.join('');
    this.#pieces = [];
    if (!this.#out.write(text)) await once(this.#out, 'drain');
  }

  /** Resolves when all of it is in the file. */
  async close(): Promise<void> {
    await this.flush();
    const closed = once(this.#file, 'close');
    this.#out.end();
    await closed;
  }
}
