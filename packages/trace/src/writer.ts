/**
 * Writes a trace, line by line, as text. It keeps the numbers of the contacts and the checksum; where the text goes is
 * the caller's. At least every `BLOCK` events it puts a mark by itself, so that a reader needs to trust no more than that.
 */
import type { Instant } from '@xorrery/core';
import { Encoder } from './codec.ts';
import type { Header, Mark, Trace } from './format.ts';
import { checksum, EMPTY_SUM } from './json.ts';

/** Events, and characters, after which there is a mark. */
const BLOCK = 4_096;
const BLOCK_CHARS = 4_194_304;

export class TraceWriter {
  readonly #encoder = new Encoder();
  #sum = EMPTY_SUM;
  #events = 0;
  #sinceMark = 0;
  #charsSinceMark = 0;

  /** Events written so far. */
  get events(): number {
    return this.#events;
  }

  /** The first line. */
  header(header: Header): string {
    const { format, version, kind, ...rest } = header;
    return this.#line(this.#encoder.encode({ format, version, kind, ...rest }));
  }

  /** What happened at `at`, and what was done about it. `node`: to whom, in a simulation. */
  event(at: Instant, event: unknown, effects: readonly unknown[], node?: number): string {
    const whom = node === undefined ? '' : `,${node}`;
    const line = this.#line(`[${at},${this.#encoder.encode(event)},${this.#encoder.encode(effects)}${whom}]`);
    this.#events++;
    this.#sinceMark++;
    this.#charsSinceMark += line.length;
    return this.#sinceMark < BLOCK && this.#charsSinceMark < BLOCK_CHARS ? line : line + this.mark();
  }

  /** How far things add up. `hash`: that of the state as it is now. `events`: so far, where they are not written out. */
  mark(hash?: string, events: number = this.#events): string {
    return this.#mark(events, hash, '');
  }

  /** The last line. */
  end(hash?: string, events: number = this.#events): string {
    return this.#mark(events, hash, ',"end":true');
  }

  /** The checksum is of everything before it, this line's beginning included. */
  #mark(events: number, hash: string | undefined, end: string): string {
    this.#sinceMark = 0;
    this.#charsSinceMark = 0;
    const state = hash === undefined ? '' : `,"hash":"${hash}"`;
    const start = `{"events":${events}${state}${end}`;
    const sum = checksum(start, this.#sum).toString(16).padStart(8, '0');
    return this.#line(`${start},"sum":"${sum}"}`);
  }

  #line(text: string): string {
    const line = `${text}\n`;
    this.#sum = checksum(line, this.#sum);
    return line;
  }
}

/** A whole trace as text. Ends with an end mark unless the trace is truncated. */
export function writeTrace(trace: Trace): string {
  const writer = new TraceWriter();
  const lines = [writer.header(trace.header)];
  let last: Mark | undefined;
  for (const entry of trace.entries) {
    if (entry.type === 'event') lines.push(writer.event(entry.at, entry.event, entry.effects, entry.node));
    else if (entry.end) last = entry;
    else lines.push(writer.mark(entry.hash, entry.events));
  }
  if (!trace.truncated) lines.push(writer.end(last?.hash, last?.events));
  return lines.join('');
}
