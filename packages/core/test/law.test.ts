/** Laws of the whole core that are read off its sources, its types or its work, rather than off one machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { DEFAULT_QUERY, type Id, nextId, type QueryConfig, type QuerySettings, seedRandom } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { Run, type Tiny } from './support.ts';

const root = new URL('../src/', import.meta.url);
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(new URL(name, root), 'utf8') }));
const using = (pattern: RegExp): string[] => sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

describe('the sources of the core', () => {
  it('[F16] only Routing changes the table; the others get a view', () => {
    expect(using(/\b(insertContact|contactFailed|removeContact|removeSpare|onLastChance)\(/).sort()).toEqual([
      'routing/routing.ts',
      'table/table.ts',
    ]);
    expect(using(/'table-changed', /)).toEqual(['routing/routing.ts']);
  });

  it('[F12] a lookup’s vocabulary is declared in one file; parents wrap it', () => {
    for (const word of ['response', 'unanswered', 'progressed', 'parked']) {
      expect(using(new RegExp(`^\\s*(\\| \\{ )?readonly type: '${word}'`, 'm')), word).toEqual(['query/types.ts']);
    }
  });

  it('[F15] no machine holds a logger, tracer, meter or context', () => {
    expect(using(/\b(logger|tracer|meter|console|emitter)\b/i)).toEqual([]);
  });

  it('[G05] every switch is exhaustive to the compiler: none has a default that would hide a new variant', () => {
    expect(using(/^\s*default:/m)).toEqual([]);
  });

  it('[D27][Z15] these machines have more tests than the 105 of the nearest prior art', () => {
    const tests = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.ts'));
    const count = tests.reduce((sum, name) => {
      const text = readFileSync(new URL(name, import.meta.url), 'utf8');
      return sum + (text.match(/^\s*it(\.each)?[(<]/gm) ?? []).length;
    }, 0);
    expect(count).toBeGreaterThan(2 * 105);
  });

  it('[T07] a request is made in one place', () => {
    expect(using(/type: 'send', request/)).toEqual(['query/fill.ts']);
  });

  it('[T31] no machine holds a socket, an address lookup or a callback', () => {
    for (const { name, text } of sources.filter((it) => it.name.endsWith('types.ts'))) {
      expect(text.match(/readonly \w+\??: \(/g) ?? [], name).toEqual([]);
    }
  });
});

describe('work', () => {
  it('[F18] an answer costs no more comparisons among 10,000 candidates than a few times those among 200', () => {
    const comparisons = (count: number): number => {
      let random = seedRandom(7);
      const contacts = Array.from({ length: count + 8 }, (_, i) => {
        const [id, next] = nextId(random, 160);
        random = next;
        return { id, endpoint: `e${i}` };
      });
      const run = new Run({
        self: '0'.repeat(40) as Id,
        target: 'f'.repeat(40) as Id,
        maxCandidates: 20_000,
        alpha: 1,
      });
      run.start(contacts.slice(8));
      const first = run.searching.open[0];
      const { charCodeAt } = String.prototype;
      let calls = 0;
      String.prototype.charCodeAt = function (this: string, index: number): number {
        calls++;
        return charCodeAt.call(this, index);
      };
      try {
        run.answer(first?.endpoint ?? '', { as: first?.id as Id, contacts: contacts.slice(0, 8) });
      } finally {
        String.prototype.charCodeAt = charCodeAt;
      }
      expect(run.searching.candidates.length).toBe(count + 8);
      return calls;
    };
    const [few, many] = [comparisons(200), comparisons(10_000)];
    expect(few).toBeGreaterThan(100);
    expect(many).toBeLessThan(3 * few);
  });
});

describe('every setting of a lookup changes what it does', () => {
  /** What a lookup among silent, failing and answering nodes says, from start to end. */
  const story = (settings: Partial<QueryConfig<Tiny>>): string => {
    const run = new Run({ ...DEFAULT_QUERY, kind: 'collect', k: 4, alpha: 2, requestTimeout: 100, ...settings });
    const said: string[][] = [run.start([1, 2, 3, 4, 5, 6, 9, 12, 33])];
    const values = (...keys: string[]) => ({ values: keys.map((key) => ({ key })) });
    const script: (() => string[])[] = [
      () => run.answer(1, { closer: [40, 41, 42], ...values('a', 'b') }),
      () => run.tick(50),
      () => run.tick(100),
      () => run.tick(200),
      () => run.answer(5),
      () => run.answer(4, values('c')),
      () => run.tick(900),
      () => run.tick(16_000),
      () => run.tick(70_000),
    ];
    for (const step of script) if (run.state.status === 'searching') said.push(step());
    return JSON.stringify([said, run.state]);
  };

  const changes: Required<{ [K in keyof QuerySettings]: QuerySettings[K] }> = {
    k: 2,
    alpha: 3,
    stall: 'off',
    slowAfter: 30,
    requestTimeout: 40,
    lateFor: 120,
    deadline: 150,
    earlyExit: 'noProgress',
    maxCandidates: 9,
    maxListening: 0,
    maxValues: 1,
    quorum: 1,
    maxPerNetwork: 1,
    paths: 2,
  };

  it.each(Object.keys(DEFAULT_QUERY) as (keyof QuerySettings)[])('[F07] %s', (field) => {
    const base: Partial<QueryConfig<Tiny>> = {
      alpha: field === 'earlyExit' ? 1 : 2,
      kind: field === 'quorum' ? 'quorum' : 'collect',
      quorum: 2,
    };
    const without = JSON.parse(story(base));
    const changed = JSON.parse(story({ ...base, [field]: changes[field] }));
    // The configuration itself is part of the state, and of course differs: what counts is everything else.
    for (const it of [without, changed]) delete it[1].config;
    expect(changed).not.toEqual(without);
  });
});
