/** `xorrery lookup TARGET`: finds the peers of a torrent, and prints them as they come. It downloads nothing. */
import { type Peer, parseTarget, pointerIn, type Target } from '@xorrery/mainline';
import type { Command } from 'commander';
import { seedsOf } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure, oneLine } from '../failure.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, hostPort, nodeJson, time } from '../ui/text.ts';
import { addClientOptions, type ClientOptions, EXIT_HELP, TARGET_HELP } from './common.ts';
import { follow } from './lookup-pointer.ts';

const EXAMPLES = `
Examples:
  xorrery lookup 08ada5a7a6183aae1e09d831df6748d566095a10
  xorrery lookup 'magnet:?xt=urn:btih:08ada5a7a6183aae1e09d831df6748d566095a10'
  xorrery lookup sintel.torrent --bootstrap 127.0.0.1:6881 --timeout 30s

A magnet 'magnet:?xs=urn:btpk:KEY&s=SALT' names the owner of a pointer (BEP 46):
the torrent it points to is looked for.
${EXIT_HELP}`;

export function addLookup(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('lookup')
    .summary('find the peers of a torrent')
    .description('Find the peers of a torrent. Peers are printed as they are found.')
    .argument('<TARGET>', TARGET_HELP)
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, options: ClientOptions) => {
      const owner = pointerIn(target);
      exit(await (owner === undefined ? lookup(await parseTarget(target), options, io) : follow(owner, options, io)));
    });
  addClientOptions(command);
}

async function lookup({ id, name }: Target, options: ClientOptions, io: Io): Promise<number> {
  const { timeout, json = false, record } = options;
  const seeds = seedsOf(options.bootstrap);
  const what = name === undefined ? id : `${id.slice(0, 8)}… '${oneLine(name, 40)}'`;
  const screen = new LookupScreen(io, { title: `Looking for peers of ${what}`, target: id, json });
  try {
    const outcome = await perform({
      seeds,
      timeout,
      record,
      io,
      json,
      begin: (node, operation) => node.findPeers(id, operation),
      watch: (event, operation) => screen.take(event, operation),
      found: (peer: Peer) => {
        if (!json) screen.result(peer.key);
      },
    });
    const { report, cut } = outcome;
    const { counts, hops, closest, values } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `asked ${counts.requests}, answered ${counts.answered}, ${reason} in ${time(report.elapsed)}`;
    screen.end(
      values.length > 0 ? `${count(values.length, 'peer')} found: ${ending}, ${count(hops, 'hop')}` : undefined,
    );
    if (json) {
      const peers = values.map((peer) => hostPort(peer.key));
      const { requests: queried, answered: responded } = counts;
      const totals = {
        queried,
        responded,
        hops,
        durationMs: report.elapsed,
        totalMs: Math.round(outcome.elapsed),
        reason,
      };
      io.out.write(`${JSON.stringify({ target: id, peers, closest: closest.map(nodeJson), ...totals })}\n`);
    }
    const exitCode = exitCodeOf(values.length > 0, cut);
    if (values.length > 0) return exitCode;
    throw new Failure(whyNothing(outcome, counts.answered, seeds) ?? `no peers found: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
