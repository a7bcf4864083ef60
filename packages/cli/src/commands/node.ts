/** `xorrery node`: runs a Mainline node until SIGINT or SIGTERM, and says what happens to it. It keeps nothing. */
import type { Observer } from '@xorrery/coordinator';
import { createNode, type Mainline, type PeerStore, type PeerStoreConfig } from '@xorrery/mainline';
import type { Command } from 'commander';
import { bootstrap, host, seedsOf, wholeNumber } from '../args.ts';
import { EXIT, Failure } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { addLaterOptions } from '../later.ts';
import { nodeHeader, nodeStatus } from '../ui/node-header.ts';
import { type NodeNews, newsJson, newsLine } from '../ui/node-lines.ts';
import { type Io, Live, paintFor } from '../ui/terminal.ts';
import { hostPort } from '../ui/text.ts';

interface NodeOptions {
  readonly host?: readonly string[];
  readonly port: number;
  readonly bootstrap?: readonly string[];
  readonly readOnly?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery node
  xorrery node --host 127.0.0.1 --port 7001 --bootstrap none
  xorrery node --host 127.0.0.1 --port 0 --bootstrap 127.0.0.1:7001 --json

Without --bootstrap it joins the public network.
Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 it cannot bind, 2 bad usage.`;

export function addNode(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('node')
    .summary('run a node of the network')
    .description('Run a Mainline node until Ctrl-C or SIGTERM.')
    .option('-H, --host <address>', 'the address to bind (default: "0.0.0.0")', host)
    .option('-p, --port <port>', 'the UDP port to bind; 0 takes any free one', wholeNumber(0, 65_535), 6881)
    .option(
      '-b, --bootstrap <endpoint>',
      "join through host:port or [v6]:port; repeats; 'none' starts alone",
      bootstrap,
    )
    .option('--read-only', 'answer nobody and enter no table (BEP 43)')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async (options: NodeOptions) => exit(await runNode(options, io)));
  addLaterOptions(command, ['state', 'metrics', 'dashboard', 'record']);
}

async function runNode(options: NodeOptions, io: Io): Promise<number> {
  const { host: hosts = ['0.0.0.0'], port, json = false, readOnly = false } = options;
  const [address = '0.0.0.0', second] = hosts;
  if (second !== undefined) throw new Failure('--host: a second address is not available in this version');
  const seeds = seedsOf(options.bootstrap);
  const stop = new AbortController();
  const ended = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  const release = onInterrupt(() => stop.abort());
  let tell: (news: NodeNews) => void = () => {};
  const observer = announcements((news) => tell(news));
  const node = createNode({ host: address, port, bootstrap: seeds, readOnly, observer });
  let screen: Live | undefined;
  try {
    const events = node.events({ limit: 65_536 });
    const starting = node.start();
    await Promise.race([starting, ended]);
    if (stop.signal.aborted) {
      starting.catch(() => {});
      return EXIT.DONE;
    }
    const bound = hostPort(await starting);
    if (json) {
      const write = (line: object): unknown => io.out.write(`${JSON.stringify(line)}\n`);
      write({ event: 'ready', ...bound, id: node.id });
      tell = (news) => {
        const line = newsJson(news);
        if (line !== undefined) write(line);
      };
    } else {
      io.out.write(nodeHeader(node.id, bound, seeds, readOnly));
      screen = new Live(io.out, nodeStatus(node, paintFor(io.out)));
      tell = linesOn(io, screen);
    }
    const telling = (async () => {
      for await (const streamed of events) tell(streamed.type === 'event' ? streamed.event : streamed);
    })();
    await ended;
    await node.close();
    await telling;
    return EXIT.DONE;
  } finally {
    screen?.end(false);
    release();
    await node.close();
  }
}

/** Peers that others announce to us are requests, not events of ours: they are seen as they are answered. */
function announcements(tell: (news: NodeNews) => void): Observer<Mainline, PeerStoreConfig, PeerStore> {
  return (_at, event, effects) => {
    if (event.type !== 'received' || event.message.type !== 'request') return;
    const { request } = event.message;
    if (request.method !== 'announce_peer') return;
    if (!effects.some((it) => it.type === 'transmit' && it.message.type === 'reply')) return;
    const { from } = event;
    const peer = request.impliedPort ? from : `${from.slice(0, from.lastIndexOf(':'))}:${request.port}`;
    tell({ type: 'announced', infoHash: request.infoHash, from, peer });
  };
}

function linesOn(io: Io, screen: Live): (news: NodeNews) => void {
  const paint = paintFor(io.out);
  return (news) => {
    const line = newsLine(news, paint);
    if (line !== undefined) screen.above(() => io.out.write(`${line}\n`));
  };
}
