import {
  ALONE,
  advanceLookup,
  type Contact,
  compareDistance,
  type Id,
  initQuery,
  nextBelow,
  nextId,
  type QueryReport,
  seedRandom,
} from '@xorrery/core';
import { describe, expect, inject, it } from 'vitest';
import { config, type Tiny } from './support.ts';

const R = 20;

/** Nodes of which each knows its 20 nearest and some others, and names the 20 nearest to the target that it knows. */
class Graph {
  readonly nodes: Contact[];
  readonly target: Id;
  readonly #knows = new Map<string, Contact[]>();

  constructor(seed: number) {
    let random = seedRandom(seed);
    const below = (bound: number): number => {
      const [value, next] = nextBelow(random, bound);
      random = next;
      return value;
    };
    const id = (): Id => {
      const [value, next] = nextId(random, 160);
      random = next;
      return value;
    };
    this.nodes = Array.from({ length: 20 + below(180) }, (_, i) => ({ id: id(), endpoint: `n${i}` }));
    this.target = id();
    for (const node of this.nodes) {
      const near = this.closest(node.id, this.nodes, 21).filter((it) => it !== node);
      const others = Array.from({ length: below(20) }, () => this.nodes[below(this.nodes.length)] as Contact);
      this.#knows.set(node.endpoint, [...near, ...others.filter((it) => it !== node)]);
    }
  }

  closest(target: Id, among: readonly Contact[], n: number): Contact[] {
    return [...among].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, n);
  }

  /** A lookup with one request answered at a time. */
  lookup(paths: number, seeds: readonly Contact[]): QueryReport<Tiny> {
    const settings = { ...config(), target: this.target, self: '0'.repeat(40) as Id, k: R, alpha: paths, paths };
    let state: Parameters<typeof advanceLookup<Tiny>>[0] = initQuery<Tiny>({ ...settings, maxCandidates: 1_024 });
    const pending: { request: number; to: Contact }[] = [];
    const step = (event: Parameters<typeof advanceLookup<Tiny>>[1]): QueryReport<Tiny> | undefined => {
      const { state: next, effects } = advanceLookup(state, event, 0, ALONE);
      state = next;
      for (const effect of effects) {
        if (effect.type === 'send') pending.push({ request: effect.request, to: effect.to as Contact });
        if (effect.type === 'finished') return effect.report;
      }
      return undefined;
    };
    let report = step({ type: 'start', seeds, firstRequest: 0 });
    while (report === undefined) {
      const { request, to } = pending.shift() as (typeof pending)[number];
      const contacts = this.closest(this.target, this.#knows.get(to.endpoint) as Contact[], 20);
      report = step({ type: 'response', request, from: to.id, answer: { contacts, values: [] } });
    }
    return report;
  }
}

describe('disjoint paths beside a plain lookup', () => {
  it('[S49] on any random graph both find the closest node; plain returns exactly R, disjoint no fewer', () => {
    for (let seed = 0; seed < 150 * inject('runs'); seed++) {
      const graph = new Graph(seed);
      const seeds = graph.closest(graph.nodes[0]?.id as Id, graph.nodes, R);
      const plain = graph.lookup(1, seeds);
      const nearest = graph.closest(graph.target, graph.nodes, 1)[0];
      expect(plain.closest.length, `seed ${seed}`).toBe(R);
      expect(plain.closest[0], `seed ${seed}`).toEqual(nearest);
      for (const paths of [2, 3, 5]) {
        const disjoint = graph.lookup(paths, seeds);
        expect(disjoint.closest.length, `seed ${seed}, ${paths} paths`).toBeGreaterThanOrEqual(
          Math.min(R, graph.nodes.length),
        );
        expect(disjoint.closest[0], `seed ${seed}, ${paths} paths`).toEqual(nearest);
        const endpoints = disjoint.asked.map((it) => it.endpoint);
        expect(new Set(endpoints).size, `seed ${seed}, ${paths} paths`).toBe(endpoints.length);
        expect(disjoint.counts.requests).toBe(endpoints.length);
      }
    }
  });
});
