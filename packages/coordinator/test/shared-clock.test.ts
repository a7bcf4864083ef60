import { sharedClocks, VirtualTime } from '@xorrery/coordinator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('clocks that share one', () => {
  it('[F26] each rings at its own time, once, whatever the others are set to', async () => {
    const alarms = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 50 })), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(alarms, async (settings) => {
        const time = new VirtualTime();
        const clocks = sharedClocks(time.clock(), 3);
        const rung: [number, number][] = [];
        const wanted = new Map<number, number>();
        for (const [i, at] of settings) {
          clocks[i]?.wakeAt(at, () => rung.push([i, time.now]));
          wanted.set(i, at);
        }
        await time.advance(60);
        expect(rung.sort()).toEqual([...wanted].sort());
      }),
    );
  });

  it('what is taken back does not ring; set again from within, it rings again', async () => {
    const time = new VirtualTime();
    const [one, two] = sharedClocks(time.clock(), 2);
    const rung: number[] = [];
    one?.wakeAt(5, () => rung.push(-1));
    one?.wakeAt(undefined, () => {});
    const again = (): void => {
      rung.push(time.now);
      if (time.now < 30) two?.wakeAt(time.now + 10, again);
    };
    two?.wakeAt(10, again);
    await time.advance(100);
    expect(rung).toEqual([10, 20, 30]);
    expect(one?.now()).toBe(100);
    expect(one?.wall()).toBe(time.clock().wall());
  });
});
