/** `xorrery node`: runs a Mainline node until SIGINT or SIGTERM, and says what happens to it. */
import { createNode, type MainlineNode, mainline } from '@xorrery/mainline';
import type { Command } from 'commander';
import { bootstrap, host, seedsOf, wholeNumber } from '../args.ts';
import { addLaterOptions } from '../later.ts';
import { statsOf } from '../node-stats.ts';
import { addRecordOption, both, recordAt, startRecording } from '../recording.ts';
import { serve } from '../serve.ts';
import { storedHere } from '../stored-here.ts';
import type { NodeNews } from '../ui/node-lines.ts';
import type { Io } from '../ui/terminal.ts';
import { count } from '../ui/text.ts';

interface NodeOptions {
  readonly host?: readonly string[];
  readonly port: number;
  readonly bootstrap?: readonly string[];
  readonly readOnly?: boolean;
  readonly state?: string;
  readonly record?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery node
  xorrery node --host 127.0.0.1 --port 7001 --bootstrap none
  xorrery node --host 0.0.0.0 --host ::
  xorrery node --host 127.0.0.1 --port 0 --bootstrap 127.0.0.1:7001 --json
  xorrery node --state /var/lib/xorrery
  xorrery node --record night.ndjson.gz

With --state it keeps its id, the nodes it knows and what was stored at it in
a directory of its own, and goes on from there when it is started again.
Without --bootstrap it joins the public network. A trace goes on in another
file after 64 MiB (night.2.ndjson.gz, ...); the last 8 are kept.
Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 it cannot bind, 2 bad usage.`;

export function addNode(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('node')
    .summary('run a node of the network')
    .description('Run a Mainline node until Ctrl-C or SIGTERM.')
    .option('-H, --host <address>', 'the address to bind; repeats (default: "0.0.0.0")', host)
    .option('-p, --port <port>', 'the UDP port to bind; 0 takes any free one', wholeNumber(0, 65_535), 6881)
    .option(
      '-b, --bootstrap <endpoint>',
      "join through host:port or [v6]:port; repeats; 'none' starts alone",
      bootstrap,
    )
    .option('--state <dir>', 'keep the state in this directory')
    .option('--read-only', 'answer nobody and enter no table (BEP 43)')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async (options: NodeOptions) => exit(await runNode(options, io)));
  addRecordOption(command);
  addLaterOptions(command, ['metrics', 'dashboard']);
}

async function runNode(options: NodeOptions, io: Io): Promise<number> {
  const { host: hosts = ['0.0.0.0'], port, json = false, readOnly = false } = options;
  const seeds = seedsOf(options.bootstrap);
  const recordings = hosts.map((_, i) => startRecording(recordAt(options.record, i), mainline));
  const service = {
    command: 'node',
    seeds,
    readOnly,
    json,
    recordings,
    make: (tell: (news: NodeNews) => void) =>
      createNode({
        host: hosts,
        port,
        bootstrap: seeds,
        readOnly,
        ...(options.state !== undefined && { state: options.state }),
        observer: recordings.map((it) => both(storedHere(tell), it?.observer)),
      }),
    stats: statsOf,
    keeps: ({ states }: MainlineNode) => {
      const sum = (of: (state: MainlineNode['state']) => number): number => states.reduce((all, it) => all + of(it), 0);
      const torrents = sum(({ server }) => server.peers.torrents.size);
      return `${count(torrents, 'torrent')}, ${count(
        sum(({ server }) => server.items.held.size),
        'value',
      )}`;
    },
  };
  return serve(service, io);
}
