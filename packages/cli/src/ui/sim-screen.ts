/** A simulation on the screen: how far it is, how fast, how long it still takes; then its figures as a table. */
import type { Scenario, Simulation } from '@xorrery/simulator';
import type { Run } from '../simulate.ts';
import { type Io, Live, type Paint, paintFor } from './terminal.ts';
import { bar, count, time } from './text.ts';

const BAR = 24;
const MIB = 1_048_576;
/** ms between two lines of progress where nobody watches. */
const QUIET = 10_000;

export class SimScreen {
  readonly #io: Io;
  readonly #json: boolean;
  readonly #paint: Paint;
  readonly #live: Live;
  readonly #from = performance.now();
  #simulation: Simulation | undefined;
  #spokeAt = performance.now();
  #lookupsFrom: number | undefined;

  constructor(io: Io, json: boolean) {
    this.#io = io;
    this.#json = json;
    this.#paint = paintFor(io.err);
    this.#live = new Live(io.err, () => this.#frame());
  }

  /** Something has happened. */
  take(simulation: Simulation): void {
    const isFirst = this.#simulation === undefined;
    this.#simulation = simulation;
    if (simulation.lookups.begun > 0) this.#lookupsFrom ??= performance.now();
    const { tables } = simulation.town;
    if (isFirst && tables !== undefined) {
      const memory = (process.memoryUsage().rss / MIB).toFixed(0);
      const held = (tables.bytes / MIB).toFixed(0);
      this.#say(
        `${count(tables.contacts, 'contact')} in ${count(simulation.town.residents.length, 'table')}, ${held} MiB; ${memory} MiB in all`,
      );
    }
    if (this.#json || this.#io.err.isTTY === true || performance.now() - this.#spokeAt < QUIET) return;
    this.#spokeAt = performance.now();
    this.#say(this.#status(simulation));
  }

  end(): void {
    this.#live.end(false);
  }

  #say(line: string): void {
    if (!this.#json || this.#io.err.isTTY === true) this.#live.above(() => this.#io.err.write(`${line}\n`));
  }

  #frame(): readonly string[] {
    const it = this.#simulation;
    if (it === undefined) return [this.#paint.dim('building the network')];
    const share = this.#share(it);
    return [
      `${this.#paint.cyan(bar(share, BAR).padEnd(BAR))} ${Math.floor(share * 100)} %`,
      this.#paint.dim(this.#status(it)),
    ];
  }

  #share({ lookups, joined, town, now, until }: Simulation): number {
    if (lookups.total > 0 && lookups.begun > 0) return lookups.outcomes.length / lookups.total;
    if (town.tables === undefined && joined < town.honest) return joined / town.honest;
    return until === 0 ? 0 : Math.min(1, now / until);
  }

  #status(it: Simulation): string {
    const seconds = (performance.now() - this.#from) / 1_000;
    const speed = `${Math.round(it.events / seconds).toLocaleString('en')} events/s`;
    const parts = [`${time(it.now)} simulated`, speed];
    if (it.lookups.begun === 0 && it.town.tables === undefined)
      parts.unshift(`${it.joined} of ${it.town.honest} joined`);
    else parts.unshift(`${it.lookups.outcomes.length} of ${it.lookups.total} lookups`);
    const left = this.#left(it);
    return left === undefined ? parts.join(' · ') : [...parts, `${time(left)} left`].join(' · ');
  }

  /** ms to go, once there is something to go by. */
  #left({ lookups }: Simulation): number | undefined {
    const done = lookups.outcomes.length;
    if (this.#lookupsFrom === undefined || done === 0) return undefined;
    return ((performance.now() - this.#lookupsFrom) / done) * (lookups.total - done);
  }
}

/** The figures of a run, for people: within 80 columns. */
export function simLines(scenario: Scenario, run: Run, paint: Paint): string[] {
  const { nodes, lookups, recall, messages, hops, latencyMs, reasons, traffic, events } = run;
  const row = (name: string, text: string): string => `${paint.dim(name.padEnd(12))}${text}`;
  const share = (part: number): string => `${(100 * part).toFixed(2)} %`;
  const why = Object.entries(reasons).map(([reason, many]) => `${many} ${reason}`);
  const bad = [...Object.entries(run.rejected).map(([reason, many]) => `${many} refused (${reason})`)];
  if (run.orphaned > 0) bad.push(`${run.orphaned} lost with their asker`);
  const lines = [
    row(
      'network',
      `${count(nodes, 'node')}, ${scenario.profile}, ${scenario.tables} tables, k ${run.k}, alpha ${run.alpha}, seed ${run.seed}`,
    ),
    row('lookups', [`${lookups}: ${why.join(', ')}`, ...bad].join('; ')),
    row(
      'recall',
      `${share(recall.mean)} of the true ${run.k} closest; all of them in ${share(recall.exact)} of lookups`,
    ),
    row('messages', `${messages.mean.toFixed(2)} a lookup (sd ${messages.sd.toFixed(2)})`),
    row('hops', `${hops.mean.toFixed(2)} (sd ${hops.sd.toFixed(2)}): ${hops.histogram.join(' ')}`),
    row('latency', `p50 ${time(latencyMs.p50)}, p95 ${time(latencyMs.p95)}, p99 ${time(latencyMs.p99)}`),
    row(
      'traffic',
      `${traffic.sent.toLocaleString('en')} packets, ${(traffic.bytes / MIB).toFixed(1)} MiB, ${traffic.lost.toLocaleString('en')} lost`,
    ),
    row(
      'events',
      `${events.toLocaleString('en')} in ${time(run.wallMs)}, ${run.eventsPerSecond.toLocaleString('en')} a second, ${(run.rssBytes / MIB).toFixed(0)} MiB`,
    ),
    row('state hash', (run.stateHash ?? '').slice(0, 64)),
  ];
  if (scenario.adversary !== 'off') {
    lines.splice(
      3,
      0,
      row(
        'attack',
        `${scenario.adversary}: nearest honest node in ${share(run.success)}, ${share(run.foul)} of results foul`,
      ),
    );
  }
  const { requests, requestBytes, granted, answerBytes } = run.harm;
  if (requests > 0) {
    const gain = (answerBytes / requestBytes).toFixed(2);
    const granting = `${granted.toLocaleString('en')} granted`;
    lines.splice(4, 0, row('harm', `${requests.toLocaleString('en')} requests, ${granting}, bytes x ${gain}`));
  }
  return lines;
}
