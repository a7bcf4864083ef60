import {
  type Contact,
  compareDistance,
  contactFailed,
  contactsOf,
  DEFAULT_INCLUDE,
  emptyTable,
  hasRoomFor,
  insertContact,
  memberOf,
  type NodeEvent,
  removeContact,
  type Table,
  tableContacts,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { machine, Network, nodeConfig, type Small } from './network.ts';
import { id8, node } from './support.ts';

const find = (id: string, target: number): NodeEvent<Small> => ({
  type: 'lookup',
  id,
  kind: 'closest',
  target: id8(target),
  request: { ask: 'find', target: id8(target) },
});

const grown = (members: readonly number[]): Network => {
  const net = new Network();
  const first = members[0] as number;
  for (const n of members) {
    net.add(n);
    net.tell(n, { type: 'start', seeds: n === first ? [] : [`n${first}`] });
    net.run();
  }
  return net;
};

/** The report of the operation `id` at node n, once it has ended. */
const reportOf = (net: Network, n: number, id: string) => {
  const end = net.said(n, 'query').find((it) => it.id === id && it.effect.type === 'finished');
  if (end?.effect.type !== 'finished') throw new Error(`no report of ${id} at ${n}`);
  return end.effect.report;
};

describe('networks whose members die', () => {
  it('[R14][D22] over stale tables every lookup ends, and names only the living; once failures have healed them it is exact', () => {
    const died = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 16, maxLength: 24 });
    fc.assert(
      fc.property(died, fc.integer({ min: 0, max: 255 }), (members, target) => {
        const net = grown(members);
        const dead = members.filter((_, i) => i % 3 === 1);
        for (const n of dead) net.at(n).alive = false;
        const living = members.filter((n) => !dead.includes(n));
        const asker = living[0] as number;
        const truth = living
          .filter((n) => n !== asker)
          .map((n) => id8(n))
          .sort((a, b) => compareDistance(id8(target), a, b));
        for (const round of ['stale', 'again', 'healed']) {
          for (const n of living) net.tell(n, find(round, target));
          net.run();
        }
        const stale = reportOf(net, asker, 'stale').closest.map((it) => it.id);
        expect(stale.every((id) => truth.includes(id))).toBe(true);
        expect(reportOf(net, asker, 'healed').closest.map((it) => it.id)).toEqual(truth.slice(0, 20));
      }),
      { numRuns: 60 * inject('runs') },
    );
  });
});

describe('the node under arbitrary events', () => {
  const n = fc.integer({ min: 0, max: 255 });
  const tid = fc.constantFrom('0102', '0506', 'ffff', '');
  const contacts = fc.array(n.map(node), { maxLength: 6 });
  const message = fc.oneof(
    fc.record({
      type: fc.constant('request' as const),
      tid,
      sender: n.map(id8),
      readOnly: fc.boolean(),
      request: fc.oneof(
        fc.constant({ ask: 'ping' as const }),
        n.map((it) => ({ ask: 'find' as const, target: id8(it) })),
        fc.constant({ ask: 'store' as const, token: 'n9' }),
      ),
    }),
    fc.record({ type: fc.constant('reply' as const), tid, sender: n.map(id8), reply: fc.record({ nodes: contacts }) }),
    fc.record({ type: fc.constant('error' as const), tid, code: fc.constant(203), text: fc.constant('no') }),
  );
  const from = n.map((it) => `n${it}`);
  const id = fc.constantFrom('a', 'b', 'c');
  const event: fc.Arbitrary<NodeEvent<Small>> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('received' as const), from, message }) as fc.Arbitrary<NodeEvent<Small>>,
    },
    { weight: 2, arbitrary: fc.constant({ type: 'tick' } as const) },
    { weight: 3, arbitrary: fc.tuple(id, n).map(([it, target]) => find(it, target)) },
    { weight: 1, arbitrary: id.map((it) => ({ type: 'cancel', id: it }) as const) },
    { weight: 2, arbitrary: fc.constant({ type: 'entropy', bytes: '0102030405060708090a0b0c0d0e0f10' } as const) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('unsent' as const), to: from, tid, cause: fc.constant('x') }),
    },
    { weight: 1, arbitrary: from.map((it) => ({ type: 'introduce', endpoint: it }) as const) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('start' as const), seeds: fc.array(from, { maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: from.map((it) => ({ type: 'malformed', from: it, cause: 'noise' }) as const) },
  );

  it('[G09][F08][F14] any event in any state gives a step; deadlines lie ahead; each accepted operation ends once', () => {
    const schedule = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 700 })), { maxLength: 60 });
    fc.assert(
      fc.property(schedule, (steps) => {
        let state = machine.init(
          nodeConfig(7, { include: { ...DEFAULT_INCLUDE, maxQueued: 3, maxChecking: 2 }, maxWaiting: 2 }),
        );
        let now = 0;
        const accepted = new Map<string, number>();
        const take = (it: NodeEvent<Small>): void => {
          const step = machine.advance(state, it, now);
          state = step.state;
          if (
            it.type === 'lookup' &&
            !step.effects.some((effect) => effect.type === 'rejected' && effect.id === it.id)
          ) {
            accepted.set(it.id, (accepted.get(it.id) ?? 0) + 1);
          }
          for (const effect of step.effects) {
            if (effect.type === 'query' && effect.effect.type === 'finished' && accepted.has(effect.id)) {
              accepted.set(effect.id, (accepted.get(effect.id) as number) - 1);
            }
          }
          const due = machine.nextDeadline(state);
          if (due !== undefined) expect(due).toBeGreaterThan(now);
          const { pool, routing, wire, waiting } = state;
          expect(routing.include.queue.length).toBeLessThanOrEqual(3);
          expect(waiting.length).toBeLessThanOrEqual(2);
          expect(pool.running.size).toBeLessThanOrEqual(16);
          expect(wire.open.size).toBe(wire.tids.size);
        };
        for (const [it, wait] of steps) {
          take(it);
          now += wait;
        }
        for (let wakes = 0; wakes < 2_000 && state.pool.running.size > 0; wakes++) {
          now = machine.nextDeadline(state) as number;
          take({ type: 'tick' });
        }
        take({ type: 'close' });
        for (const [key, open] of accepted) expect(open, `operation ${key}`).toBe(0);
        expect([state.pool.inFlight.size, state.wire.open.size, state.pool.parked.length]).toEqual([0, 0, 0]);
      }),
    );
  });
});

describe('the table against a plain model', () => {
  const change = fc.record({
    kind: fc.constantFrom('insert', 'insert', 'insert', 'fail', 'remove'),
    n: fc.integer({ min: 0, max: 255 }),
    door: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
  });

  it.each(['fixed', 'split'] as const)(
    '[F44][U10][D18] policy %s: every entry is where it belongs, and its facts are its own',
    (bucketPolicy) => {
      fc.assert(
        fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
          let table: Table = emptyTable(id8(0), {
            bucketPolicy,
            bucketSizes: [3],
            replacements: 2,
            maxFailures: 2,
            caps: 'off',
          });
          const seen = new Map<string, number>();
          for (const [at, { kind, n, door }] of changes.entries()) {
            const contact: Contact = { id: id8(n), endpoint: door === undefined ? `n${n}` : `n${door}` };
            const room = hasRoomFor(table, contact.id);
            if (kind === 'insert') {
              const [after, result] = insertContact(table, contact, at);
              if (result.type === 'updated' || result.type === 'added' || result.type === 'split')
                seen.set(contact.id, at);
              if ('removed' in result && result.removed) seen.delete(result.removed.id);
              else if (result.type !== 'updated' && result.type !== 'refused')
                expect(result.type !== 'full').toBe(room);
              table = after;
            } else if (kind === 'fail') {
              const [after, { removed, added }] = contactFailed(table, contact.id, at);
              if (removed) seen.delete(removed.id);
              if (added) seen.set(added.id, at);
              table = after;
            } else {
              table = removeContact(table, contact.id);
              seen.delete(contact.id);
            }
            const members = tableContacts(table);
            expect(new Set(members.map((it) => it.id))).toEqual(new Set(seen.keys()));
            expect(new Set(members.map((it) => it.endpoint)).size).toBe(members.length);
            for (const [id, when] of seen) expect(memberOf(table, id as Contact['id'])?.seen).toBe(when);
            for (const bucket of table.buckets) {
              expect(bucket.members.length).toBeLessThanOrEqual(3);
              expect(bucket.seen.length).toBe(bucket.members.length);
              expect(bucket.seen).toEqual(bucket.seen.toSorted((a, b) => a - b));
              expect([0, bucket.members.length]).toContain(bucket.failures.length);
              expect(bucket.spares.length).toBeLessThanOrEqual(2);
              expect(bucket.heads).toEqual([]);
            }
          }
        }),
      );
    },
  );
});

describe('views', () => {
  it('[T41] the contacts and the held records can be read without a packet', () => {
    const net = grown([3, 9, 27]);
    const sent = net.said(3, 'transmit').length;
    expect(contactsOf(net.at(3).state).length).toBe(2);
    expect(net.at(3).state.server).toEqual([]);
    expect(net.said(3, 'transmit').length).toBe(sent);
  });
});
