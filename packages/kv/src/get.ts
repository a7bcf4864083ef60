/**
 * Finding a value, in as many steps as it takes.
 *
 * A value whose SHA-1 is the key is its own proof: the first node that gives it ends the search. Any other value may be
 * out of date, so all of the closest nodes are heard, and the best of what they have is the answer. A node that only
 * says that it holds a value, because the value is too long to be sent to somebody who has shown nothing, is asked for
 * it with the token it gave.
 *
 * Everybody's word is doubted: an answer that turns out to be none costs a step, and never ends the search.
 */
import { type Announcement, type Coordinator, Operation, operate, RefusedError } from '@xorrery/coordinator';
import type { Contact, FinishReason, Id, Instant, QueryReport, QuerySettings } from '@xorrery/core';
import type { Kv, KvRecord, KvValue } from './messages.ts';
import { betterOf, isImmutable, type KvRecords, type KvStoreConfig } from './records.ts';

export interface GetOptions {
  /** Ends the search early. Aborted already: nothing is started, and `signal.reason` is thrown. */
  readonly signal?: AbortSignal;
  /** Settings for the lookups of this search alone. */
  readonly settings?: Partial<QuerySettings>;
  /** Leave a value that is its own proof at the closest node that answered and lacked it. Default true. */
  readonly cacheOnPath?: boolean;
}

export interface GetReport {
  readonly key: Id;
  /** The bytes; `undefined` when nobody had any. */
  readonly value: Uint8Array | undefined;
  /** The publisher's version; 0 where the key is the hash of the value. */
  readonly seq: number;
  /** The SHA-1 of the value is the key: it can be no other. */
  readonly immutable: boolean;
  /** `found`: a value that is its own proof ended the search. Otherwise why the last step ended. */
  readonly reason: FinishReason;
  /** The nodes closest to the key that answered, nearest first. */
  readonly closest: readonly Contact[];
  readonly queried: number;
  readonly responded: number;
  /** Hops at which the closest node was first heard of. */
  readonly hops: number;
  /** ms from start to end. */
  readonly elapsed: Instant;
}

type KvCoordinator = Coordinator<Kv, KvStoreConfig, KvRecords>;
type Report = QueryReport<Kv>;
type Step = Operation<Item, Report>;
type Item = { readonly from?: Contact; readonly values: readonly KvValue[] };

/** Starts the search. Throws at once where `Coordinator.begin` does. Its items are the nodes that answer. */
export function findValue(coordinator: KvCoordinator, key: Id, options: GetOptions): Operation<Contact, GetReport> {
  const search = new Search(coordinator, key, options);
  const first = search.look('first');
  return new Operation(first.id, (add) => search.run(first, add));
}

/** What has been found so far, and by how much work. */
class Search {
  readonly #coordinator: KvCoordinator;
  readonly #key: Id;
  readonly #options: GetOptions;
  #best: KvRecord | undefined;
  #closest: readonly Contact[] = [];
  #queried = 0;
  #responded = 0;
  #hops = 0;
  #elapsed = 0;

  constructor(coordinator: KvCoordinator, key: Id, options: GetOptions) {
    this.#coordinator = coordinator;
    this.#key = key;
    this.#options = options;
  }

  async run(first: Step, add: (items: readonly Contact[]) => void): Promise<GetReport> {
    let reason = await this.#take(first, add);
    const isOpen = (): boolean =>
      !this.#isSure && reason !== 'cancelled' && reason !== 'closed' && reason !== 'expired';
    try {
      // Ended by a value that proves nothing: somebody else may have a better one.
      if (reason === 'found' && isOpen()) reason = await this.#fetch(await first, add, reason);
      if (reason === 'found' && isOpen()) {
        const second = this.look('collect');
        reason = await this.#take(second, add);
        if (isOpen()) reason = await this.#fetch(await second, add, reason);
      }
    } catch (error) {
      // Aborted or closed between two steps, or no room for another: what was found so far counts.
      if (!(error instanceof RefusedError)) reason = 'cancelled';
      else reason = error.code === 'closed' ? 'closed' : 'exhausted';
    }
    return this.#report(this.#isSure ? 'found' : reason);
  }

  look(kind: 'first' | 'collect'): Step {
    const { settings, cacheOnPath = true } = this.#options;
    const key = this.#key;
    const request = { method: 'find_value', key } as const;
    const cache = kind === 'first' && cacheOnPath ? { cacheOnPath } : undefined;
    const event = { type: 'lookup', kind, target: key, request, ...cache, ...(settings && { settings }) } as const;
    return this.#operate(event, this.#options.signal);
  }

  get #isSure(): boolean {
    return this.#best !== undefined && isImmutable(this.#key, this.#best);
  }

  /** Asks those who hold a value for it, each with its own token, until one gives a value that is its own proof. */
  async #fetch(
    { values, asked }: Report,
    add: (items: readonly Contact[]) => void,
    before: FinishReason,
  ): Promise<FinishReason> {
    if (!values.some((it) => it.kind === 'elsewhere')) return before;
    const key = this.#key;
    const seeds = asked.flatMap(({ id, endpoint, gave, token }) =>
      gave && id !== undefined && token !== undefined
        ? [{ id, endpoint, request: { method: 'find_value', key, token } as const }]
        : [],
    );
    if (seeds.length === 0) return before;
    const { settings, signal } = this.#options;
    const enough = new AbortController();
    const either = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
    const request = { method: 'find_value', key } as const;
    const event = { type: 'ask', seeds, request, ...(settings && { settings }) } as const;
    const reason = await this.#take(this.#operate(event, either), add, enough);
    return reason === 'closed' || (reason === 'cancelled' && !enough.signal.aborted) ? reason : before;
  }

  /** Reads a step to its end; `enough` is called off as soon as there is a value that is its own proof. */
  async #take(step: Step, add: (items: readonly Contact[]) => void, enough?: AbortController): Promise<FinishReason> {
    for await (const { from, values } of step) {
      if (from !== undefined) add([from]);
      for (const value of values) {
        if (value.kind === 'record')
          this.#best = this.#best ? betterOf(this.#key, this.#best, value.record) : value.record;
      }
      if (this.#isSure) enough?.abort();
    }
    const { kind, reason, closest, counts, hops, elapsed } = await step;
    if (kind !== 'each') [this.#closest, this.#hops] = [closest, hops];
    this.#queried += counts.requests;
    this.#responded += counts.answered;
    this.#elapsed += elapsed;
    return reason;
  }

  #operate(
    event: Parameters<typeof operate<Kv, KvStoreConfig, KvRecords, Item, Report>>[1],
    signal?: AbortSignal,
  ): Step {
    const reading = { items: itemsOf, report: reportOf };
    return operate(this.#coordinator, event, reading, signal === undefined ? {} : { signal });
  }

  #report(reason: FinishReason): GetReport {
    const [key, best] = [this.#key, this.#best];
    return {
      key,
      value: best && new Uint8Array(Buffer.from(best.value, 'base64')),
      seq: best === undefined || this.#isSure ? 0 : best.seq,
      immutable: this.#isSure,
      reason,
      closest: this.#closest,
      queried: this.#queried,
      responded: this.#responded,
      hops: this.#hops,
      elapsed: this.#elapsed,
    };
  }
}

function itemsOf(event: Announcement<Kv>): readonly Item[] {
  if (event.type !== 'query') return [];
  const { effect } = event;
  if (effect.type === 'recalled') return [{ values: effect.values }];
  return effect.type === 'progressed' ? [{ from: effect.from, values: effect.values }] : [];
}

function reportOf(event: Announcement<Kv>): Report | undefined {
  return event.type === 'query' && event.effect.type === 'finished' ? event.effect.report : undefined;
}
