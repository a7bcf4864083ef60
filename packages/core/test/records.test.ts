import {
  ConfigError,
  emptyRecords,
  type Id,
  lifetimeAt,
  loadRecords,
  nextRecordExpiry,
  type Offer,
  offerRecord,
  type RecordRules,
  type Records,
  type RecordsConfig,
  recordAt,
  recordsAround,
  recordsSlept,
  saveRecords,
  withoutExpiredRecords,
  withoutRecord,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { id8 } from './support.ts';

interface Note {
  readonly seq: number;
  readonly bytes: number;
}

const RULES: RecordRules<Note> = {
  validate: (_, note) => note.seq >= 0,
  select: (a, b) => (b.seq > a.seq ? b : a),
  sizeOf: (note) => note.bytes,
};
const CONFIG: RecordsConfig = { maxRecords: 3, maxBytes: 100, maxRecordBytes: 60, lifetime: 1_000, maxLifetime: 5_000 };
const SELF = id8(0);

class Store {
  records: Records<Note>;
  now = 0;

  constructor(changes: Partial<RecordsConfig> = {}) {
    this.records = emptyRecords(SELF, { ...CONFIG, ...changes });
  }

  offer(n: number, seq = 1, offer: Partial<Offer> & { bytes?: number } = {}): string {
    const { bytes = 10, own = false, ...rest } = offer;
    const [records, verdict] = offerRecord(this.records, RULES, id8(n), { seq, bytes }, { own, ...rest }, this.now);
    this.records = records;
    return verdict;
  }

  seq(n: number): number | undefined {
    return recordAt(this.records, id8(n), this.now)?.seq;
  }

  expire(): void {
    this.records = withoutExpiredRecords(this.records, this.now);
  }
}

describe('lifetimes', () => {
  it('[D23][T37] a record is there one tick before it expires, out of sight at that instant, and then gone from memory', () => {
    const store = new Store();
    store.offer(4);
    expect(nextRecordExpiry(store.records)).toBe(1_000);
    store.now = 999;
    expect([store.seq(4), lifetimeAt(store.records, id8(4), store.now)]).toEqual([1, 1]);
    store.now = 1_000;
    expect([store.seq(4), store.records.held.size]).toEqual([undefined, 1]);
    store.expire();
    expect([store.records.held.size, store.records.farthest.size, store.records.bytes]).toEqual([0, 0, 0]);
    expect(nextRecordExpiry(store.records)).toBeUndefined();
  });

  it('[F36] a lifetime beyond the longest is cut to it', () => {
    const store = new Store();
    store.offer(4, 1, { lifetime: 999_999_999 });
    expect(nextRecordExpiry(store.records)).toBe(5_000);
  });

  it('[D05] for ever means no expiry, still within the limits', () => {
    const store = new Store({ maxRecords: 1 });
    store.offer(4, 1, { lifetime: 'forever' });
    expect([nextRecordExpiry(store.records), lifetimeAt(store.records, id8(4), 0)]).toEqual([undefined, 'forever']);
    store.now = 9_000_000_000;
    store.expire();
    expect(store.seq(4)).toBe(1);
    expect(store.offer(2)).toBe('stored');
    expect(store.seq(4)).toBeUndefined();
  });

  it('[X28][T37] time that the host slept through counts', () => {
    const store = new Store();
    store.offer(4);
    store.records = recordsSlept(store.records, 600);
    expect(nextRecordExpiry(store.records)).toBe(400);
    store.now = 400;
    expect(store.seq(4)).toBeUndefined();
    store.offer(5);
    expect(lifetimeAt(store.records, id8(5), store.now)).toBe(1_000);
  });

  it('[X28][T37] time slept counts in what is said, kept and saved of a record too', () => {
    const store = new Store();
    store.offer(4);
    expect(lifetimeAt(store.records, id8(5), 0)).toBeUndefined();
    store.records = recordsSlept(store.records, 600);
    expect([lifetimeAt(store.records, id8(4), 399), lifetimeAt(store.records, id8(4), 400)]).toEqual([1, undefined]);
    expect(saveRecords(store.records, 399).map((it) => it[2])).toEqual([1]);
    expect(saveRecords(store.records, 400)).toEqual([]);
    store.now = 399;
    store.expire();
    expect(store.records.held.size).toBe(1);
    store.now = 400;
    store.expire();
    expect(store.records.held.size).toBe(0);
  });

  it('[T37] the very same record offered again lives longer', () => {
    const record = { seq: 1, bytes: 10 };
    const offer = (records: Records<Note>, now: number) =>
      offerRecord(records, RULES, id8(4), record, { own: false }, now);
    const [records] = offer(emptyRecords<Note>(SELF, CONFIG), 0);
    const [again, verdict] = offer(records, 500);
    expect([verdict, nextRecordExpiry(again)]).toEqual(['stored', 1_500]);
  });

  it('[G15] at most a thousand expire in a step, the rest an instant later', () => {
    const store = new Store({ maxRecords: 3_000, maxBytes: 100_000 });
    const key = (n: number): Id => n.toString(16).padStart(4, '0') as Id;
    let records: Records<Note> = emptyRecords('0000' as Id, { ...CONFIG, maxRecords: 3_000, maxBytes: 100_000 });
    for (let n = 1; n <= 2_500; n++)
      [records] = offerRecord(records, RULES, key(n), { seq: 1, bytes: 1 }, { own: false }, 0);
    for (const left of [1_500, 500, 0]) {
      const due = nextRecordExpiry(records) as number;
      records = withoutExpiredRecords(records, due);
      expect([records.held.size, records.farthest.size, records.bytes]).toEqual([left, left, left]);
      const next = nextRecordExpiry(records);
      if (next !== undefined) expect(next).toBeGreaterThan(due);
    }
    expect(store.records.held.size).toBe(0);
  });
});

describe('what comes in', () => {
  it('[D16][U17] is judged: invalid, too long, older than what stands, or stored', () => {
    const store = new Store();
    expect(store.offer(4, -1)).toBe('invalid');
    expect(store.offer(4, 1, { bytes: 61 })).toBe('too-large');
    expect([store.offer(4, 5), store.offer(4, 3), store.seq(4)]).toEqual(['stored', 'kept', 5]);
    expect([store.offer(4, 5), store.offer(4, 6), store.seq(4)]).toEqual(['stored', 'stored', 6]);
  });

  it('[U17] for any order of puts and replays what stands never falls behind', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 9 }))), (puts) => {
        const store = new Store({ maxRecords: 10 });
        const best = new Map<number, number>();
        for (const [n, seq] of [...puts, ...puts]) {
          store.offer(n + 1, seq);
          best.set(n, Math.max(best.get(n) ?? 0, seq));
          for (const [key, highest] of best) expect(store.seq(key + 1)).toBe(highest);
        }
      }),
    );
  });

  it('[U17] an expired record stands in nobody’s way', () => {
    const store = new Store();
    store.offer(4, 9);
    store.now = 1_000;
    expect([store.offer(4, 1), store.seq(4)]).toEqual(['stored', 1]);
    expect(store.records.bytes).toBe(10);
  });
});

describe('limits', () => {
  it('[S83][X13] under another id of ours, those far from that one leave first', () => {
    const store = new Store();
    for (const n of [4, 64, 128]) store.offer(n);
    store.records = recordsAround(store.records, id8(129));
    expect(store.offer(66)).toBe('full');
    expect(store.offer(200)).toBe('stored');
    expect([4, 64, 128, 200].map((n) => store.seq(n))).toEqual([1, undefined, 1, 1]);
  });

  it('[S83][U09] full, the record farthest from us leaves for a nearer one, and a farther newcomer is refused', () => {
    const store = new Store();
    for (const n of [4, 64, 128]) store.offer(n);
    expect(store.offer(200)).toBe('full');
    expect(store.offer(16)).toBe('stored');
    expect([4, 16, 64, 128].map((n) => store.seq(n))).toEqual([1, 1, 1, undefined]);
    expect(store.records.evicted).toBe(1);
  });

  it('[U09] strangers never push out what we published ourselves, and our own finds room among theirs', () => {
    const store = new Store();
    store.offer(255, 1, { own: true });
    for (const n of [4, 8, 16, 1, 2]) store.offer(n);
    expect(store.seq(255)).toBe(1);
    expect(store.offer(254, 1, { own: true })).toBe('stored');
    expect(store.offer(253, 1, { own: true })).toBe('stored');
    expect(store.offer(252, 1, { own: true })).toBe('full');
    expect(store.offer(1)).toBe('full');
  });

  it('[U09] what is ours stays ours when a stranger offers the same, or a later one', () => {
    const store = new Store({ maxRecords: 1 });
    store.offer(255, 1, { own: true });
    store.offer(255, 2);
    expect(store.offer(1)).toBe('full');
    expect(store.seq(255)).toBe(2);
  });

  it('[U09] what was ours once, and has expired, is a stranger’s when a stranger offers it; so is what never was', () => {
    const store = new Store({ maxRecords: 1 });
    store.offer(255, 1, { own: true });
    store.now = 1_000;
    store.offer(255, 2);
    expect([store.offer(1), store.seq(255)]).toEqual(['stored', undefined]);
    store.offer(1, 2);
    expect(store.offer(1, 3)).toBe('stored');
    store.offer(255, 1, { own: true });
    expect(store.seq(1)).toBeUndefined();
  });

  it('[S83][U09] a newcomer as far from us as the farthest is refused, and bytes may be used up to the last', () => {
    const far = (tail: string): Id => `ffffffff${tail}` as Id;
    let records = emptyRecords<Note>('0000000000' as Id, { ...CONFIG, maxRecords: 1 });
    const offer = (key: Id): string => {
      const [after, verdict] = offerRecord(records, RULES, key, { seq: 1, bytes: 1 }, { own: false }, 0);
      records = after;
      return verdict;
    };
    expect([offer(far('02')), offer(far('01')), offer('fffffffe00' as Id)]).toEqual(['stored', 'full', 'stored']);
    const store = new Store();
    store.offer(4, 1, { bytes: 40 });
    expect([store.offer(200, 1, { bytes: 60 }), store.seq(4), store.records.bytes]).toEqual(['stored', 1, 100]);
  });

  it('[U02] bytes are limited too: as many leave as it takes', () => {
    const store = new Store();
    for (const n of [64, 128]) store.offer(n, 1, { bytes: 50 });
    expect(store.offer(4, 1, { bytes: 60 })).toBe('stored');
    expect([store.records.held.size, store.records.bytes]).toEqual([1, 60]);
    store.records = withoutRecord(store.records, id8(4));
    expect([store.records.held.size, store.records.bytes]).toEqual([0, 0]);
  });

  it.each(['maxRecords', 'maxBytes', 'maxRecordBytes', 'lifetime', 'maxLifetime'] as const)(
    '[Z14] a bad %s is a ConfigError that names it',
    (field) => {
      expect(() => new Store({ [field]: 0 })).toThrow(ConfigError);
      expect(() => new Store({ [field]: 0 })).toThrow(`records.${field}`);
    },
  );
});

describe('over a restart', () => {
  it('[U11] what is left of a lifetime survives, less the time that passed; what is over or invalid is left out', () => {
    const store = new Store();
    store.offer(4, 1, { lifetime: 3_000 });
    store.offer(5, 1, { lifetime: 500 });
    store.offer(6, 1, { lifetime: 'forever', own: true });
    store.now = 100;
    const saved = JSON.parse(JSON.stringify(saveRecords(store.records, store.now)));
    const loaded = loadRecords(emptyRecords<Note>(SELF, CONFIG), RULES, saved, 1_000, 50_000);
    expect(lifetimeAt(loaded, id8(4), 50_000)).toBe(1_900);
    expect(recordAt(loaded, id8(5), 50_000)).toBeUndefined();
    expect(loaded.held.size).toBe(2);
    // A life that ends just when it is loaded is over; one of a millisecond more is not.
    const sizeAfter = (elapsed: number): number =>
      loadRecords(emptyRecords<Note>(SELF, CONFIG), RULES, saved, elapsed, 50_000).held.size;
    expect([sizeAfter(399), sizeAfter(400), sizeAfter(2_900)]).toEqual([3, 2, 1]);
    expect(lifetimeAt(loaded, id8(6), 50_000)).toBe('forever');
    const bad = [[id8(7), { seq: -1, bytes: 1 }, 100, false] as const];
    expect(loadRecords(emptyRecords<Note>(SELF, CONFIG), RULES, bad, 0, 0).held.size).toBe(0);
  });
});
