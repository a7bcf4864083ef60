/** `xorrery scrape TARGET`: estimates how many seeds and peers a torrent has (BEP 33), without asking who they are. */
import { parseTarget, type Target } from '@xorrery/mainline';
import type { Command } from 'commander';
import { seedsOf } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure, oneLine } from '../failure.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, time } from '../ui/text.ts';
import { addClientOptions, type ClientOptions, EXIT_HELP, TARGET_HELP } from './common.ts';

const EXAMPLES = `
Examples:
  xorrery scrape 08ada5a7a6183aae1e09d831df6748d566095a10
  xorrery scrape sintel.torrent --bootstrap 127.0.0.1:6881 --json

The numbers are estimates, of what nodes that know BEP 33 have been told.
${EXIT_HELP}`;

export function addScrape(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('scrape')
    .summary('estimate the size of a torrent (BEP 33)')
    .description('Estimate how many seeds and peers a torrent has.')
    .argument('<TARGET>', TARGET_HELP)
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, options: ClientOptions) =>
      exit(await scrape(await parseTarget(target), options, io)),
    );
  addClientOptions(command);
}

async function scrape({ id, name }: Target, options: ClientOptions, io: Io): Promise<number> {
  const { timeout, json = false, record } = options;
  const seeds = seedsOf(options.bootstrap);
  const what = name === undefined ? id : `${id.slice(0, 8)}… '${oneLine(name, 40)}'`;
  const screen = new LookupScreen(io, { title: `Counting peers of ${what}`, target: id, json, countsPeers: false });
  try {
    const outcome = await perform({
      ...{ seeds, timeout, record, io, json },
      begin: (node, operation) => node.scrape(id, operation),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { seeds: whole, peers, filters, queried, responded, elapsed: durationMs } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `asked ${queried}, answered ${responded}, ${reason} in ${time(durationMs)}`;
    const found = filters > 0;
    screen.end(found ? ending : undefined);
    if (json) {
      const totals = { filters, queried, responded, durationMs, reason };
      io.out.write(`${JSON.stringify({ target: id, seeds: whole, peers, ...totals })}\n`);
    } else if (found) io.out.write(`about ${count(whole, 'seed')} and ${count(peers, 'other peer')}\n`);
    const exitCode = exitCodeOf(found, cut);
    if (found) return exitCode;
    throw new Failure(whyNothing(outcome, responded, seeds) ?? `nobody knows of a peer: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
