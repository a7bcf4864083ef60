/**
 * The terminal as the commands see it: where results go, where talk goes, and whether anybody watches. On a terminal a
 * few lines at the bottom are drawn again and again; piped, nothing ever moves.
 */
import { createLogUpdate } from 'log-update';
import colours from 'yoctocolors';

/** As much of a stream as is needed. */
export interface Stream {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** `out`: results. `err`: talk. */
export interface Io {
  readonly out: Stream;
  readonly err: Stream;
}

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray';

/** Colours text, or leaves it as it is. */
export type Paint = Readonly<Record<Colour, (text: string) => string>>;

const NAMES: readonly Colour[] = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'gray'];

/** No colours at all. */
export const PLAIN: Paint = Object.fromEntries(NAMES.map((name) => [name, (text: string) => text])) as Paint;

/** The colours of a stream: none where nobody watches, or where NO_COLOR asks for none. */
export function paintFor(stream: Stream): Paint {
  return stream.isTTY === true ? (Object.fromEntries(NAMES.map((name) => [name, colours[name]])) as Paint) : PLAIN;
}

/** Text columns of a stream, at most 80. */
export function widthOf(stream: Stream): number {
  return Math.min(80, stream.columns === undefined || stream.columns < 20 ? 80 : stream.columns);
}

/** ms between two drawings. */
const FRAME = 60;

/** Lines that are drawn again in place, on a terminal. Elsewhere it draws nothing. */
export class Live {
  readonly #update: ReturnType<typeof createLogUpdate> | undefined;
  readonly #frame: () => readonly string[];
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  constructor(stream: Stream, frame: () => readonly string[]) {
    this.#frame = frame;
    if (stream.isTTY !== true) return;
    this.#update = createLogUpdate(stream as NodeJS.WriteStream);
    this.draw();
    this.#timer = setInterval(() => this.draw(), FRAME);
  }

  draw(): void {
    this.#update?.(this.#frame().join('\n'));
  }

  /** Writes something that stays, above the lines that move. */
  above(write: () => void): void {
    this.#update?.clear();
    write();
    if (this.#timer !== undefined) this.draw();
  }

  /** Draws no more. `keep`: what was drawn last stays. */
  end(keep: boolean): void {
    clearInterval(this.#timer);
    if (keep) this.draw();
    else this.#update?.clear();
    this.#update?.done();
  }
}
