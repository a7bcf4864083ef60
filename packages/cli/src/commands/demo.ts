/**
 * `xorrery demo`: a network of real UDP nodes on loopback comes up in this process, one announces a peer and puts two values,
 * and the one farthest away finds them. What that one lived through is recorded, and run again. Nothing leaves the machine.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { commonPrefix, compareDistance, type Id, idToBytes } from '@xorrery/core';
import { type MainlineNode, mainline } from '@xorrery/mainline';
import { machineFor, type ReplayReport, replay } from '@xorrery/trace';
import { openTraceFile } from '@xorrery/trace/files';
import type { Command } from 'commander';
import { wholeNumber } from '../args.ts';
import { EXIT, Failure } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { closeNetwork, countJoined, type Member, seededIds, startNetwork } from '../network.ts';
import { addRecordOption, type Recording, startRecording } from '../recording.ts';
import { DemoScreen } from '../ui/demo-screen.ts';
import type { DemoEnding, DemoItems } from '../ui/demo-view.ts';
import type { MainlineEvent } from '../ui/events.ts';
import type { Io } from '../ui/terminal.ts';
import { hostPort } from '../ui/text.ts';

interface DemoOptions {
  readonly nodes: number;
  readonly seed?: number;
  readonly record?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery demo
  xorrery demo --nodes 100 --seed 7
  xorrery demo --record demo.ndjson --json

The node that looks is recorded, and the recording is run again.
Exit codes: 0 every node joined, and all was found, 1 not so, 2 bad usage, 3 the
replay went another way, 130 ended by Ctrl-C.`;

/** ms a node may take to join. */
const JOIN_LIMIT = 10_000;
/** The port of the peer that is announced. Nobody listens there. */
const PEER_PORT = 6881;

export function addDemo(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('demo')
    .summary('see a network come up on this machine')
    .description('Start a network of real UDP nodes on this machine, store a peer and values in it, and find them.')
    .option('-n, --nodes <number>', 'how many nodes, 3 to 512', wholeNumber(3, 512), 32)
    .option('-s, --seed <number>', 'makes ids and infohash repeatable', wholeNumber(0, 0xffff_ffff))
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (options: DemoOptions) => exit(await demo(options, io)));
  addRecordOption(command);
}

async function demo({ nodes, json = false, ...options }: DemoOptions, io: Io): Promise<number> {
  const { seed = Math.floor(Math.random() * 100_000) } = options;
  const [infoHash, ...others] = seededIds(seed, nodes + 3) as [Id, ...Id[]];
  const ids = others.slice(0, nodes);
  const most = Math.max(...ids.map((id) => commonPrefix(id, infoHash)));
  const screen = new DemoScreen(json ? io.err : io.out, json, { nodes, seed, infoHash, most });
  const finder = ids.toSorted((a, b) => compareDistance(infoHash, a, b)).at(-1) as Id;
  const trace = options.record ?? joinPath(mkdtempSync(joinPath(tmpdir(), 'xorrery-')), 'demo.ndjson.gz');
  const recording = startRecording(trace, mainline) as Recording;
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  const members: Member[] = [];
  try {
    const joined = await join(ids, members, screen, stop.signal, { id: finder, recording });
    const lookup = await announceAndFind(members, infoHash, screen, stop.signal);
    const items = await putAndGet(members, infoHash, ownerSeed(others.slice(nodes)), stop.signal);
    screen.change({ items });
    const replayed = await runAgain(members, finder, recording, trace);
    const { events, identical } = replayed;
    screen.change({ replayed: { events, identical, trace } });
    screen.end();
    if (json) {
      const peers = lookup.peers.map(hostPort);
      const found = { lookup: { ...lookup, peers }, ...items, trace, replay: { events, identical } };
      io.out.write(`${JSON.stringify({ nodes, joined, infoHash, ...found, seed })}\n`);
    }
    if (joined < nodes) throw new Failure(`only ${joined} of ${nodes} nodes joined`, EXIT.NOTHING);
    if (lookup.peers.length === 0) throw new Failure(`the peer was not found: ${lookup.reason}`, EXIT.NOTHING);
    if (!items.immutable.found || !items.mutable.found) throw new Failure('a value was not found', EXIT.NOTHING);
    if (!identical) throw new Failure(`the replay went another way: ${trace}`, EXIT.DIVERGED);
    return EXIT.DONE;
  } finally {
    screen.end();
    await closeNetwork(members);
    await recording.close();
    release();
  }
}

/** Brings the network up; how many have joined. */
async function join(
  ids: readonly Id[],
  members: Member[],
  screen: DemoScreen,
  signal: AbortSignal,
  recorded: { readonly id: Id; readonly recording: Recording },
): Promise<number> {
  const from = performance.now();
  let joined = 0;
  const onJoined = (): void => screen.change({ joined: ++joined, through: members[0]?.endpoint });
  await startNetwork(ids, members, { joinLimit: JOIN_LIMIT, signal, onJoined, recorded });
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
  const { middle, farthest } = actors(members, infoHash);
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

/** The one in the middle puts a value under its hash, and two versions under its key; the one farthest away looks. */
async function putAndGet(
  members: readonly Member[],
  infoHash: Id,
  seed: Uint8Array,
  signal: AbortSignal,
): Promise<DemoItems> {
  const { middle, farthest } = actors(members, infoHash);
  const fixed = await middle.put('a value for ever', { every: 'off', signal });
  const put = (value: string, seq: number) => middle.put(value, { mutable: { seed, seq }, every: 'off', signal });
  await put('a draft', 1);
  const owned = await put('the latest', 2);
  const one = await farthest.get(fixed.target, { signal });
  const two = await farthest.get(owned.target, { signal });
  refuseWhenAborted(signal);
  return {
    immutable: { target: fixed.target, found: one.value !== undefined },
    mutable: { target: owned.target, seq: two.seq ?? 0, found: two.seq === 2 },
  };
}

/** Who announces and puts, and who looks. */
function actors(
  members: readonly Member[],
  infoHash: Id,
): { readonly middle: MainlineNode; readonly farthest: MainlineNode } {
  const order = members.map((it) => it.node).toSorted((a, b) => compareDistance(infoHash, a.id, b.id));
  const [middle, farthest] = [order[Math.floor(order.length / 2)], order.at(-1)];
  if (middle === undefined || farthest === undefined) throw new Failure('no node has started', EXIT.NOTHING);
  return { middle, farthest };
}

/** 32 bytes out of ids. */
function ownerSeed(ids: readonly Id[]): Uint8Array {
  return Buffer.concat(ids.map(idToBytes)).subarray(0, 32);
}

/** Ends the recording of the node that looked, and runs it again. */
async function runAgain(members: readonly Member[], id: Id, recording: Recording, file: string): Promise<ReplayReport> {
  await members.find((it) => it.node.id === id)?.node.close();
  await recording.close();
  const stream = await openTraceFile(file);
  return replay(stream, machineFor(stream.header, mainline));
}

function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Failure('interrupted', EXIT.INTERRUPTED);
}
