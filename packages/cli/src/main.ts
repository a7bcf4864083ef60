/** The `xorrery` process: streams in, exit code out. */
import { explain } from './failure.ts';
import { run } from './program.ts';

/** ms that a finished command may still take to let go of what it holds, e.g. a name server that does not answer. */
const LINGER = 300;

// Whoever reads our output may leave early, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(1);
    throw error;
  });
}
process.on('uncaughtException', (error) => {
  process.stderr.write(`xorrery: ${explain(error).line}\n`);
  process.exit(1);
});

process.exitCode = await run(process.argv.slice(2), { out: process.stdout, err: process.stderr });
setTimeout(() => process.exit(), LINGER).unref();
