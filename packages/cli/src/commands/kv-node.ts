/** `xorrery kv node`: runs a node of the key-value store until SIGINT or SIGTERM, and says what happens to it. */
import type { Observer } from '@xorrery/coordinator';
import { createKvNode, type Kv, type KvNode, type KvRecords, type KvStoreConfig, kv } from '@xorrery/kv';
import type { Command } from 'commander';
import { bootstrap, host, seedsOf, wholeNumber } from '../args.ts';
import { Failure } from '../failure.ts';
import { addLaterOptions } from '../later.ts';
import { addRecordOption, both, startRecording } from '../recording.ts';
import { serve } from '../serve.ts';
import type { NodeNews } from '../ui/node-lines.ts';
import type { Io } from '../ui/terminal.ts';
import { count } from '../ui/text.ts';

interface KvNodeOptions {
  readonly host?: readonly string[];
  readonly port: number;
  readonly bootstrap?: readonly string[];
  readonly readOnly?: boolean;
  readonly record?: string;
  readonly json?: boolean;
}

/** Where `kv node` listens unless told otherwise. */
const PORT = 7_600;

const EXAMPLES = `
Examples:
  xorrery kv node
  xorrery kv node --host 127.0.0.1 --port 7601 --bootstrap 127.0.0.1:7600
  xorrery kv node --host ::1 --port 0 --json

It keeps what others store, in memory, for a day at most.
Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 it cannot bind, 2 bad usage.`;

export function addKvNode(group: Command, io: Io, exit: (code: number) => void): void {
  const command = group
    .command('node')
    .summary('run a node of the store')
    .description('Run a node of the key-value store until Ctrl-C or SIGTERM.')
    .option('-H, --host <address>', 'the address to bind (default: "0.0.0.0")', host)
    .option('-p, --port <port>', 'the UDP port to bind; 0 takes any free one', wholeNumber(0, 65_535), PORT)
    .option(
      '-b, --bootstrap <endpoint>',
      'join through host:port or [v6]:port; repeats; left out: start alone',
      bootstrap,
    )
    .option('--read-only', 'answer nobody, enter no table, keep nothing')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async (options: KvNodeOptions) => exit(await runKvNode(options, io)));
  addRecordOption(command);
  addLaterOptions(command, ['state', 'metrics', 'dashboard']);
}

async function runKvNode(options: KvNodeOptions, io: Io): Promise<number> {
  const { host: hosts = ['0.0.0.0'], port, json = false, readOnly = false } = options;
  const [address = '0.0.0.0', second] = hosts;
  if (second !== undefined) throw new Failure('--host: a node of the store has one address');
  const seeds = seedsOf(options.bootstrap, []);
  const recording = startRecording(options.record, kv);
  const service = {
    command: 'kv node',
    seeds,
    readOnly,
    json,
    recordings: [recording],
    make: (tell: (news: NodeNews) => void) =>
      createKvNode({
        host: address,
        port,
        bootstrap: seeds,
        readOnly,
        observer: both(stores(tell), recording?.observer),
      }),
    keeps: (node: KvNode) => count(node.state.server.held.size, 'value'),
  };
  return serve(service, io);
}

/** What others store here is a request, no event of ours: it is seen as it is answered. */
function stores(tell: (news: NodeNews) => void): Observer<Kv, KvStoreConfig, KvRecords> {
  return (_at, event, effects) => {
    if (event.type !== 'received' || event.message.type !== 'request') return;
    const { request } = event.message;
    if (request.method !== 'store') return;
    if (!effects.some((it) => it.type === 'transmit' && it.message.type === 'reply')) return;
    const bytes = Buffer.byteLength(request.record.value, 'base64');
    tell({ type: 'stored', key: request.key, from: event.from, bytes });
  };
}
