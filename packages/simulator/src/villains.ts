/**
 * Those who are not honest. None of them is a node: each is a few lines of malice that answer requests, and act now and
 * then. What they send goes through the same network as everything else; nobody believes them for being here.
 *
 * - `liar`: answers with other liars alone, the nearest to the target, and claims to hold what nobody gave it.
 * - `sybil`: many ids around one key, in few networks; names only its like, and pushes into the tables around the key.
 * - `eclipse`: the same around one node, which it courts.
 * - `poison`: names nodes that do not exist, as near to the target as can be.
 * - `spoof`: sends answers and requests in other nodes' names.
 * - `token-thief`: stores under tokens that were given to others.
 * - `slow-loris`: answers rightly, just before it would be given up.
 * - `id-changer`: answers rightly, under another id each time.
 * - `flood`: asks one node without end, from addresses in few networks.
 * - `spoofed-flood`: the same, each time in the name of another address where nobody is.
 * - `reflection`: asks everybody for as much as they can say, in the name of one third party.
 */
import type { Contact, Endpoint, Id, Instant } from '@xorrery/core';
import type { Chance } from './chance.ts';
import { HarmCounter } from './harm.ts';
import { fitId } from './homes.ts';
import type { Resident } from './population.ts';
import type { AnyProtocol } from './protocol.ts';
import type { AdversaryKind } from './spec.ts';
import type { Town } from './town.ts';
import { Truth } from './truth.ts';

/** Sends a message in somebody's name, after so many ms; its bytes. */
type Send = (who: Resident, from: Endpoint, to: Endpoint, message: never, after: Instant) => number;

interface Request {
  readonly type: string;
  readonly tid: string;
  readonly request: never;
}

/** Contacts in a reply. */
const NAMED = 20;
/** ms a slow one takes: most requests are given up at 2,000. */
const NEARLY_LATE = 1_700;
/** ms between two acts of one adversary. */
const REST = 5_000;
/** Whom reflected packets go to: somebody who has nothing to do with the network. */
const THIRD_PARTY = '9.9.9.9:53';

/** A token: what it is for, who gave it, and to whom. */
interface Loot {
  readonly token: string;
  readonly key: Id;
  readonly giver: Endpoint;
  readonly owner: Endpoint;
}

export class Villains {
  /** What they got out of it. */
  readonly counter: HarmCounter = new HarmCounter();
  readonly #floodEvery: Instant;
  readonly #town: Town;
  readonly #protocol: AnyProtocol;
  readonly #chance: Chance;
  readonly #send: Send;
  readonly #gangs = new Map<AdversaryKind, Truth>();
  readonly #contacts = new Map<Id, Contact>();
  readonly #loot: Loot[] = [];
  /** By transaction id: the key that a token was asked for. */
  readonly #bait = new Map<string, Id>();
  /** Where they are themselves. */
  readonly #dens = new Set<Endpoint>();
  /** Who was asked to hold what makes replies long. */
  readonly #primed = new Set<Endpoint>();

  constructor(town: Town, protocol: AnyProtocol, chance: Chance, floodEvery: Instant, send: Send) {
    this.#floodEvery = floodEvery;
    this.#town = town;
    this.#protocol = protocol;
    this.#chance = chance;
    this.#send = send;
    if (town.honest === town.residents.length) return;
    for (const { role, contact } of town.residents) {
      this.#contacts.set(contact.id, contact);
      if (role === 'honest') continue;
      this.#dens.add(contact.endpoint);
      const gang = this.#gangs.get(role) ?? new Truth([]);
      gang.add(contact.id);
      this.#gangs.set(role, gang);
    }
  }

  /** A packet has reached one of them. */
  receive(who: Resident, from: Endpoint, message: unknown): void {
    const { type, tid, request, reply } = message as Request & { readonly reply?: { readonly token?: unknown } };
    const role = who.role as AdversaryKind;
    if (type === 'reply' && role === 'token-thief') this.#pocket(who.contact.endpoint, from, tid, reply?.token);
    if (type === 'reply' && role === 'reflection') this.#prime(who, from, reply?.token);
    if (type !== 'request') return;
    const target = this.#protocol.targetOf(request);
    const contacts = target === undefined ? [] : this.#named(role, target);
    const sender = role === 'id-changer' ? this.#chance.id(this.#protocol.profile.idBits) : who.contact.id;
    const answer = { type: 'reply', tid, sender, reply: this.#protocol.forge(request, contacts) };
    this.#send(who, who.contact.endpoint, from, answer as never, role === 'slow-loris' ? NEARLY_LATE : 0);
  }

  /** One of them may do something now; ms until it may again. */
  act(who: Resident): Instant {
    if (!who.isUp) return REST;
    switch (who.role) {
      case 'sybil':
        if (this.#town.attacked.key !== undefined) this.#court(who, this.#nearest(this.#town.attacked.key));
        return REST;
      case 'eclipse': {
        const victim = this.#town.attacked.node;
        if (victim !== undefined) this.#court(who, [victim.contact, ...this.#nearest(victim.contact.id)]);
        return REST;
      }
      case 'spoof':
        this.#spoof(who);
        return REST / 10;
      case 'token-thief':
        this.#steal(who);
        return REST / 10;
      case 'flood':
      case 'spoofed-flood':
        this.#flood(who);
        return this.#floodEvery;
      case 'reflection':
        this.#reflect(who);
        return this.#floodEvery;
      default:
        return REST;
    }
  }

  /** Whom it names to whoever asks for a target. */
  #named(role: AdversaryKind, target: Id): readonly Contact[] {
    if (role === 'liar' || role === 'sybil' || role === 'eclipse') {
      return this.#nearest(target, this.#gangs.get(role));
    }
    if (role !== 'poison') return this.#nearest(target);
    return Array.from({ length: NAMED }, () => {
      const far = this.#chance.id(this.#protocol.profile.idBits);
      const id = (target.slice(0, -4) + far.slice(-4)) as Id;
      return { id, endpoint: `6.${this.#chance.below(256)}.${this.#chance.below(256)}.1:6881` };
    });
  }

  /** The nearest of a gang; left out, the truth, for those whose lie is another. */
  #nearest(target: Id, of: Truth = this.#town.truth): readonly Contact[] {
    const found: Contact[] = [];
    for (const id of of.closest(target, NAMED)) {
      const contact = this.#contacts.get(id);
      if (contact !== undefined) found.push(contact);
    }
    return found;
  }

  /** Asks each of them something, so that they come to know it. */
  #court(who: Resident, whom: readonly Contact[]): void {
    for (const { endpoint } of whom) this.#ask(who, who.contact.endpoint, endpoint, this.#protocol.profile.ping);
  }

  /** The transaction id, and the bytes that it took. */
  #ask(
    who: Resident,
    from: Endpoint,
    to: Endpoint,
    request: unknown,
    sender: Id = who.contact.id,
  ): readonly [tid: string, bytes: number] {
    const tid = this.#chance.hex(4);
    return [tid, this.#send(who, from, to, { type: 'request', tid, sender, readOnly: false, request } as never, 0)];
  }

  /** As `#ask`, with an eye on what comes of it. */
  #harm(who: Resident, from: Endpoint, to: Endpoint, request: unknown, sender: Id = who.contact.id): void {
    this.counter.asked(...this.#ask(who, from, to, request, sender));
  }

  #flood(who: Resident): void {
    const { node } = this.#town.attacked;
    if (node === undefined) return;
    const { idBits, ids, findNode } = this.#protocol.profile;
    const request = findNode(this.#chance.id(idBits));
    if (who.role === 'flood') return this.#harm(who, who.contact.endpoint, node.contact.endpoint, request);
    const [a, b, c] = [this.#chance.below(256), this.#chance.below(256), this.#chance.below(256)];
    const from = `7.${a}.${b}.${c}:6881`;
    this.#harm(who, from, node.contact.endpoint, request, fitId(from, this.#chance.id(idBits), ids));
  }

  /** Asks an honest node in the third party's name; first, and once, in its own for what makes the reply long. */
  #reflect(who: Resident): void {
    const { role, contact } = this.#chance.pick(this.#town.residents);
    if (role !== 'honest') return;
    const { bulk, profile } = this.#protocol;
    const { endpoint } = contact;
    if (bulk !== undefined && !this.#primed.has(endpoint)) {
      this.#primed.add(endpoint);
      this.#ask(who, who.contact.endpoint, endpoint, bulk.ask);
      return;
    }
    const random = this.#chance.id(profile.idBits);
    const request = bulk === undefined ? profile.findNode(random) : bulk.ask;
    this.#harm(who, THIRD_PARTY, endpoint, request, fitId(THIRD_PARTY, random, profile.ids));
  }

  #prime(who: Resident, at: Endpoint, token: unknown): void {
    const { bulk, profile } = this.#protocol;
    if (bulk === undefined || typeof token !== 'string') return;
    this.#ask(who, who.contact.endpoint, at, profile.granted(bulk.store, token));
  }

  #spoof(who: Resident): void {
    const victim = this.#chance.pick(this.#town.residents);
    const bait = this.#chance.pick(this.#town.residents);
    const { id: sender, endpoint: claimed } = bait.contact;
    const request = this.#protocol.profile.findNode(victim.contact.id);
    const reply = this.#protocol.forge(request, this.#nearest(victim.contact.id, this.#gangs.get('spoof')));
    const answer = { type: 'reply', tid: this.#chance.hex(8), sender, reply };
    this.#send(who, claimed, victim.contact.endpoint, answer as never, 0);
    const asking = { type: 'request', tid: this.#chance.hex(4), sender: who.contact.id, readOnly: false, request };
    this.#send(who, claimed, victim.contact.endpoint, asking as never, 0);
  }

  /** Asks somebody for a token, and uses what it has in another's name. */
  #steal(who: Resident): void {
    const mark = this.#chance.pick(this.#town.residents).contact;
    const key = this.#chance.id(this.#protocol.profile.idBits);
    const [tid] = this.#ask(who, who.contact.endpoint, mark.endpoint, this.#protocol.tokenFor(key));
    this.#bait.set(tid, key);
    const taken = this.#loot.shift();
    if (taken === undefined) return;
    const store = this.#protocol.profile.granted(this.#protocol.storeOf(taken.key), taken.token);
    const other = this.#chance.pick(this.#town.residents).contact;
    // No theft: from one of their own, or in the name of whom it was given to.
    const isLawful = this.#dens.has(taken.giver) || other.endpoint === taken.owner;
    if (isLawful) this.#ask(who, other.endpoint, taken.giver, store);
    else this.#harm(who, other.endpoint, taken.giver, store);
  }

  #pocket(owner: Endpoint, giver: Endpoint, tid: string, token: unknown): void {
    const key = this.#bait.get(tid);
    this.#bait.delete(tid);
    if (typeof token !== 'string' || key === undefined || this.#loot.length >= 1_000) return;
    this.#loot.push({ token, key, giver, owner });
  }
}
