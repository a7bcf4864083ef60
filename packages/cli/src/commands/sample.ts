/** `xorrery sample E`: asks one node which torrents it stores peers of (BEP 51), and prints a sample. */
import { resolveEndpoint, type Sample } from '@xorrery/mainline';
import type { Command } from 'commander';
import { endpoint } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../ui/terminal.ts';
import { count, hostPort, time } from '../ui/text.ts';
import { addEndingOptions, type ClientOptions } from './common.ts';

const EXAMPLES = `
Examples:
  xorrery sample 127.0.0.1:6881
  xorrery sample dht.example.net:6881 --timeout 5s --json

Nobody else is asked. A node's sample stays the same for "interval" seconds.
Exit codes: 0 it answered, 1 it did not, 2 bad usage or input, 130 Ctrl-C.`;

export function addSample(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('sample')
    .summary('ask a node which torrents it knows (BEP 51)')
    .description('Ask one node which torrents it stores peers of, and print a sample.')
    .argument('<ENDPOINT>', 'host:port or [v6]:port', endpoint)
    .addHelpText('after', EXAMPLES)
    .action(async (whom: string, options: ClientOptions) => exit(await sample(whom, options, io)));
  addEndingOptions(command);
}

async function sample(text: string, { timeout, json = false, record }: ClientOptions, io: Io): Promise<number> {
  const whom = await resolveEndpoint(text).catch((error: Error) => {
    throw new Failure(`ENDPOINT: ${error.message}`, 1);
  });
  const outcome = await perform({
    ...{ seeds: [], whom: [whom], timeout, record, io, json },
    begin: (node, operation) => node.sampleAt(whom, operation),
    found: ({ key }: Sample) => {
      if (!json) io.out.write(`${key}\n`);
    },
  });
  const { report, cut } = outcome;
  const { answered, samples, num, interval, refusal, elapsed: durationMs } = report;
  const reason = reasonOf(report.reason, cut);
  if (json) {
    const totals = { answered, durationMs, reason };
    io.out.write(`${JSON.stringify({ ...hostPort(whom), interval, num, samples, ...totals })}\n`);
  } else if (answered) {
    const next = interval === 0 ? 'others at once' : `others in ${time(1_000 * interval)}`;
    io.err.write(`${samples.length} of ${count(num, 'torrent')}; ${next}\n`);
  }
  const exitCode = exitCodeOf(answered, cut);
  if (answered) return exitCode;
  const refused = refusal === undefined ? undefined : `it refused: ${refusal.code} ${refusal.text}`;
  throw new Failure(refused ?? whyNothing(outcome, 0, [whom]) ?? 'it did not say', exitCode);
}
