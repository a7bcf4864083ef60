/** Arbitraries for fast-check: ids, networks, settings and schedules, for properties of your own. */
import { type Contact, DEFAULT_QUERY, type Id, type PoolConfig, type QueryConfig, type Seed } from '@xorrery/core';
import * as fc from 'fast-check';
import type { PoolMove } from './drive-pool.ts';
import { contactOf, type Model, modelQuery, type Plain } from './model.ts';
import type { Move } from './schedule.ts';

/** How many, and how wide their ids are in bits. */
export interface Sizes {
  readonly min?: number;
  readonly max?: number;
  readonly bits?: number;
}

/** Any id of this width. */
export function anyId(bits = 160): fc.Arbitrary<Id> {
  const digit = fc.constantFrom(...'0123456789abcdef');
  return fc.string({ unit: digit, minLength: bits / 4, maxLength: bits / 4 }).map((text) => text as Id);
}

/** Between `min` and `max` contacts with distinct ids and endpoints. */
export function anyContacts({ min = 0, max = 12, bits = 8 }: Sizes = {}): fc.Arbitrary<Contact[]> {
  const ids = fc.uniqueArray(anyId(bits), { minLength: min, maxLength: max });
  return ids.map((list) => list.map((id, i) => contactOf(i, id)));
}

/**
 * A network: who is there, and whom each may name. Some name nobody, some name themselves, some name strangers at the
 * endpoint of another, or an id that lives elsewhere. Some hold values, some give tokens.
 */
export function anyModel({ min = 1, max = 12, bits = 8 }: Sizes = {}): fc.Arbitrary<Model> {
  return anyContacts({ min, max, bits }).chain((contacts) => {
    const pick = fc.nat(Math.max(0, contacts.length - 1)).map((i) => contacts[i] as Contact);
    const muddled = fc.record({ id: anyId(bits), endpoint: pick.map((it) => it.endpoint) });
    const moved = fc.record({ id: pick.map((it) => it.id), endpoint: fc.constantFrom('x1', 'x2', 'x3') });
    const named = fc.oneof(
      { weight: 8, arbitrary: pick },
      { weight: 1, arbitrary: muddled },
      { weight: 1, arbitrary: moved },
    );
    const extras = fc.tuple(
      ...contacts.map(() =>
        fc.record({
          knows: contacts.length === 0 ? fc.constant([]) : fc.array(named, { maxLength: 8 }),
          values: fc.array(fc.record({ key: fc.constantFrom('v1', 'v2', 'v3') }), { maxLength: 2 }),
          token: fc.option(fc.constantFrom('t1', 't2'), { nil: undefined }),
        }),
      ),
    );
    return extras.map((list) => ({
      replySize: 8,
      nodes: list.map(({ knows, values, token }, i) => ({
        contact: contacts[i] as Contact,
        knows,
        values,
        ...(token === undefined ? {} : { token }),
      })),
    }));
  });
}

/** Whom a lookup over this model may begin with: some of its nodes, some of them without an id. */
export function anySeeds({ nodes }: Model): fc.Arbitrary<Seed<Plain>[]> {
  const contacts = nodes.map((node) => node.contact);
  return fc.tuple(fc.subarray(contacts), fc.subarray(contacts)).map(([known, unknown]) => {
    const bare = unknown.filter((it) => !known.includes(it)).map(({ endpoint }) => ({ endpoint }));
    return [...known, ...bare];
  });
}

/** Settings of a lookup, small enough that every limit is met. */
export function anyQuery(target: fc.Arbitrary<Id>, self: Id): fc.Arbitrary<QueryConfig<Plain>> {
  const timeout = fc.integer({ min: 1, max: 200 });
  const settings = fc.record({
    kind: fc.constantFrom('closest', 'collect', 'first', 'each'),
    identity: fc.constantFrom('endpoint', 'id'),
    k: fc.integer({ min: 1, max: 8 }),
    alpha: fc.integer({ min: 1, max: 5 }),
    stall: fc.constantFrom('widen', 'off'),
    slowAfter: fc.oneof(fc.constant('off' as const), fc.integer({ min: 1, max: 200 })),
    deadline: fc.oneof(fc.constant(DEFAULT_QUERY.deadline), fc.integer({ min: 1, max: 500 })),
    earlyExit: fc.constantFrom('none', 'noProgress'),
    maxCandidates: fc.oneof(fc.constant(256), fc.integer({ min: 1, max: 8 })),
    maxListening: fc.integer({ min: 0, max: 3 }),
    maxValues: fc.integer({ min: 1, max: 3 }),
  } as const);
  return fc
    .tuple(target, timeout, fc.integer({ min: 0, max: 400 }), settings)
    .map(([goal, requestTimeout, extra, rest]) =>
      modelQuery(goal, { ...rest, self, requestTimeout, lateFor: requestTimeout + extra }),
    );
}

/** Limits of a pool, small enough that every one is met. */
export function anyPool(): fc.Arbitrary<PoolConfig> {
  return fc.record({
    maxQueries: fc.integer({ min: 1, max: 4 }),
    maxQueued: fc.integer({ min: 0, max: 4 }),
    maxInFlight: fc.integer({ min: 1, max: 8 }),
    maxPerEndpoint: fc.integer({ min: 1, max: 3 }),
    maxRate: fc.oneof(fc.constant('off' as const), fc.constant({ perSecond: 20, burst: 3 })),
    maxRemembered: fc.integer({ min: 0, max: 4 }),
    adaptiveTimeout: fc.oneof(fc.constant('off' as const), fc.constant({ min: 10, max: 500 })),
  });
}

/** What may happen to the requests of a lookup. */
export function anyMove(): fc.Arbitrary<Move> {
  const which = fc.nat(20);
  const move = <M extends Move['move']>(name: M): fc.Arbitrary<M> => fc.constant(name);
  const cause = fc.constantFrom('refused', 'unsent', 'wrong-id', 'malformed' as const);
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ move: move('answer'), which }) },
    { weight: 1, arbitrary: fc.record({ move: move('impostor'), which }) },
    { weight: 2, arbitrary: fc.record({ move: move('fail'), which, cause }) },
    { weight: 2, arbitrary: fc.record({ move: move('timeout'), which }) },
    { weight: 2, arbitrary: fc.record({ move: move('park'), which, by: fc.constantFrom('endpoint', 'pool') }) },
    { weight: 2, arbitrary: fc.record({ move: move('unpark'), which }) },
    { weight: 4, arbitrary: fc.record({ move: move('wait') }) },
    { weight: 2, arbitrary: fc.record({ move: move('pass'), ms: fc.nat(300) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        move: move('bogus'),
        request: fc.nat(300),
        event: fc.constantFrom('response', 'timeout', 'failure'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ move: move('start') }) },
  );
}

/** A schedule for one lookup; about one in three is cancelled somewhere. */
export function anySchedule(maxLength = 40): fc.Arbitrary<Move[]> {
  const moves = fc.array(anyMove(), { maxLength });
  const cancelled = fc.tuple(moves, fc.nat(maxLength), moves).map(([before, at, after]) => {
    const cancel: Move = { move: 'cancel' };
    return [...before.slice(0, at), cancel, ...after.slice(0, 3)];
  });
  return fc.oneof({ weight: 2, arbitrary: moves }, { weight: 1, arbitrary: cancelled });
}

/** A schedule for a pool of several lookups. */
export function anyPoolSchedule(maxLength = 60): fc.Arbitrary<PoolMove[]> {
  const which = fc.nat(20);
  const move = fc.oneof(
    { weight: 20, arbitrary: anyMove() as fc.Arbitrary<PoolMove> },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('add' as const), which }) },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('drop' as const), which }) },
  );
  const moves = fc.array(move, { maxLength });
  const close: PoolMove = { move: 'close' };
  const closed = fc.tuple(moves, moves).map(([before, after]) => [...before, close, ...after.slice(0, 5)]);
  return fc.oneof({ weight: 3, arbitrary: moves }, { weight: 1, arbitrary: closed });
}
