/**
 * Why each node was asked, and why the lookup stopped: read from the effects of a trace, no machine needed. Of a lookup
 * that had not ended when the trace did, as much as there is.
 */
import {
  commonPrefix,
  type Endpoint,
  type Id,
  type Instant,
  type Protocol,
  type QueryEffect,
  type QueryReport,
} from '@xorrery/core';
import type { EventEntry, TraceEntry } from './format.ts';

/** One node that was asked, and those among whom it named that were asked in turn. */
export interface Asked {
  readonly id?: Id;
  readonly endpoint: Endpoint;
  /** Leading bits it shares with the target. */
  readonly bits?: number;
  /** How many more than the node that named it. Of a seed: than nothing. */
  readonly gained?: number;
  /** ms after the lookup's first step at which it was asked. */
  readonly askedAt: Instant;
  readonly outcome: 'answered' | 'silent' | 'failed' | 'abandoned' | 'open';
  /** Why it failed. */
  readonly cause?: string;
  /** ms from the request to the answer. */
  readonly rtt?: Instant;
  /** The answer came after its deadline. */
  readonly late?: boolean;
  /** Contacts and values it was the first to name. */
  readonly named?: number;
  readonly values?: number;
  readonly children: readonly Asked[];
}

export interface Explanation {
  readonly id: string;
  /** Which node's, in the trace of a simulation. */
  readonly node?: number;
  readonly kind: string;
  readonly target?: Id;
  /** Why it ended; `unfinished`: the trace ends before it does. */
  readonly reason: string;
  /** The reason, in a sentence. */
  readonly why: string;
  readonly startedAt: Instant;
  readonly elapsed?: Instant;
  readonly hops?: number;
  /** Those it began with, and under each whom it led to. In the order in which they were asked. */
  readonly tree: readonly Asked[];
}

type Told = { readonly type: string; readonly id: string; readonly effect: QueryEffect<Protocol> };

/** Every lookup in a trace, in the order in which they began. */
export function explain(entries: Iterable<TraceEntry>): Explanation[] {
  const teller = new Explainer();
  for (const entry of entries) teller.take(entry);
  return teller.explanations();
}

/** The same, entry by entry. */
export class Explainer {
  readonly #all: Lookup[] = [];
  readonly #running = new Map<string, Lookup>();
  readonly #wishes = new Map<string, Wish>();

  take(entry: TraceEntry): void {
    if (entry.type !== 'event') return;
    const { at, node, effects } = entry;
    this.#wish(entry);
    for (const told of effects as readonly Told[]) {
      if (told.type !== 'query') continue;
      const key = `${node ?? ''} ${told.id}`;
      const lookup = this.#running.get(key) ?? this.#begin(key, told.id, at, node);
      lookup.take(told.effect, at);
      if (told.effect.type === 'finished') this.#running.delete(key);
    }
  }

  explanations(): Explanation[] {
    return this.#all.map((it) => it.explanation());
  }

  #begin(key: string, id: string, at: Instant, node: number | undefined): Lookup {
    const owner = id.slice(id.indexOf(':') + 1);
    const wish = this.#wishes.get(key) ?? this.#wishes.get(`${node ?? ''} ${owner}`);
    const lookup = new Lookup(id, at, node, wish);
    this.#running.set(key, lookup);
    this.#all.push(lookup);
    return lookup;
  }

  /** An operation says what it is for; its lookup says so only when it has ended. */
  #wish({ event, node }: EventEntry): void {
    const { type, id, kind, target } = event as { type: string } & Partial<Record<'id' | 'kind' | 'target', string>>;
    if (id === undefined || (type !== 'lookup' && type !== 'ask' && type !== 'publish')) return;
    const about = type === 'lookup' ? { kind } : type === 'ask' ? { kind: 'each' } : {};
    this.#wishes.set(`${node ?? ''} ${id}`, { ...about, ...(target === undefined ? undefined : { target }) } as Wish);
  }
}

interface Wish {
  readonly kind?: string;
  readonly target?: Id;
}

type Draft = { -readonly [K in keyof Asked]: Asked[K] } & { via?: Endpoint };

class Lookup {
  readonly #id: string;
  readonly #from: Instant;
  readonly #node: number | undefined;
  readonly #wish: Wish | undefined;
  /** By request number. */
  readonly #asked = new Map<number, Draft>();
  /** Who named an endpoint first. */
  readonly #via = new Map<Endpoint, Endpoint>();
  #report: QueryReport<Protocol> | undefined;

  constructor(id: string, from: Instant, node: number | undefined, wish: Wish | undefined) {
    this.#id = id;
    this.#from = from;
    this.#node = node;
    this.#wish = wish;
  }

  take(effect: QueryEffect<Protocol>, at: Instant): void {
    switch (effect.type) {
      case 'send': {
        const { id, endpoint } = effect.to;
        this.#asked.set(effect.request, {
          ...(id === undefined ? undefined : { id }),
          endpoint,
          askedAt: at - this.#from,
          outcome: 'open',
          children: [],
        });
        return;
      }
      case 'unanswered':
        return this.#settle(effect.request, { outcome: 'silent' });
      case 'abandon': {
        const draft = this.#asked.get(effect.request);
        if (draft?.outcome === 'open') draft.outcome = 'abandoned';
        return;
      }
      case 'progressed':
        return this.#progressed(effect, at);
      case 'finished':
        this.#report = effect.report;
        return;
      case 'recalled':
        return;
    }
  }

  explanation(): Explanation {
    const report = this.#report;
    const kind = report?.kind ?? this.#wish?.kind ?? 'unknown';
    const target = kind === 'each' ? undefined : (report?.target ?? this.#wish?.target);
    this.#judge();
    const node = this.#node === undefined ? undefined : { node: this.#node };
    const ending = report === undefined ? undefined : { elapsed: report.elapsed, hops: report.hops };
    return {
      id: this.#id,
      ...node,
      kind,
      ...(target === undefined ? undefined : { target }),
      reason: report?.reason ?? 'unfinished',
      why: whyOf(report),
      startedAt: this.#from,
      ...ending,
      tree: this.#tree(target),
    };
  }

  #progressed(effect: Extract<QueryEffect<Protocol>, { type: 'progressed' }>, at: Instant): void {
    const { request, from, late, learned, values } = effect;
    const askedAt = this.#asked.get(request)?.askedAt ?? 0;
    this.#settle(request, {
      id: from.id,
      outcome: 'answered',
      rtt: at - this.#from - askedAt,
      ...(late ? { late } : undefined),
      named: learned.length,
      values: values.length,
    });
    for (const { endpoint } of learned) if (!this.#via.has(endpoint)) this.#via.set(endpoint, from.endpoint);
  }

  #settle(request: number, change: Partial<Draft>): void {
    const draft = this.#asked.get(request);
    if (draft !== undefined) Object.assign(draft, change);
  }

  /** What only the end tells: who failed, and why. */
  #judge(): void {
    const outcomes = new Map(this.#report?.asked.map((it) => [it.endpoint, it]));
    for (const draft of this.#asked.values()) {
      const outcome = outcomes.get(draft.endpoint);
      if (outcome === undefined || draft.outcome === 'answered') continue;
      draft.outcome = outcome.result;
      if (outcome.cause !== undefined) draft.cause = outcome.cause;
    }
  }

  #tree(target: Id | undefined): readonly Asked[] {
    const drafts = [...this.#asked.values()];
    const byEndpoint = new Map<Endpoint, Draft>();
    for (const draft of drafts) if (!byEndpoint.has(draft.endpoint)) byEndpoint.set(draft.endpoint, draft);
    const roots: Draft[] = [];
    for (const draft of drafts) {
      draft.children = [];
      draft.via = this.#via.get(draft.endpoint) as Endpoint;
      if (target !== undefined && draft.id !== undefined) draft.bits = commonPrefix(target, draft.id);
    }
    for (const draft of drafts) {
      const parent = draft.via === undefined ? undefined : byEndpoint.get(draft.via);
      // Whoever named it was asked before it: no circles, whatever a trace claims.
      const isLater = parent !== undefined && drafts.indexOf(parent) < drafts.indexOf(draft);
      if (draft.bits !== undefined) draft.gained = draft.bits - (isLater ? (parent.bits ?? 0) : 0);
      if (isLater) (parent.children as Draft[]).push(draft);
      else roots.push(draft);
    }
    for (const draft of drafts) delete draft.via;
    return roots;
  }
}

/** The reason in words, with the evidence for it. */
function whyOf(report: QueryReport<Protocol> | undefined): string {
  if (report === undefined) return 'the trace ends before the lookup does';
  const { reason, evidence, counts, closest, kind } = report;
  if (kind === 'each') return `each was asked: ${counts.answered} of ${counts.requests} answered`;
  const open = evidence.open === 0 ? '' : `, ${evidence.open} requests no longer mattered`;
  switch (reason) {
    case 'converged':
      return `the ${evidence.window} closest known that are neither failed nor silent have answered${open}`;
    case 'exhausted':
      return `nobody was left to ask, and ${closest.length} had answered`;
    case 'found':
      return `a valid value was found${open}`;
    case 'quorum':
      return `enough nodes gave a value${open}`;
    case 'cancelled':
      return `it was cancelled${open}`;
    case 'closed':
      return `the node was closed${open}`;
    case 'expired':
      return `its time was up${open}`;
  }
}

/** Those it found, for a line about it: how many were asked, how many answered. */
export function countsOfTree(tree: readonly Asked[]): { readonly asked: number; readonly answered: number } {
  let [asked, answered] = [0, 0];
  for (const node of tree) {
    const below = countsOfTree(node.children);
    asked += 1 + below.asked;
    answered += Number(node.outcome === 'answered') + below.answered;
  }
  return { asked, answered };
}
