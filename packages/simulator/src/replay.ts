/**
 * Runs the simulation of a trace again, beside the trace: each hash on the way, and each event that is written out, must
 * be as recorded. A run that broke a promise breaks it again, in the same step.
 */
import { ConfigError } from '@xorrery/core';
import {
  type Divergence,
  type EventEntry,
  type Header,
  type Mark,
  type ReplayReport,
  sameJson,
  type TraceEntry,
  TraceError,
  type TraceStream,
} from '@xorrery/trace';
import type { Hash } from './digest.ts';
import type { Violation } from './judge.ts';
import type { AnyProtocol } from './protocol.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { Simulation } from './simulation.ts';
import type { SimulationOptions } from './simulation-types.ts';

/** How a simulation went the second time. */
export interface SimulationReplayReport extends ReplayReport {
  readonly violation?: Violation;
}

/** Things of the agenda between two looks at what came of them. */
const SLICE = 64;
/** Slices between two pauses. */
const PAUSE = 32;

/** A replay under way. Feed it the entries of the trace in order. */
export class SimulationReplay {
  readonly simulation: Simulation;
  readonly #recorded: boolean;
  readonly #seen: TraceEntry[] = [];
  #taken = 0;
  #steps = 0;
  #divergence: Divergence | undefined;
  #last: EventEntry | undefined;
  #isOver = false;

  /** Throws `TraceError` where the header does not describe a simulation that can be. */
  constructor(header: Header, protocol: AnyProtocol, hash: Hash, machine?: SimulationOptions['machine']) {
    if (header.kind !== 'simulation') throw new TraceError('profile', 'it is of one node, not of a simulation');
    this.#recorded = header.events;
    const { profile } = protocol;
    if (profile.name !== header.profile.name || profile.version !== header.profile.version) {
      const [is, reads] = [header.profile, profile].map(({ name, version }) => `${name} ${version}`);
      throw new TraceError('profile', `it is of ${is}, and this is ${reads}`);
    }
    const observe: SimulationOptions['observe'] = (at, node, event, effects) => {
      this.#seen.push({ type: 'event', at, event, effects, node });
    };
    this.simulation = new Simulation(scenarioIn(header), {
      protocol,
      hash,
      marks: {
        every: 50_000,
        tell: (events, digest) => this.#seen.push({ type: 'mark', events, hash: digest, end: false }),
      },
      ...(this.#recorded ? { observe } : undefined),
      ...(machine === undefined ? undefined : { machine }),
    });
  }

  /** Whether enough of the run is done to take this entry at once. If not, `advance`. */
  isReady(entry: TraceEntry): boolean {
    if (this.#divergence !== undefined || this.#isOver) return true;
    if (entry.type === 'mark' && entry.hash === undefined) return true;
    return !(entry.type === 'mark' && entry.end) && this.#taken < this.#seen.length;
  }

  /** Goes on a little with the run. False when it is over. */
  advance(): boolean {
    if (this.#isOver) return false;
    if (this.#taken === this.#seen.length) {
      this.#seen.length = 0;
      this.#taken = 0;
    }
    this.#isOver = !this.simulation.run(SLICE);
    return true;
  }

  /** Takes one entry; false when the run went another way. After that nothing more is taken. */
  take(entry: TraceEntry): boolean {
    if (this.#divergence !== undefined) return false;
    if (entry.type === 'mark') return this.#mark(entry);
    const actual = this.#next();
    if (actual?.type !== 'event') return this.#diverge(entry, entry.effects, []);
    this.#steps++;
    this.#last = entry;
    const isSame = actual.at === entry.at && actual.node === entry.node && sameJson(actual.event, entry.event);
    if (!isSame) return this.#diverge(entry, [entry.event], [actual.event]);
    return sameJson(actual.effects, entry.effects) || this.#diverge(entry, entry.effects, actual.effects);
  }

  /** What came of it. Of a trace that was cut off, as far as it goes. */
  report(truncated: boolean): SimulationReplayReport {
    const divergence = this.#divergence;
    const { violation, events } = this.simulation;
    return {
      events: divergence === undefined ? events : Math.max(0, divergence.step - 1),
      identical: divergence === undefined,
      ...(divergence === undefined ? undefined : { divergence }),
      truncated,
      ...(violation === undefined ? undefined : { violation }),
    };
  }

  #mark({ events, hash, end }: Mark): boolean {
    // Marks that only guard the file have no hash.
    if (hash === undefined) return true;
    if (end) {
      while (this.advance());
      const actual = this.simulation.stateHash();
      if (actual !== undefined && actual !== hash) return this.#diverge(this.#last, { hash }, { hash: actual });
      return true;
    }
    const actual = this.#next();
    if (actual?.type !== 'mark') return this.#diverge(this.#last, { hash }, { hash: 'none' });
    this.#steps = Math.max(this.#steps, actual.events);
    return actual.hash === hash || this.#diverge(this.#last, { hash }, { hash: actual.hash ?? 'none' }, events);
  }

  /** The next thing that comes of the run; `undefined` when it is over. */
  #next(): TraceEntry | undefined {
    while (this.#taken === this.#seen.length) if (!this.advance()) return undefined;
    return this.#seen[this.#taken++];
  }

  #diverge(
    entry: EventEntry | undefined,
    expected: Divergence['expected'],
    actual: Divergence['actual'],
    step: number = Math.max(1, this.#steps),
  ): false {
    const { at = this.simulation.now, event = { type: 'simulation' } } = entry ?? {};
    this.#divergence = { step, at, event, expected, actual };
    return false;
  }
}

/** Replays a whole trace. `pause` is awaited now and then, so that whoever waits hears of signals and progress. */
export async function replaySimulation(
  trace: TraceStream,
  run: SimulationReplay,
  pause: (events: number) => Promise<void>,
): Promise<SimulationReplayReport> {
  let slices = 0;
  for await (const batch of trace) {
    for (const entry of batch) {
      while (!run.isReady(entry)) {
        run.advance();
        if (++slices % PAUSE === 0) await pause(run.simulation.events);
      }
      if (!run.take(entry)) return run.report(false);
    }
  }
  return run.report(trace.truncated);
}

/** The scenario of a trace. Throws `TraceError`. */
export function scenarioIn(header: Header): Scenario {
  if (header.kind !== 'simulation') throw new TraceError('profile', 'it is of one node, not of a simulation');
  try {
    return scenarioOf(header.scenario);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new TraceError('edited', `its scenario is refused: ${error.message}`);
  }
}
