/** What can be done with a trace, by the kind in its header: that of one node, or of a simulation. */
import { setImmediate } from 'node:timers/promises';
import {
  type AnyProtocol,
  judgeOf,
  reduceScenario,
  replaySimulation,
  Simulation,
  SimulationReplay,
  type SimulationReplayReport,
  scenarioIn,
} from '@xorrery/simulator';
import {
  type Header,
  replay,
  type Shrunk,
  shrink,
  type Trace,
  type TraceEntry,
  type TraceStream,
} from '@xorrery/trace';
import { EXIT, Failure } from './failure.ts';
import { runnerOf } from './profiles.ts';
import { nativeHash, protocolOf } from './simulate.ts';

interface TraceKind {
  /** Runs it again; `each` is told how many events have gone by. Throws `TraceError`. */
  replay(trace: TraceStream, each: (events: number) => void): Promise<SimulationReplayReport>;
  /** The smallest that fails the same way; `undefined` when it does not fail. Throws `TraceError`. */
  shrink(trace: Trace, progress: (left: number) => void): Promise<Shrunk | undefined>;
}

const ofNode: TraceKind = {
  replay: (trace, each) => replay(trace, runnerOf(trace.header).machine, each),
  shrink: async (trace, progress) => {
    const { machine, defaults } = runnerOf(trace.header);
    return shrink(trace, machine, { defaults, progress, judge: judgeOf(machine) });
  },
};

const ofSimulation: TraceKind = {
  async replay(trace, each) {
    const run = new SimulationReplay(trace.header, protocolIn(trace.header), nativeHash());
    return replaySimulation(trace, run, async (events) => {
      each(events);
      await setImmediate();
    });
  },
  async shrink({ header }, progress) {
    const protocol = protocolIn(header);
    const reduced = reduceScenario(scenarioIn(header), {
      protocol,
      wall: header.wall,
      progress: (_, left) => progress(left),
    });
    if (reduced === undefined) return undefined;
    const { before, shrunk, violation } = reduced;
    if (shrunk !== undefined) return { ...shrunk, before };
    throw new Failure(`no single node fails: ${violation.claim}`, EXIT.NOTHING);
  },
};

export const KINDS: Readonly<Record<Header['kind'], TraceKind>> = { node: ofNode, simulation: ofSimulation };

/** The entries of a trace. Of a simulation whose events are not written out: from running it again. */
export async function* entriesOf(trace: TraceStream): AsyncGenerator<readonly TraceEntry[]> {
  const { header } = trace;
  if (header.kind === 'node' || header.events) return yield* trace;
  let entries: TraceEntry[] = [];
  const simulation = new Simulation(scenarioIn(header), {
    protocol: protocolIn(header),
    observe: (at, node, event, effects) => entries.push({ type: 'event', at, event, effects, node }),
  });
  while (simulation.run(SLICE)) {
    yield entries;
    entries = [];
    await setImmediate();
  }
  yield entries;
}

/** Things of a simulation between two looks at the outside. */
const SLICE = 2_000;

function protocolIn(header: Header): AnyProtocol {
  return protocolOf(scenarioIn(header));
}
