/** What the demo shows: the state of its story, and how that is drawn. Pure. */
import type { Endpoint, Id } from '@xorrery/core';
import { LookupView, type Row, rowLine, rowText } from './lookup-view.ts';
import type { Paint } from './terminal.ts';
import { bar, count, time } from './text.ts';

/** The story so far. */
export interface DemoStory {
  readonly nodes: number;
  readonly seed: number;
  readonly infoHash: Id;
  readonly through: Endpoint | undefined;
  readonly joined: number;
  readonly joinedIn: number | undefined;
  readonly announcer: number | undefined;
  readonly stored: number | undefined;
  readonly storedIn: number;
  readonly finder: number | undefined;
  readonly view: LookupView;
  /** Bits the nearest node of all shares with the infohash: a full bar. */
  readonly most: number;
  readonly ending: DemoEnding | undefined;
  readonly items: DemoItems | undefined;
  /** What became of running again what the finder lived through. */
  readonly replayed: DemoReplay | undefined;
}

export interface DemoReplay {
  readonly events: number;
  readonly identical: boolean;
  readonly trace: string;
}

/** Two values that one node put and another looked for. */
export interface DemoItems {
  readonly immutable: { readonly target: Id; readonly found: boolean };
  readonly mutable: { readonly target: Id; readonly seq: number; readonly found: boolean };
}

export interface DemoEnding {
  readonly peers: readonly Endpoint[];
  readonly queried: number;
  readonly responded: number;
  readonly hops: number;
  readonly durationMs: number;
  readonly reason: string;
}

/** Answers on the screen while it moves; what is left at the end shows them all. */
const ROWS = 8;
const WIDTH = 78;

/** The story before anything has happened. */
export function beginning(about: Pick<DemoStory, 'nodes' | 'seed' | 'infoHash' | 'most'>): DemoStory {
  const none = undefined;
  return {
    ...about,
    ...{ joined: 0, storedIn: 0, view: new LookupView(about.infoHash) },
    ...{
      through: none,
      joinedIn: none,
      announcer: none,
      stored: none,
      finder: none,
      ending: none,
      items: none,
      replayed: none,
    },
  };
}

/** The whole story as a picture, at most 80 columns wide; `rows`: the last answers that are shown. */
export function demoFrame(story: DemoStory, paint: Paint, rows: number = ROWS): string[] {
  const title = `${paint.bold(paint.cyan('xorrery'))}  a Mainline DHT of ${count(story.nodes, 'real UDP node')} on 127.0.0.1`;
  const small = paint.dim('          small tables (2 a bucket, k = 4), so that a lookup has a way to go');
  return [
    '',
    ` ${title}`,
    small,
    '',
    ...joining(story, paint),
    ...announcing(story, paint),
    ...finding(story, paint, rows),
    ...storing(story, paint),
    ...closing(story, paint),
  ];
}

function joining({ nodes, joined, joinedIn, through }: DemoStory, paint: Paint): string[] {
  const via = through === undefined ? '' : paint.dim(` through ${through}`);
  const dots = paint.green('●'.repeat(joined)) + paint.dim('·'.repeat(nodes - joined));
  const drawn = nodes <= 48 ? dots : paint.green(bar(joined / nodes, 48).padEnd(48, '·'));
  const took = joinedIn === undefined ? '' : `  in ${time(joinedIn)}`;
  return [step(1, 'join, one by one', paint) + via, `    ${drawn}  ${joined}/${nodes}${paint.dim(took)}`, ''];
}

function announcing({ announcer, stored, storedIn, infoHash }: DemoStory, paint: Paint): string[] {
  if (announcer === undefined) return [];
  const what = `node ${announcer} announces a peer of ${paint.yellow(`${infoHash.slice(0, 16)}…`)}`;
  if (stored === undefined) return [step(2, what, paint), ''];
  const done = `${paint.green('✓')} kept by the ${count(stored, 'node')} nearest to the infohash`;
  return [step(2, what, paint), `    ${done}${paint.dim(`  in ${time(storedIn)}`)}`, ''];
}

function finding({ finder, view, most, ending }: DemoStory, paint: Paint, rows: number): string[] {
  if (finder === undefined) return [];
  const lines = [
    step(3, `node ${finder}, the farthest away, looks for it`, paint) + paint.dim('  (slowed down for you)'),
    paint.dim('      bits in common with the infohash: the longer, the nearer'),
    ...view.answers.slice(-rows).map((row) => `    ${rowLine(row, most, paint)}`),
  ];
  if (ending === undefined) return lines;
  const { peers, queried, responded, hops, durationMs, reason } = ending;
  const found = peers.length === 0 ? 'nobody found' : `found ${peers.slice(0, 2).join(' ')}`;
  const numbers = `asked ${queried}, answered ${responded}, ${count(hops, 'hop')}, ${time(durationMs)}, ${reason}`;
  const text = ` ${found}  ·  ${numbers} `;
  const line = '─'.repeat(WIDTH - 4);
  const colour = peers.length === 0 ? paint.red : paint.green;
  return [
    ...lines,
    '',
    ` ${colour(`╭${line}╮`)}`,
    ` ${colour('│')}${paint.bold(text.padEnd(WIDTH - 4))}${colour('│')}`,
    ` ${colour(`╰${line}╯`)}`,
  ];
}

function storing({ items, announcer, finder }: DemoStory, paint: Paint): string[] {
  if (items === undefined) return [];
  const { immutable, mutable } = items;
  const mark = (found: boolean): string => (found ? paint.green('✓') : paint.red('✗'));
  const line = (found: boolean, target: Id, what: string): string =>
    `    ${mark(found)} ${paint.yellow(`${target.slice(0, 16)}…`)}  ${what}`;
  return [
    step(4, `node ${announcer} puts two values, node ${finder} gets them`, paint),
    line(immutable.found, immutable.target, 'the hash of its value'),
    line(mutable.found, mutable.target, `signed by its owner, version ${mutable.seq}`),
    '',
  ];
}

function closing({ ending, replayed, seed }: DemoStory, paint: Paint): string[] {
  if (ending === undefined) return [];
  const again = `the same ids again: xorrery demo --seed ${seed}`;
  const lines = replayed === undefined ? [again] : [again, ...replayText(replayed).split('\n')];
  return [...lines.map((it) => paint.dim(` ${it}`)), ''];
}

/** Two lines: the file's name may be long. */
function replayText({ events, identical, trace }: DemoReplay): string {
  const how = identical ? 'identical' : 'it went another way';
  return `${count(events, 'event')} of the finder, replayed: ${how}\nxorrery explain ${trace}`;
}

function step(number: number, text: string, paint: Paint): string {
  return ` ${paint.bold(paint.cyan(String(number)))}  ${paint.bold(text)}`;
}

/** The story for a pipe, one line a fact: what is new since `before`. */
export function demoLines(before: DemoStory, now: DemoStory, answer?: Row): string[] {
  const lines: string[] = [];
  if (before.through === undefined && now.through !== undefined)
    lines.push(`${now.nodes} nodes join through ${now.through}`);
  if (before.joinedIn === undefined && now.joinedIn !== undefined)
    lines.push(`${now.joined} of ${now.nodes} joined in ${time(now.joinedIn)}`);
  if (before.stored === undefined && now.stored !== undefined)
    lines.push(`node ${now.announcer} announced a peer of ${now.infoHash}: kept by ${count(now.stored, 'node')}`);
  if (before.finder === undefined && now.finder !== undefined) lines.push(`node ${now.finder} looks for it`);
  if (answer !== undefined) lines.push(`  ${rowText(answer)}`);
  if (before.ending === undefined && now.ending !== undefined) {
    const { peers, queried, responded, hops, durationMs, reason } = now.ending;
    const found = peers.length === 0 ? 'nobody found' : `found ${peers.join(' ')}`;
    const numbers = `asked ${queried}, answered ${responded}, ${count(hops, 'hop')}, ${time(durationMs)}, ${reason}`;
    lines.push(`${found}: ${numbers}`, `the same ids again: xorrery demo --seed ${now.seed}`);
  }
  if (before.items === undefined && now.items !== undefined) {
    const { immutable, mutable } = now.items;
    const said = (found: boolean): string => (found ? 'found' : 'not found');
    lines.push(`value ${immutable.target}, under its hash: ${said(immutable.found)}`);
    lines.push(`value ${mutable.target}, signed, version ${mutable.seq}: ${said(mutable.found)}`);
  }
  if (before.replayed === undefined && now.replayed !== undefined) lines.push(...replayText(now.replayed).split('\n'));
  return lines;
}
