/**
 * Lookups on 8-bit ids, told as transcripts: node `n4` has id 4 and endpoint `n4`, and what a step yields reads
 * `send n4`, `abandon n4`, `finished converged`.
 */
import {
  type Answer,
  advanceLookup,
  type Contact,
  DEFAULT_QUERY,
  type Disjoint,
  type FailureCause,
  type Id,
  type Instant,
  initQuery,
  type Protocol,
  type QueryConfig,
  type QueryEffect,
  type QueryEvent,
  type QueryReport,
  type QueryState,
  type Searching,
  type Seed,
  type Surroundings,
  type Value,
} from '@xorrery/core';

export interface Tiny extends Protocol {
  readonly outRequest: string;
  readonly inRequest: string;
  readonly outReply: { readonly nodes: readonly Contact[] };
  readonly inReply: { readonly nodes: readonly Contact[] };
  readonly value: Value;
}

/** The 8-bit id with this number. */
export const id8 = (n: number): Id => n.toString(16).padStart(2, '0') as Id;
/** The 8-bit id with these binary digits, so that distances are visible in the source. */
export const bits = (text: string): Id => id8(Number.parseInt(text, 2));
/** The node whose id is this number. */
export const node = (n: number): Contact => ({ id: id8(n), endpoint: `n${n}` });
export const nodes = (...numbers: number[]): Contact[] => numbers.map(node);

export const config = (changes: Partial<QueryConfig<Tiny>> = {}): QueryConfig<Tiny> => ({
  ...DEFAULT_QUERY,
  kind: 'closest',
  target: id8(1),
  self: id8(0),
  identity: 'endpoint',
  request: 'find',
  k: 20,
  alpha: 3,
  requestTimeout: 100,
  slowAfter: 'off',
  stall: 'off',
  lateFor: 15_000,
  ...changes,
});

export const said = (effect: QueryEffect<Tiny>): string => {
  switch (effect.type) {
    case 'send':
      return `send ${effect.to.endpoint}`;
    case 'abandon':
      return `abandon ${effect.to}`;
    case 'unanswered':
      return `unanswered ${effect.to.endpoint}`;
    case 'recalled':
      return `recalled ${effect.values.map((it) => it.key).join(' ')}`;
    case 'progressed':
      return `progressed ${effect.from.endpoint}`;
    case 'finished':
      return `finished ${effect.report.reason}`;
  }
};

/** Fixed timeouts; nodes whose numbers have the same tens are in one network. */
const AROUND: Surroundings = {
  timeoutOf: (_, otherwise) => otherwise,
  groupOf: (endpoint) => ({ host: endpoint, network: `${Math.floor(Number(endpoint.slice(1)) / 10)}`, local: false }),
};

/** One lookup under a test's control. Every method takes one step and returns what it yielded, in order. */
export class Run {
  state: QueryState<Tiny> | Disjoint<Tiny>;
  now: Instant = 0;
  effects: readonly QueryEffect<Tiny>[] = [];
  readonly requests = new Map<string, number>();

  constructor(changes: Partial<QueryConfig<Tiny>> = {}) {
    this.state = initQuery(config(changes));
  }

  start(seeds: readonly (Seed<Tiny> | number)[]): string[] {
    const all = seeds.map((seed) => (typeof seed === 'number' ? node(seed) : seed));
    return this.step({ type: 'start', seeds: all, firstRequest: 0 });
  }

  answer(from: number | string, answer: Partial<Answer<Value>> & { closer?: number[]; as?: Id } = {}): string[] {
    const endpoint = typeof from === 'number' ? `n${from}` : from;
    const id = answer.as ?? id8(Number(endpoint.slice(1)));
    const contacts = answer.contacts ?? nodes(...(answer.closer ?? []));
    const rest = answer.token === undefined ? {} : { token: answer.token };
    const taught = { contacts, values: answer.values ?? [], ...rest };
    return this.step({ type: 'response', request: this.requestTo(endpoint), from: id, answer: taught });
  }

  fail(from: number, cause: FailureCause = 'refused'): string[] {
    return this.step({ type: 'failure', request: this.requestTo(`n${from}`), cause });
  }

  timeout(from: number): string[] {
    return this.step({ type: 'timeout', request: this.requestTo(`n${from}`) });
  }

  cancel(): string[] {
    return this.step({ type: 'cancel', reason: 'cancelled' });
  }

  /** Lets time reach `at`. */
  tick(at: Instant = this.now): string[] {
    this.now = at;
    return this.step({ type: 'tick' });
  }

  step(event: QueryEvent<Tiny>): string[] {
    const { state, effects } = advanceLookup(this.state, event, this.now, AROUND);
    this.state = state;
    this.effects = effects;
    for (const effect of effects) if (effect.type === 'send') this.requests.set(effect.to.endpoint, effect.request);
    return effects.map(said);
  }

  requestTo(endpoint: string): number {
    return this.requests.get(endpoint) ?? 999_999;
  }

  get searching(): Searching<Tiny> {
    if (this.state.status !== 'searching') throw new Error(`the lookup is ${this.state.status}`);
    return this.state;
  }

  get report(): QueryReport<Tiny> {
    if (this.state.status !== 'ended') throw new Error(`the lookup is ${this.state.status}`);
    return this.state.report;
  }

  statusOf(n: number): string | undefined {
    return this.searching.candidates.find((it) => it.endpoint === `n${n}`)?.status;
  }
}

/** The numbers of contacts, for short expectations. */
export const numbers = (contacts: readonly Contact[]): number[] => contacts.map((it) => Number.parseInt(it.id, 16));
