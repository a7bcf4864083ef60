/** Which of two values stands under a key: an order that does not depend on who came first. */
import type { Id } from '@xorrery/core';
import { emptyRecords, recordAt } from '@xorrery/core';
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { betterOf, KV_DEFAULTS, type KvRecord, type KvRecords, kv, recordOf } from '../src/index.ts';

const self = 'f'.repeat(40) as Id;
const free = '0'.repeat(40) as Id;
const numRuns = inject('propertyRuns');

const value = fc.uint8Array({ maxLength: 6 });
const record = fc.record({ value, seq: fc.nat(5) }).map((it) => recordOf(it.value, it.seq));
const sameBytes = (a: KvRecord, b: KvRecord): boolean => a.seq === b.seq && a.value === b.value;

/** Whatever puts, replays and own publications come, as a server takes them. */
const taken = (records: KvRecords, key: Id, given: KvRecord, own: boolean, now: number): KvRecords => {
  const store = { method: 'store', key, record: given, immutable: false, token: '' } as const;
  if (own) return kv.server.keep(records, store, now);
  const asker = { id: self, endpoint: '192.0.2.1:1', room: 1_000, closest: () => [] };
  return kv.server.answer(records, { ...store, token: 'current' }, asker, now)[0];
};

const emptyStore = (): KvRecords => emptyRecords(self, { ...KV_DEFAULTS.server });

describe('which of two records is better', () => {
  it('[U17] is a total order: antisymmetric, transitive, and the first of two equals', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(free, recordOf(Uint8Array.of(1), 0).digest),
        record,
        record,
        record,
        (key, a, b, c) => {
          const winner = betterOf(key, a, b);
          expect(sameBytes(winner, betterOf(key, b, a)) || winner.digest === key).toBe(true);
          const ab = betterOf(key, winner, c);
          const bc = betterOf(key, a, betterOf(key, b, c));
          expect(sameBytes(ab, bc) || ab.digest === key).toBe(true);
        },
      ),
      { numRuns },
    );
    const one = recordOf(Uint8Array.of(1), 1);
    expect(betterOf(free, one, { ...one })).toBe(one);
  });

  it('goes by version first, then by the bytes as bytes, a prefix before what it begins', () => {
    fc.assert(
      fc.property(value, value, fc.nat(3), fc.nat(3), (a, b, m, n) => {
        const order = m - n || Buffer.compare(a, b);
        const better = betterOf(free, recordOf(a, m), recordOf(b, n));
        expect(sameBytes(better, order >= 0 ? recordOf(a, m) : recordOf(b, n))).toBe(true);
      }),
      { numRuns },
    );
  });
});

describe('[U17] the store', () => {
  it('for any order of puts, replays and publications of its own the version held never falls', () => {
    const puts = fc.array(fc.tuple(record, fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(puts, (sequence) => {
        let records = emptyStore();
        let before: KvRecord | undefined;
        for (const [given, own] of [...sequence, ...sequence.toReversed()]) {
          records = taken(records, free, given, own, 1_000);
          const held = recordAt(records, free, 1_000) as KvRecord;
          if (before !== undefined) expect(sameBytes(betterOf(free, held, before), held)).toBe(true);
          expect(held.seq).toBeGreaterThanOrEqual(before?.seq ?? 0);
          before = held;
        }
      }),
      { numRuns },
    );
  });

  it('holds the same in the end, whatever the order', () => {
    const orders = fc
      .array(record, { minLength: 1, maxLength: 8 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(orders, ([one, other]) => {
        const end = (sequence: readonly KvRecord[]): KvRecord =>
          recordAt(
            sequence.reduce((records, it) => taken(records, free, it, false, 0), emptyStore()),
            free,
            0,
          ) as KvRecord;
        expect(sameBytes(end(one), end(other))).toBe(true);
      }),
      { numRuns },
    );
  });

  it('a value whose hash is the key is never pushed out, and takes the place of anything else, whatever the versions', () => {
    fc.assert(
      fc.property(value, fc.array(record), fc.array(record), (proof, before, after) => {
        const genuine = recordOf(proof, 0);
        const key = genuine.digest;
        let records = emptyStore();
        for (const it of [...before, genuine, ...after]) records = taken(records, key, it, false, 0);
        expect(recordAt(records, key, 0)).toMatchObject({ value: genuine.value, seq: 0 });
      }),
      { numRuns },
    );
  });
});
