/**
 * Small networks worth exploring. Each aims at a group of races; ids are 8 bits wide, alpha and k are 2, and the one
 * who asks counts among the nodes. All of them can be walked whole.
 */
import type { Contact } from '@xorrery/core';
import { type Model, type ModelNode, tinyId } from '../model.ts';
import type { SmallLookup, SmallNet } from './small-net.ts';

const US: Contact = { id: tinyId(0), endpoint: 'n0' };

/** The node numbered i, from 1: n1 is looked for, each further one is farther from it. */
const contact = (i: number): Contact => ({ id: tinyId(1 << i), endpoint: `n${i}` });

/** Nodes n1, n2, ... and whom each names, by number; 0 is the one who asks. */
function modelOf(names: readonly (readonly (number | Contact)[])[], replySize = names.length): Model {
  const named = (it: number | Contact): Contact => (typeof it !== 'number' ? it : it === 0 ? US : contact(it));
  return {
    replySize,
    nodes: names.map((list, i) => ({ contact: contact(i + 1), knows: list.map(named), values: [] })),
  };
}

/** Everybody names everybody else, and the one who asks. */
export function everybody(others: number): Model {
  const all = Array.from({ length: others + 1 }, (_, i) => i);
  return modelOf(all.slice(1).map((me) => all.filter((it) => it !== me)));
}

/** Each names the next one nearer to the target, and nobody else. */
function chain(others: number): Model {
  return modelOf(Array.from({ length: others }, (_, i) => (i === 0 ? [] : [i])));
}

/** The first `count` nodes hold a value. */
function withValues({ replySize, nodes }: Model, count: number): Model {
  const holds = (node: ModelNode, i: number): ModelNode => ({
    ...node,
    values: i < count ? [{ key: `v${i}` }] : [],
    token: `t${i}`,
  });
  return { replySize, nodes: nodes.map(holds) };
}

const lookup = (id: string, seeds: readonly number[], changes: Partial<SmallLookup> = {}): SmallLookup => ({
  id,
  target: contact(1).id,
  seeds: seeds.map((it) => contact(it).endpoint),
  ...changes,
});

const net = (
  name: string,
  about: string,
  model: Model,
  lookups: readonly SmallLookup[],
  changes: Partial<SmallNet>,
): SmallNet => ({ name, about, self: US.id, model, lookups, ...changes });

/** The least: the one who asks, and two who know each other. */
export const THREE_NODES: SmallNet = net('3 nodes', 'one loss', everybody(2), [lookup('a', [2])], {
  budget: { losses: 1 },
  complete: true,
});

/** One node more than the window holds, so that one may be silent while others answer, and late where it is not over. */
export const FOUR_NODES: SmallNet = net('4 nodes', 'one loss', everybody(3), [lookup('a', [3, 2])], {
  budget: { losses: 1 },
  complete: true,
});

const ONE_BY_ONE = { alpha: 1, stall: 'off', slowAfter: 'off' } as const;
const TWICE = [lookup('a', [2]), lookup('b', [2])];
const SHARED = [lookup('a', [3, 2]), lookup('b', [2, 3])];
const LIAR: Contact = { id: tinyId(7), endpoint: 'n1' };
const NOBODY: Contact = { id: tinyId(3), endpoint: 'x1' };
const FIRST = lookup('a', [3, 2], { kind: 'first' });
const QUORUM = lookup('a', [4, 3], { kind: 'quorum' });
const ALL_FIVE = lookup('a', [1, 2, 3, 4, 5], { kind: 'each' });
const QUEUED = [lookup('a', [2]), lookup('b', [1], { settings: { deadline: 120 } })];
const THRICE = [...SHARED, lookup('c', [4])];
const LIARS = modelOf([[2], [LIAR, NOBODY, 0], [LIAR, NOBODY, 2]]);

/** Each can be walked whole within seconds. */
export const SMALL_NETS: readonly SmallNet[] = [
  net('all faults', 'one each: loss, copy, forgery, refusal, cancel', everybody(3), [lookup('a', [3, 2])], {
    budget: { losses: 1, copies: 1, forgeries: 1, refusals: 1, cancels: 1 },
    complete: true,
  }),
  net('5 nodes', 'two losses', everybody(4), [lookup('a', [3, 4])], { budget: { losses: 2 }, complete: true }),
  net('a chain', 'each names the next; two losses, a cancel', chain(4), [lookup('a', [4, 3])], {
    budget: { losses: 2, cancels: 1 },
  }),
  // Not `complete`: a seed without an id that is named in an answer keeps its place behind all others until it answers
  // itself, so a lookup may converge on nodes farther than one it has heard of.
  net('bare seeds', 'seeds of unknown id; a loss, a copy', everybody(3), [lookup('a', [3, 2], { bare: true })], {
    budget: { losses: 1, copies: 1 },
  }),
  net('liars', 'a wrong id and a dead endpoint are named; a loss, a cancel', LIARS, [lookup('a', [3])], {
    budget: { losses: 1, cancels: 1 },
  }),
  net('alpha 1', 'strictly one by one; two losses, a cancel', everybody(4), [lookup('a', [3, 4])], {
    settings: ONE_BY_ONE,
    budget: { losses: 2, cancels: 1 },
    complete: true,
  }),
  net('short of time', 'the lookup itself expires; a loss, a cancel', everybody(3), [lookup('a', [3, 2])], {
    settings: { deadline: 130 },
    budget: { losses: 1, cancels: 1 },
    complete: true,
  }),
  net('little listening', 'one silent node listened to; three losses', everybody(4), [lookup('a', [3, 4])], {
    settings: { maxListening: 1 },
    budget: { losses: 3 },
  }),
  net('no listening', 'silence is the end; a loss, a copy', everybody(3), [lookup('a', [2, 3])], {
    settings: { lateFor: 100 },
    budget: { losses: 1, copies: 1 },
  }),
  net('gathering', 'kind collect; two losses', withValues(everybody(3), 2), [lookup('a', [3], { kind: 'collect' })], {
    budget: { losses: 2 },
  }),
  net('first value', 'kind first; a loss, a copy, a cancel', withValues(everybody(3), 2), [FIRST], {
    budget: { losses: 1, copies: 1, cancels: 1 },
  }),
  net('quorum of two', 'kind quorum; two losses, a copy', withValues(everybody(4), 3), [QUORUM], {
    settings: { quorum: 2 },
    budget: { losses: 2, copies: 1 },
  }),
  net('disjoint paths', 'two of them; a loss, a refusal, a cancel', everybody(4), [lookup('a', [4, 3])], {
    settings: { paths: 2 },
    budget: { losses: 1, refusals: 1, cancels: 1 },
    complete: true,
  }),
  net('each once', 'kind each; two losses, a refusal', everybody(4), [lookup('a', [1, 2, 3, 4], { kind: 'each' })], {
    budget: { losses: 2, refusals: 1 },
  }),
  net('entropy late', 'sends wait for entropy; kind each, a cancel', everybody(5), [ALL_FIVE], {
    entropy: 'travels',
    settings: { slowAfter: 'off', stall: 'off' },
    budget: { cancels: 1 },
  }),
  net('two lookups of 3 nodes', 'of the same two; a loss', everybody(2), TWICE, {
    budget: { losses: 1 },
    complete: true,
  }),
  net('one at a time', 'the second waits, and may expire; a loss, a cancel', everybody(2), QUEUED, {
    pool: { maxQueries: 1 },
    budget: { losses: 1, cancels: 1 },
  }),
  net('closing', 'the second comes at any time, so does the close', everybody(2), TWICE, {
    begun: 1,
    budget: { adds: 1, closes: 1 },
  }),
  net('closing in line', 'the second waits; a close', everybody(2), TWICE, {
    pool: { maxQueries: 1 },
    budget: { closes: 1 },
  }),
  net('parked', 'two lookups, one request in flight; a loss, a cancel', everybody(2), TWICE, {
    pool: { maxInFlight: 1 },
    budget: { losses: 1, cancels: 1 },
  }),
  net('so many a second', 'two lookups, ten requests a second; a loss, a cancel', everybody(2), TWICE, {
    pool: { maxRate: { perSecond: 10, burst: 1 } },
    budget: { losses: 1, cancels: 1 },
  }),
  net('room for one', 'two lookups of 4 nodes, one request in flight; a loss', everybody(3), SHARED, {
    pool: { maxInFlight: 1 },
    budget: { losses: 1 },
    complete: true,
  }),
  net('two lookups of 4 nodes', 'of the same three; a loss, a cancel', everybody(3), SHARED, {
    budget: { losses: 1, cancels: 1 },
    complete: true,
  }),
];

/** To be walked in part, or at random: whole, the first takes half a minute, the second longer than anybody waits. */
export const LARGE_NETS: readonly SmallNet[] = [
  net('all faults of 5 nodes', 'two losses, one each of the rest', everybody(4), [lookup('a', [4, 3])], {
    budget: { losses: 2, copies: 1, forgeries: 1, refusals: 1, cancels: 1 },
    complete: true,
  }),
  net('three lookups of 5 nodes', 'of the same four, three in flight; everything', everybody(4), THRICE, {
    begun: 2,
    pool: { maxInFlight: 3 },
    budget: { adds: 2, losses: 3, copies: 2, refusals: 1, cancels: 1, closes: 1 },
    complete: true,
  }),
];
