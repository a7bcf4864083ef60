/**
 * Reads a trace from pieces of text of any length. What it hands out has been checked: lines are held back until the
 * mark after them says that they add up. A trace that was cut off is read up to the cut, and `truncated` says so.
 *
 * A file may come from anybody: every length has a limit, and whatever is wrong is a `TraceError`.
 */
import { Decoder } from './codec.ts';
import { TraceError } from './errors.ts';
import { type EventEntry, FORMAT, type Header, type Mark, type Trace, type TraceEntry, VERSION } from './format.ts';
import { checksum, EMPTY_SUM } from './json.ts';

/** Characters of a line, and of lines held back. */
const LINE = 67_108_864;
/** Lines held back. The writer puts a mark far sooner. */
const LINES = 65_536;
/** Events that `loadTrace` holds in memory. */
const EVENTS = 4_000_000;

const START = `{"format":"${FORMAT}","version":`;

/** Takes text, gives entries. */
export class TraceParser {
  readonly #decoder = new Decoder();
  #header: Header | undefined;
  #rest: string[] = [];
  #restChars = 0;
  #held: string[] = [];
  #heldChars = 0;
  #sum = EMPTY_SUM;
  #lines = 0;
  #events = 0;
  #ended = false;

  /** Known once the first line is complete. */
  get header(): Header | undefined {
    return this.#header;
  }

  /** Whether the end is still to come; after `finish`, whether the trace was cut off. */
  get truncated(): boolean {
    return !this.#ended;
  }

  /** Takes in a piece of text; what is complete and checked comes out. Throws `TraceError`. */
  push(text: string): TraceEntry[] {
    const found: TraceEntry[] = [];
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#rest.push(text.slice(from, end));
      const line = this.#rest.length === 1 ? (this.#rest[0] as string) : this.#rest.join('');
      this.#rest = [];
      this.#restChars = 0;
      this.#line(line, found);
      from = end + 1;
    }
    if (from < text.length) {
      this.#rest.push(text.slice(from));
      this.#restChars += text.length - from;
      if (this.#restChars > LINE) throw new TraceError('limit', `line ${this.#lines + 1} is longer than ${LINE}`);
    }
    if (this.#header === undefined) judgeStart(this.#rest.join(''));
    return found;
  }

  /** There is no more text. What was held back comes out; a line that is not complete is dropped. Throws `TraceError`. */
  finish(): TraceEntry[] {
    if (this.#header === undefined) {
      const isEmpty = this.#restChars === 0;
      throw isEmpty
        ? new TraceError('not-a-trace', 'it is empty')
        : new TraceError('truncated', 'it is cut off before the first event');
    }
    if (this.#ended && this.#restChars > 0) throw new TraceError('edited', 'it goes on after its end');
    const found: TraceEntry[] = [];
    this.#release(found);
    return found;
  }

  #line(line: string, found: TraceEntry[]): void {
    this.#lines++;
    if (this.#header === undefined) {
      judgeStart(line, true);
      this.#header = readHeader(this.#decoder.decode(line));
      this.#add(line);
      return;
    }
    if (this.#ended) throw new TraceError('edited', 'it goes on after its end');
    if (line.startsWith('[')) {
      this.#held.push(line);
      this.#heldChars += line.length;
      const isTooMuch = this.#held.length > LINES || this.#heldChars > 2 * LINE;
      if (isTooMuch) throw new TraceError('limit', `too much without a mark before line ${this.#lines}`);
      return;
    }
    const { start, sum, ...mark } = readMark(line, this.#lines);
    const expected = this.#held.reduce((before, it) => checksum('\n', checksum(it, before)), this.#sum);
    if (sum !== checksum(start, expected)) {
      const from = this.#lines - this.#held.length;
      throw new TraceError('edited', `lines ${from} to ${this.#lines} are not as they were written`);
    }
    this.#release(found);
    if (!isScant(this.#header) && mark.events !== this.#events)
      throw new TraceError('edited', `line ${this.#lines} counts other events`);
    this.#add(line);
    this.#ended = mark.end;
    found.push(mark);
  }

  /** Hands out the lines held back. */
  #release(found: TraceEntry[]): void {
    const first = this.#lines - this.#held.length;
    for (const [i, line] of this.#held.entries()) {
      try {
        found.push(readEvent(this.#decoder.decode(line)));
      } catch (error) {
        if (!(error instanceof TraceError)) throw error;
        throw new TraceError(error.reason, `line ${first + i}: ${error.message.replace(/^trace: /, '')}`);
      }
      this.#events++;
      this.#add(line);
    }
    this.#held = [];
    this.#heldChars = 0;
  }

  #add(line: string): void {
    this.#sum = checksum('\n', checksum(line, this.#sum));
  }
}

/** Whether marks count events that are not written out. */
function isScant(header: Header): boolean {
  return header.kind === 'simulation' && !header.events;
}

/** A trace as it comes: the header at once, the rest in batches. */
export interface TraceStream<H extends Header = Header> extends AsyncIterable<readonly TraceEntry[]> {
  readonly header: H;
  /** Final once the batches have ended. */
  readonly truncated: boolean;
}

/** Reads up to the header. Throws `TraceError`, also later, from the batches. */
export async function openTrace(chunks: AsyncIterable<string> | Iterable<string>): Promise<TraceStream> {
  const parser = new TraceParser();
  const source = readAll(parser, chunks);
  const first = await source.next();
  // There is a header, or `finish` has thrown.
  const header = parser.header as Header;
  return {
    header,
    get truncated() {
      return parser.truncated;
    },
    async *[Symbol.asyncIterator]() {
      try {
        if (first.done !== true) yield first.value;
        yield* source;
      } finally {
        // Whoever leaves early leaves no file open.
        await source.return(undefined);
      }
    },
  };
}

/** Reads all of it into memory. Throws `TraceError`. */
export async function loadTrace(chunks: AsyncIterable<string> | Iterable<string>): Promise<Trace> {
  const stream = await openTrace(chunks);
  const entries: TraceEntry[] = [];
  for await (const batch of stream) {
    for (const entry of batch) entries.push(entry);
    if (entries.length > EVENTS) throw new TraceError('limit', `it has more than ${EVENTS} events`);
  }
  return { header: stream.header, entries, truncated: stream.truncated };
}

/** The first batch comes with the header, and may be empty. */
async function* readAll(
  parser: TraceParser,
  chunks: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<readonly TraceEntry[]> {
  let begun = false;
  for await (const chunk of chunks) {
    const batch = parser.push(chunk);
    if (parser.header === undefined || (begun && batch.length === 0)) continue;
    begun = true;
    yield batch;
  }
  yield parser.finish();
}

/** Refuses what cannot become a header, as early as possible. */
function judgeStart(text: string, complete = false): void {
  const start = text.slice(0, START.length);
  if (start !== START.slice(0, start.length) || (complete && start.length < START.length)) {
    throw new TraceError('not-a-trace', 'it is not a trace');
  }
  const version = /^(\d+)[,}]/.exec(text.slice(START.length, START.length + 20))?.[1];
  if (version === undefined && complete) throw new TraceError('edited', 'line 1 is not a header');
  if (version !== undefined && version !== String(VERSION)) {
    throw new TraceError('version', `it is of version ${version} of the format, and this reads version ${VERSION}`);
  }
}

function readHeader(value: unknown): Header {
  const it = value as { [K in keyof Header]?: unknown } & {
    start?: unknown;
    seed?: unknown;
    scenario?: unknown;
    events?: unknown;
  };
  const profile = it.profile as Partial<Header['profile']> | undefined;
  const isSound =
    typeof profile?.name === 'string' && Number.isSafeInteger(profile.version) && Number.isSafeInteger(it.wall);
  const isNode = it.kind === 'node' && typeof it.start === 'object' && it.start !== null;
  const isSimulation =
    it.kind === 'simulation' &&
    Number.isSafeInteger(it.seed) &&
    it.scenario !== undefined &&
    typeof it.events === 'boolean';
  if (!isSound || !(isNode || isSimulation)) throw new TraceError('edited', 'line 1 is not a header');
  return value as Header;
}

function readEvent(value: unknown): EventEntry {
  const [at, event, effects, node] = value as [number, EventEntry['event'], EventEntry['effects'], number?];
  const isSound =
    Array.isArray(value) && Number.isSafeInteger(at) && at >= 0 && isTagged(event) && Array.isArray(effects);
  const isNode = node === undefined || (Number.isSafeInteger(node) && node >= 0);
  if (!isSound || !isNode || !effects.every(isTagged)) throw new TraceError('edited', 'it is not an event');
  return { type: 'event', at, event, effects, ...(node === undefined ? undefined : { node }) };
}

function isTagged(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** A mark has one form only, so that nothing in it can be changed without being noticed. */
const MARK = /^(\{"events":(\d{1,15})(?:,"hash":"([0-9a-f]{64})")?(,"end":true)?),"sum":"([0-9a-f]{8})"\}$/;

function readMark(line: string, number: number): Mark & { readonly start: string; readonly sum: number } {
  const [, start, events, hash, end, sum] = MARK.exec(line) ?? [];
  if (start === undefined || sum === undefined) {
    throw new TraceError('edited', `line ${number} is neither an event nor a mark`);
  }
  const state = hash === undefined ? undefined : { hash };
  const mark = { type: 'mark', events: Number(events), ...state, end: end !== undefined } as const;
  return { ...mark, start, sum: Number.parseInt(sum, 16) };
}
