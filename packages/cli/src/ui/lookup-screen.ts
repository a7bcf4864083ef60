/**
 * A lookup on the screen: bars that are drawn again as answers come on a terminal, one line an answer when piped,
 * nothing where a script reads JSON through a pipe.
 */
import type { Id } from '@xorrery/core';
import type { AnyEvent } from './events.ts';
import { LookupView, rowLine, rowText, statusLine } from './lookup-view.ts';
import { type Io, Live, type Paint, paintFor } from './terminal.ts';
import { count, time } from './text.ts';

export interface ScreenOptions {
  /** What is being done, as a sentence without its end. */
  readonly title: string;
  readonly target: Id;
  readonly json: boolean;
  /** Prefix of the lookup's id on the stream: `find:` for the lookup of a publish. */
  readonly prefix?: string;
  /** The values it finds are peers, which are counted. Default true. */
  readonly countsPeers?: boolean;
}

/** Bars on the screen at once. */
const ROWS = 10;
/** Bits in common that fill a bar, until somebody is nearer. */
const FULL = 12;

export class LookupScreen {
  readonly view: LookupView;
  readonly #io: Io;
  readonly #options: ScreenOptions;
  readonly #paint: Paint;
  readonly #live: Live;
  readonly #from: number = performance.now();
  /** Whether each answer is a line: nobody watches, and nobody wants JSON. */
  readonly #lines: boolean;
  #titled = false;
  #ended = false;

  constructor(io: Io, options: ScreenOptions) {
    this.view = new LookupView(options.target, options.countsPeers);
    this.#io = io;
    this.#options = options;
    this.#paint = paintFor(io.err);
    this.#lines = io.err.isTTY !== true && !options.json;
    this.#live = new Live(io.err, () => this.#frame());
  }

  /** Takes in an announcement of the node. */
  take(event: AnyEvent, operation: string): void {
    const row = this.view.take(event, `${this.#options.prefix ?? ''}${operation}`);
    if (row !== undefined && row.status !== 'asked') this.#say(rowText(row));
    if (event.type !== 'join-finished' || event.outcome === 'isolated') return;
    this.#say(`joined in ${time(event.elapsed)}, met ${count(event.contacts, 'node')}`);
  }

  /** Writes a line of the result, which stays. */
  result(line: string): void {
    this.#live.above(() => this.#io.out.write(`${line}\n`));
  }

  /** The last drawing stays; `line` says how it ended. Idempotent. */
  end(line?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#live.end(true);
    if (line === undefined) return;
    if (this.#io.err.isTTY === true) this.#io.err.write(`${this.#paint.bold(line)}\n`);
    else this.#say(line);
  }

  /** Talk for a pipe. When nobody answers there is none: the error says it all. */
  #say(line: string): void {
    if (!this.#lines) return;
    if (!this.#titled) this.#io.err.write(`${this.#options.title}\n`);
    this.#titled = true;
    this.#io.err.write(`${line}\n`);
  }

  #frame(): readonly string[] {
    const { view } = this;
    const elapsed = performance.now() - this.#from;
    const head = `${this.#paint.bold(this.#options.title)}`;
    if (view.rows.size === 0) {
      return [head, this.#paint.dim(`joining · met ${count(view.met, 'node')} · ${time(elapsed)}`)];
    }
    const rows = view.closest(ROWS).map((row) => rowLine(row, Math.max(view.nearest, FULL), this.#paint));
    return [head, ...rows, statusLine(view, elapsed, this.#paint)];
  }
}
