/** The demo on the screen: one picture that grows on a terminal, a line a fact when piped. */
import { beginning, type DemoStory, demoFrame, demoLines } from './demo-view.ts';
import type { MainlineEvent } from './events.ts';
import { Live, paintFor, type Stream } from './terminal.ts';

/** ms between two answers, so that a person can follow a lookup that takes a few ms. */
const PACE = 120;

export class DemoScreen {
  readonly #stream: Stream;
  readonly #quiet: boolean;
  readonly #live: Live;
  #story: DemoStory;
  #ended = false;

  /** `quiet`: a script reads JSON, so nothing is said unless somebody watches. */
  constructor(stream: Stream, quiet: boolean, about: Parameters<typeof beginning>[0]) {
    this.#stream = stream;
    this.#quiet = quiet;
    this.#story = beginning(about);
    this.#live = new Live(stream, () => demoFrame(this.#story, paintFor(stream)));
  }

  /** The story goes on. */
  change(part: Partial<DemoStory>): void {
    const before = this.#story;
    this.#story = { ...before, ...part };
    this.#say(demoLines(before, this.#story));
  }

  /** Shows a lookup that has ended, answer by answer; on a terminal slowly enough to be seen. */
  async replay(events: readonly MainlineEvent[], lookup: string, signal: AbortSignal): Promise<void> {
    for (const event of events) {
      const row = this.#story.view.take(event, lookup);
      if (row?.status !== 'answered') continue;
      this.#say(demoLines(this.#story, this.#story, row));
      if (this.#stream.isTTY === true && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, PACE));
    }
  }

  /** Leaves the whole picture behind. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#live.end(false);
    if (this.#stream.isTTY !== true) return;
    const everything = Number.POSITIVE_INFINITY;
    this.#stream.write(`${demoFrame(this.#story, paintFor(this.#stream), everything).join('\n')}\n`);
  }

  #say(lines: readonly string[]): void {
    if (this.#quiet || this.#stream.isTTY === true) return;
    for (const line of lines) this.#stream.write(`${line}\n`);
  }
}
