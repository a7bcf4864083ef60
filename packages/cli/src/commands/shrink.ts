/** `xorrery shrink TRACE`: the smallest trace that still fails the same way, in a file of its own. */
import { writeTraceFile } from '@xorrery/trace/files';
import type { Command } from 'commander';
import { EXIT, Failure } from '../failure.ts';
import { withTrace } from '../trace-input.ts';
import { KINDS } from '../trace-kinds.ts';
import { type Io, Live, paintFor } from '../ui/terminal.ts';
import { count } from '../ui/text.ts';

interface ShrinkOptions {
  readonly out?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery shrink night.ndjson.gz
  xorrery shrink night.ndjson.gz -o least.ndjson
  xorrery replay least.ndjson

A trace fails when this version of the node throws, or goes another way.
Exit codes: 0 written, 1 it does not fail, 2 not a trace, or edited.`;

export function addShrink(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('shrink')
    .summary('reduce a failing trace')
    .description('Find the smallest trace that still fails the same way.')
    .argument('<TRACE>', 'a file written by --record')
    .option('-o, --out <file>', 'where to write it (default: TRACE with .min before its ending)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: ShrinkOptions) => exit(await reduce(path, options, io)));
}

async function reduce(path: string, { out, json = false }: ShrinkOptions, io: Io): Promise<number> {
  const file = out ?? path.replace(/((?:\.[a-z]+){0,2})$/, '.min$1');
  const paint = paintFor(io.err);
  let left: number | undefined;
  const live = new Live(io.err, () => [paint.dim(left === undefined ? 'running it' : `${count(left, 'event')} left`)]);
  try {
    const found = await withTrace('TRACE', path, (trace) =>
      KINDS[trace.header.kind].shrink(trace, (now) => {
        left = now;
        live.draw();
      }),
    );
    live.end(false);
    if (found === undefined) throw new Failure(`the trace does not fail: '${path}'`, EXIT.NOTHING);
    const { before, after, failure, minimal, trace } = found;
    await written(file, () => writeTraceFile(file, trace));
    if (json) io.out.write(`${JSON.stringify({ before, after, file, failure, minimal })}\n`);
    else io.out.write(`from ${count(before, 'event')} to ${count(after, 'event')} in ${file}: ${failure}\n`);
    return EXIT.DONE;
  } finally {
    live.end(false);
  }
}

async function written(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such directory' : code === 'EISDIR' ? 'it is a directory' : code;
    throw new Failure(`--out '${file}': cannot write it: ${why}`);
  }
}
