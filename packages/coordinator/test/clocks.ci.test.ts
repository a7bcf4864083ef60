/** The one contract over both clocks: the real one, and one on virtual time. */
import { SystemClock, VirtualTime } from '@xorrery/coordinator';
import { clockContract } from '@xorrery/testkit';
import { describe, it } from 'vitest';

describe('[F26] the clock contract, virtual time', () => {
  const bench = () => {
    const time = new VirtualTime(1_000);
    return { clock: time.clock(), pass: (ms: number) => time.advance(ms) };
  };
  for (const { claim, run } of clockContract(bench)) it(claim, run);
});

describe('[F26] the clock contract, real time', () => {
  const bench = () => ({
    clock: new SystemClock(),
    pass: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  });
  for (const { claim, run } of clockContract(bench)) it(claim, run);
});
