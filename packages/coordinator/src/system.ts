/** The real clock and the real entropy, from globals that Node, browsers and workers share. */
import type { Instant } from '@xorrery/core';
import type { Clock, Entropy } from './ports.ts';

/** Above this, a timer is set again on the way: setTimeout counts in 31 bits. */
const LONGEST_TIMER = 2_147_483_647;

/** Monotonic time in whole ms, and one timer. The timer is only set anew when it would be late. */
export class SystemClock implements Clock {
  #at: Instant | undefined;
  #wake: (() => void) | undefined;
  #armedAt: Instant | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  now(): Instant {
    return Math.floor(performance.now());
  }

  wall(): number {
    return Date.now();
  }

  wakeAt(at: Instant | undefined, wake: () => void): void {
    this.#at = at;
    this.#wake = wake;
    if (at === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#armedAt = undefined;
    } else if (this.#armedAt === undefined || at < this.#armedAt) this.#arm(at);
  }

  #arm(at: Instant): void {
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(at - this.now(), 0) + 1, LONGEST_TIMER);
    this.#armedAt = at;
    this.#timer = setTimeout(() => this.#ring(), delay);
  }

  #ring(): void {
    this.#armedAt = undefined;
    this.#timer = undefined;
    if (this.#at === undefined) return;
    if (this.now() < this.#at) return this.#arm(this.#at);
    this.#at = undefined;
    this.#wake?.();
  }
}

/** Bytes from the platform's cryptographic generator. */
export const systemEntropy: Entropy = {
  bytes(count: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(count));
  },
};
