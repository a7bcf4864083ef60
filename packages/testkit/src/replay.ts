/**
 * A trace as a test: `await expectReplay('incident.ndjson')`. For any test runner, since all it does is throw. An entry of
 * its own, `@xorrery/testkit/replay`, because it reads files and the rest of the testkit needs no host.
 */
import { type AnyMachine, divergenceText, machineFor, type ReplayReport, replay } from '@xorrery/trace';
import { openTraceFile, profileFor } from '@xorrery/trace/files';
import { ViolationError } from './violation.ts';

/**
 * Runs the trace in a file again; `machine`: left out, that of the profile it was recorded with, whose package must be
 * installed. Of a trace that was cut off, what is left is run. Rejects with a `ViolationError` that shows the first step
 * that went another way, and with a `TraceError` when the file is no trace, edited, or of another version.
 */
export async function expectReplay(path: string, machine?: AnyMachine): Promise<ReplayReport> {
  const trace = await openTraceFile(path);
  const report = await replay(trace, machine ?? machineFor(trace.header, await profileFor(trace.header)));
  if (report.divergence === undefined) return report;
  const shrinking = 'xorrery shrink finds the fewest events that do this';
  throw new ViolationError(`${path}: ${divergenceText(report.divergence)}\n${shrinking}`);
}
