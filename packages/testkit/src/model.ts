/**
 * A network as plain data: who is there, who knows whom, who holds what. For lookups that a test drives step by step;
 * the truth (who is closest) is worked out here by brute force, in another way than the core does it.
 */
import {
  type Answer,
  type Contact,
  DEFAULT_QUERY,
  type Endpoint,
  type Id,
  idFromHex,
  type Protocol,
  type QueryConfig,
  type Value,
} from '@xorrery/core';
import { Dice } from './dice.ts';

/** The protocol of the models: one request, values that are their own keys. */
export interface Plain extends Protocol {
  readonly outRequest: 'find';
  readonly inRequest: 'find';
  readonly outReply: null;
  readonly inReply: null;
  readonly value: Value;
}

export interface ModelNode {
  readonly contact: Contact;
  /** Whom it may name. */
  readonly knows: readonly Contact[];
  readonly values: readonly Value[];
  readonly token?: string;
}

export interface Model {
  readonly nodes: readonly ModelNode[];
  /** Contacts in an answer. */
  readonly replySize: number;
}

/** The contact numbered i of a network of `bits` wide ids. */
export function contactOf(i: number, id: Id): Contact {
  return { id, endpoint: `n${i}` };
}

/** A small id by number, at any width. */
export function tinyId(n: number, bits = 8): Id {
  return idFromHex(n.toString(16).padStart(bits / 4, '0'), bits);
}

/** Everybody knows everybody else. Ids are distinct. */
export function fullModel(count: number, seed: number, bits = 160, replySize = 20): Model {
  const contacts = seededContacts(count, seed, bits);
  const nodeOf = (contact: Contact): ModelNode => ({
    contact,
    knows: contacts.filter((it) => it !== contact),
    values: [],
  });
  return { nodes: contacts.map(nodeOf), replySize };
}

/** Contacts with distinct ids from the seed. */
export function seededContacts(count: number, seed: number, bits = 160): Contact[] {
  const dice = new Dice(seed);
  const ids = new Set<Id>();
  while (ids.size < count) ids.add(dice.id(bits));
  return [...ids].map((id, i) => contactOf(i, id));
}

/** What the node at an endpoint says when asked for `target`, or `undefined` when nobody is there. */
export function answerOf(
  model: Model,
  endpoint: Endpoint,
  target: Id,
): { from: Id; answer: Answer<Value> } | undefined {
  const node = model.nodes.find((it) => it.contact.endpoint === endpoint);
  if (node === undefined) return undefined;
  const { contact, knows, values, token } = node;
  const contacts = rankContacts(knows, target).slice(0, model.replySize);
  return { from: contact.id, answer: { contacts, values, ...(token === undefined ? undefined : { token }) } };
}

/** Contacts by distance to `target`, nearest first; by endpoint where the ids are the same. */
export function rankContacts(contacts: readonly Contact[], target: Id): Contact[] {
  const keyed = contacts.map((contact) => ({ contact, away: awayOf(contact.id, target) }));
  keyed.sort((a, b) => {
    if (a.away !== b.away) return a.away < b.away ? -1 : 1;
    return a.contact.endpoint < b.contact.endpoint ? -1 : 1;
  });
  return keyed.map(({ contact }) => contact);
}

/** The distance between two ids, as a number of any size: slow, and nothing like the core's way. */
export function awayOf(a: Id, b: Id): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
}

/** The configuration of a lookup over a model: the core's defaults, and ids that the model cannot contain by chance. */
export function modelQuery(target: Id, changes: Partial<QueryConfig<Plain>> = {}): QueryConfig<Plain> {
  return { ...DEFAULT_QUERY, kind: 'closest', target, self: target, identity: 'endpoint', request: 'find', ...changes };
}
