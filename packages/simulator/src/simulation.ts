/**
 * The production loop with another clock: take the earliest thing, jump to its instant, step the node, carry out its
 * effects, check. One seed, one result: whatever acts is told by the agenda, and there is no other order.
 *
 * It refuses to: wait, print, write files, or look at a real clock. Whoever runs it does so in slices (`run`).
 */
import {
  type Endpoint,
  type Instant,
  makeNode,
  type NodeEffect,
  type NodeEvent,
  type OutMessage,
  type Protocol,
} from '@xorrery/core';
import { Agenda } from './agenda.ts';
import { Chance } from './chance.ts';
import { Digest } from './digest.ts';
import { faultsOf, members, translated } from './fault.ts';
import type { Harm } from './harm.ts';
import { breachOf, type Violation } from './judge.ts';
import { Lookups } from './lookups.ts';
import { planFor, type Thing } from './plan.ts';
import { type AnyState, NEVER_WAKES, type Resident } from './population.ts';
import type { AnyProtocol } from './protocol.ts';
import type { Scenario } from './scenario.ts';
import type { AnyMachine, Effects, Sample, SimulationOptions, StepObserver } from './simulation-types.ts';
import { parseLatency } from './spec.ts';
import { Town } from './town.ts';
import { Villains } from './villains.ts';
import { type Delivery, Wires } from './wires.ts';

type Event = NodeEvent<Protocol>;

/** Samples there are about, unless the scenario says otherwise. */
const SAMPLES = 60;

/** ms after the last start by which lookups begin, whether all have joined or not. */
const JOIN_LIMIT = 120_000;

export class Simulation {
  readonly scenario: Scenario;
  readonly lookups: Lookups;
  readonly wires: Wires;
  readonly town: Town;
  /** The first promise that was broken, after which nothing more happens. */
  violation: Violation | undefined;
  /** Steps of nodes so far. */
  events: number = 0;
  /** Nodes that have joined, at least once. */
  joined: number = 0;
  /** Taken on the way, for plots over time. */
  readonly series: Sample[] = [];
  readonly #agenda = new Agenda<Thing>();
  readonly #machine: AnyMachine;
  readonly #protocol: AnyProtocol;
  readonly #observe: StepObserver | undefined;
  readonly #marks: SimulationOptions['marks'];
  readonly #digest: Digest | undefined;
  readonly #entropy: Chance;
  readonly #villains: Villains;
  readonly #plan: (at: Instant, delivery: Delivery) => void;
  #until: Instant = 0;
  #isReady = false;

  /** Throws `ConfigError` where a part of the scenario contradicts another, or a node's configuration is out of range. */
  constructor(scenario: Scenario, { protocol, machine, hash, observe, born, marks }: SimulationOptions) {
    const chance = (stream: string): Chance => new Chance(scenario.seed, stream);
    this.scenario = scenario;
    this.#protocol = protocol;
    this.#machine = machine ?? makeNode(protocol.profile);
    this.#observe = observe;
    this.#marks = marks;
    this.#digest = hash === undefined ? undefined : new Digest(hash);
    this.#entropy = chance('entropy');
    const { nat, nodes, slow } = scenario;
    const shifty = nat !== 'off' && nat.type === 'symmetric' ? translated(scenario) : undefined;
    this.wires = new Wires({
      latency: parseLatency('latency', scenario.latency),
      faults: faultsOf(scenario, chance('faults')),
      bandwidth: scenario.bandwidth,
      translates: (node) => shifty?.has(node) === true,
      slow: slow === 'off' ? 'off' : { who: members(nodes, slow.share, chance('slow')), ms: slow.ms },
      chance: chance('latency'),
    });
    this.town = new Town(scenario, protocol, this.#machine, this.wires, born);
    const { truth, isHonest, attacked } = this.town;
    this.lookups = new Lookups({
      total: scenario.lookups,
      k: scenario.k,
      protocol,
      truth,
      isHonest,
      chance: chance('lookups'),
      key: attacked.key,
    });
    this.#plan = (at, delivery) => this.#agenda.add(at, delivery);
    this.#villains = new Villains(
      this.town,
      protocol,
      chance('villains'),
      scenario.floodEvery,
      (who, from, to, message, after) => {
        const bytes = this.#bytesOf(message, to);
        this.wires.send(who, from, to, message, bytes, this.#agenda.now + after, this.#plan);
        return bytes;
      },
    );
    const { last } = planFor(scenario, this.town, (at, thing) => this.#agenda.add(at, thing));
    if (scenario.tables === 'full') this.#begin();
    else this.#agenda.add(last + JOIN_LIMIT, { type: 'ready' });
  }

  /** What attackers got out of it so far. */
  get harm(): Harm {
    return this.#villains.counter.harm;
  }

  /** Simulated ms so far. */
  get now(): Instant {
    return this.#agenda.now;
  }

  /** Until when it goes on, as far as is known yet. */
  get until(): Instant {
    return this.#until;
  }

  get isOver(): boolean {
    return this.violation !== undefined || (this.#isReady && this.lookups.isOver && this.now >= this.#until);
  }

  /** Takes at most so many things from the agenda. False when it is over. */
  run(most: number): boolean {
    for (let i = 0; i < most; i++) {
      if (this.isOver) return false;
      const thing = this.#agenda.take();
      if (thing === undefined) return this.#endEmpty();
      this.#happen(thing);
    }
    return !this.isOver;
  }

  /** The hash of all that happened and of what every node is now; `undefined` without a hash. */
  stateHash(): string | undefined {
    for (const { number, state } of this.town.residents) if (state !== undefined) this.#digest?.state(number, state);
    return this.#digest?.hex;
  }

  /** Everybody has joined, or has had the time to. */
  #begin(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    const { duration, lookups, spacing } = this.scenario;
    this.#until = this.now + Math.max(duration, lookups === 0 ? 0 : 1);
    this.#agenda.add(this.now, { type: 'sample' });
    if (lookups > 0) this.#agenda.add(this.now + spacing, { type: 'lookup' });
  }

  #happen(thing: Thing): void {
    switch (thing.type) {
      case 'packet':
        return this.#arrive(thing);
      case 'wake':
        return this.#wake(thing.who);
      case 'start':
        return this.#start(thing.who);
      case 'leave':
        return this.#leave(thing.who);
      case 'act':
        this.#agenda.add(this.now + this.#villains.act(thing.who), thing);
        return;
      case 'lookup':
        return this.#lookUp();
      case 'ready':
        return this.#begin();
      case 'sample':
        return this.#sample();
      case 'sleep':
        for (const who of thing.who) this.#fallAsleep(who, this.now + thing.ms);
        return;
      case 'awake':
        for (const who of thing.who) this.#awake(who);
    }
  }

  #sample(): void {
    const { lookups, spacing, duration, interval } = this.scenario;
    const { sent, lost, bytes } = this.wires.traffic;
    const { outcomes } = this.lookups;
    this.series.push({
      at: this.now,
      up: this.town.up,
      events: this.events,
      sent,
      lost,
      bytes,
      lookups: outcomes.length,
    });
    const span = Math.max(lookups * spacing, duration, SAMPLES);
    this.#agenda.add(this.now + (interval === 0 ? Math.floor(span / SAMPLES) : interval), { type: 'sample' });
  }

  #arrive({ to, from, message, bytes, garbled }: Delivery): void {
    if (!to.isUp || to.asleepUntil > this.now) return;
    this.wires.traffic.delivered++;
    if (garbled && to.role === 'honest') return this.step(to, { type: 'malformed', from, cause: 'not a message' });
    if (garbled) return;
    const carried = this.#protocol.carry(message as never, from, to.contact.endpoint, this.now - to.offset);
    if (to.role !== 'honest') return this.#villains.receive(to, from, carried);
    this.step(to, { type: 'received', from, message: carried as never, bytes });
  }

  #wake(who: Resident): void {
    if (who.wakeAt !== this.now || who.state === undefined) return;
    who.wakeAt = NEVER_WAKES;
    if (who.asleepUntil > this.now) return;
    const due = this.#machine.nextDeadline(who.state);
    if (due === undefined) return;
    if (due + who.offset <= this.now) return this.step(who, { type: 'tick' });
    this.#wakeAt(who, due + who.offset);
  }

  #wakeAt(who: Resident, at: Instant): void {
    if (at >= who.wakeAt) return;
    who.wakeAt = at;
    this.#agenda.add(at, { type: 'wake', who });
  }

  #start(who: Resident): void {
    if (who.isUp) return;
    if (who.asleepUntil > this.now) return this.#agenda.add(who.asleepUntil, { type: 'start', who });
    const seeds = this.town.seedsFor(who);
    this.town.comeUp(who, this.now);
    if (this.scenario.churn !== 'off') this.#agenda.add(this.now + this.town.nextSession(), { type: 'leave', who });
    if (who.role === 'honest') this.step(who, { type: 'start', seeds });
  }

  #leave(who: Resident): void {
    if (!who.isUp) return;
    this.lookups.forget(who);
    this.town.goDown(who, this.now);
    if (this.scenario.churn !== 'off') this.#agenda.add(this.now + this.scenario.away, { type: 'start', who });
  }

  #fallAsleep(who: Resident, until: Instant): void {
    if (who.asleepUntil <= this.now) who.asleepSince = this.now;
    who.asleepUntil = Math.max(who.asleepUntil, until);
  }

  /** The host was away: its clock stood still, and it is told by how much. */
  #awake(who: Resident): void {
    if (who.asleepUntil > this.now) return;
    const ms = this.now - who.asleepSince;
    who.offset += ms;
    who.wakeAt = NEVER_WAKES;
    if (who.isUp && who.state !== undefined) this.step(who, { type: 'clock-jumped', ms });
  }

  #lookUp(): void {
    const asker = this.town.asker(this.now);
    if (asker !== undefined) this.step(asker, this.lookups.begin(asker));
    if (this.lookups.begun < this.scenario.lookups)
      this.#agenda.add(this.now + this.scenario.spacing, { type: 'lookup' });
  }

  /** One step of a node, at its own time, and all that comes of it. */
  step(who: Resident, event: Event): void {
    const before = this.town.stateOf(who, this.now);
    const local = this.now - who.offset;
    let after: AnyState;
    let effects: Effects;
    try {
      ({ state: after, effects } = this.#machine.advance(before, event, local));
    } catch (error) {
      this.#observe?.(local, who.number, event, [], before);
      return this.#fail(who, `a step does not throw: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.events++;
    who.state = after;
    this.#digest?.step(this.now, who.number, effects);
    this.#observe?.(local, who.number, event, effects, after);
    const marks = this.#marks;
    if (marks !== undefined && this.events % marks.every === 0) marks.tell(this.events, this.#digest?.hex ?? '');
    const due = this.#machine.nextDeadline(after);
    const breach = breachOf(before, after, effects, local, due);
    if (breach !== undefined) return this.#fail(who, breach);
    if (due !== undefined) this.#wakeAt(who, due + who.offset);
    for (let i = 0; i < effects.length; i++) this.#perform(who, effects[i] as NodeEffect<Protocol>);
  }

  #perform(who: Resident, effect: NodeEffect<Protocol>): void {
    switch (effect.type) {
      case 'transmit': {
        const bytes = this.#bytesOf(effect.message, effect.to);
        this.#villains.counter.heard(effect.message, bytes);
        this.wires.send(who, who.contact.endpoint, effect.to, effect.message, bytes, this.now, this.#plan);
        return;
      }
      case 'entropy-needed':
        return this.step(who, { type: 'entropy', bytes: this.#entropy.hex(effect.bytes) });
      case 'verify': {
        const { job, check } = effect;
        return this.step(who, { type: 'verified', job, valid: this.#protocol.verify?.(check) ?? false });
      }
      case 'query': {
        if (effect.effect.type !== 'finished' || effect.id.includes(':')) return;
        const breach = this.lookups.end(who, effect.id, effect.effect, this.now);
        if (breach !== undefined) this.#fail(who, breach);
        return;
      }
      case 'rejected':
        return this.lookups.reject(effect.id, effect.reason);
      case 'join-finished':
        if (effect.outcome === 'joined' && who.starts === 1 && ++this.joined === this.town.honest) this.#begin();
        return;
      default:
        return;
    }
  }

  #bytesOf(message: OutMessage<Protocol>, to: Endpoint): number {
    const { bytesOf, profile } = this.#protocol;
    return bytesOf === undefined ? profile.sizeOf(message) : bytesOf(message, to);
  }

  #fail(who: Resident, claim: string): void {
    this.violation ??= { at: this.now, node: who.number, claim };
  }

  /** Nothing is planned any more: whatever has not ended never will. */
  #endEmpty(): boolean {
    const [open] = this.lookups.open;
    if (open !== undefined)
      this.violation ??= { at: this.now, node: -1, claim: `every operation ends: ${open} never does` };
    return false;
  }
}
