/**
 * Carries the messages of one step between pool and wire, as the node does, enters every outcome in the book, and has
 * the result judged. Whatever breaks a promise throws `ViolationError`. A carrier lives for one step.
 */
import {
  maps,
  type PoolEffect,
  type PoolEvent,
  pathsOf,
  type QueryEffect,
  type QueryReport,
  type Running,
  runningQueries,
  type WireEffect,
  type WireEvent,
} from '@xorrery/core';
import { claim } from '../violation.ts';
import { entered, without } from './book.ts';
import { judgeBooks, judgeEnd, judgePool, judgeRest, judgeTruth } from './judge.ts';
import { additionOf, lookupOf, type Machines, type SmallNet, settingsOf, type Talk } from './small-net.ts';
import type { Packet, World } from './world.ts';

/** What the machines said in one step, in order. */
export type Said =
  | { readonly by: 'pool'; readonly effect: PoolEffect<Talk> }
  | { readonly by: 'wire'; readonly effect: WireEffect<Talk> };

/** A step's outcome. */
export interface Taken {
  readonly world: World;
  readonly said: readonly Said[];
}

/** A packet before it is numbered. */
type Unsent = Packet extends infer P ? (P extends Packet ? Omit<P, 'serial'> : never) : never;

export class Carrier {
  readonly said: Said[] = [];
  readonly world: { -readonly [K in keyof World]: World[K] };
  readonly #net: SmallNet;
  readonly #machines: Machines;

  constructor(net: SmallNet, world: World, machines: Machines) {
    this.#net = net;
    this.#machines = machines;
    this.world = { ...world };
  }

  /** The world as it is now, all machines having come to rest. */
  done(): Taken {
    const world: World = this.world;
    const { pool, wire, alive } = world;
    const deadline = this.#machines.nextPoolDeadline(pool);
    judgeBooks(world);
    if (alive.length === 0) judgeRest(pool, wire, deadline);
    else claim(deadline !== undefined, 'F03: who is not done wants to be woken', () => alive);
    return { world, said: this.said };
  }

  send(packet: Unsent): void {
    this.world.packets = [...this.world.packets, { ...packet, serial: this.world.serials++ } as Packet];
  }

  /** Bytes that never come twice; strangers cannot foresee them, but an exploration must. */
  entropy(bytes: number): string {
    let text = '';
    while (text.length < 2 * bytes) text += (this.world.entropy++).toString(16).padStart(4, '0');
    return text;
  }

  stepWire(event: WireEvent<Talk>): void {
    const step = this.#machines.advanceWire<Talk>(this.world.wire, event);
    this.world.wire = step.state;
    for (const effect of step.effects) {
      this.said.push({ by: 'wire', effect });
      this.#carryOut(effect);
    }
  }

  stepPool(event: PoolEvent<Talk>): void {
    const { now, pool: before } = this.world;
    const step = this.#machines.advancePool<Talk>(before, event, now);
    this.world.pool = step.state;
    for (const effect of step.effects) {
      this.said.push({ by: 'pool', effect });
      if (effect.type === 'rejected') this.world.alive = this.world.alive.filter((it) => it !== effect.id);
      else {
        const { id, effect: inner } = effect;
        if (inner.type === 'finished' && event.type === 'query') this.#settle(event.event.request, id, inner.report);
        this.#enter(id, inner, before);
      }
    }
    if (event.type === 'query') this.#settle(event.event.request);
    judgePool(step.state, this.#machines.nextPoolDeadline(step.state), now);
  }

  #carryOut(effect: WireEffect<Talk>): void {
    switch (effect.type) {
      case 'transmit': {
        const { to: endpoint, message } = effect;
        claim(message.type === 'request', 'we send requests only', () => effect);
        const { tid, request: payload } = message;
        const request = maps.get(this.world.wire.open, tid)?.request;
        const owed = this.world.owed.find((it) => it.request === request);
        claim(owed?.endpoint === endpoint, 'F19: nothing is sent that nobody awaits', () => effect);
        return this.send({ kind: 'request', endpoint, tid, request: owed.request, find: payload.find });
      }
      case 'entropy-needed':
        if (this.#net.entropy === 'travels') return this.send({ kind: 'entropy', bytes: effect.bytes });
        return this.stepWire({ type: 'entropy', bytes: this.entropy(effect.bytes) });
      case 'answered': {
        const { request, from, reply } = effect;
        return this.stepPool({ type: 'query', event: { type: 'response', request, from, answer: reply } });
      }
      case 'failed': {
        const { request, cause } = effect;
        return this.stepPool({ type: 'query', event: { type: 'failure', request, cause } });
      }
      case 'anomaly':
        return;
    }
  }

  #enter(id: string, effect: QueryEffect<Talk>, before: World['pool']): void {
    const { owed, alive, now } = this.world;
    const settings = settingsOf(this.#net, lookupOf(this.#net, id));
    const book = entered({ owed, alive }, id, effect, settings, now);
    this.world.owed = book.owed;
    this.world.alive = book.alive;
    if (effect.type === 'send') {
      const { request, to, payload } = effect;
      const whom = to.id === undefined ? { to: to.endpoint } : { to: to.endpoint, expected: to.id };
      this.stepWire({ type: 'request', request, payload, ...whom });
    } else if (effect.type === 'abandon') {
      this.stepWire({ type: 'abandon', request: effect.request });
    } else if (effect.type === 'finished') {
      this.#judgeEnd(id, effect.report, before);
    }
  }

  /**
   * A failure, or an answer that was a misfit, ends its request without a word: its candidate has failed, or stays
   * silent if it was. The report says so where the lookup ended by it.
   */
  #settle(request: number, ended?: string, report?: QueryReport<Talk>): void {
    const entry = this.world.owed.find((it) => it.request === request);
    if (entry === undefined || (ended ?? entry.lookup) !== entry.lookup) return;
    const child = runningQueries(this.world.pool).find((it) => it.id === entry.lookup);
    const statuses = (report?.asked ?? outcomesOf(child?.query)).filter((it) => it.endpoint === entry.endpoint);
    const isSettled = statuses.some(
      (it) => (it.result === 'failed' && it.cause !== 'other-path') || (entry.late && it.result === 'silent'),
    );
    claim(isSettled, 'G16: a request that was judged has an outcome', () => ({ entry, statuses }));
    this.world.owed = without(this.world.owed, request);
  }

  #judgeEnd(id: string, report: QueryReport<Talk>, before: World['pool']): void {
    const { model, self, complete } = this.#net;
    const lookup = lookupOf(this.#net, id);
    const settings = settingsOf(this.#net, lookup);
    const running = runningQueries(before).find((it) => it.id === id)?.query;
    const known = running && pathsOf(running).flatMap((path) => path.candidates);
    const learned = this.said.flatMap(({ by, effect }) =>
      by === 'pool' && effect.type === 'query' && effect.id === id && effect.effect.type === 'progressed'
        ? effect.effect.learned
        : [],
    );
    judgeEnd(report, [...(known ?? additionOf(this.#net, lookup).seeds), ...learned], settings);
    if (complete === true) judgeTruth(report, model, self, settings.k);
  }
}

interface Standing {
  readonly endpoint: string;
  readonly result: string;
  readonly cause?: string | undefined;
}

/** How everybody a lookup knows of stands, over all of its paths, those included that have ended. */
function outcomesOf(query?: Running<Talk>): Standing[] {
  if (query === undefined) return [];
  const paths = query.status === 'disjoint' ? query.paths : [query];
  return paths.flatMap((path): readonly Standing[] => {
    if (path.status === 'ended') return path.report.asked;
    if (path.status === 'idle') return [];
    return path.candidates.map((it) => ({
      endpoint: it.endpoint,
      result: it.status,
      ...(it.status === 'failed' ? { cause: it.cause } : undefined),
    }));
  });
}
