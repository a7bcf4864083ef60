/** Rate limits on askers: what an account lets through, when it levels out, and what is kept of those at rest. */
import {
  ConfigError,
  charged,
  DEFAULT_NODE,
  initLimiter,
  type LimiterConfig,
  type LimiterState,
  sweepLimiter,
} from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { machine, nodeConfig } from './network.ts';

const config = (changes: Partial<LimiterConfig> = {}): LimiterConfig => ({
  perHost: { perSecond: 10, burst: 3 },
  perNetwork: 'off',
  maxEntries: 4,
  ...changes,
});

/** How many of so many requests at once are let through, and the limiter afterwards. */
const asked = (state: LimiterState, host: string, times: number, now: number): [LimiterState, number] => {
  let passed = 0;
  for (let i = 0; i < times; i++) {
    const after = charged(state, { host, network: 'net' }, now);
    if (after === undefined) continue;
    state = after;
    passed++;
  }
  return [state, passed];
};

describe('the limiter', () => {
  it('[J75] lets a burst through at once, and from then on so many a second', () => {
    let state = initLimiter(config());
    let passed = 0;
    [state, passed] = asked(state, 'a', 9, 1_000);
    expect(passed).toBe(3);
    // A request flows off in 100 ms.
    [state, passed] = asked(state, 'a', 9, 1_099);
    expect(passed).toBe(0);
    [state, passed] = asked(state, 'a', 9, 1_100);
    expect(passed).toBe(1);
    [state, passed] = asked(state, 'a', 9, 1_300);
    expect(passed).toBe(2);
    // However long it rests, no more than a burst is saved up.
    [state, passed] = asked(state, 'a', 9, 100_000);
    expect(passed).toBe(3);
  });

  it('[J75] charges the host and its network, each by its own rate, and neither when the other has no room', () => {
    const perNetwork = { perSecond: 1, burst: 4 };
    let state = initLimiter(config({ perNetwork }));
    let passed = [0, 0];
    [state, passed[0]] = asked(state, 'a', 9, 0) as [LimiterState, number];
    [state, passed[1]] = asked(state, 'b', 9, 0) as [LimiterState, number];
    expect(passed).toEqual([3, 1]);
    // The network has room again after a second; host b was charged once, not eight times.
    passed = [asked(state, 'b', 9, 999)[1], asked(state, 'b', 9, 1_000)[1]];
    expect(passed).toEqual([0, 1]);
  });

  it('[J75] keeps no account of what is not limited', () => {
    const of = (changes: Partial<LimiterConfig>): LimiterState => {
      const [state, passed] = asked(initLimiter(config(changes)), 'a', 3, 7);
      expect(passed).toBe(3);
      return state;
    };
    expect(of({ perHost: 'off' })).toMatchObject({ accounts: { size: 0 }, sweepAt: undefined });
    expect(of({})).toMatchObject({ accounts: { size: 1 }, sweepAt: 60_007 });
    expect(of({ perHost: 'off', perNetwork: { perSecond: 1, burst: 9 } })).toMatchObject({ accounts: { size: 1 } });
  });

  it('[J75][F42] forgets those at rest within a minute, a thousand at a time, and wants no waking when all are', () => {
    let state = initLimiter(config({ maxEntries: 5_000 }));
    for (let i = 0; i < 1_500; i++) [state] = asked(state, `h${i}`, 1, 0);
    [state] = asked(state, 'busy', 3, 59_999);
    expect(state.sweepAt).toBe(60_000);
    expect(sweepLimiter(state, 59_999)).toBe(state);
    state = sweepLimiter(state, 60_000);
    expect([state.accounts.size, state.sweepAt]).toEqual([501, 120_000]);
    state = sweepLimiter(state, 120_000);
    expect([state.accounts.size, state.sweepAt]).toEqual([0, undefined]);
    expect(sweepLimiter(state, 200_000)).toBe(state);
    // The next sweep is a minute after the next account is level, when that is later than now.
    [state] = asked(initLimiter(config({ perHost: { perSecond: 1, burst: 200 } })), 'a', 100, 0);
    expect(sweepLimiter(state, 60_000)).toMatchObject({ accounts: { size: 1 }, sweepAt: 160_000 });
  });

  it('[J75] when full forgets whoever is nearest to rest', () => {
    let state = initLimiter(config());
    for (const [i, host] of ['a', 'b', 'c', 'd'].entries()) [state] = asked(state, host, 2, i);
    expect(asked(state, 'b', 9, 4)[1]).toBe(1);
    // The first request of e is level before all others and forgotten at once; those others go on being held to theirs.
    [state] = asked(state, 'e', 1, 4);
    expect(['a', 'b', 'c', 'd'].map((host) => asked(state, host, 9, 4)[1])).toEqual([1, 1, 1, 1]);
    // After a long rest of theirs it is e that is busiest, and a that goes.
    [state] = asked(state, 'e', 3, 200);
    expect(state.accounts.size).toBe(4);
    expect(['b', 'e'].map((host) => asked(state, host, 9, 200)[1])).toEqual([2, 0]);
  });

  it('[Z14] a rate that is neither off nor two numbers is a ConfigError that says what it must be', () => {
    const limited = (perHost: unknown) => () =>
      machine.init(
        nodeConfig(7, {
          responder: {
            ...DEFAULT_NODE.responder,
            limiter: { perHost, perNetwork: 'off', maxEntries: 9 } as LimiterConfig,
            maxRate: 'off',
            amplification: 3,
          },
        }),
      );
    expect(limited('on')).toThrow(ConfigError);
    expect(limited('on')).toThrow("must be {perSecond, burst} or 'off'");
    expect(limited({ perSecond: 1, burst: 1 })).not.toThrow();
  });
});
