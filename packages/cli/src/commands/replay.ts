/** `xorrery replay TRACE`: runs a trace again, and says where it goes another way, if it does. */
import { divergenceText } from '@xorrery/trace';
import type { Command } from 'commander';
import { EXIT, Failure, oneLine } from '../failure.ts';
import { withStream } from '../trace-input.ts';
import { KINDS } from '../trace-kinds.ts';
import { type Io, Live, paintFor } from '../ui/terminal.ts';
import { count, time } from '../ui/text.ts';

const EXAMPLES = `
Examples:
  xorrery node --record night.ndjson.gz
  xorrery replay night.ndjson.gz
  xorrery replay night.ndjson.gz --json

The same events must have the same effects, and the same states on the way.
Exit codes: 0 identical, 2 not a trace, edited, or cut off (what is left of it
is run all the same), 3 it went another way.`;

export function addReplay(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('replay')
    .summary('run a trace again')
    .description('Run a trace again, and compare every effect with what was recorded.')
    .argument('<TRACE>', 'a file written by --record')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: { readonly json?: boolean }) => exit(await runAgain(path, options, io)));
}

async function runAgain(path: string, { json = false }: { readonly json?: boolean }, io: Io): Promise<number> {
  const paint = paintFor(io.err);
  const from = performance.now();
  let done = 0;
  const rate = (): string => {
    const ms = performance.now() - from;
    return `${count(done, 'event')} in ${time(ms)}, ${count(Math.round((done * 1_000) / Math.max(1, ms)), 'event')} a second`;
  };
  const live = new Live(io.err, () => [paint.dim(`replayed ${rate()}`)]);
  try {
    const { kind, profile, report } = await withStream('TRACE', path, async (trace) => {
      const { kind, profile } = trace.header;
      const report = await KINDS[kind].replay(trace, (events) => {
        done = events;
      });
      return { kind, profile, report };
    });
    live.end(false);
    const { identical, divergence, truncated, violation } = report;
    if (json) {
      const { events } = report;
      const rest = { ...(divergence && { divergence }), ...(violation && { violation }) };
      io.out.write(`${JSON.stringify({ events, identical, ...rest, truncated, kind, profile })}\n`);
    } else if (divergence !== undefined) io.out.write(`${divergenceText(divergence)}\n`);
    else io.out.write(`identical: ${rate()}\n`);
    if (divergence !== undefined) {
      const what = `step ${divergence.step} (${oneLine(divergence.event.type, 40)}) went another way`;
      throw new Failure(`the replay diverged: ${what}`, EXIT.DIVERGED);
    }
    if (violation !== undefined) {
      const { claim, node, at } = violation;
      throw new Failure(`it broke a promise again, at ${at} ms by node ${node}: ${claim}`, EXIT.DIVERGED);
    }
    if (truncated) throw new Failure(`TRACE: it is cut off after ${count(report.events, 'event')}: '${path}'`);
    return identical ? EXIT.DONE : EXIT.DIVERGED;
  } finally {
    live.end(false);
  }
}
