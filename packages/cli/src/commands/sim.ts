/** `xorrery sim`: a simulated network, its lookups judged against the truth. The same seed gives the same figures. */
import { readFileSync } from 'node:fs';
import type { Scenario } from '@xorrery/simulator';
import { parseDuration, scenarioOf } from '@xorrery/simulator';
import type { Command } from 'commander';
import { wholeNumber } from '../args.ts';
import { EXIT, Failure, oneLine } from '../failure.ts';
import { withHeap } from '../heap.ts';
import { onInterrupt } from '../interrupt.ts';
import { checkWritable, writeReport } from '../report/report.ts';
import { protocolOf, type Run, runScenario, writeScenarioTrace } from '../simulate.ts';
import { TraceFile } from '../trace-file.ts';
import { SimScreen, simLines } from '../ui/sim-screen.ts';
import { type Io, paintFor } from '../ui/terminal.ts';

interface SimOptions {
  readonly nodes?: number;
  readonly lookups?: number;
  readonly k?: number;
  readonly alpha?: number;
  readonly paths?: number;
  readonly profile?: string;
  readonly tables?: Scenario['tables'];
  readonly latency?: string;
  readonly loss?: string;
  readonly churn?: string;
  readonly adversary?: string;
  readonly duration?: string;
  readonly scenario?: string;
  readonly seed?: number;
  readonly report?: string;
  readonly record?: string;
  readonly recordEvents?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
SPECs:
  latency    fixed:MS | uniform:LO,HI | lognormal:MEDIAN_MS,SIGMA
  churn      exp:MEAN | weibull:SHAPE,MEAN           (durations: 30s, 15m, 2h)
  adversary  KIND:SHARE[,KIND:SHARE], a KIND of sybil, eclipse, poison, liar,
             spoof, token-thief, slow-loris, id-changer, flood,
             spoofed-flood, reflection

Examples:
  xorrery sim
  xorrery sim --nodes 10000 --tables full --lookups 4000 --k 8 --seed 7
  xorrery sim --loss 0.2 --churn weibull:0.5,1h --report churn.html
  xorrery sim --adversary liar:0.2 --paths 8 --tables full --json
  xorrery sim --scenario partition.json --seed 3 --record run.ndjson.gz

Exit codes: 0 done, 2 bad usage or input, 3 a promise was broken, 130 ended by
Ctrl-C.`;

export function addSim(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('sim')
    .summary('simulate a network')
    .description('Simulate a network of production nodes in virtual time, and judge its lookups against the truth.')
    .option('-n, --nodes <number>', 'how many nodes (1000)', wholeNumber(1, 10_000_000))
    .option('-l, --lookups <number>', 'how many lookups (1000)', wholeNumber(0, 100_000_000))
    .option('-k, --k <number>', 'bucket size, and how many of the closest are wanted (20)', wholeNumber(1, 1_024))
    .option('-a, --alpha <number>', 'requests in flight of one lookup (3)', wholeNumber(1, 1_024))
    .option('--paths <number>', 'disjoint paths of a lookup (1)', wholeNumber(1, 16))
    .option('--profile <name>', 'generic or mainline (generic)')
    .option('--tables <how>', "'full' from the start, or 'joined' through bootstrap (joined)")
    .option('--latency <spec>', 'how long a packet travels (uniform:20,200)')
    .option('--loss <share>', 'the share of packets that are lost, 0 to 1 (0)')
    .option('--churn <spec>', 'how long nodes stay; they come back as others (off)')
    .option('--adversary <spec>', 'who is not honest (off)')
    .option('--duration <duration>', 'least virtual time, e.g. 10m')
    .option('--scenario <file>', 'a JSON file with all of these and more; options win')
    .option('-s, --seed <number>', 'one seed, one result (1)', wholeNumber(0, 0xffff_ffff))
    .option('--report <file.html>', 'write a page with plots')
    .option('--record <file>', 'write a trace: scenario, seed and hashes; gzipped when it ends in .gz')
    .option('--record-events', 'write every event into it, to be explained')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (options: SimOptions) => exit(await sim(options, io)));
}

async function sim(options: SimOptions, io: Io): Promise<number> {
  const scenario = scenarioFrom(options);
  protocolOf(scenario);
  const { json = false, report, record, recordEvents = false } = options;
  if (report !== undefined) checkWritable('--report', report);
  if (record !== undefined) checkWritable('--record', record);
  else if (recordEvents) throw new Failure('--record-events: say where with --record');
  const shadow = withHeap(heapFor(scenario));
  if (shadow !== undefined) return shadow;
  const screen = new SimScreen(io, json);
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  let run: Run;
  try {
    const file = record === undefined ? undefined : await TraceFile.open(record);
    try {
      const recording = file === undefined ? undefined : { record: { file, events: recordEvents } };
      run = await runScenario(scenario, { signal: stop.signal, progress: (it) => screen.take(it), ...recording });
    } finally {
      await file?.close();
    }
  } catch (error) {
    if (stop.signal.aborted) throw new Failure('interrupted', EXIT.INTERRUPTED);
    throw error;
  } finally {
    screen.end();
    release();
  }
  if (report !== undefined) await writeReport(report, scenario, run);
  if (json) io.out.write(`${JSON.stringify(run)}\n`);
  else io.out.write(`${simLines(scenario, run, paintFor(io.out)).join('\n')}\n`);
  if (run.violation === undefined) return EXIT.DONE;
  const trace = record ?? (await writeSeedTrace(scenario, run));
  const { claim, node, at } = run.violation;
  throw new Failure(
    `a promise was broken at ${at} ms by node ${node}, seed ${run.seed}: ${claim}; the trace is ${trace}: ` +
      `xorrery replay ${trace} runs it again, xorrery shrink ${trace} makes it small`,
    EXIT.DIVERGED,
  );
}

/** The trace of a run that was not recorded and failed: its scenario says it all. The name of the file. */
async function writeSeedTrace(scenario: Scenario, run: Run): Promise<string> {
  const name = `xorrery-sim-${run.seed}.ndjson`;
  const file = await TraceFile.open(name);
  writeScenarioTrace(scenario, run, file);
  await file.close();
  return name;
}

/** The scenario of a file, if one is given, with the options on top. */
function scenarioFrom({
  scenario: file,
  report,
  json,
  record,
  recordEvents,
  paths,
  loss,
  duration,
  ...given
}: SimOptions): Scenario {
  const parts: Record<string, unknown> = { ...(file === undefined ? undefined : readScenario(file)) };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) parts[name] = value;
  if (loss !== undefined) parts.loss = /^\d*\.?\d+$/.test(loss) ? Number(loss) : loss;
  if (duration !== undefined) parts.duration = parseDuration('--duration', duration);
  if (paths !== undefined) {
    const config = (parts.config ?? {}) as { readonly query?: object };
    parts.config = { ...config, query: { ...config.query, paths } };
  }
  return scenarioOf(parts);
}

function readScenario(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`--scenario '${file}': ${oneLine((error as Error).message)}`);
  }
  try {
    const parts: unknown = JSON.parse(text);
    if (typeof parts === 'object' && parts !== null && !Array.isArray(parts)) return parts;
  } catch (error) {
    throw new Failure(`--scenario '${file}': not JSON: ${oneLine((error as Error).message, 120)}`);
  }
  throw new Failure(`--scenario '${file}': must be a JSON object`);
}

/** Bytes of heap a run may need, generously. */
function heapFor({ nodes, lookups, tables, k, duration, churn }: Scenario): number {
  const touched = tables === 'full' && duration === 0 && churn === 'off' ? Math.min(nodes, 2 * k * lookups) : nodes;
  return 500_000_000 + nodes * 600 + touched * (8_000 + 1_600 * k);
}
