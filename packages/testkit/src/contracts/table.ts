/**
 * What every routing table must do, whatever its buckets look like: hold each contact once and never ourselves, answer
 * exactly who is closest among those it holds, stay bounded, and never give up a live member for a newcomer. For those
 * who write a table, or a policy, of their own.
 */
import { type Contact, compareDistance, type Id, type Instant } from '@xorrery/core';
import fc from 'fast-check';
import { claim } from '../violation.ts';
import { type ContractCase, contractCase } from './contract.ts';

/** A table as the contract sees it. It may be changed in place. */
export interface TableUnderTest {
  /** Somebody has answered: the one way in. */
  answered(contact: Contact, now: Instant): void;
  /** A member did not answer a request. */
  silent(contact: Contact, now: Instant): void;
  closest(target: Id, n: number): readonly Contact[];
  contacts(): readonly Contact[];
}

export interface TableBench {
  /** An empty table of the node with this 16-bit id. */
  make(self: Id): TableUnderTest;
  /** Members it may have at most. */
  readonly limit: number;
  /** Unanswered requests in a row after which any member is gone. */
  readonly patience: number;
}

const anyId: fc.Arbitrary<Id> = fc.integer({ min: 0, max: 65_535 }).map((n) => n.toString(16).padStart(4, '0') as Id);
const anyContact: fc.Arbitrary<Contact> = fc
  .tuple(anyId, fc.integer({ min: 0, max: 300 }))
  .map(([id, door]) => ({ id, endpoint: door < 290 ? `at-${id}` : `door-${door}` }));

/** The suite. Properties run as often as fast-check is configured to. */
export function tableContract({ make, limit, patience }: TableBench): readonly ContractCase[] {
  const grown = (self: Id, contacts: readonly Contact[]): TableUnderTest => {
    const table = make(self);
    contacts.forEach((contact, now) => {
      table.answered(contact, now);
    });
    return table;
  };
  const many = fc.array(anyContact, { maxLength: 120 });

  return [
    contractCase('holds nobody before somebody has answered', () => {
      const table = make('0000' as Id);
      claim(table.contacts().length === 0 && table.closest('0001' as Id, 8).length === 0, 'it is empty');
    }),

    contractCase('holds each id and each endpoint once, never ourselves, and no more than its limit', () => {
      fc.assert(
        fc.property(anyId, many, (self, contacts) => {
          const held = grown(self, contacts).contacts();
          claim(!held.some((it) => it.id === self), 'not ourselves');
          claim(new Set(held.map((it) => it.id)).size === held.length, 'each id once', () => held);
          claim(new Set(held.map((it) => it.endpoint)).size === held.length, 'each endpoint once', () => held);
          claim(held.length <= limit, `at most ${limit}`, () => held.length);
        }),
      );
    }),

    contractCase('answers exactly who is closest among those it holds, nearest first', () => {
      fc.assert(
        fc.property(anyId, many, anyId, fc.integer({ min: 1, max: 30 }), (self, contacts, target, n) => {
          const table = grown(self, contacts);
          const order = (a: Contact, b: Contact): number => compareDistance(target, a.id, b.id);
          const exact = [...table.contacts()].sort(order).slice(0, n);
          const found = table.closest(target, n);
          claim(found.length === exact.length, 'as many as there are, at most n', () => ({ found, exact }));
          claim(
            found.every((it, i) => it.id === exact[i]?.id),
            'exactly those',
            () => ({ found, exact }),
          );
        }),
      );
    }),

    contractCase('a member that answers stays, whoever else comes', () => {
      fc.assert(
        fc.property(anyId, many, many, (self, first, later) => {
          const table = grown(self, first);
          const members = [...table.contacts()];
          const doors = new Set(members.map((it) => it.endpoint));
          const ids = new Set(members.map((it) => it.id));
          // Newcomers under a known id or at a known endpoint are another story: see the policy's own tests.
          const strangers = later.filter((it) => !doors.has(it.endpoint) && !ids.has(it.id));
          strangers.forEach((it, i) => {
            table.answered(it, first.length + i);
          });
          const held = new Set(table.contacts().map((it) => it.id));
          claim(
            members.every((it) => held.has(it.id)),
            'every member is still there',
          );
        }),
      );
    }),

    contractCase('a member that answers nothing is gone after as many requests as it has patience for', () => {
      fc.assert(
        fc.property(anyId, many, (self, contacts) => {
          const table = grown(self, contacts);
          const victim = table.contacts()[0];
          if (victim === undefined) return;
          for (let i = 0; i < patience; i++) table.silent(victim, contacts.length + i);
          claim(!table.contacts().some((it) => it.id === victim.id), 'it is gone', () => victim);
        }),
      );
    }),
  ];
}
