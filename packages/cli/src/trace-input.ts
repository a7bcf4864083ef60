/** Traces named on the command line: opened, or refused in one line that says which argument it was. */
import { type Trace, TraceError, type TraceStream } from '@xorrery/trace';
import { loadTraceFile, openTraceFile } from '@xorrery/trace/files';
import { Failure } from './failure.ts';

/** Does something with a trace as it is read. Throws `Failure` (bad input) for whatever is wrong with it. */
export function withStream<T>(name: string, path: string, run: (trace: TraceStream) => Promise<T>): Promise<T> {
  return naming(name, path, async () => run(await openTraceFile(path)));
}

/** Does something with a whole trace. Throws `Failure` (bad input) for whatever is wrong with it. */
export function withTrace<T>(name: string, path: string, run: (trace: Trace) => Promise<T>): Promise<T> {
  return naming(name, path, async () => run(await loadTraceFile(path)));
}

async function naming<T>(name: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    const why = error.message.replace(/^trace: /, '');
    throw new Failure(`${name}: ${why}${why.includes(path) ? '' : `: '${path}'`}`);
  }
}
