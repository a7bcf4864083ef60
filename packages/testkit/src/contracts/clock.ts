/** What every clock must do: count whole milliseconds that never fall, and wake once, at the instant asked for last. */
import type { Instant } from '@xorrery/core';
import { claim } from '../violation.ts';
import { type ContractCase, contractCase } from './contract.ts';

/** The part of a clock that the contract is about; the coordinator's `Clock` is one. */
export interface ClockUnderTest {
  now(): Instant;
  wall(): number;
  wakeAt(at: Instant | undefined, wake: () => void): void;
}

export interface ClockBench {
  readonly clock: ClockUnderTest;
  /** Lets at least so many ms pass on this clock. */
  pass(ms: number): Promise<void>;
}

/** The suite. `makeBench` is called once for each case. */
export function clockContract(makeBench: () => ClockBench): readonly ContractCase[] {
  return [
    contractCase('counts whole milliseconds that never fall, and keeps wall time beside them', async () => {
      const { clock, pass } = makeBench();
      let last = clock.now();
      for (let i = 0; i < 20; i++) {
        await pass(1);
        const now = clock.now();
        claim(Number.isSafeInteger(now) && now >= last, 'an integer, never less than before', () => [last, now]);
        last = now;
      }
      claim(Number.isFinite(clock.wall()), 'wall time is a number of ms');
    }),

    contractCase('wakes once, not before the instant asked for', async () => {
      const { clock, pass } = makeBench();
      const asked = clock.now() + 20;
      const woken: Instant[] = [];
      clock.wakeAt(asked, () => woken.push(clock.now()));
      await pass(60);
      await pass(40);
      claim(woken.length === 1 && (woken[0] as Instant) >= asked, 'once, then or soon after', () => ({ asked, woken }));
    }),

    contractCase('an instant that has passed wakes at the next opportunity, never from within wakeAt', async () => {
      const { clock, pass } = makeBench();
      const woken: Instant[] = [];
      await pass(5);
      clock.wakeAt(clock.now() - 3, () => woken.push(clock.now()));
      claim(woken.length === 0, 'not from within');
      await pass(30);
      claim([...woken].length === 1, 'but soon');
    }),

    contractCase('asking again replaces what was asked before, and undefined takes it back', async () => {
      const { clock, pass } = makeBench();
      const woken: string[] = [];
      clock.wakeAt(clock.now() + 10, () => woken.push('first'));
      clock.wakeAt(clock.now() + 30, () => woken.push('second'));
      await pass(80);
      claim(woken.join() === 'second', 'only the last one wakes', () => woken);
      clock.wakeAt(clock.now() + 10, () => woken.push('third'));
      clock.wakeAt(undefined, () => woken.push('nobody'));
      await pass(40);
      claim(woken.length === 1, 'undefined asks for nothing', () => woken);
    }),

    contractCase('an earlier instant asked for later wakes at the earlier', async () => {
      const { clock, pass } = makeBench();
      const woken: Instant[] = [];
      const early = clock.now() + 10;
      clock.wakeAt(clock.now() + 100_000, () => woken.push(clock.now()));
      clock.wakeAt(early, () => woken.push(clock.now()));
      await pass(60);
      claim(woken.length === 1 && (woken[0] as Instant) >= early, 'at the earlier', () => woken);
    }),
  ];
}
