/** Running a node for as long as the user wants: it starts, says that it is ready, tells what happens, and ends. */
import type { StreamEvent, SubscribeOptions, Subscription } from '@xorrery/coordinator';
import type { Endpoint, Id, Protocol } from '@xorrery/core';
import { EXIT, oneLine } from './failure.ts';
import { onInterrupt } from './interrupt.ts';
import { keepHeapSmall } from './lean.ts';
import { endRecording, type Recording } from './recording.ts';
import { type NodeView, nodeHeader, nodeStatus } from './ui/node-header.ts';
import { type NodeNews, newsJson, newsLine } from './ui/node-lines.ts';
import { type Io, Live, paintFor } from './ui/terminal.ts';
import { hostPort } from './ui/text.ts';

/** What is needed of a node of any protocol. */
export interface ServedNode extends NodeView {
  start(): Promise<Endpoint>;
  close(): Promise<void>;
  /** Where it is bound, and under which ids, if that can be more than one place. */
  readonly endpoints?: readonly Endpoint[];
  readonly ids?: readonly Id[];
  events(options: SubscribeOptions): Subscription<StreamEvent<Protocol>>;
  /** What it found of a former run. */
  readonly restored?: object | undefined;
}

export interface Service<Node extends ServedNode> {
  /** Makes the node; `tell` is for what it does not announce itself. */
  make(tell: (news: NodeNews) => void): Node;
  /** The command another node is started with to join this one, e.g. `node`. */
  readonly command: string;
  readonly seeds: readonly string[];
  readonly readOnly: boolean;
  readonly json: boolean;
  /** Ended with the node. */
  readonly recordings: readonly (Recording | undefined)[];
  /** What it keeps for others, e.g. `3 torrents`. */
  keeps(node: Node): string;
  /** How it fares, in numbers. */
  stats?(node: Node): object;
}

/** ms between two lines of numbers. */
const STATS_EVERY = 60_000;

/** Runs it until SIGINT or SIGTERM. Throws what `make` and `start` throw. */
export async function serve<Node extends ServedNode>(service: Service<Node>, io: Io): Promise<number> {
  const { command, seeds, readOnly, json } = service;
  keepHeapSmall();
  const stop = new AbortController();
  const ended = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  const release = onInterrupt(() => stop.abort());
  let tell: (news: NodeNews) => void = () => {};
  let screen: Live | undefined;
  let node: Node | undefined;
  let counting: NodeJS.Timeout | undefined;
  let tellStats = (): void => {};
  try {
    node = service.make((news) => tell(news));
    const running = node;
    const events = running.events({ limit: 65_536 });
    const starting = running.start();
    await Promise.race([starting, ended]);
    if (stop.signal.aborted) {
      starting.catch(() => {});
      return EXIT.DONE;
    }
    const bound = hostPort(await starting);
    if (json) {
      const write = (line: object): unknown => io.out.write(`${JSON.stringify(line)}\n`);
      const { id, restored } = running;
      const all = running.endpoints?.map((it, i) => ({ ...hostPort(it), id: running.ids?.[i] })) ?? [];
      const more = { ...(all.length > 1 && { endpoints: all }), ...(restored && { restored }) };
      write({ event: 'ready', ...bound, id, ...more });
      tell = (news) => {
        const line = newsJson(news);
        if (line !== undefined) write(line);
      };
      tellStats = () => {
        const stats = service.stats?.(running);
        if (stats !== undefined) write({ event: 'stats', ...stats });
      };
      counting = setInterval(() => tellStats(), STATS_EVERY);
    } else {
      io.out.write(nodeHeader(command, running.id, bound, seeds, readOnly, running.endpoints?.slice(1)));
      screen = new Live(
        io.out,
        nodeStatus(running, () => service.keeps(running), paintFor(io.out)),
      );
      tell = linesOn(io, screen);
    }
    const telling = (async () => {
      for await (const streamed of events) {
        const news = streamed.type === 'event' ? streamed.event : streamed;
        tell(news);
        if (news.type !== 'storage') continue;
        const warn = (): unknown => io.err.write(`xorrery: --state: ${oneLine(news.text)}\n`);
        if (screen === undefined) warn();
        else screen.above(warn);
      }
    })();
    await ended;
    tellStats();
    await running.close();
    await telling;
    return EXIT.DONE;
  } finally {
    clearInterval(counting);
    screen?.end(false);
    release();
    await node?.close();
    for (const recording of service.recordings) await endRecording(recording, io, json);
  }
}

function linesOn(io: Io, screen: Live): (news: NodeNews) => void {
  const paint = paintFor(io.out);
  return (news) => {
    const line = newsLine(news, paint);
    if (line !== undefined) screen.above(() => io.out.write(`${line}\n`));
  };
}
