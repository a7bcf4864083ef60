import { advanceQuery, type Contact, type Id, initQuery, nextQueryDeadline, verdict } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { bits, config, id8, node, nodes, numbers, Run } from './support.ts';

const value = (key: string): { key: string } => ({ key });

describe('starting', () => {
  it('[S01][J14][Z01] asks the only seed in its first step, counts it then, and says nothing more', () => {
    const run = new Run();
    expect(run.start([4])).toEqual(['send n4']);
    expect(run.effects[0]).toMatchObject({ request: 0, to: node(4), payload: 'find' });
    expect(run.searching.startedAt).toBe(0);
    expect(run.statusOf(4)).toBe('asked');
    expect(run.tick()).toEqual([]);
    expect(run.searching.nextRequest).toBe(1);
  });

  it('[S02][J08] asks the nearest first, whatever the order of the seeds', () => {
    const run = new Run({ target: id8(3), alpha: 1 });
    expect(run.start([0xdb, 0x06])).toEqual(['send n6']);
  });

  it('[S03][J51] ends at once without seeds: exhausted, nobody asked', () => {
    const run = new Run();
    expect(run.start([])).toEqual(['finished exhausted']);
    expect(run.report).toMatchObject({ closest: [], elapsed: 0, counts: { requests: 0, answered: 0 } });
  });

  it('[J03][D03] starts with alpha requests, and another alpha changes that', () => {
    expect(new Run({ alpha: 3 }).start([4, 8, 16, 32])).toEqual(['send n4', 'send n8', 'send n16']);
    expect(new Run({ alpha: 1 }).start([4, 8, 16, 32])).toEqual(['send n4']);
  });

  it('[J13][J52] never asks ourselves, named as a seed or by others', () => {
    const run = new Run();
    expect(run.start([0, 4])).toEqual(['send n4']);
    expect(run.answer(4, { closer: [0] })).toEqual(['progressed n4', 'finished exhausted']);
  });

  it('[T03] keeps its target through every event', () => {
    const run = new Run();
    run.start([4, 8, 16]);
    for (const step of [
      () => run.answer(4, { closer: [32] }),
      () => run.fail(8),
      () => run.timeout(16),
      () => run.tick(50),
    ]) {
      step();
      expect(run.searching.config.target).toBe(id8(1));
    }
    run.cancel();
    expect(run.report.target).toBe(id8(1));
  });
});

describe('filling slots', () => {
  it('[S06][R04][T04][D04] a reply frees its slot, and the next candidate is asked in the same step', () => {
    const run = new Run();
    expect(run.start([8, 16, 4, 32])).toEqual(['send n4', 'send n8', 'send n16']);
    expect(run.tick()).toEqual([]);
    expect(run.answer(4)).toEqual(['progressed n4', 'send n32']);
    expect(run.tick()).toEqual([]);
  });

  it('[S08] newly named nearer nodes go before farther ones', () => {
    const run = new Run({ alpha: 2 });
    expect(run.start([32])).toEqual(['send n32']);
    expect(run.answer(32, { closer: [8, 4] })).toEqual(['progressed n32', 'send n4', 'send n8']);
  });

  it('[T05][F04] a deadline frees a slot at exactly that instant, though a nearer request is due later', () => {
    const run = new Run({ alpha: 2, requestTimeout: 60 });
    run.start([8, 16]);
    run.now = 50;
    expect(run.answer(8, { closer: [4, 5] })).toEqual(['progressed n8', 'send n5']);
    expect(run.tick(59)).toEqual([]);
    expect(run.tick(60)).toEqual(['unanswered n16', 'send n4']);
  });

  it('[F04][T05] every due request moves on in one step, not only the first', () => {
    const run = new Run({ requestTimeout: 60 });
    run.start([4, 8, 16, 32]);
    expect(run.tick(60)).toEqual(['unanswered n4', 'unanswered n8', 'unanswered n16', 'send n32']);
  });

  it('[T07][J15] a failure and a timeout event refill like an answer does', () => {
    const run = new Run({ alpha: 1 });
    run.start([4, 8, 16]);
    expect(run.fail(4)).toEqual(['send n8']);
    expect(run.timeout(8)).toEqual(['unanswered n8', 'send n16']);
  });

  it('[J39][J40][R06] asks within the window only: k nearest that neither failed nor fell silent', () => {
    const run = new Run({ k: 2, alpha: 3 });
    expect(run.start([4, 8, 16])).toEqual(['send n4', 'send n8']);
    expect(run.fail(4)).toEqual(['send n16']);
  });

  it('[F25][D04] slow nodes never hold up fast ones', () => {
    const run = new Run({ k: 8, requestTimeout: 500 });
    const slow = new Set([3, 6]);
    const order = run.start([1, 2, 3, 4, 5, 6, 7, 9]).map((it) => it.slice(5));
    for (let at = 0; at < order.length; at++) {
      const name = order[at] as string;
      if (slow.has(Number(name.slice(1)))) continue;
      for (const said of run.answer(name)) if (said.startsWith('send')) order.push(said.slice(5));
    }
    expect(order.length).toBe(8);
    run.now = 499;
    run.answer(3);
    expect(run.answer(6)).toContain('finished converged');
    expect(run.report.elapsed).toBe(499);
  });
});

describe('the stop rule', () => {
  it('[S14][J05] two answers are not enough while somebody nearer is unasked', () => {
    const run = new Run({ k: 2 });
    run.start([16]);
    expect(run.answer(16, { closer: [8] })).toEqual(['progressed n16', 'send n8']);
    expect(run.answer(8, { closer: [4] })).toEqual(['progressed n8', 'send n4']);
    expect(run.answer(4)).toEqual(['progressed n4', 'finished converged']);
    expect(numbers(run.report.closest)).toEqual([4, 8]);
    expect(run.report.counts.answered).toBe(3);
  });

  it('[T13][J10] k answers are not the end while a nearer request is in flight', () => {
    const run = new Run({ k: 2, alpha: 3 });
    run.start([8, 16]);
    run.answer(16);
    expect(run.answer(8, { closer: [4] })).toEqual(['progressed n8', 'send n4']);
    expect(run.state.status).toBe('searching');
    expect(run.answer(4)).toContain('finished converged');
  });

  it('[T13][J10] all requests settled is not the end while the window has a fresh member', () => {
    const run = new Run({ k: 2, alpha: 1 });
    run.start([4, 8]);
    expect(run.answer(4)).toEqual(['progressed n4', 'send n8']);
    expect(verdict(run.searching)).toBeUndefined();
  });

  it('[R06][F19] farther requests in flight are abandoned, so that nothing is in flight at the end', () => {
    const two = new Run({ k: 2, alpha: 2 });
    two.start([16, 32]);
    expect(two.answer(16, { closer: [4, 5] })).toEqual(['progressed n16', 'send n5']);
    expect(two.answer(5, { closer: [] })).toEqual(['progressed n5', 'send n4']);
    expect(two.answer(4)).toEqual(['progressed n4', 'abandon n32', 'finished converged']);
    expect(two.report.evidence).toEqual({ window: 2, open: 1 });
  });

  it('[J11] a candidate exactly as far as the k-th answerer does not prolong the search', () => {
    const twin = (endpoint: string): Contact => ({ id: id8(4), endpoint });
    const run = new Run({ k: 1, alpha: 1 });
    run.start([twin('n4')]);
    expect(run.answer(4, { contacts: [twin('a4'), twin('z4')] })).toEqual(['progressed n4', 'finished converged']);
  });

  it('[J11] before k have answered, distance alone ends nothing', () => {
    const run = new Run({ k: 3, alpha: 1 });
    run.start([4]);
    expect(run.answer(4, { closer: [64] })).toEqual(['progressed n4', 'send n64']);
  });

  it('[S16][J43] fewer nodes than k: exhausted, and no error', () => {
    const run = new Run({ k: 4 });
    run.start([4, 8, 16]);
    run.answer(4);
    run.answer(8);
    expect(run.answer(16)).toContain('finished exhausted');
    expect(numbers(run.report.closest)).toEqual([4, 8, 16]);
  });

  it('[S15] all fail: exhausted, with nobody found', () => {
    const run = new Run();
    run.start([4, 8, 16]);
    expect(run.fail(4)).toEqual([]);
    expect(run.fail(8)).toEqual([]);
    expect(run.fail(16)).toEqual(['finished exhausted']);
    expect(run.report).toMatchObject({ closest: [], counts: { answered: 0, failed: 3 } });
  });

  it('[F28] the last open request times out: the end comes at that instant', () => {
    const run = new Run({ requestTimeout: 40 });
    run.start([4]);
    expect(run.tick(40)).toEqual(['unanswered n4', 'abandon n4', 'finished exhausted']);
    expect(run.report.elapsed).toBe(40);
  });

  it('[F33] hearing of the target is not finding it', () => {
    const run = new Run({ k: 1, target: id8(1) });
    run.start([4]);
    expect(run.answer(4, { closer: [1] })).toEqual(['progressed n4', 'send n1']);
    expect(run.answer(1)).toContain('finished converged');
  });

  it('[T08] the rule stands at the head of its module', async () => {
    const { readFileSync } = await import('node:fs');
    const text = readFileSync(new URL('../src/query/stop.ts', import.meta.url), 'utf8');
    expect(text.slice(0, text.indexOf('import'))).toMatch(
      /k closest candidates that have neither failed nor stayed silent/,
    );
  });
});

describe('late answers', () => {
  it('[R08][F10] timed out at its deadline, a candidate is silent; answering late, it counts once, as answered', () => {
    const run = new Run({ requestTimeout: 100, alpha: 2 });
    run.start([4, 8]);
    expect(run.tick(99)).toEqual([]);
    expect(run.tick(100)).toEqual(['unanswered n4', 'unanswered n8', 'abandon n4', 'abandon n8', 'finished exhausted']);
    const late = new Run({ requestTimeout: 100, alpha: 1 });
    late.start([4, 8]);
    late.tick(100);
    expect(late.statusOf(4)).toBe('silent');
    late.now = 150;
    expect(late.answer(4)).toEqual(['progressed n4']);
    expect(late.statusOf(4)).toBe('answered');
    late.answer(8);
    expect(late.report.counts).toEqual({ requests: 2, answered: 2, failed: 0, silent: 0, abandoned: 0, late: 1 });
  });

  it('[R08][G16] the end of the lookup abandons what it still listened to', () => {
    const run = new Run({ requestTimeout: 100, alpha: 1, k: 3 });
    run.start([4, 8]);
    run.tick(100);
    run.now = 150;
    run.answer(8, { closer: [16] });
    expect(run.searching.open.map((it) => it.phase)).toContain('listening');
    expect(nextQueryDeadline(run.searching)).toBe(250);
    expect(run.tick(250)).toEqual(['unanswered n16', 'abandon n4', 'abandon n16', 'finished exhausted']);
  });

  it('[R08] a late answer that is 15 s old or older is no longer owed', () => {
    const run = new Run({ requestTimeout: 10_000, alpha: 1 });
    run.start([4, 8, 16]);
    expect(run.tick(10_000)).toEqual(['unanswered n4', 'send n8']);
    expect(run.tick(14_999)).toEqual([]);
    expect(run.tick(15_000)).toEqual(['abandon n4']);
    expect(run.answer(4)).toEqual([]);
    expect(run.searching.dropped.unowed).toBe(1);
    expect(run.statusOf(4)).toBe('silent');
  });

  it('[R08] after a failure, an answer is ignored and counted', () => {
    const run = new Run({ alpha: 1 });
    run.start([4, 8]);
    run.fail(4);
    expect(run.answer(4)).toEqual([]);
    expect(run.searching.dropped.unowed).toBe(1);
    expect(run.statusOf(4)).toBe('failed');
  });

  it('[T33] an answer under a number that was never given is ignored and counted', () => {
    const run = new Run();
    run.start([4]);
    expect(
      run.step({ type: 'response', request: 77, from: id8(9), answer: { contacts: nodes(2), values: [] } }),
    ).toEqual([]);
    expect(run.searching.dropped.unowed).toBe(1);
    expect(run.searching.candidates.length).toBe(1);
  });

  it('keeps at most maxListening silent requests, and lets the oldest go', () => {
    const run = new Run({ requestTimeout: 10, alpha: 1, maxListening: 1 });
    run.start([4, 8, 16]);
    expect(run.tick(10)).toEqual(['unanswered n4', 'send n8']);
    expect(run.tick(20)).toEqual(['unanswered n8', 'abandon n4', 'send n16']);
  });

  it('[R07] spares step into the window when a nearer node falls silent', () => {
    const run = new Run({ requestTimeout: 10, k: 1 });
    run.start([4, 8]);
    expect(run.tick(10)).toEqual(['unanswered n4', 'send n8']);
  });
});

describe('alpha, slow slots and stalling', () => {
  it('[R09] a slow request opens an extra slot before it times out', () => {
    const run = new Run({ alpha: 2, slowAfter: 30, requestTimeout: 100 });
    run.start([4, 8, 16, 32]);
    expect(nextQueryDeadline(run.searching)).toBe(30);
    expect(run.tick(29)).toEqual([]);
    expect(run.tick(30)).toEqual(['send n16', 'send n32']);
  });

  it('[R09] all in flight never exceed the larger of alpha and k, however slow', () => {
    const run = new Run({ alpha: 1, k: 2, slowAfter: 10, requestTimeout: 100 });
    run.start([4, 8, 16]);
    expect(run.tick(10)).toEqual(['send n8']);
    expect(run.tick(20)).toEqual([]);
  });

  it('[R09] stalled by alpha settled requests that brought nobody into the window, it widens to k', () => {
    const run = new Run({ alpha: 2, k: 6, stall: 'widen' });
    run.start([1, 2, 3, 4, 5, 6]);
    expect(run.answer(1)).toEqual(['progressed n1', 'send n2']);
    expect(run.answer(3)).toEqual(['progressed n3', 'send n5', 'send n4', 'send n6']);
  });

  it('[R09] failures and silence stall it as fruitless answers do', () => {
    const start = (): Run => {
      const run = new Run({ alpha: 2, k: 6, stall: 'widen' });
      run.start([1, 2, 3, 4, 5, 6, 7, 8]);
      return run;
    };
    const failing = start();
    expect(failing.fail(1)).toEqual(['send n2']);
    expect(failing.fail(3)).toEqual(['send n5', 'send n4', 'send n7', 'send n6', 'send n8']);
    const silent = start();
    expect(silent.timeout(1)).toEqual(['unanswered n1', 'send n2']);
    expect(silent.timeout(3).length).toBe(6);
  });

  it('[R09] the widening ends when somebody new enters the window', () => {
    const run = new Run({ alpha: 1, k: 3, stall: 'widen' });
    run.start([16, 32, 64]);
    expect(run.fail(17)).toEqual([]);
    expect(run.answer(16)).toEqual(['progressed n16', 'send n32', 'send n64']);
    expect(run.answer(32, { closer: [4, 5, 6] })).toEqual(['progressed n32']);
    expect(run.answer(64)).toEqual(['progressed n64', 'send n5', 'send n4', 'send n6']);
  });

  it('[R09][J46] with stall and slow slots off, alpha is a hard limit', () => {
    const run = new Run({ alpha: 2, k: 6 });
    run.start([1, 2, 3, 4, 5, 6]);
    expect(run.answer(1)).toEqual(['progressed n1', 'send n2']);
    expect(run.answer(3)).toEqual(['progressed n3', 'send n5']);
  });

  it('[T14] earlyExit noProgress ends after alpha answers in a row that bring nobody nearer; none goes on', () => {
    const script = (earlyExit: 'none' | 'noProgress'): string[] => {
      const run = new Run({ alpha: 2, k: 6, earlyExit });
      run.start([8, 16, 32, 64]);
      run.answer(8);
      return run.answer(16);
    };
    expect(script('noProgress')).toContain('finished converged');
    expect(script('none')).toEqual(['progressed n16', 'send n64']);
  });
});

describe('learning', () => {
  it('[R07][T15] keeps every newcomer in order of distance, asked ones included', () => {
    const run = new Run({ alpha: 1 });
    run.start([16]);
    run.answer(16, { closer: [64, 4, 32] });
    expect(run.searching.candidates.map((it) => it.endpoint)).toEqual(['n4', 'n16', 'n32', 'n64']);
  });

  it('[R07][T15] beyond maxCandidates the farthest that were not asked go, and are counted', () => {
    const run = new Run({ alpha: 1, maxCandidates: 3 });
    run.start([128]);
    run.answer(128, { closer: [64, 4, 32] });
    expect(run.searching.candidates.map((it) => it.endpoint)).toEqual(['n4', 'n32', 'n128']);
    expect(run.searching.dropped.candidates).toBe(1);
  });

  it('[J50][R02] identity by endpoint: a second id at a known endpoint is not asked again', () => {
    const run = new Run({ alpha: 1 });
    run.start([4]);
    run.answer(4, { contacts: [{ id: id8(2), endpoint: 'n4' }] });
    expect(run.report.counts.requests).toBe(1);
  });

  it('[R02] identity by id: a second endpoint of a known id is not asked again, another id at the endpoint is', () => {
    const run = new Run({ alpha: 1, identity: 'id' });
    run.start([4]);
    const said = run.answer(4, {
      contacts: [
        { id: id8(4), endpoint: 'elsewhere' },
        { id: id8(2), endpoint: 'n4' },
      ],
    });
    expect(said).toEqual(['progressed n4', 'send n4']);
  });

  it('[J48][J36] a node that names itself, or is named by several, is asked once', () => {
    const run = new Run();
    run.start([4, 8]);
    run.answer(4, { closer: [4, 8, 2] });
    run.answer(8, { closer: [2, 4] });
    run.answer(2);
    expect(run.report.counts.requests).toBe(3);
  });

  it('[S87] a seed of unknown id waits behind the sorted ones; told its id, it takes its place', () => {
    const run = new Run({ alpha: 1 });
    run.start([{ endpoint: 'n64' }, { endpoint: 'n2' }, 32]);
    expect(run.searching.candidates.map((it) => it.endpoint)).toEqual(['n32', 'n2', 'n64']);
    run.answer(32);
    run.answer('n2');
    expect(run.searching.candidates.map((it) => it.endpoint)).toEqual(['n2', 'n32', 'n64']);
  });

  it('[S87] ten seeds of unknown id: the one that answers becomes the sorted head', () => {
    const run = new Run({ alpha: 10 });
    const seeds = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20].map((n) => ({ endpoint: `n${n}` }));
    run.start(seeds);
    run.answer('n16');
    expect(run.searching.candidates.map((it) => it.id !== undefined)).toEqual([true, ...Array(9).fill(false)]);
    expect(run.searching.candidates[0]?.endpoint).toBe('n16');
  });

  it('an answer from another id than the one expected is a failure, and teaches nothing', () => {
    const run = new Run({ alpha: 1 });
    run.start([4, 8]);
    expect(run.answer(4, { as: id8(9), closer: [2] })).toEqual(['send n8']);
    run.answer(8);
    expect(run.report.asked.find((it) => it.endpoint === 'n4')).toMatchObject({ result: 'failed', cause: 'wrong-id' });
  });

  it('[J13] a seed that turns out to be ourselves is a failure', () => {
    const run = new Run();
    run.start([{ endpoint: 'mirror' }]);
    expect(run.answer('mirror', { as: id8(0) })).toEqual(['finished exhausted']);
    expect(run.report.asked[0]).toMatchObject({ result: 'failed', cause: 'self' });
  });

  it('identity by id: a seed that turns out to be somebody known is a duplicate, and teaches nothing', () => {
    const run = new Run({ identity: 'id' });
    run.start([4, { endpoint: 'other-door' }]);
    run.answer('other-door', { as: id8(4), closer: [2] });
    expect(run.answer(4)).toContain('finished exhausted');
    expect(run.report.asked.map((it) => it.cause)).toContain('duplicate');
  });

  it('hops count from our own table: 0 for a seed, one more for each that names the next', () => {
    const run = new Run({ alpha: 1 });
    run.start([64]);
    run.answer(64, { closer: [16] });
    run.answer(16, { closer: [4] });
    run.answer(4);
    expect(run.report.hops).toBe(2);
    expect(run.report.asked.map((it) => it.via)).toEqual(['n16', 'n64', undefined]);
  });
});

describe('values', () => {
  it('[J01][R03] collect gathers from all until convergence, one of each key', () => {
    const run = new Run({ kind: 'collect', k: 2 });
    run.start([4, 8]);
    run.answer(4, { values: [value('p'), value('q')] });
    expect(run.answer(8, { values: [value('q'), value('r')] })).toContain('finished converged');
    expect(run.report.values.map((it) => it.key)).toEqual(['p', 'q', 'r']);
  });

  it('[T06][T10][R03] first ends on the first value, in that step, and abandons each open request once', () => {
    const run = new Run({ kind: 'first' });
    run.start([4, 8, 16]);
    expect(run.answer(8, { values: [value('v')] })).toEqual([
      'progressed n8',
      'abandon n4',
      'abandon n16',
      'finished found',
    ]);
    expect(run.report.values).toEqual([value('v')]);
  });

  it('[T11][T12] first without a value ends exactly where closest would, and names the closest', () => {
    const script = (kind: 'closest' | 'first'): Run => {
      const run = new Run({ kind, k: 2 });
      run.start([16, 32]);
      run.answer(32, { closer: [4] });
      run.answer(16, { closer: [8] });
      run.answer(4);
      run.answer(8);
      return run;
    };
    const [closest, first] = [script('closest').report, script('first').report];
    expect(first.closest).toEqual(closest.closest);
    expect({ ...first, kind: 'closest' }).toEqual(closest);
  });

  it('[T02] node and value lookups are one machine told apart by kind', () => {
    const { kind: a, ...closest } = config({ kind: 'closest' });
    const { kind: b, ...collect } = config({ kind: 'collect' });
    expect([a, b]).toEqual(['closest', 'collect']);
    expect(initQuery({ ...closest, kind: 'closest' })).toMatchObject({ config: collect });
  });

  it('[Z12] what we hold ourselves comes first: collect goes on from there, first is found without asking anybody', () => {
    const start = (run: Run): string[] => {
      const held = [value('ours')];
      return run.step({ type: 'start', seeds: nodes(4), firstRequest: 0, held });
    };
    const collect = new Run({ kind: 'collect' });
    expect(start(collect)).toEqual(['recalled ours', 'send n4']);
    collect.answer(4, { values: [value('ours'), value('theirs')] });
    expect(collect.report.values.map((it) => it.key)).toEqual(['ours', 'theirs']);
    expect(start(new Run({ kind: 'first' }))).toEqual(['recalled ours', 'finished found']);
    expect(start(new Run({ kind: 'closest' }))).toEqual(['send n4']);
  });

  it('closest ignores values', () => {
    const run = new Run({ kind: 'closest' });
    run.start([4]);
    run.answer(4, { values: [value('v')] });
    expect(run.report.values).toEqual([]);
  });

  it('keeps at most maxValues, and counts the rest', () => {
    const run = new Run({ kind: 'collect', maxValues: 2 });
    run.start([4]);
    run.answer(4, { values: ['a', 'b', 'c'].map(value) });
    expect(run.report.values.length).toBe(2);
    expect(run.report.dropped.values).toBe(1);
  });

  it('[J18][J53] an answer may hold values and nodes; both are used', () => {
    const run = new Run({ kind: 'collect' });
    run.start([8]);
    expect(run.answer(8, { values: [value('p')], closer: [4] })).toEqual(['progressed n8', 'send n4']);
    run.answer(4, { values: [value('q')] });
    expect(run.report.values.length).toBe(2);
  });

  it('[J19][F46] tokens stay with the endpoint that gave them; an answer without one still counts', () => {
    const run = new Run({ kind: 'collect' });
    run.start([4, 8]);
    run.answer(4, { token: 'aa' });
    run.answer(8, { values: [value('p')] });
    expect(run.report.asked.map((it) => [it.endpoint, it.token])).toEqual([
      ['n4', 'aa'],
      ['n8', undefined],
    ]);
    expect(run.report.values).toEqual([value('p')]);
  });
});

describe('a fixed list (kind each)', () => {
  it('[S19][Z03] asks in the order given, where a lookup asks in order of distance', () => {
    const each = new Run({ kind: 'each', alpha: 4 });
    expect(each.start([8, 32, 4, 16])).toEqual(['send n8', 'send n32', 'send n4', 'send n16']);
    expect(new Run({ alpha: 4 }).start([8, 32, 4, 16])).toEqual(['send n4', 'send n8', 'send n16', 'send n32']);
  });

  it('[R10] ends when every one has settled, learns of nobody, and says what became of each', () => {
    const run = new Run({ kind: 'each', alpha: 2, k: 1 });
    run.start([8, 4, 16]);
    expect(run.answer(8, { closer: [2] })).toEqual(['progressed n8', 'send n16']);
    expect(run.fail(16)).toEqual([]);
    expect(run.tick(100)).toEqual(['unanswered n4', 'abandon n4', 'finished exhausted']);
    expect(run.report.asked.map((it) => it.result)).toEqual(['answered', 'silent', 'failed']);
  });

  it('gives a seed its own request where it brings one', () => {
    const run = new Run({ kind: 'each' });
    run.start([{ ...node(4), request: 'store with token' }, node(8)]);
    expect(run.effects.map((it) => (it.type === 'send' ? it.payload : ''))).toEqual(['store with token', 'find']);
  });
});

describe('ending', () => {
  it('[S10] cancelled: one report, at that instant', () => {
    const run = new Run({ requestTimeout: 5_000 });
    run.start([4]);
    run.now = 1_000;
    expect(run.cancel()).toEqual(['abandon n4', 'finished cancelled']);
    expect(run.report).toMatchObject({ elapsed: 1_000, counts: { requests: 1, abandoned: 1 } });
  });

  it('[S11][F09] finished is final: whatever comes, there is no second report', () => {
    const run = new Run();
    run.start([8]);
    run.cancel();
    const { report } = run;
    expect(run.answer(8, { closer: [4] })).toEqual([]);
    expect(run.cancel()).toEqual([]);
    expect(run.start([4])).toEqual([]);
    expect(run.tick(1_000_000)).toEqual([]);
    expect(run.report).toBe(report);
    expect(run.state).toMatchObject({ unowed: 1 });
  });

  it('[F06][U01] its own deadline ends it with what it has, and is another setting than the request timeout', () => {
    const run = new Run({ deadline: 150, requestTimeout: 100, alpha: 1 });
    run.start([4, 8]);
    run.now = 50;
    run.answer(4);
    expect(nextQueryDeadline(run.searching)).toBe(150);
    expect(run.tick(150)).toEqual(['unanswered n8', 'abandon n8', 'finished expired']);
    expect(numbers(run.report.closest)).toEqual([4]);
  });

  it('[F08] events before the start change nothing and throw nothing', () => {
    const state = initQuery(config());
    for (const event of [
      { type: 'tick' },
      { type: 'timeout', request: 0 },
      { type: 'response', request: 0, from: id8(4), answer: { contacts: [], values: [] } },
    ] as const) {
      expect(advanceQuery(state, event, 5)).toEqual({ state, effects: [] });
    }
  });

  it('[F11] the cause of a failure is kept in the candidate and in the report', () => {
    const run = new Run();
    run.start([4, 8]);
    run.fail(4, 'unsent');
    expect(run.searching.candidates[0]).toMatchObject({ status: 'failed', cause: 'unsent' });
    run.answer(8);
    expect(run.report.asked[0]).toMatchObject({ endpoint: 'n4', cause: 'unsent' });
  });

  it('[F10] answered, failed, silent and abandoned add up to the requests', () => {
    const run = new Run({ alpha: 4 });
    run.start([4, 8, 16, 32]);
    run.answer(4);
    run.fail(8);
    run.timeout(16);
    run.cancel();
    expect(run.report.counts).toEqual({ requests: 4, answered: 1, failed: 1, silent: 1, abandoned: 1, late: 0 });
  });

  it('[J17][T09] the result is ascending, at most k, and only those that answered', () => {
    const run = new Run({ k: 2, alpha: 4 });
    run.start([bits('00100000'), bits('00000100'), bits('00010000')].map((id: Id) => Number.parseInt(id, 16)));
    run.fail(4);
    run.answer(32);
    run.answer(16);
    expect(numbers(run.report.closest)).toEqual([16, 32]);
  });
});

describe('branches', () => {
  const visit = (
    seeds: number[],
    names: Record<number, number[]>,
    alpha: number,
  ): { asked: number[]; answered: number } => {
    const run = new Run({ alpha, target: id8(200), self: id8(255) });
    const asked: number[] = [];
    let said = run.start(seeds);
    while (run.state.status === 'searching') {
      for (const text of said) if (text.startsWith('send')) asked.push(Number(text.slice(6)));
      const open = run.searching.open.find((it) => it.phase === 'asked');
      if (open === undefined) break;
      const n = Number(open.endpoint.slice(1));
      said = run.answer(n, { closer: names[n] ?? [] });
    }
    return { asked: asked.sort((a, b) => a - b), answered: run.report.counts.answered };
  };

  it('[S89] ten nodes over three branches: each is visited exactly once', () => {
    const names = { 9: [2], 8: [6], 6: [4, 5], 5: [3], 7: [1], 1: [0] };
    expect(visit([9, 8, 7], names, 3)).toEqual({ asked: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], answered: 10 });
  });

  it('[S89] two branches that share a node: it is visited once, and there are seven answers', () => {
    const names = { 6: [2], 5: [4], 4: [3], 3: [2], 2: [1], 1: [0] };
    expect(visit([6, 5], names, 20).answered).toBe(7);
  });

  it('[S92] one branch is slow and fails; the value by the other is returned, and the failure is in the report', () => {
    const run = new Run({ kind: 'collect', alpha: 2, requestTimeout: 100 });
    run.start([4, 8]);
    run.answer(8, { values: [value('v')] });
    run.tick(100);
    expect(run.report).toMatchObject({ reason: 'exhausted', values: [value('v')], counts: { silent: 1, answered: 1 } });
  });

  it('[S92] of twenty seeds every other fails: ten failures, ten answers, and the lookup itself succeeds', () => {
    const run = new Run({ alpha: 20, k: 20 });
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    run.start(seeds);
    for (const n of seeds) if (run.state.status === 'searching') n % 2 === 0 ? run.fail(n) : run.answer(n);
    expect(run.report).toMatchObject({ reason: 'exhausted', counts: { failed: 10, answered: 10 } });
  });
});
