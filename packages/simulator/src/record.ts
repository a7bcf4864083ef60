/**
 * The trace of a simulation: its scenario and seed, from which everything follows, and the hash of all steps every so
 * often. Events are written out where that is asked for, to be looked at or explained. It refuses to: touch a file.
 */
import { FORMAT, type Json, type SimulationHeader, TraceWriter, VERSION } from '@xorrery/trace';
import type { AnyProtocol } from './protocol.ts';
import type { Scenario } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import type { SimulationOptions } from './simulation-types.ts';

/** Steps between two hashes. */
const MARK_EVERY = 50_000;

export class SimulationRecorder {
  readonly #writer = new TraceWriter();
  readonly #write: (text: string) => void;
  readonly #events: boolean;

  /** `write` gets the trace piece by piece. `wall`: Unix time in ms, for people. */
  constructor(scenario: Scenario, protocol: AnyProtocol, events: boolean, wall: number, write: (text: string) => void) {
    this.#write = write;
    this.#events = events;
    write(this.#writer.header(headerOf(scenario, protocol, events, wall)));
  }

  /** What the simulation is to be told: hand it these options. It needs a hash. */
  get options(): Pick<SimulationOptions, 'observe' | 'marks'> {
    const writer = this.#writer;
    const marks = {
      every: MARK_EVERY,
      tell: (events: number, hash: string): void => this.#write(writer.mark(hash, this.#events ? undefined : events)),
    };
    if (!this.#events) return { marks };
    return {
      marks,
      observe: (at, node, event, effects) => this.#write(writer.event(at, event, effects, node)),
    };
  }

  /** The run is over. */
  end({ events }: Pick<Simulation, 'events'>, stateHash: string | undefined): void {
    this.#write(this.#writer.end(stateHash, this.#events ? undefined : events));
  }
}

function headerOf(scenario: Scenario, { profile }: AnyProtocol, events: boolean, wall: number): SimulationHeader {
  return {
    format: FORMAT,
    version: VERSION,
    kind: 'simulation',
    profile: { name: profile.name, version: profile.version },
    wall,
    seed: scenario.seed,
    scenario: scenario as unknown as Json,
    events,
  };
}
