// A program that writes one JSON object a line, and what it has written: to be waited for, line by line.
import { createInterface } from 'node:readline';

/** @typedef {Record<string, any>} Line */
/** @typedef {import('./lab.mjs').Child} Child */

const TAIL = 2_000;

export class Lines {
  /** @type {Line[]} Everything so far. */
  seen = [];
  #err = '';
  #hasEnded = false;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #what;
  #child;

  /** `what` names it in errors. @param {string} what @param {Child} child */
  constructor(what, child) {
    this.#what = what;
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (text) => {
      try {
        this.seen.push(JSON.parse(text));
      } catch {
        this.#err += `${text}\n`;
      }
      this.#wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#err = (this.#err + text).slice(-TAIL);
    });
    child.once('close', () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  get child() {
    return this.#child;
  }

  /** Gives it a line of JSON to read. @param {Line} line */
  tell(line) {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** The first line that matches, past or to come. Throws when it ends before that. @param {(line: Line) => boolean} match @param {string} what @returns {Promise<Line>} */
  async wait(match, what) {
    for (let i = 0; ; ) {
      for (; i < this.seen.length; i++) {
        const line = this.seen[i];
        if (line !== undefined && match(line)) return line;
      }
      if (this.#hasEnded) throw new Error(`${this.#what} ended before ${what}: ${this.#err.trim()}`);
      await new Promise((wake) => this.#waiting.add(() => wake(undefined)));
    }
  }

  #wake() {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
