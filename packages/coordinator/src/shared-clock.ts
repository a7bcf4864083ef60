/**
 * One clock for several coordinators: a clock has one alarm, so that each gets one of its own here, and the clock is set
 * to the earliest. Whoever is due at the same instant is woken in the order of the list.
 */
import type { Instant } from '@xorrery/core';
import type { Clock } from './ports.ts';

interface Alarm {
  at: Instant | undefined;
  wake: () => void;
}

/** `count` clocks that show the time of one, each with an alarm of its own. */
export function sharedClocks(clock: Clock, count: number): readonly Clock[] {
  if (count === 1) return [clock];
  const alarms: readonly Alarm[] = Array.from({ length: count }, () => ({ at: undefined, wake: () => {} }));
  const set = (): void => {
    let earliest: Instant | undefined;
    for (const { at } of alarms) if (at !== undefined) earliest = Math.min(earliest ?? at, at);
    clock.wakeAt(earliest, ring);
  };
  const ring = (): void => {
    const now = clock.now();
    for (const alarm of alarms) {
      if (alarm.at === undefined || alarm.at > now) continue;
      alarm.at = undefined;
      alarm.wake();
    }
    set();
  };
  return alarms.map((alarm) => ({
    now: () => clock.now(),
    wall: () => clock.wall(),
    wakeAt: (at, wake) => {
      alarm.at = at;
      alarm.wake = wake;
      set();
    },
  }));
}
