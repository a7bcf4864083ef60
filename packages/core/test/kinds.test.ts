import type { Contact } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { id8, node, numbers, Run } from './support.ts';

const value = (key: string) => ({ values: [{ key }] });

describe('kind quorum', () => {
  it('[R03] ends when as many nodes as asked for gave a value, with reason quorum, and abandons the rest', () => {
    const run = new Run({ kind: 'quorum', quorum: 2, alpha: 3, k: 8 });
    run.start([4, 8, 16, 32]);
    expect(run.answer(4, value('a'))).toEqual(['progressed n4', 'send n32']);
    expect(run.answer(8, value('a'))).toEqual(['progressed n8', 'abandon n16', 'abandon n32', 'finished quorum']);
    expect(run.report.values).toEqual([{ key: 'a' }]);
    expect(run.report.asked.filter((it) => it.gave).map((it) => it.endpoint)).toEqual(['n4', 'n8']);
  });

  it('[R03] counts nodes, not values: many values of one node are one voice', () => {
    const run = new Run({ kind: 'quorum', quorum: 2, alpha: 1, k: 8 });
    run.start([4, 8]);
    expect(run.answer(4, { values: [{ key: 'a' }, { key: 'b' }] })).toEqual(['progressed n4', 'send n8']);
    expect(run.answer(8, value('b'))).toEqual(['progressed n8', 'finished quorum']);
  });

  it('[R03][T12] without enough of them it ends as a node lookup with the same replies would', () => {
    const ends = (['closest', 'quorum'] as const).map((kind) => {
      const run = new Run({ kind, quorum: 3, alpha: 2, k: 2 });
      run.start([32, 16]);
      run.answer(16, { closer: [4, 8], ...value('a') });
      run.answer(4, value('a'));
      run.answer(8);
      return [run.report.reason, numbers(run.report.closest), run.report.counts];
    });
    expect(ends[0]).toEqual(ends[1]);
  });

  it('[Z12] what we hold ourselves is one voice', () => {
    const run = new Run({ kind: 'quorum', quorum: 1, alpha: 1, k: 8 });
    expect(run.step({ type: 'start', seeds: [node(4)], held: [{ key: 'own' }], firstRequest: 0 })).toEqual([
      'recalled own',
      'finished quorum',
    ]);
  });
});

describe('places for one network', () => {
  // Nodes whose numbers share the tens are in one network; the target is 1, our id 0.
  it('[U12] a lookup asks, and reports, no more of one network than its limit, the nearest of them', () => {
    const run = new Run({ maxPerNetwork: 1, alpha: 8, k: 3 });
    expect(run.start([2, 3, 4, 12, 13, 25])).toEqual(['send n3', 'send n13', 'send n25']);
    for (const n of [3, 13, 25]) run.answer(n);
    expect(run.report.reason).toBe('converged');
    expect(numbers(run.report.closest)).toEqual([3, 13, 25]);
  });

  it('[U12] when the one let in fails, the next of its network steps in', () => {
    const run = new Run({ maxPerNetwork: 1, alpha: 8, k: 3 });
    run.start([2, 3, 12, 25]);
    expect(run.fail(3)).toEqual(['send n2']);
  });

  it('[U12] one who was asked and turns out too many of its network leaves the result', () => {
    const run = new Run({ maxPerNetwork: 1, alpha: 1, k: 3 });
    run.start([9]);
    run.answer(9, { closer: [3, 12] });
    run.answer(3);
    run.answer(12);
    expect(numbers(run.report.closest)).toEqual([3, 12]);
    expect(run.report.reason).toBe('exhausted');
  });
});

describe('disjoint paths', () => {
  const report = (run: Run) => run.report;

  it('[S52] a value on one path does not end the others: adversaries capture no more than the paths they meet', () => {
    const run = new Run({ kind: 'first', paths: 2, alpha: 2, k: 4 });
    expect(run.start([4, 8])).toEqual(['send n4', 'send n8']);
    expect(run.answer(4, value('false'))).toEqual(['progressed n4']);
    expect(run.state.status).toBe('disjoint');
    expect(run.answer(8, value('true'))).toEqual(['progressed n8', 'finished found']);
    expect(report(run).values).toEqual([{ key: 'false' }, { key: 'true' }]);
  });

  it('[S52] the same with a quorum of one', () => {
    const run = new Run({ kind: 'quorum', quorum: 1, paths: 2, alpha: 2, k: 4 });
    run.start([4, 8]);
    expect(run.answer(4, value('a'))).toEqual(['progressed n4']);
    expect(run.answer(8, value('a'))).toEqual(['progressed n8', 'finished quorum']);
    expect(report(run).values).toEqual([{ key: 'a' }]);
  });

  it('[S89] no two paths ask the same node, and every node is asked once', () => {
    const run = new Run({ paths: 3, alpha: 3, k: 20 });
    run.start([9, 8, 7]);
    const closer: Record<number, number[]> = { 9: [2], 8: [6], 6: [4, 5], 5: [3], 7: [10], 10: [11] };
    const asked: number[] = [];
    for (let step = 0; step < 30 && run.state.status === 'disjoint'; step++) {
      const n = [...run.requests.keys()].map((it) => Number(it.slice(1))).find((it) => !asked.includes(it));
      if (n === undefined) break;
      asked.push(n);
      run.answer(n, { closer: closer[n] ?? [] });
    }
    expect(report(run).counts).toMatchObject({ requests: 10, answered: 10, failed: 0 });
    expect(asked.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(numbers(report(run).closest).toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('[S51] the result is the sorted union of what the paths found, each node once', () => {
    const run = new Run({ paths: 2, alpha: 2, k: 2 });
    run.start([40, 41]);
    run.answer(40, { closer: [2, 6, 9] });
    run.answer(41, { closer: [2, 6, 3] });
    for (const n of [3, 2, 6, 9]) if (run.requests.has(`n${n}`)) run.answer(n);
    const ids = numbers(report(run).closest);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => (a ^ 1) - (b ^ 1)));
    expect(ids.length).toBeGreaterThanOrEqual(2);
    expect(ids[0]).toBe(3);
  });

  it('[F10][F17] it ends once, cancelled with all its paths, and its counts add up', () => {
    const run = new Run({ paths: 2, alpha: 4, k: 4 });
    run.start([4, 8, 16, 32]);
    run.fail(4);
    const said = run.cancel();
    expect(said.filter((it) => it.startsWith('finished'))).toEqual(['finished cancelled']);
    const { requests, answered, failed, silent, abandoned } = report(run).counts;
    expect(answered + failed + silent + abandoned).toBe(requests);
    expect(run.step({ type: 'response', request: 0, from: id8(4), answer: { contacts: [], values: [] } })).toEqual([]);
  });

  it('[F28] deadlines pass on every path: with everybody silent it ends exhausted', () => {
    const run = new Run({ paths: 2, alpha: 2, k: 4 });
    run.start([4, 8]);
    expect(run.tick(99)).toEqual([]);
    expect(run.tick(100)).toEqual(['unanswered n4', 'abandon n4', 'unanswered n8', 'abandon n8', 'finished exhausted']);
  });

  it('[Z12] what we hold ourselves ends every path, and is told once', () => {
    const run = new Run({ kind: 'first', paths: 3, alpha: 3, k: 4 });
    const seeds: Contact[] = [node(4), node(8)];
    expect(run.step({ type: 'start', seeds, held: [{ key: 'own' }], firstRequest: 0 })).toEqual([
      'recalled own',
      'finished found',
    ]);
  });
});
