/** Fault-free networks: the result of a lookup is the truth, worked out by brute force. */
import type { Contact, Id } from '@xorrery/core';
import {
  Dice,
  driveQuery,
  fullModel,
  type Model,
  modelQuery,
  type QueryRun,
  rankContacts,
  seededContacts,
} from '@xorrery/testkit';
import { describe, expect, inject, it } from 'vitest';

const seedsOf = (count: number): number[] => Array.from({ length: count * inject('runs') }, (_, i) => i);

/** A lookup by one of the nodes, which begins with its k closest. */
const lookBy = (model: Model, asker: Contact, target: Id, k: number): QueryRun => {
  const node = model.nodes.find((it) => it.contact === asker);
  const seeds = rankContacts(node?.knows ?? [], target).slice(0, k);
  const config = modelQuery(target, { self: asker.id, k, alpha: 3 });
  return driveQuery({ config, model: { ...model, replySize: k }, seeds, afterwards: 'answers' });
};

const truth = (contacts: readonly Contact[], asker: Contact, target: Id, k: number): Contact[] =>
  rankContacts(
    contacts.filter((it) => it !== asker),
    target,
  ).slice(0, k);

describe('a fault-free network', () => {
  it.each([4, 8, 20])('[D19][U01] 50 nodes with full tables: exact every time, k = %i', (k) => {
    for (const seed of seedsOf(1_000)) {
      const model = fullModel(50, seed);
      const contacts = model.nodes.map((it) => it.contact);
      const dice = new Dice(seed);
      const [asker, target] = [dice.pick(contacts), dice.id(160)];
      const { report } = lookBy(model, asker, target, k);
      expect(report.closest, `seed ${seed}`).toEqual(truth(contacts, asker, target, k));
      expect(report.reason, `seed ${seed}`).toBe('converged');
    }
  });

  it.each([4, 8, 20])('[D21] networks of 0, 1, 2, k-1, k and k+1 others: exact, and a defined reason, k = %i', (k) => {
    for (const others of [0, 1, 2, k - 1, k, k + 1]) {
      for (const seed of seedsOf(20)) {
        const model = fullModel(others + 1, seed);
        const contacts = model.nodes.map((it) => it.contact);
        const asker = contacts[0] as Contact;
        const target = new Dice(seed).id(160);
        const { report, now } = lookBy(model, asker, target, k);
        const where = `seed ${seed}, ${others} others`;
        expect(report.closest, where).toEqual(truth(contacts, asker, target, k));
        expect(report.reason, where).toBe(others < k ? 'exhausted' : 'converged');
        expect(report.counts.requests, where).toBe(Math.min(others, k));
        expect(now, where).toBe(0);
      }
    }
  });

  it('[F21][U01][X18] 400 nodes known, all answering, k = 16: about 19 are asked, reason converged', () => {
    let asked = 0;
    const seeds = seedsOf(100);
    for (const seed of seeds) {
      const contacts = seededContacts(400, seed);
      const dice = new Dice(seed);
      const knows = dice.sample(contacts);
      const nodes = contacts.map((contact) => ({ contact, knows: dice.sample(knows, 40), values: [] }));
      const target = dice.id(160);
      const config = modelQuery(target, { k: 16, alpha: 3, maxCandidates: 1_024 });
      const { report } = driveQuery({
        config,
        model: { nodes, replySize: 16 },
        seeds: contacts,
        afterwards: 'answers',
      });
      expect(report.reason, `seed ${seed}`).toBe('converged');
      expect(report.closest, `seed ${seed}`).toEqual(rankContacts(contacts, target).slice(0, 16));
      expect(report.counts.requests, `seed ${seed}`).toBeLessThanOrEqual(24);
      asked += report.counts.requests;
    }
    expect(asked / seeds.length).toBeLessThanOrEqual(20);
  });

  it('[D26] 15 nodes, k = 20, one leaves: every lookup returns exactly the 13 other live nodes', () => {
    for (const seed of seedsOf(100)) {
      const full = fullModel(15, seed);
      const gone = full.nodes[new Dice(seed).below(15)]?.contact as Contact;
      const live: Model = { ...full, nodes: full.nodes.filter((it) => it.contact !== gone) };
      for (const { contact: asker } of live.nodes) {
        const target = new Dice(seed + asker.endpoint.length).id(160);
        const { report } = lookBy(live, asker, target, 20);
        const others = live.nodes.map((it) => it.contact);
        expect(report.closest, `seed ${seed}`).toEqual(truth(others, asker, target, 20));
        expect(report.closest.length, `seed ${seed}`).toBe(13);
        expect(report.counts.silent, `seed ${seed}`).toBe(1);
        expect(report.reason, `seed ${seed}`).toBe('exhausted');
      }
    }
  });
});
