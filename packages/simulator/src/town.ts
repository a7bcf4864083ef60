/**
 * The residents as a whole: who is up, who is honest, who knows whom at the start, and how nodes come and go. It keeps
 * the truth up to date. It refuses to: decide when anything happens.
 */
import {
  type Contact,
  type Endpoint,
  type Id,
  type Instant,
  type NodeConfig,
  type NodeSettings,
  nodeConfigOf,
  restoreNode,
  settled,
  snapshotOf,
} from '@xorrery/core';
import { Chance } from './chance.ts';
import { settingsFor } from './config.ts';
import type { Duration } from './distribution.ts';
import { type FullTables, fullTables } from './full-tables.ts';
import { chosenIdNear, crowdedEndpointOf, drawHomes, drawIds, endpointOf, fitId, fitIdNear } from './homes.ts';
import { type AnyState, newResident, type Resident, type Role } from './population.ts';
import type { AnyProtocol } from './protocol.ts';
import type { Scenario } from './scenario.ts';
import type { AnyMachine } from './simulation-types.ts';
import { type AdversaryKind, parseAdversaries, parseSessions } from './spec.ts';
import { Truth } from './truth.ts';
import type { Wires } from './wires.ts';

type Born = (node: number, state: AnyState) => void;

/** Wall time of simulated hosts at the start; any constant would do. */
const EPOCH = 1_700_000_000_000;
/** Those who have many addresses in few networks. */
const CROWDED: readonly Role[] = ['sybil', 'eclipse', 'flood'];

/** Who is who: each id with its role; and with its address, where ids are bound to addresses. */
interface Cast {
  readonly roles: ReadonlyMap<Id, Role>;
  readonly homes: ReadonlyMap<Id, Endpoint> | undefined;
  readonly key: Id | undefined;
  readonly victim: Id | undefined;
}

export class Town {
  readonly residents: readonly Resident[];
  readonly truth: Truth;
  /** Honest residents. */
  readonly honest: number;
  /** What adversaries gather around: a key that all lookups are for, or a node. */
  readonly attacked: { readonly key: Id | undefined; readonly node: Resident | undefined };
  /** What tables held before the first lookup; `undefined` where nodes join. */
  readonly tables: FullTables | undefined;
  /** ms between two arrivals. */
  readonly arrivalGap: Instant = 20;
  readonly isHonest: (id: Id) => boolean;
  readonly #scenario: Scenario;
  readonly #protocol: AnyProtocol;
  /** One for all, so that a million nodes do not hold a million copies. */
  readonly #settings: NodeSettings<unknown>;
  readonly #machine: AnyMachine;
  readonly #chance: Chance;
  readonly #born: Born | undefined;
  readonly #foul = new Set<Id>();
  readonly #session: Duration;
  /** Honest residents that are up, in no particular order, and where each stands in it. */
  readonly #up: Resident[] = [];
  readonly #places = new Map<Resident, number>();

  constructor(scenario: Scenario, protocol: AnyProtocol, machine: AnyMachine, wires: Wires, born?: Born) {
    this.#born = born;
    this.#scenario = scenario;
    this.#protocol = protocol;
    this.#settings = settingsFor(scenario, protocol);
    this.#machine = machine;
    this.#chance = new Chance(scenario.seed, 'town');
    const { churn, skew } = scenario;
    this.#session = churn === 'off' ? () => 0 : parseSessions('scenario.churn', churn).draw;
    const { roles, homes, key, victim } = this.#cast();
    const ids = [...roles.keys()].sort();
    this.residents = ids.map((id, number) => {
      const role = roles.get(id) as Role;
      const isCrowded = CROWDED.includes(role);
      const endpoint = homes?.get(id) ?? (isCrowded ? crowdedEndpointOf(number) : endpointOf(number));
      const resident = newResident(number, role, { id, endpoint }, skew === 0 ? 0 : -this.#chance.below(skew + 1));
      wires.attach(endpoint, resident);
      if (role !== 'honest') this.#foul.add(id);
      return resident;
    });
    this.honest = this.residents.filter((it) => it.role === 'honest').length;
    const node = victim === undefined ? undefined : this.residents[ids.indexOf(victim)];
    this.attacked = { key: key ?? (scenario.lookupsBy === 'others' ? victim : undefined), node };
    this.isHonest = (id) => !this.#foul.has(id);
    const isFull = scenario.tables === 'full';
    this.truth = new Truth(isFull ? ids : []);
    this.tables = isFull ? fullTables(ids, [scenario.k], new Chance(scenario.seed, 'tables')) : undefined;
    // Whatever is out of range in it, is so before the first node is made.
    machine.init(nodeConfigOf(this.#settings, ids[0] as Id, 0));
  }

  /** Clusters lie around what they attack. */
  #cast(): Cast {
    const { nodes, adversary, unfit, sybilIds } = this.#scenario;
    const { idBits, ids: bound } = this.#protocol.profile;
    const misfits = Math.floor(nodes * unfit + 0.5);
    const homes = bound === undefined ? undefined : drawHomes(nodes, misfits, idBits, bound, this.#chance);
    const ids = homes === undefined ? drawIds(nodes, idBits, this.#chance) : [...homes.keys()].sort();
    const roles = new Map<Id, Role>(ids.map((id) => [id, 'honest']));
    if (adversary === 'off') return { roles, homes, key: undefined, victim: undefined };
    const shares = parseAdversaries('scenario.adversary', adversary);
    const key = shares.has('sybil') ? this.#chance.id(idBits) : undefined;
    const order = new Uint32Array(nodes);
    this.#chance.distinct(0, nodes, nodes, order, 0);
    for (let i = nodes - 1; i > 0; i--) {
      const j = this.#chance.below(i + 1);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    const isNodeAttacked = ['eclipse', 'flood', 'spoofed-flood'].some((it) => shares.has(it as AdversaryKind));
    const victim = isNodeAttacked ? ids[order[nodes - 1] as number] : undefined;
    let next = 0;
    for (const [kind, share] of shares) {
      const centre = kind === 'sybil' ? key : kind === 'eclipse' ? victim : undefined;
      for (let i = Math.min(nodes - 1, Math.floor(share * nodes + 0.5)); i > 0; i--) {
        const id = ids[order[next++] as number] as Id;
        // A flood comes from few networks, with the ids that go with them; where ids are free, its own do.
        if (!CROWDED.includes(kind) || (centre === undefined && bound === undefined)) {
          roles.set(id, kind);
          continue;
        }
        roles.delete(id);
        const random = this.#chance.id(idBits);
        const endpoint = crowdedEndpointOf(next);
        const isFit = bound !== undefined && (centre === undefined || sybilIds === 'fit');
        const near = isFit
          ? fitIdNear(centre ?? random, endpoint, random, bound)
          : chosenIdNear(centre ?? random, random, nodes);
        if (isFit) homes?.set(near, endpoint);
        roles.set(near, kind);
      }
    }
    return { roles, homes, key, victim };
  }

  /** Honest residents that are up. */
  get up(): number {
    return this.#up.length;
  }

  /** All residents, in the order in which they arrive. */
  inOrderOfArrival(chance: Chance): readonly Resident[] {
    const order = this.residents.slice();
    for (let i = order.length - 1; i > 0; i--) {
      const j = chance.below(i + 1);
      [order[i], order[j]] = [order[j] as Resident, order[i] as Resident];
    }
    // Somebody honest has to be there first.
    const first = order.findIndex((it) => it.role === 'honest');
    [order[0], order[first]] = [order[first] as Resident, order[0] as Resident];
    return order;
  }

  /** An honest node that is up and awake: the attacked one, if there is one, or anybody else. `undefined`: there is none. */
  asker(now: Instant): Resident | undefined {
    const { node } = this.attacked;
    const isOwn = this.#scenario.lookupsBy === 'attacked';
    if (node !== undefined && isOwn) return node.isUp && node.asleepUntil <= now ? node : undefined;
    if (this.#up.length === 0) return undefined;
    for (let tries = 0; tries < 64; tries++) {
      const who = this.#chance.pick(this.#up);
      if (who.asleepUntil <= now && who !== node) return who;
    }
    return undefined;
  }

  /** Up to three honest nodes that are up, to join through. */
  seedsFor(who: Resident): readonly Endpoint[] {
    const seeds = new Set<Endpoint>();
    for (let i = 0; i < 3 && this.#up.length > 0; i++) seeds.add(this.#chance.pick(this.#up).contact.endpoint);
    seeds.delete(who.contact.endpoint);
    return [...seeds];
  }

  /** How long the next node stays. */
  nextSession(): Instant {
    return Math.max(1, this.#session(this.#chance));
  }

  /** Has been here all along, with a full table. */
  moveIn(who: Resident): void {
    who.isUp = true;
    who.starts = 1;
    if (who.role === 'honest') this.#enlist(who);
  }

  comeUp(who: Resident, now: Instant): void {
    const { rejoin } = this.#scenario;
    if (who.starts > 0 && rejoin === 'new-id' && who.role === 'honest') {
      const { idBits, ids } = this.#protocol.profile;
      const { endpoint } = who.contact;
      who.contact = { id: fitId(endpoint, this.#chance.id(idBits), ids), endpoint };
      who.saved = undefined;
    }
    who.isUp = true;
    who.starts++;
    if (who.starts > 1) who.offset = now;
    who.state = who.role === 'honest' ? this.#newState(who, now) : undefined;
    if (who.state !== undefined) this.#born?.(who.number, who.state);
    this.truth.add(who.contact.id);
    if (who.role === 'honest') this.#enlist(who);
  }

  goDown(who: Resident, now: Instant): void {
    const { rejoin } = this.#scenario;
    if (rejoin === 'snapshot' && who.role === 'honest') {
      const { profile } = this.#protocol;
      const snapshot = snapshotOf(profile, this.stateOf(who, now), now - who.offset, EPOCH + now);
      who.saved = { snapshot, at: now };
    }
    who.isUp = false;
    who.state = undefined;
    who.wakeAt = Number.MAX_SAFE_INTEGER;
    this.truth.remove(who.contact.id);
    this.#strike(who);
  }

  /** What a node is. One of a full network that nobody has looked at yet is made now. */
  stateOf(who: Resident, now: Instant): AnyState {
    if (who.state !== undefined) return who.state;
    who.state = this.#fullState(who, now);
    this.#born?.(who.number, who.state);
    return who.state;
  }

  #newState(who: Resident, now: Instant): AnyState {
    const config = this.#configOf(who);
    if (who.saved === undefined) return this.#machine.init(config);
    return restoreNode(this.#protocol.profile, config, who.saved.snapshot, now - who.offset, EPOCH + now);
  }

  #fullState(who: Resident, now: Instant): AnyState {
    const buckets: Contact[][] = [];
    for (const bucket of this.tables?.bucketsOf(who.number) ?? []) {
      const contacts = new Array<Contact>(bucket.length);
      for (let i = 0; i < bucket.length; i++) contacts[i] = (this.residents[bucket[i] as number] as Resident).contact;
      buckets.push(contacts);
    }
    return settled(this.#machine.init(this.#configOf(who)), buckets, now - who.offset);
  }

  #configOf(who: Resident): NodeConfig<unknown> {
    const seed = (this.#scenario.seed + Math.imul(who.number + 1, 0x9e3779b9) + who.starts) >>> 0;
    return nodeConfigOf(this.#settings, who.contact.id, seed);
  }

  #enlist(who: Resident): void {
    this.#places.set(who, this.#up.length);
    this.#up.push(who);
  }

  #strike(who: Resident): void {
    const place = this.#places.get(who);
    const last = this.#up.at(-1);
    if (place === undefined || last === undefined) return;
    this.#up[place] = last;
    this.#places.set(last, place);
    this.#up.pop();
    this.#places.delete(who);
  }
}
