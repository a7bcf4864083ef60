/**
 * The node behind short-lived commands such as `lookup` and `kv get`: it joins, does one thing, and is gone. It answers nobody and
 * enters no table (BEP 43). Its time is limited as a whole, and Ctrl-C ends it early with what it has.
 */
import type { Operation, StreamEvent, SubscribeOptions, Subscription } from '@xorrery/coordinator';
import type { Protocol } from '@xorrery/core';
import { createKvNode, type KvNode, kv } from '@xorrery/kv';
import { createNode, type JoinReport, type LookupOptions, type MainlineNode, mainline } from '@xorrery/mainline';
import type { AnyProfile } from '@xorrery/trace';
import { bindHosts } from './args.ts';
import { EXIT, Failure } from './failure.ts';
import { onInterrupt } from './interrupt.ts';
import { endRecording, type Recording, startRecording } from './recording.ts';
import type { AnyEvent } from './ui/events.ts';
import type { Io } from './ui/terminal.ts';
import { count, time } from './ui/text.ts';

/** What every kind of node says of its join. */
type Joined = Pick<JoinReport, 'outcome' | 'contacts' | 'elapsed'>;

/** What is needed of a node of any protocol. */
export interface ClientNode {
  start(): Promise<unknown>;
  close(): Promise<void>;
  joined(): Promise<Joined | undefined>;
  events(options: SubscribeOptions): Subscription<StreamEvent<Protocol>>;
}

/** How it is made: where to bind, whom to join through. */
export interface ClientNodeOptions {
  readonly host: readonly string[];
  readonly port: 0;
  readonly bootstrap: readonly string[];
  readonly readOnly: true;
  readonly observer?: Recording['observer'];
}

/** Which network it is a node of. */
export interface ClientProtocol<Node extends ClientNode> {
  readonly profile: AnyProfile;
  make(options: ClientNodeOptions): Node;
}

const MAINLINE: ClientProtocol<MainlineNode> = { profile: mainline, make: createNode };
export const KV: ClientProtocol<KvNode> = {
  profile: kv,
  make: ({ host, ...options }) => createKvNode({ ...options, host: host[0] as string }),
};

export interface Task<Item, Report, Node extends ClientNode = MainlineNode> {
  readonly seeds: readonly string[];
  /** Whom it talks to, where it joins through nobody. */
  readonly whom?: readonly string[];
  /** ms for everything: resolving, joining, looking. */
  readonly timeout: number;
  /** The file a trace goes to, and where to say so. */
  readonly record: string | undefined;
  readonly io: Io;
  readonly json: boolean;
  begin(node: Node, options: LookupOptions): Operation<Item, Report>;
  /** Everything the node announces while it works; `operation` is the id of what was begun. */
  watch?(event: AnyEvent, operation: string): void;
  /** What it finds, as it comes. */
  found?(item: Item): void;
}

export interface Outcome<Report> {
  readonly report: Report;
  /** How joining went; `undefined` when it had not ended by then. */
  readonly join: Joined | undefined;
  /** Whether the time was up, or the user had enough. */
  readonly cut: 'timeout' | 'interrupt' | undefined;
  /** ms from the first packet to the end. */
  readonly elapsed: number;
}

/** Does it with a Mainline node. Throws what `createNode` and `start` throw. */
export function perform<Item, Report>(task: Task<Item, Report>): Promise<Outcome<Report>> {
  return performWith(MAINLINE, task);
}

/** Does it with a node of this network. Throws what making and starting it throws. */
export async function performWith<Item, Report, Node extends ClientNode>(
  { profile, make }: ClientProtocol<Node>,
  task: Task<Item, Report, Node>,
): Promise<Outcome<Report>> {
  const { seeds, whom = seeds, timeout, io, json } = task;
  const recording = startRecording(task.record, profile);
  const observed = recording === undefined ? undefined : { observer: recording.observer };
  const abort = new AbortController();
  const cutBy = (how: 'timeout' | 'interrupt') => (): void => abort.abort(how);
  const timer = setTimeout(cutBy('timeout'), timeout);
  const release = onInterrupt(cutBy('interrupt'));
  // A trace is that of one node, at one address.
  const host = bindHosts(whom).slice(0, recording === undefined ? undefined : 1);
  const node = make({ host, port: 0, bootstrap: seeds, readOnly: true, ...observed });
  try {
    const events = node.events({ limit: 65_536 });
    await orAborted(node.start(), abort.signal);
    const from = performance.now();
    const operation = task.begin(node, { signal: abort.signal, settings: { deadline: timeout } });
    let join: Joined | undefined;
    void node.joined().then((report) => {
      join = report;
    });
    const watching = (async () => {
      for await (const streamed of events) {
        if (streamed.type === 'event') task.watch?.(streamed.event, operation.id);
      }
    })();
    for await (const item of operation) task.found?.(item);
    const report = await operation;
    const elapsed = performance.now() - from;
    await node.close();
    await watching;
    return { report, join, cut: abort.signal.reason as Outcome<Report>['cut'], elapsed };
  } finally {
    clearTimeout(timer);
    release();
    await node.close();
    await endRecording(recording, io, json);
  }
}

/** Why nothing was found, when that is no fault of the lookup: nobody was there, or the user had enough. */
export function whyNothing<Report>(
  { join, cut, elapsed }: Outcome<Report>,
  answered: number,
  seeds: readonly string[],
): string | undefined {
  if (cut === 'interrupt') return 'interrupted';
  if (answered > 0 || (join?.contacts ?? 0) > 0) return undefined;
  if (seeds.length === 0) return 'nobody to ask: --bootstrap none starts alone';
  const whom = seeds.length > 2 ? `any of ${count(seeds.length, 'endpoint')}` : seeds.join(' or ');
  return `nobody answered at ${whom} within ${time(Math.round(elapsed / 100) * 100)}`;
}

/** The reason to report: an operation that was cut by the clock has expired. */
export function reasonOf<Reason extends string>(reason: Reason, cut: Outcome<unknown>['cut']): Reason | 'expired' {
  return cut === 'timeout' && reason === 'cancelled' ? 'expired' : reason;
}

/** The exit code: what was asked for is there, or not, or the user had enough. */
export function exitCodeOf(found: boolean, cut: Outcome<unknown>['cut']): number {
  if (cut === 'interrupt') return EXIT.INTERRUPTED;
  return found ? EXIT.DONE : EXIT.NOTHING;
}

/** Waits for a start that may hang, e.g. on a name server, no longer than wanted. */
async function orAborted(starting: Promise<unknown>, signal: AbortSignal): Promise<void> {
  starting.catch(() => {});
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([starting, aborted]);
  if (signal.reason === 'interrupt') throw new Failure('interrupted', EXIT.INTERRUPTED);
  if (signal.aborted) throw new Failure('the time was up before the bootstrap nodes had addresses', EXIT.NOTHING);
}
