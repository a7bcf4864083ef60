/**
 * `xorrery demo`: a network of real UDP nodes on loopback comes up in this process, one announces a peer, and the one
 * farthest away finds it. Nothing leaves the machine.
 */
import { commonPrefix, compareDistance, type Id } from '@xorrery/core';
import type { Command } from 'commander';
import { wholeNumber } from '../args.ts';
import { EXIT, Failure } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { addLaterOptions } from '../later.ts';
import { closeNetwork, countJoined, type Member, seededIds, startNetwork } from '../network.ts';
import { DemoScreen } from '../ui/demo-screen.ts';
import type { DemoEnding } from '../ui/demo-view.ts';
import type { MainlineEvent } from '../ui/events.ts';
import type { Io } from '../ui/terminal.ts';
import { hostPort } from '../ui/text.ts';

interface DemoOptions {
  readonly nodes: number;
  readonly seed?: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery demo
  xorrery demo --nodes 100 --seed 7
  xorrery demo --json

Exit codes: 0 every node joined and the peer was found, 1 not so, 2 bad usage,
130 ended by Ctrl-C.`;

/** ms a node may take to join. */
const JOIN_LIMIT = 10_000;
/** The port of the peer that is announced. Nobody listens there. */
const PEER_PORT = 6881;

export function addDemo(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('demo')
    .summary('see a network come up on this machine')
    .description('Start a network of real UDP nodes on this machine, announce a peer in it, and find it again.')
    .option('-n, --nodes <number>', 'how many nodes, 3 to 512', wholeNumber(3, 512), 32)
    .option('-s, --seed <number>', 'makes ids and infohash repeatable', wholeNumber(0, 0xffff_ffff))
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (options: DemoOptions) => exit(await demo(options, io)));
  addLaterOptions(command, ['record']);
}

async function demo({ nodes, json = false, ...options }: DemoOptions, io: Io): Promise<number> {
  const { seed = Math.floor(Math.random() * 100_000) } = options;
  const [infoHash, ...ids] = seededIds(seed, nodes + 1) as [Id, ...Id[]];
  const most = Math.max(...ids.map((id) => commonPrefix(id, infoHash)));
  const screen = new DemoScreen(json ? io.err : io.out, json, { nodes, seed, infoHash, most });
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  const members: Member[] = [];
  try {
    const joined = await join(ids, members, screen, stop.signal);
    const lookup = await announceAndFind(members, infoHash, screen, stop.signal);
    screen.end();
    if (json) {
      const peers = lookup.peers.map(hostPort);
      io.out.write(`${JSON.stringify({ nodes, joined, infoHash, lookup: { ...lookup, peers }, seed })}\n`);
    }
    if (joined < nodes) throw new Failure(`only ${joined} of ${nodes} nodes joined`, EXIT.NOTHING);
    if (lookup.peers.length === 0) throw new Failure(`the peer was not found: ${lookup.reason}`, EXIT.NOTHING);
    return EXIT.DONE;
  } finally {
    screen.end();
    await closeNetwork(members);
    release();
  }
}

/** Brings the network up; how many have joined. */
async function join(ids: readonly Id[], members: Member[], screen: DemoScreen, signal: AbortSignal): Promise<number> {
  const from = performance.now();
  let joined = 0;
  const onJoined = (): void => screen.change({ joined: ++joined, through: members[0]?.endpoint });
  await startNetwork(ids, members, { joinLimit: JOIN_LIMIT, signal, onJoined });
  refuseWhenAborted(signal);
  const total = await countJoined(members);
  screen.change({ joinedIn: performance.now() - from });
  return total;
}

/** One in the middle announces; the one farthest from the infohash looks. */
async function announceAndFind(
  members: readonly Member[],
  infoHash: Id,
  screen: DemoScreen,
  signal: AbortSignal,
): Promise<DemoEnding> {
  const nodes = members.map((it) => it.node);
  const order = nodes.toSorted((a, b) => compareDistance(infoHash, a.id, b.id));
  const [middle, farthest] = [order[Math.floor(order.length / 2)], order.at(-1)];
  if (middle === undefined || farthest === undefined) throw new Failure('no node has started', EXIT.NOTHING);
  screen.change({ announcer: nodes.indexOf(middle) });
  const { stored, elapsed } = await middle.announce(infoHash, { port: PEER_PORT, signal });
  refuseWhenAborted(signal);
  screen.change({ stored: stored.length, storedIn: elapsed, finder: nodes.indexOf(farthest) });

  const events = farthest.events({ limit: 65_536 });
  const operation = farthest.findPeers(infoHash, { signal });
  const seen: MainlineEvent[] = [];
  for await (const streamed of events) {
    if (streamed.type === 'lagged' || streamed.event.type !== 'query' || streamed.event.id !== operation.id) continue;
    seen.push(streamed.event);
    if (streamed.event.effect.type === 'finished') break;
  }
  const report = await operation;
  await screen.replay(seen, operation.id, signal);
  refuseWhenAborted(signal);
  const { counts, hops, elapsed: durationMs, reason, values } = report;
  const totals = { queried: counts.requests, responded: counts.answered, hops, durationMs, reason };
  const ending = { peers: values.map((it) => it.key), ...totals };
  screen.change({ ending });
  return ending;
}

function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Failure('interrupted', EXIT.INTERRUPTED);
}
