/**
 * `xorrery announce TARGET`: tells the nodes closest to a torrent that a peer is here, once. It refuses a torrent that
 * is private (BEP 27), and does not announce again later: nodes forget within the hour.
 */
import { parseTarget, type Target } from '@xorrery/mainline';
import type { Command } from 'commander';
import { seedsOf, wholeNumber } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure, oneLine } from '../failure.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, nodeJson, time } from '../ui/text.ts';
import { addClientOptions, type ClientOptions, TARGET_HELP } from './common.ts';

interface AnnounceOptions extends ClientOptions {
  readonly port?: number;
  readonly impliedPort?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery announce 08ada5a7a6183aae1e09d831df6748d566095a10 --port 51413
  xorrery announce sintel.torrent --port 51413 --bootstrap 127.0.0.1:6881 --json

Nodes forget a peer within the hour.
Exit codes: 0 stored, 1 stored nowhere, 2 bad usage or input, 130 Ctrl-C.
Without --bootstrap the public Mainline nodes are asked.`;

export function addAnnounce(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('announce')
    .summary('announce that a peer of a torrent is here')
    .description('Announce a peer at this address to the nodes closest to a torrent that gave a token.')
    .argument('<TARGET>', TARGET_HELP)
    .option('-p, --port <port>', 'the TCP port on which the peer listens', wholeNumber(1, 65_535))
    .option('--implied-port', 'the port our packets come from, as nodes see it')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, options: AnnounceOptions) => {
      if ((options.port === undefined) !== (options.impliedPort === true)) {
        throw new Failure('announce needs either --port <port> or --implied-port');
      }
      exit(await announce(await parseTarget(target), options, io));
    });
  addClientOptions(command);
}

async function announce(
  target: Target,
  { bootstrap, timeout, json = false, port, record }: AnnounceOptions,
  io: Io,
): Promise<number> {
  const { id, name } = target;
  const what = name === undefined ? id : `${id.slice(0, 8)}… '${oneLine(name, 40)}'`;
  if (target.private) throw new Failure(`TARGET: ${what} is private, and must not be announced here (BEP 27)`);
  const seeds = seedsOf(bootstrap);
  const screen = new LookupScreen(io, { title: `Announcing a peer of ${what}`, target: id, json, prefix: 'find:' });
  try {
    const outcome = await perform({
      seeds,
      timeout,
      record,
      io,
      json,
      begin: (node, options) => node.announce(id, port === undefined ? options : { ...options, port }),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { stored, failed, lookup } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `refused or unanswered ${failed.length}, ${reason} in ${time(report.elapsed)}`;
    screen.end(stored.length > 0 ? `stored at ${count(stored.length, 'node')}: ${ending}` : undefined);
    if (json) {
      const { requests: queried, answered: responded } = lookup.counts;
      const totals = { queried, responded, failed: failed.length, durationMs: report.elapsed, reason };
      io.out.write(
        `${JSON.stringify({ target: id, stored: stored.length, nodes: stored.map(nodeJson), ...totals })}\n`,
      );
    } else for (const node of stored) io.out.write(`${node.id}  ${node.endpoint}\n`);
    const exitCode = exitCodeOf(stored.length > 0, cut);
    if (stored.length > 0) return exitCode;
    throw new Failure(whyNothing(outcome, lookup.counts.answered, seeds) ?? `stored nowhere: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
