/**
 * From a failing trace of a node to the smallest that fails the same way: fewer events, fewer seeds, a configuration
 * nearer to the defaults, until no single one of them can be left out or put back.
 *
 * The same way means: the same invariant is broken or the same assert fails; or the same event is the first to diverge,
 * with the same expected and actual effects. A divergence of hashes alone is only cut to the stretch in which it happens.
 */
import { ddmin } from './ddmin.ts';
import { type EventEntry, eventsOf, FORMAT, type NodeHeader, type Trace, VERSION } from './format.ts';
import { firstDifference } from './json.ts';
import { type AnyMachine, type AnyState, Replay, startOf } from './replay.ts';
import { askedIn, type Failed, type Judge, rerun, type Wanted } from './rerun.ts';

export interface ShrinkOptions {
  /** Names a broken invariant. Left out: the failures looked for are a machine that throws, and a divergence. */
  readonly judge?: Judge;
  /** What the configuration is moved to, as far as the failure stays. */
  readonly defaults?: object;
  /** Steps of the machine that may be spent on the search. Default 2,000,000. */
  readonly budget?: number;
  /** Told how many events are left. */
  readonly progress?: (left: number) => void;
}

export interface Shrunk {
  /** Fails as the one given did. */
  readonly trace: Trace<NodeHeader>;
  /** How it fails, in words. */
  readonly failure: string;
  /** Events before and after. */
  readonly before: number;
  readonly after: number;
  /** Whether no single event can be left out; false when the budget ran out before that was known. */
  readonly minimal: boolean;
}

/** With more events than this left, the state before the failing step takes the place of what led to it. */
const READABLE = 20;
const BUDGET = 2_000_000;
/** The share of it for a search in which every step must be as recorded. */
const STRICT = 0.1;

/** Throws `TraceError`; `undefined` when the trace does not fail. */
export function shrink(trace: Trace, machine: AnyMachine, options: ShrinkOptions = {}): Shrunk | undefined {
  const header = trace.header as NodeHeader;
  const start = startOf(header, machine);
  const events = eventsOf(trace);
  const asked = askedIn(events);
  for (const wanted of failures(options.judge)) {
    const failed = rerun(machine, start, events, asked, wanted);
    if (failed === undefined) continue;
    const search = new Search(machine, asked, wanted, failed, options);
    const found = search.minimum({ header, start, events: failed.entries.map((_, i) => events[i] as EventEntry) });
    const { minimal } = search;
    return { ...report(header, found, machine), before: events.length, failure: failed.what, minimal };
  }
  return stretch(trace, machine);
}

/** Kinds of failure, in the order in which they are looked for. */
function failures(judge: Judge | undefined): readonly Wanted[] {
  return [
    { type: 'judge', judge },
    { type: 'divergence', exact: false },
    { type: 'divergence', exact: true },
  ];
}

interface Candidate {
  readonly header: NodeHeader;
  readonly start: AnyState;
  readonly events: readonly EventEntry[];
}

type Found = Candidate & { readonly failed: Failed };

class Search {
  readonly #machine: AnyMachine;
  readonly #asked: ReadonlyMap<string, string>;
  #wanted: Wanted;
  /** How the whole trace fails. */
  readonly #whole: Failed;
  readonly #options: ShrinkOptions;
  #left: number;
  #forward = false;

  constructor(
    machine: AnyMachine,
    asked: ReadonlyMap<string, string>,
    wanted: Wanted,
    whole: Failed,
    options: ShrinkOptions,
  ) {
    this.#machine = machine;
    this.#asked = asked;
    this.#wanted = wanted;
    this.#whole = whole;
    this.#options = options;
    this.#left = options.budget ?? BUDGET;
  }

  minimum(whole: Candidate): Found {
    if (this.#wanted.type === 'judge') return this.#searched(whole);
    // Most is won where what is left does as recorded throughout. Where that is not enough, only the end has to.
    const spare = this.#left * (1 - STRICT);
    this.#left *= STRICT;
    const strict = this.#searched(whole);
    if (strict.events.length <= READABLE) return strict;
    this.#left = spare;
    this.#wanted = { ...this.#wanted, loose: true };
    const loose = this.#searched(strict);
    return loose.events.length <= READABLE ? loose : this.#forwarded(loose);
  }

  #searched(whole: Candidate): Found {
    let least = this.#fresh(whole);
    for (let size = Number.POSITIVE_INFINITY; sizeOf(least) < size; ) {
      size = sizeOf(least);
      least = this.#configured(this.#seeded(this.#fewer(least)));
    }
    return { ...least, failed: this.#run(least) as Failed };
  }

  /** Whether what was found is known to be minimal. */
  get minimal(): boolean {
    return this.#forward || this.#left > 0;
  }

  /** Left out of it: events, but never the last, which is the one that fails. */
  #fewer(whole: Candidate): Candidate {
    const last = whole.events.at(-1) as EventEntry;
    const fails = (some: readonly EventEntry[]): boolean => this.#fails({ ...whole, events: [...some, last] });
    const progress = (left: number): void => this.#options.progress?.(left + 1);
    return { ...whole, events: [...ddmin(whole.events.slice(0, -1), fails, progress), last] };
  }

  /** Endpoints to join through. */
  #seeded(whole: Candidate): Candidate {
    const at = whole.events.findIndex((it) => it.event.type === 'start');
    const entry = whole.events[at];
    const seeds = (entry?.event as { seeds?: readonly string[] } | undefined)?.seeds ?? [];
    if (entry === undefined || seeds.length === 0) return whole;
    const having = (some: readonly string[]): Candidate => {
      const changed = { ...entry, event: { ...entry.event, seeds: some } };
      return { ...whole, events: whole.events.with(at, changed) };
    };
    return having(ddmin(seeds, (some) => this.#fails(having(some))));
  }

  /** Settings that differ from the defaults, one by one. */
  #configured(whole: Candidate): Candidate {
    const { defaults } = this.#options;
    if (defaults === undefined || !('config' in whole.header.start)) return whole;
    const config = whole.header.start.config as object;
    const having = (changes: readonly Setting[]): Candidate | undefined =>
      this.#started(whole, changes.reduce(put, withDefaults(config, defaults)));
    const fails = (changes: readonly Setting[]): boolean => {
      const candidate = having(changes);
      return candidate !== undefined && this.#fails(candidate);
    };
    const differing = settingsOf(config, defaults);
    return differing.length === 0 ? whole : (having(ddmin(differing, fails)) ?? whole);
  }

  /** A node that was recorded from the middle of its life may fail from its beginning too. */
  #fresh(whole: Candidate): Candidate {
    if ('config' in whole.header.start) return whole;
    const fresh = this.#started(whole, whole.start.config);
    return fresh !== undefined && this.#fails(fresh) ? fresh : whole;
  }

  #started(whole: Candidate, config: object): Candidate | undefined {
    const header = { ...whole.header, start: { config } };
    try {
      return { ...whole, header, start: startOf(header, this.#machine) };
    } catch {
      return undefined;
    }
  }

  /** The failing event alone, from the state that the whole trace led to. */
  #forwarded(found: Found): Found {
    const start = this.#whole.before;
    const header = { ...found.header, start: { state: start } };
    const events = this.#whole.entries.slice(-1);
    const failed = this.#run({ header, start, events });
    if (failed === undefined) return found;
    this.#forward = true;
    return { header, start, events, failed };
  }

  #fails(candidate: Candidate): boolean {
    if (this.#left <= 0) return false;
    this.#left -= candidate.events.length;
    return this.#run(candidate)?.name === this.#whole.name;
  }

  #run({ start, events }: Candidate): Failed | undefined {
    return rerun(this.#machine, start, events, this.#asked, this.#wanted);
  }
}

function report(header: NodeHeader, found: Found, machine: AnyMachine): Pick<Shrunk, 'trace' | 'after'> {
  const { profile, wall } = header;
  const about = { profile, wall, segment: 1, lost: 0, start: found.header.start } as const;
  const { entries } = found.failed;
  const trace: Trace<NodeHeader> = {
    header: { format: FORMAT, version: VERSION, kind: 'node', ...about },
    entries,
    truncated: false,
  };
  startOf(trace.header, machine);
  return { trace, after: entries.length };
}

/** Effects agree throughout and a hash does not: from the last hash that did, to the first that does not. */
function stretch(trace: Trace, machine: AnyMachine): Shrunk | undefined {
  const run = new Replay(trace.header, machine);
  let start = (trace.header as NodeHeader).start;
  let [from, to] = [0, trace.entries.length];
  for (const [i, entry] of trace.entries.entries()) {
    if (!run.take(entry)) {
      to = i + 1;
      break;
    }
    if (entry.type === 'mark' && entry.hash !== undefined) [start, from] = [{ state: run.state }, i + 1];
  }
  if (run.divergence === undefined) return undefined;
  const entries = trace.entries.slice(from, to);
  const header = { ...(trace.header as NodeHeader), start, segment: 1, lost: 0 };
  const after = eventsOf({ header, entries, truncated: false }).length;
  const failure = 'the state is not the one recorded, though all effects are';
  return {
    trace: { header, entries, truncated: true },
    failure,
    before: eventsOf(trace).length,
    after,
    minimal: false,
  };
}

/** What there is less of when a candidate shrinks. */
function sizeOf({ events, header }: Candidate): number {
  const start = events.find((it) => it.event.type === 'start')?.event as { seeds?: readonly unknown[] } | undefined;
  const config = 'config' in header.start ? JSON.stringify(header.start.config).length : 0;
  return events.length * 1_000_000 + (start?.seeds?.length ?? 0) * 100_000 + config / 1_000;
}

interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The settings of `config` that have a default and differ from it. */
function settingsOf(config: object, defaults: object, path: readonly string[] = []): Setting[] {
  return Object.entries(defaults).flatMap(([key, usual]) => {
    const value = (config as Fields)[key];
    if (firstDifference(value, usual) === undefined) return [];
    const here = [...path, key];
    return isFields(usual) && isFields(value) ? settingsOf(value, usual, here) : [{ path: here, value }];
  });
}

/** `config` with the default wherever there is one. */
function withDefaults(config: object, defaults: object): object {
  const merged: Record<string, unknown> = { ...config };
  for (const [key, usual] of Object.entries(defaults)) {
    const value = merged[key];
    merged[key] = isFields(usual) && isFields(value) ? withDefaults(value, usual) : usual;
  }
  return merged;
}

function put(config: object, { path: [key = '', ...rest], value }: Setting): object {
  const inner = (config as Fields)[key];
  return { ...config, [key]: rest.length === 0 ? value : put(isFields(inner) ? inner : {}, { path: rest, value }) };
}
