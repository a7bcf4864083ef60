/** The settings of what is asked of others, and of what others may ask. */
import {
  advanceSchedule,
  type ChecksConfig,
  charged,
  DEFAULT_NODE,
  DEFAULT_SCHEDULE,
  type Id,
  type Instant,
  initLimiter,
  initSchedule,
  ipGroupOf,
  type NodeConfig,
  nextScheduleDeadline,
  type ScheduleConfig,
  type ScheduleEvent,
} from '@xorrery/core';
import { lone, only, type Solo } from '../routing-support.ts';
import { id8 } from '../support.ts';
import { type Setting, setting } from './kit.ts';

type Config = NodeConfig<null>;
const rate = (perSecond: number, burst: number) => ({ perSecond, burst });
const BAD_RATES = ['fast', rate(0, 1), rate(1, 0), rate(1.5, 1), rate(1, 0.5)];

/** How many of these requests, all at once, are answered. */
const answers = (changes: Partial<Config['responder']>, from: readonly string[], bytes?: number): number => {
  const solo = lone({ responder: { ...DEFAULT_NODE.responder, ...changes } }, { groupOf: ipGroupOf });
  return from.flatMap((it) => only(solo.hear(it, 'ping', bytes), 'reply')).length;
};
const limited = (changes: Partial<Config['responder']['limiter']>, ...from: string[]): number =>
  answers({ limiter: { ...DEFAULT_NODE.responder.limiter, ...changes } }, from);
const HOST = ['9.9.9.1:1', '9.9.9.1:2', '9.9.9.1:3'];
const NETWORK = ['9.9.9.1:1', '9.9.9.2:1', '9.9.9.3:1'];

/** How many of three signatures at once are to be judged, and when that is waited for no more. */
const checked = (changes: Partial<ChecksConfig>): { asked: number; due: Instant } => {
  const checks = { ...DEFAULT_NODE.responder.checks, ...changes };
  const solo = lone({ responder: { ...DEFAULT_NODE.responder, checks } });
  const asked = [4, 5, 6].flatMap((n) => only(solo.store(n, 'good'), 'verify')).length;
  while (solo.state.counters.unchecked === 3 - asked) solo.wake();
  return { asked, due: solo.now };
};

/** A node that was told to ping these at once, and what it did. */
const asking = (changes: Partial<Config['pool']>, ...whom: number[]): [solo: Solo, said: string[]] => {
  const solo = lone({ pool: { ...DEFAULT_NODE.pool, ...changes } });
  const said = whom.flatMap((n, i) =>
    solo.tell({ type: 'ask', id: `q${i}`, seeds: [{ endpoint: `n${n}` }], request: { ask: 'ping' } }),
  );
  return [solo, said];
};
const asked = (changes: Partial<Config['pool']>, ...whom: number[]): number =>
  only(asking(changes, ...whom)[1], 'ping').length;

/** How long a request to node 4 waits, which answered in 100 ms, when node 8 took 1.5 s. */
const patience = (changes: Partial<Config['pool']>): number => {
  const [solo] = asking(changes, 4, 8);
  solo.now = 100;
  solo.answer(4);
  solo.now = 1_500;
  solo.answer(8);
  const settings = { slowAfter: 'off', requestTimeout: 900 } as const;
  solo.tell({ type: 'ask', id: 'again', seeds: [{ endpoint: 'n4' }], request: { ask: 'ping' }, settings });
  return (solo.due as Instant) - 1_500;
};

/** Which keys are stored again when, over a few rounds that each end at once. */
const rounds = (changes: Partial<ScheduleConfig>, events: readonly ScheduleEvent[], ends = true): string[] => {
  let state = initSchedule({ ...DEFAULT_SCHEDULE, seed: 1, ...changes });
  let now = 0;
  const said: string[] = [];
  const tell = (event: ScheduleEvent): void => {
    const step = advanceSchedule(state, event, now);
    state = step.state;
    for (const { owner, target } of step.effects) said.push(`${owner} ${target} at ${now}`);
    for (const { owner, target } of ends ? step.effects : []) {
      state = advanceSchedule(state, { type: 'round-ended', owner, target }, now).state;
    }
  };
  for (const event of events) tell(event);
  for (let i = 0; i < 4; i++) {
    const due = nextScheduleDeadline(state);
    if (due === undefined) break;
    now = due;
    tell({ type: 'tick' });
  }
  return said;
};
const kept = (...targets: Id[]): ScheduleEvent[] => targets.map((target) => ({ type: 'kept', target, every: 10 }));
const foreign = (...targets: Id[]): ScheduleEvent[] =>
  targets.map((target) => ({ type: 'stored-by-other', target, by: 'publisher' }));
const keysIn = (said: readonly string[]): number => new Set(said.map((it) => it.split(' ')[1])).size;

export const TRAFFIC: Record<string, Setting> = {
  'pool.maxQueries': setting([0, 5_000], (maxQueries: number) => asked({ maxQueries }, 1, 2, 3), [1, 1], [3, 3]),
  'pool.maxQueued': setting(
    [-1, 70_000],
    (maxQueued: number) => only(asking({ maxQueued, maxQueries: 1 }, 1, 2, 3)[1], 'rejected'),
    [0, ['rejected q1 full', 'rejected q2 full']],
    [1, ['rejected q2 full']],
  ),
  'pool.maxInFlight': setting([0, 70_000], (maxInFlight: number) => asked({ maxInFlight }, 1, 2, 3), [2, 2], [3, 3]),
  'pool.maxPerEndpoint': setting(
    [0, 2_000],
    (maxPerEndpoint: number) => asked({ maxPerEndpoint }, 4, 4, 4),
    [1, 1],
    [2, 2],
  ),
  'pool.maxRate': setting(
    BAD_RATES,
    (maxRate: Config['pool']['maxRate']) => asked({ maxRate }, 1, 2, 3),
    ['off', 3],
    [rate(1, 2), 2],
    [rate(1, 1), 1],
  ),
  'pool.adaptiveTimeout': setting(
    ['on', { min: 0, max: 9 }, { min: 9, max: 8 }, { min: 9, max: 70_000 }],
    (adaptiveTimeout: Config['pool']['adaptiveTimeout']) => patience({ adaptiveTimeout }),
    ['off', 900],
    [{ min: 10, max: 4_000 }, 301],
    [{ min: 500, max: 4_000 }, 500],
    [{ min: 10, max: 200 }, 200],
  ),
  // Without a memory for each, the slow ones make it wait for the fast ones too.
  'pool.maxRemembered': setting(
    [-1, 70_000],
    (maxRemembered: number) => patience({ maxRemembered }) > 1_000,
    [0, true],
    [2, false],
  ),

  'responder.limiter.perHost': setting(
    BAD_RATES,
    (perHost: Config['responder']['limiter']['perHost']) => limited({ perHost }, ...HOST, '9.9.9.2:1'),
    ['off', 4],
    [rate(1, 1), 2],
    [rate(1, 2), 3],
  ),
  'responder.limiter.perNetwork': setting(
    BAD_RATES,
    (perNetwork: Config['responder']['limiter']['perNetwork']) => limited({ perNetwork }, ...NETWORK, '9.9.8.1:1'),
    ['off', 4],
    [rate(1, 1), 2],
    [rate(1, 2), 3],
  ),
  'responder.limiter.maxEntries': setting(
    [1, 2_000_000],
    (maxEntries: number) => {
      let state = initLimiter({ perHost: rate(1, 1), perNetwork: 'off', maxEntries });
      for (let i = 0; i < 6; i++) state = charged(state, { host: `h${i}`, network: 'n' }, i) ?? state;
      return state.accounts.size;
    },
    [2, 2],
    [5, 5],
  ),
  'responder.maxRate': setting(
    BAD_RATES,
    (maxRate: Config['responder']['maxRate']) => answers({ maxRate }, NETWORK),
    ['off', 3],
    // Every reply is 100 bytes long.
    [rate(1, 250), 2],
  ),
  'responder.amplification': setting(
    [0, 1.5, 'x'],
    (amplification: Config['responder']['amplification']) => answers({ amplification }, HOST, 10),
    [9, 0],
    [10, 3],
    ['off', 3],
  ),
  'responder.checks.maxRate': setting(
    BAD_RATES,
    (maxRate: ChecksConfig['maxRate']) => checked({ maxRate }).asked,
    [rate(1, 1), 1],
    ['off', 3],
  ),
  'responder.checks.maxPending': setting(
    [0, 65_537],
    (maxPending: number) => checked({ maxPending }).asked,
    [1, 1],
    [2, 2],
  ),
  'responder.checks.deadline': setting(
    [0, 3_600_001],
    (deadline: number) => checked({ deadline }).due,
    [70, 70],
    [900, 900],
  ),

  'publish.maxKept': setting(
    [-1, 2_000_000],
    (maxKept: number) => {
      const solo = lone({ publish: { ...DEFAULT_SCHEDULE, maxKept } });
      solo.meet(4);
      const publish = (n: number): string[] => {
        const find = { ask: 'find', target: id8(n) } as const;
        const store = { ask: 'store', token: '' } as const;
        return solo.tell({ type: 'publish', id: `p${n}`, target: id8(n), find, store, every: 1_000 });
      };
      return [1, 2, 1].flatMap((n, i) => only(publish(n + (i === 2 ? 8 : 0)), 'rejected'));
    },
    [1, ['rejected p2 full', 'rejected p9 full']],
    [2, ['rejected p9 full']],
  ),
  'publish.replicate': setting(
    [0, 'x'],
    (replicate: ScheduleConfig['replicate']) => rounds({ replicate }, foreign(id8(1))).slice(0, 1),
    ['off', []],
    [10, ['other 01 at 10']],
  ),
  'publish.maxReplicated': setting(
    [-1, 2_000_000],
    (maxReplicated: number) =>
      keysIn(rounds({ replicate: 10, maxReplicated, gap: 1 }, foreign(id8(1), id8(2), id8(3)))),
    [1, 1],
    [2, 2],
  ),
  'publish.maxRunning': setting(
    [0, 65],
    (maxRunning: number) => rounds({ maxRunning, gap: 1 }, kept(id8(1), id8(2), id8(3), id8(4)), false).length,
    [1, 1],
    [3, 3],
  ),
  'publish.gap': setting(
    [-1],
    (gap: number) =>
      rounds({ gap }, kept(id8(1), id8(2)))
        .map((it) => Number(it.split(' ')[3]))
        .slice(0, 2),
    [5, [10, 15]],
    [70, [10, 80]],
  ),
};
