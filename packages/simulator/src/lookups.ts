/**
 * The work a network is given: lookups of random targets by random honest nodes, one after the other, each judged
 * against the truth when it ends. Where somebody is attacked, they are about that: lookups of the attacked key, or by
 * the attacked node. It refuses to: lose one. Whoever goes takes its lookups along, and that is counted.
 */
import type { Id, Instant, NodeEffect, NodeEvent, Protocol } from '@xorrery/core';
import type { Chance } from './chance.ts';
import type { Resident } from './population.ts';
import type { AnyProtocol } from './protocol.ts';
import type { Outcome } from './score.ts';
import type { Truth } from './truth.ts';

interface Running {
  readonly asker: Resident;
  readonly target: Id;
}

export interface LookupsOptions {
  readonly total: number;
  readonly k: number;
  readonly protocol: AnyProtocol;
  readonly truth: Truth;
  readonly isHonest: (id: Id) => boolean;
  readonly chance: Chance;
  /** Looked for in place of random targets. */
  readonly key: Id | undefined;
}

type Finished = Extract<Extract<NodeEffect<Protocol>, { type: 'query' }>['effect'], { type: 'finished' }>;

export class Lookups {
  readonly outcomes: Outcome[] = [];
  /** Begun so far. */
  begun: number = 0;
  /** Whose asker left before they ended. */
  orphaned: number = 0;
  /** Not accepted, by reason. */
  readonly rejected: Map<string, number> = new Map();
  readonly #running = new Map<string, Running>();
  readonly #options: LookupsOptions;

  constructor(options: LookupsOptions) {
    this.#options = options;
  }

  get total(): number {
    return this.#options.total;
  }

  get isOver(): boolean {
    return this.begun >= this.#options.total && this.#running.size === 0;
  }

  /** Ids of those that have not ended. */
  get open(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** The next lookup, for this node to begin. */
  begin(asker: Resident): NodeEvent<Protocol> {
    const { chance, protocol, key } = this.#options;
    const { idBits } = protocol.profile;
    const target = key ?? chance.id(idBits);
    const id = `L${this.begun++}`;
    this.#running.set(id, { asker, target });
    return { type: 'lookup', id, kind: 'closest', target, request: protocol.profile.findNode(target) };
  }

  /** A node has gone, and what it was doing with it. */
  forget(asker: Resident): void {
    for (const [id, running] of this.#running) {
      if (running.asker !== asker) continue;
      this.#running.delete(id);
      this.orphaned++;
    }
  }

  reject(id: string, reason: string): void {
    if (!this.#running.delete(id)) return;
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }

  /** A lookup has ended; what is wrong with that, if anything is. */
  end(asker: Resident, id: string, { report }: Finished, now: Instant): string | undefined {
    const running = this.#running.get(id);
    if (running === undefined) return `an operation ends once: ${id}`;
    if (running.asker !== asker) return `an operation ends where it began: ${id}`;
    this.#running.delete(id);
    const { k, truth, isHonest } = this.#options;
    const wanted = truth.closest(running.target, k, asker.contact.id).filter(isHonest);
    const found = new Set<Id>();
    let foul = 0;
    for (const contact of report.closest) {
      found.add(contact.id);
      if (!isHonest(contact.id)) foul++;
    }
    let hits = 0;
    for (const it of wanted) if (found.has(it)) hits++;
    const { requests, failed, silent } = report.counts;
    this.outcomes.push({
      at: now,
      reason: report.reason,
      recall: wanted.length === 0 ? -1 : hits / wanted.length,
      nearest: this.#nearestHonest(running.target, asker.contact.id, wanted[0], found),
      foul: report.closest.length === 0 ? 0 : foul / report.closest.length,
      messages: requests,
      hops: report.hops,
      elapsed: report.elapsed,
      failures: failed + silent,
    });
    return undefined;
  }

  /** Whether the nearest honest node alive was found, however many others are nearer. */
  #nearestHonest(target: Id, asker: Id, nearest: Id | undefined, found: ReadonlySet<Id>): boolean {
    if (nearest !== undefined) return found.has(nearest);
    const { truth, isHonest, k } = this.#options;
    for (let count = 4 * k; ; count *= 4) {
      const ids = truth.closest(target, count, asker);
      const first = ids.find(isHonest);
      if (first !== undefined) return found.has(first);
      if (ids.length < count) return found.size === 0;
    }
  }
}
