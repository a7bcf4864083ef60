/** The table beside a plain one: after any changes both hold the same, member by member, and no list that says nothing. */
import {
  type Contact,
  contactFailed,
  emptyTable,
  insertContact,
  onLastChance,
  removeContact,
  removeSpare,
  type Table,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { id8 } from './support.ts';

interface Member {
  readonly contact: Contact;
  readonly seen: number;
  readonly failures: number;
}
interface Shelf {
  members: Member[];
  spares: Contact[];
}

/** From so many members on a bucket keeps the first 32 bits of their ids. */
const LONG = 32;
const REPLACEMENTS = 2;
const MAX_FAILURES = 3;

/** Self is 0: the first digit that is 1 tells the bucket. */
class Plain {
  readonly shelves: Shelf[] = Array.from({ length: 8 }, () => ({ members: [], spares: [] }));
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  #shelf(n: number): Shelf {
    return this.shelves[Math.clz32(n) - 24] as Shelf;
  }

  #isTaken(endpoint: string): boolean {
    return this.shelves.some(({ members }) => members.some((it) => it.contact.endpoint === endpoint));
  }

  insert(n: number, contact: Contact, seen: number): void {
    if (n === 0) return;
    const shelf = this.#shelf(n);
    const known = shelf.members.find((it) => it.contact.id === contact.id);
    if (known !== undefined) {
      if (known.contact.endpoint !== contact.endpoint) return;
      shelf.members = [...shelf.members.filter((it) => it !== known), { contact: known.contact, seen, failures: 0 }];
      return;
    }
    for (const it of this.shelves)
      it.members = it.members.filter(({ contact: { endpoint } }) => endpoint !== contact.endpoint);
    if (shelf.members.length < this.#size) this.#add(shelf, contact, seen);
    else {
      const others = shelf.spares.filter((it) => it.id !== contact.id && it.endpoint !== contact.endpoint);
      shelf.spares = [...others, contact].slice(-REPLACEMENTS);
    }
  }

  #add(shelf: Shelf, contact: Contact, seen: number): void {
    shelf.members.push({ contact, seen, failures: 0 });
    shelf.spares = shelf.spares.filter((it) => it.id !== contact.id);
  }

  fail(n: number, now: number): void {
    if (n === 0) return;
    const shelf = this.#shelf(n);
    const at = shelf.members.findIndex((it) => it.contact.id === id8(n));
    const member = shelf.members[at];
    if (member === undefined) return;
    const limit = shelf.spares.length > 0 ? 1 : MAX_FAILURES;
    if (member.failures + 1 < limit) {
      shelf.members[at] = { ...member, failures: member.failures + 1 };
      return;
    }
    shelf.members.splice(at, 1);
    const heir = shelf.spares.findLast((it) => !this.#isTaken(it.endpoint));
    if (heir !== undefined) this.#add(shelf, heir, now);
  }

  doubt(n: number): void {
    if (n === 0) return;
    const { members } = this.#shelf(n);
    const at = members.findIndex((it) => it.contact.id === id8(n));
    if (at >= 0) members[at] = { ...(members[at] as Member), failures: MAX_FAILURES - 1 };
  }

  remove(n: number): void {
    for (const it of this.shelves) it.members = it.members.filter(({ contact }) => contact.id !== id8(n));
  }

  removeSpare(n: number, endpoint: string): void {
    if (n === 0) return;
    const shelf = this.#shelf(n);
    shelf.spares = shelf.spares.filter((it) => it.endpoint !== endpoint);
  }

  /** As the core keeps it. */
  get buckets(): unknown[] {
    return this.shelves.map(({ members, spares }) => ({
      members: members.map((it) => it.contact),
      seen: members.map((it) => it.seen),
      failures: members.some((it) => it.failures > 0) ? members.map((it) => it.failures) : [],
      heads: members.length < LONG ? [] : members.map((it) => Number.parseInt(it.contact.id, 16)),
      spares,
    }));
  }
}

/** Most ids lie in the farthest bucket, so that it grows long; a few endpoints are shared. */
const change = fc.record({
  what: fc.constantFrom('insert', 'insert', 'insert', 'insert', 'insert', 'fail', 'fail', 'doubt', 'remove', 'spare'),
  n: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 128, max: 180 }) }, { weight: 1, arbitrary: fc.nat(255) }),
  door: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(200) }),
});

describe('the table beside a plain one', () => {
  it.each([3, 40])('[F44][D18][S55] buckets of %i hold the same after any changes, and nothing else', (size) => {
    // Enough that a few changes make the bucket long, and short again.
    const crowd = Array.from({ length: size === 3 ? 0 : LONG - 4 }, (_, i) => ({
      what: 'insert',
      n: 128 + i,
      door: undefined,
    }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (more) => {
        const changes = [...crowd, ...more];
        const plain = new Plain(size);
        let table: Table = emptyTable(id8(0), {
          bucketPolicy: 'fixed',
          bucketSizes: [size],
          replacements: REPLACEMENTS,
          maxFailures: MAX_FAILURES,
          caps: 'off',
        });
        for (const [i, { what, n, door }] of changes.entries()) {
          const contact = { id: id8(n), endpoint: `n${door ?? n}` };
          // Two changes share each instant.
          const now = i >> 1;
          if (what === 'insert') {
            table = insertContact(table, contact, now)[0];
            plain.insert(n, contact, now);
          } else if (what === 'fail') {
            table = contactFailed(table, contact.id, now)[0];
            plain.fail(n, now);
          } else if (what === 'doubt') {
            table = onLastChance(table, contact.id);
            plain.doubt(n);
          } else if (what === 'remove') {
            table = removeContact(table, contact.id);
            plain.remove(n);
          } else {
            table = removeSpare(table, contact);
            plain.removeSpare(n, contact.endpoint);
          }
          // Buckets come into being one after the other.
          expect(JSON.stringify(table.buckets)).toBe(JSON.stringify(plain.buckets.slice(0, table.buckets.length)));
          expect(plain.shelves.slice(table.buckets.length).every((it) => it.members.length === 0)).toBe(true);
        }
      }),
    );
  });
});
