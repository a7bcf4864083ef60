/** What can be done with a trace, by the kind in its header: that of one node, or of a simulation. */
import {
  type Header,
  type ReplayReport,
  replay,
  type Shrunk,
  shrink,
  type Trace,
  type TraceStream,
} from '@xorrery/trace';
import { Failure } from './failure.ts';
import { runnerOf } from './profiles.ts';

interface TraceKind {
  /** Runs it again; `each` is told how many events have gone by. Throws `TraceError`. */
  replay(trace: TraceStream, each: (events: number) => void): Promise<ReplayReport>;
  /** The smallest that fails the same way; `undefined` when it does not fail. Throws `TraceError`. */
  shrink(trace: Trace, progress: (left: number) => void): Promise<Shrunk | undefined>;
}

const ofNode: TraceKind = {
  replay: (trace, each) => replay(trace, runnerOf(trace.header).machine, each),
  shrink: async (trace, progress) => {
    const { machine, defaults } = runnerOf(trace.header);
    return shrink(trace, machine, { defaults, progress });
  },
};

const refuse = (): never => {
  throw new Failure('TRACE: it is of a simulation, which this version does not run');
};

const ofSimulation: TraceKind = { replay: async () => refuse(), shrink: async () => refuse() };

export const KINDS: Readonly<Record<Header['kind'], TraceKind>> = { node: ofNode, simulation: ofSimulation };
