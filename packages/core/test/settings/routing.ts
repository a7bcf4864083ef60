/** The settings of those who look after the table. */
import {
  advanceBootstrap,
  advanceInclude,
  advanceRefresh,
  type BootstrapConfig,
  type BootstrapEvent,
  DEFAULT_BOOTSTRAP,
  DEFAULT_INCLUDE,
  DEFAULT_NODE,
  DEFAULT_PROBE,
  DEFAULT_REFRESH,
  type Instant,
  initBootstrap,
  initInclude,
  initRefresh,
  type NodeConfig,
  nextBootstrapDeadline,
  nextRefreshDeadline,
  type RefreshConfig,
} from '@xorrery/core';
import { lone, only, type Solo } from '../routing-support.ts';
import { type Setting, setting } from './kit.ts';

type Config = NodeConfig<null>;
const pings = (said: readonly string[]): number => only(said, 'ping').length;

const hearing = (changes: Partial<Config['include']>): Solo => {
  const solo = lone({ include: { ...DEFAULT_INCLUDE, maxChecking: 1, ...changes } });
  for (const n of [1, 2, 3, 4]) solo.hear(n);
  return solo;
};

const probing = (changes: Partial<Config['probe']>, size: number, ...members: number[]): Solo => {
  const table = { ...DEFAULT_NODE.table, bucketSizes: [size] };
  const solo = lone({ probe: { ...DEFAULT_PROBE, ...changes }, table });
  solo.meet(...members);
  return solo;
};

/** Which depths are looked into when, over the first few, none of which ends. */
const looks = (changes: Partial<RefreshConfig>): string[] => {
  const config = { ...DEFAULT_REFRESH, seed: 1, interval: 1_000, ...changes };
  let { state } = advanceRefresh(initRefresh(config), { type: 'deepest', depth: 3 }, 0);
  const said: string[] = [];
  for (let due = nextRefreshDeadline(state); due !== undefined; due = nextRefreshDeadline(state)) {
    const step = advanceRefresh(state, { type: 'tick' }, due);
    state = step.state;
    for (const { depth } of step.effects) said.push(`${depth} in ${Math.floor(due / 1_000)} s`);
  }
  return said;
};
/** The ms between the first two starts. */
const gap = (ms: number): number => {
  const config = { ...DEFAULT_REFRESH, seed: 1, interval: 1, multiplier: 0, gap: ms };
  let { state } = advanceRefresh(initRefresh(config), { type: 'deepest', depth: 3 }, 0);
  const first = nextRefreshDeadline(state) as Instant;
  state = advanceRefresh(state, { type: 'tick' }, first).state;
  return (nextRefreshDeadline(state) as Instant) - first;
};

/** What a node that joins says, and when. Each attempt finds nobody, unless `neighbour` says in which bucket. */
const joins = (changes: Partial<BootstrapConfig>, contacts = 0, neighbour = -1): string[] => {
  let now = 0;
  let state = initBootstrap({ ...DEFAULT_BOOTSTRAP, seed: 1, ...changes });
  const said: string[] = [];
  const tell = (event: BootstrapEvent): void => {
    const step = advanceBootstrap(state, event, now);
    state = step.state;
    for (const it of step.effects) said.push(`${it.type} at ${Math.floor(now / 1_000)} s`);
  };
  tell({ type: 'start', seeds: 1, contacts: 0 });
  if (contacts > 0) tell({ type: 'contacts-changed', contacts });
  for (let i = 0; i < 6; i++) {
    tell({ type: 'self-found', neighbour });
    const due = nextBootstrapDeadline(state);
    if (due === undefined || said.length > 4) break;
    now = due;
    tell({ type: 'tick' });
  }
  return said;
};
const isolatedAt = (joinTimeout: number): string =>
  joins({ joinTimeout }).find((it) => it.startsWith('isolated')) ?? '';
/** Seconds from one attempt to the next, without chance. */
const waits = (changes: Partial<BootstrapConfig>): number[] => {
  const at = joins({ joinTimeout: 999_999, ...changes })
    .filter((it) => it.startsWith('find-self'))
    .map((it) => Number(it.split(' ')[2]));
  return at.slice(1).map((it, i) => it - (at[i] as number));
};
const about = (found: readonly number[], seconds: readonly number[]): boolean =>
  seconds.every((it, i) => (found[i] as number) >= it - 1 && (found[i] as number) <= it * 1.5 + 1);

export const ROUTING: Record<string, Setting> = {
  'include.maxQueued': setting(
    [-1, 'x'],
    (maxQueued: number) => hearing({ maxQueued }).state.routing.include.dropped,
    [0, 3],
    [2, 1],
  ),
  'include.maxChecking': setting(
    [0, 9_999],
    (maxChecking: number) => hearing({ maxChecking }).state.routing.include.checking.length,
    [1, 1],
    [3, 3],
  ),
  'include.secondChanceEvery': setting(
    [0],
    (secondChanceEvery: number) => {
      const fallen = { type: 'fallen', stranger: { endpoint: 'n4' } } as const;
      const { state } = advanceInclude(initInclude({ ...DEFAULT_INCLUDE, secondChanceEvery }), fallen, 0);
      const { state: checked } = advanceInclude(state, { type: 'check-failed', check: 0 }, 1);
      return advanceInclude(checked, fallen, 5_000).effects.length;
    },
    [5_000, 1],
    [5_001, 0],
  ),

  'probe.questionableAfter': setting(
    [0],
    (questionableAfter: number) => probing({ questionableAfter, contestedAfter: 0 }, 8, 4).due,
    [700, 700],
    [9_000, 9_000],
  ),
  'probe.contestedAfter': setting(
    [-1, 900_001],
    (contestedAfter: number) => only(probing({ contestedAfter }, 1, 128, 129).open, 'n128').length,
    [0, 1],
    [1_000, 0],
  ),
  'probe.retryAfter': setting(
    [0],
    (retryAfter: number) => {
      const solo = probing({ retryAfter }, 8, 4);
      solo.wake();
      solo.refuse(4);
      return (solo.due as Instant) - solo.now;
    },
    [5_000, 5_000],
    [70_000, 70_000],
  ),
  'probe.maxChecking': setting(
    [0, 2_000],
    (maxChecking: number) => pings(probing({ maxChecking }, 8, 1, 2, 4, 8).wake()),
    [1, 1],
    [4, 4],
  ),
  'probe.maxUrgent': setting(
    [-1],
    (maxUrgent: number) =>
      pings([...probing({ maxUrgent, maxChecking: 9 }, 8, 1, 2, 4, 8).tell({ type: 'clock-jumped', ms: 1 })]),
    [2, 2],
    [9, 4],
  ),

  'refresh.interval': setting(
    [0, 1e12],
    (interval: number) => looks({ interval, multiplier: 0, maxRunning: 1 })[0]?.slice(1),
    [5_000, ' in 5 s'],
    [20_000, ' in 20 s'],
  ),
  'refresh.multiplier': setting(
    [-1, 11, 'x'],
    (multiplier: number) => looks({ multiplier, maxRunning: 2 })[1],
    [1, '2 in 2 s'],
    [4, '2 in 5 s'],
  ),
  'refresh.gap': setting([-1], gap, [10, 10], [700, 700]),
  'refresh.maxDepth': setting(
    [-1, 512],
    (maxDepth: number) => looks({ maxDepth, maxRunning: 1 }),
    [1, ['1 in 1 s']],
    [9, ['3 in 1 s']],
  ),
  'refresh.maxRunning': setting([0, 65], (maxRunning: number) => looks({ maxRunning }).length, [1, 1], [3, 3]),

  'bootstrap.joinTimeout': setting([0], isolatedAt, [1_000, 'isolated at 1 s'], [4_000, 'isolated at 4 s']),
  'bootstrap.retryFirst': setting(
    [0],
    (retryFirst: number) => about(waits({ retryFirst }), [2, 4, 8]),
    [2_000, true],
    [30_000, false],
  ),
  'bootstrap.retryMax': setting(
    [0, 999],
    (retryMax: number) => about(waits({ retryFirst: 1_000, retryMax }), [1, 2, 2, 2]),
    [2_000, true],
    [64_000, false],
  ),
  'bootstrap.maxLookups': setting(
    [0, 65],
    (maxLookups: number) => joins({ maxLookups, minContacts: 1 }, 1, 7).length - 1,
    [1, 1],
    [4, 4],
  ),
  'bootstrap.minContacts': setting(
    [-1],
    (minContacts: number) => joins({ minContacts }, 2, 0).filter((it) => it.startsWith('find-self')).length > 1,
    [2, false],
    [3, true],
  ),
};
