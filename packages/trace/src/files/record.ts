/**
 * Records a live node to a file. What has been written can be read at any time, also after a crash: text is flushed to
 * the file within about a second, gzipped or not.
 *
 * Past `maxBytes` the recording goes on in another file, `NAME.2.ndjson` after `NAME.ndjson` and so on; the oldest are
 * deleted. Each replays by itself.
 */
import { closeSync, createWriteStream, openSync, rmSync, type WriteStream } from 'node:fs';
import { constants, createGzip, type Gzip } from 'node:zlib';
import { checkInteger, type NodeState, type Profile, type Protocol } from '@xorrery/core';
import { Recorder, type Sink } from '../recorder.ts';

export interface RecordOptions<P extends Protocol, C, S> {
  /** The state the node starts with, where that is a restored one. */
  readonly from?: NodeState<P, C, S>;
  /** Bytes after which a further file is begun. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Files that are kept, the newest. Default 8. */
  readonly keep?: number;
  /** Events between two hashes of the whole state. Default 1,000. */
  readonly hashEvery?: number;
}

export interface FileRecording<P extends Protocol, C, S> {
  /** Give this to the node, or to its coordinator. */
  readonly observer: Recorder<P, C, S>['observer'];
  /** Ends the trace; resolves when all of it is in the file. Idempotent. Call it after the node is closed. */
  close(): Promise<RecordReport>;
}

export interface RecordReport {
  /** Those that are still there, oldest first. */
  readonly files: readonly string[];
  readonly events: number;
  /** Events that were not recorded because the disk was too slow. */
  readonly lost: number;
  /** What went wrong with the file on the way; the recording ends there. */
  readonly error?: Error;
}

/**
 * Begins a recording. The file is made at once, and gzipped when its name ends in `.gz`. Throws `ConfigError`, and what
 * the file system throws when it cannot be made.
 */
export function recordTo<P extends Protocol, C, S>(
  path: string,
  profile: Profile<P, C, S>,
  { from, maxBytes = 67_108_864, keep = 8, hashEvery = 1_000 }: RecordOptions<P, C, S> = {},
): FileRecording<P, C, S> {
  checkInteger('maxBytes', maxBytes, 1_024);
  checkInteger('keep', keep, 1);
  checkInteger('hashEvery', hashEvery, 1);
  closeSync(openSync(path, 'w'));
  const sink = new FileSink(path, keep);
  const recorder = new Recorder({
    profile,
    sink,
    later,
    wall: Date.now,
    maxBytes,
    hashEvery,
    ...(from === undefined ? undefined : { from }),
  });
  let ended: Promise<RecordReport> | undefined;
  const end = async (): Promise<RecordReport> => {
    recorder.close();
    await sink.end();
    // Nothing has happened, and nothing is what is left behind.
    if (recorder.events === 0 && sink.files.length === 0) rmSync(path, { force: true });
    const { files, error } = sink;
    return { files, events: recorder.events, lost: recorder.lost, ...(error === undefined ? undefined : { error }) };
  };
  return {
    observer: recorder.observer,
    close() {
      ended ??= end();
      return ended;
    },
  };
}

/** The process may end while something waits here: what counts is `close`. */
function later(ms: number, run: () => void): void {
  if (ms === 0) setImmediate(run);
  else setTimeout(run, ms).unref();
}

/** ms between two flushes of compressed text. Each costs some bytes. */
const FLUSH = 1_000;

class FileSink implements Sink {
  readonly #path: string;
  readonly #keep: number;
  readonly #endings: Promise<void>[] = [];
  #files: string[] = [];
  #file: WriteStream | undefined;
  #gzip: Gzip | undefined;
  #flushedAt = 0;
  #error: Error | undefined;

  constructor(path: string, keep: number) {
    this.#path = path;
    this.#keep = keep;
  }

  get files(): readonly string[] {
    return this.#files;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get backlog(): number {
    return (this.#gzip?.writableLength ?? 0) + (this.#file?.writableLength ?? 0);
  }

  get size(): number {
    return (this.#file?.bytesWritten ?? 0) + (this.#file?.writableLength ?? 0);
  }

  begin(number: number): void {
    this.#endSegment();
    const path = number === 1 ? this.#path : numbered(this.#path, number);
    const file = createWriteStream(path);
    this.#files.push(path);
    while (this.#files.length > this.#keep) rmSync(this.#files.shift() as string, { force: true });
    this.#file = file;
    this.#endings.push(
      new Promise((resolve) => {
        file.once('close', resolve);
        file.once('error', (error) => {
          this.#error ??= error;
          resolve();
        });
      }),
    );
    if (!this.#path.endsWith('.gz')) return;
    this.#gzip = createGzip();
    this.#gzip.pipe(file);
  }

  write(text: string): void {
    if (this.#error !== undefined) return;
    if (this.#gzip === undefined) {
      this.#file?.write(text);
      return;
    }
    this.#gzip.write(text);
    const now = performance.now();
    if (now - this.#flushedAt < FLUSH) return;
    this.#flushedAt = now;
    this.#gzip.flush(constants.Z_SYNC_FLUSH);
  }

  async end(): Promise<void> {
    this.#endSegment();
    await Promise.all(this.#endings);
  }

  #endSegment(): void {
    (this.#gzip ?? this.#file)?.end();
    this.#gzip = undefined;
    this.#file = undefined;
  }
}

/** `a.ndjson.gz` and 2: `a.2.ndjson.gz`. */
function numbered(path: string, number: number): string {
  const [, stem = path, ending = ''] = /^(.*?)((?:\.[a-z]+){0,2})$/s.exec(path) ?? [];
  return `${stem}.${number}${ending}`;
}
