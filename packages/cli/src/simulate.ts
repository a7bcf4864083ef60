/** A simulation run to its end in slices, so that signals are heard and progress is seen. Deterministic but for times. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  type AnyProtocol,
  genericProtocol,
  type Hash,
  type Result,
  resultOf,
  type Scenario,
  Simulation,
  SimulationRecorder,
} from '@xorrery/simulator';
import { Failure } from './failure.ts';
import { mainlineProtocol } from './mainline-protocol.ts';
import type { TraceFile } from './trace-file.ts';

/** A run as it is reported: what is the same everywhere, and what the host took for it. */
export interface Run extends Result {
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  /** The most memory the process had, so far. */
  readonly rssBytes: number;
}

/** Things of the agenda between two looks at the outside. */
const SLICE = 2_000;

const PROTOCOLS: Readonly<Record<string, AnyProtocol>> = { generic: genericProtocol, mainline: mainlineProtocol };

/** The protocol a scenario names. Throws `Failure` for one that is not simulated. */
export function protocolOf({ profile }: Scenario): AnyProtocol {
  const protocol = Object.hasOwn(PROTOCOLS, profile) ? PROTOCOLS[profile] : undefined;
  if (protocol !== undefined) return protocol;
  throw new Failure(`profile '${profile}': want one of ${Object.keys(PROTOCOLS).join(', ')}`);
}

/** SHA-256 of the host. */
export function nativeHash(): Hash {
  const hash = createHash('sha256');
  return { update: (bytes) => hash.update(bytes), hex: () => hash.copy().digest('hex') };
}

export interface Watch {
  readonly signal?: AbortSignal;
  /** Seen when the network stands, and then every so often. */
  readonly progress?: (simulation: Simulation) => void;
  /** Where its trace goes, and whether events are written out. */
  readonly record?: { readonly file: TraceFile; readonly events: boolean };
}

/** Runs a scenario to its end. Throws `ConfigError` for one that cannot be, and `AbortError` when told to stop. */
export async function runScenario(scenario: Scenario, { signal, progress, record }: Watch = {}): Promise<Run> {
  const from = performance.now();
  const protocol = protocolOf(scenario);
  const recorder = record && new SimulationRecorder(scenario, protocol, record.events, Date.now(), record.file.write);
  const simulation = new Simulation(scenario, { protocol, hash: nativeHash(), ...recorder?.options });
  progress?.(simulation);
  const begun = performance.now();
  while (simulation.run(SLICE)) {
    progress?.(simulation);
    await record?.file.flush();
    await setImmediate();
    signal?.throwIfAborted();
  }
  const ended = performance.now();
  const result = resultOf(simulation);
  recorder?.end(simulation, result.stateHash);
  return {
    ...result,
    wallMs: Math.round(performance.now() - from),
    eventsPerSecond: Math.round((result.events * 1_000) / Math.max(1, ended - begun)),
    rssBytes: process.resourceUsage().maxRSS * 1_024,
  };
}

/** The trace of a run without what happened on the way: its scenario, and the hash it ended with. */
export function writeScenarioTrace(scenario: Scenario, { events, stateHash }: Run, file: TraceFile): void {
  const recorder = new SimulationRecorder(scenario, protocolOf(scenario), false, Date.now(), file.write);
  recorder.end({ events }, stateHash);
}
