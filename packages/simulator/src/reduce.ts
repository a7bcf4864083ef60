/**
 * From a simulation that breaks a promise to the fewest events of the one node that broke it: first a smaller scenario
 * with the same failure, then that node's own events, then as few of those as still fail. What comes out is the trace of
 * one node, which replays without any network.
 */
import { makeNode } from '@xorrery/core';
import {
  type EventEntry,
  FORMAT,
  type Judge,
  type NodeHeader,
  type Shrunk,
  shrink,
  type Trace,
  VERSION,
} from '@xorrery/trace';
import { breachOf, type Violation } from './judge.ts';
import type { AnyState } from './population.ts';
import type { AnyProtocol } from './protocol.ts';
import { DEFAULT_SCENARIO, type Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import type { AnyMachine } from './simulation-types.ts';

export interface ReduceOptions {
  readonly protocol: AnyProtocol;
  /** In place of the protocol's own node. */
  readonly machine?: AnyMachine;
  /** Unix time in ms, for the header. */
  readonly wall: number;
  /** Told what is being tried, and how many events are left. */
  readonly progress?: (what: string, left: number) => void;
}

/** A failing scenario made smaller. */
export interface Reduced {
  readonly scenario: Scenario;
  readonly violation: Violation;
  /** Steps of all nodes before, in the scenario as given. */
  readonly before: number;
  /** The node's trace; `undefined` where no single node is to blame (an operation that never ended). */
  readonly shrunk: Shrunk | undefined;
}

/** `undefined` when the scenario breaks no promise. Throws what `Simulation` and `shrink` throw. */
export function reduceScenario(scenario: Scenario, options: ReduceOptions): Reduced | undefined {
  const whole = failureOf(scenario, options);
  if (whole === undefined) return undefined;
  let least = { scenario, ...whole };
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smaller(least.scenario)) {
      options.progress?.('scenario', least.events);
      const failure = failureOf(candidate, options);
      if (failure === undefined || failure.violation.claim !== whole.violation.claim) continue;
      if (failure.events >= least.events) continue;
      least = { scenario: candidate, ...failure };
      isSmaller = true;
      break;
    }
  }
  const { violation } = least;
  const trace = violation.node < 0 ? undefined : traceOf(least.scenario, violation, options);
  const machine = options.machine ?? makeNode(options.protocol.profile);
  const shrunk =
    trace &&
    shrink(trace, machine, {
      judge: judgeOf(machine),
      progress: (left) => options.progress?.('events', left),
    });
  return { scenario: least.scenario, violation, before: whole.events, shrunk };
}

/** What `breachOf` says, for a replay of one node. */
export function judgeOf(machine: AnyMachine): Judge {
  return (state, _event, effects) => {
    const after = state as AnyState;
    return breachOf(undefined, after, effects as never, after.at, machine.nextDeadline(after));
  };
}

function failureOf(
  scenario: Scenario,
  { protocol, machine }: ReduceOptions,
): { readonly violation: Violation; readonly events: number } | undefined {
  const simulation = new Simulation(scenario, { protocol, ...(machine === undefined ? undefined : { machine }) });
  while (simulation.run(10_000));
  const { violation, events } = simulation;
  return violation === undefined ? undefined : { violation, events };
}

/** Scenarios that are smaller by one thing, the boldest first. */
function smaller(scenario: Scenario): Scenario[] {
  const { nodes, lookups } = scenario;
  const found: Scenario[] = [];
  for (const part of [8, 4, 2])
    if (nodes > 1) found.push({ ...scenario, nodes: Math.max(1, Math.floor(nodes / part)) });
  for (const part of [8, 2])
    if (lookups > 1) found.push({ ...scenario, lookups: Math.max(1, Math.floor(lookups / part)) });
  for (const name of [
    'adversary',
    'churn',
    'loss',
    'duplicate',
    'reorder',
    'malformed',
    'nat',
    'partitions',
    'sleeps',
    'slow',
    'bandwidth',
    'skew',
    'unfit',
  ] as const) {
    const plain = DEFAULT_SCENARIO[name];
    if (JSON.stringify(scenario[name]) !== JSON.stringify(plain)) found.push({ ...scenario, [name]: plain });
  }
  return found.filter((it) => it.sessions.every(({ node }) => node < it.nodes));
}

/** What the failing node lived through, since it last started. */
function traceOf(scenario: Scenario, { node }: Violation, options: ReduceOptions): Trace<NodeHeader> {
  const { protocol, machine, wall } = options;
  let entries: EventEntry[] = [];
  let start: AnyState | undefined;
  const simulation = new Simulation(scenario, {
    protocol,
    ...(machine === undefined ? undefined : { machine }),
    born: (number, state) => {
      if (number !== node) return;
      start = state;
      entries = [];
    },
    observe: (at, number, event, effects) => {
      if (number === node) entries.push({ type: 'event', at, event, effects });
    },
  });
  while (simulation.run(10_000));
  const { name, version } = protocol.profile;
  const header: NodeHeader = {
    format: FORMAT,
    version: VERSION,
    kind: 'node',
    profile: { name, version },
    wall,
    start: { state: start },
    segment: 1,
    lost: 0,
  };
  return { header, entries, truncated: true };
}
