/** Scenarios and the short texts in them: read, or refused in one line that names the field. */
import {
  DEFAULT_SCENARIO,
  parseAdversaries,
  parseDuration,
  parseLatency,
  parseSessions,
  scenarioOf,
} from '@xorrery/simulator';
import { describe, expect, it } from 'vitest';
import { simulate } from './support.ts';

describe('a scenario', () => {
  it('is complete when it says nothing', () => {
    expect(scenarioOf({})).toEqual(DEFAULT_SCENARIO);
    expect(scenarioOf({ nodes: 5 }).nodes).toBe(5);
  });

  it.each([
    [7, 'scenario', 'must be an object'],
    [{ node: 5 }, 'scenario.node', 'is not known here'],
    [{ nodes: -1 }, 'scenario.nodes', 'must be an integer from 1 to 10000000, got -1'],
    [{ nodes: '9' }, 'scenario.nodes', "must be an integer from 1 to 10000000, got '9'"],
    [{ loss: 1.5 }, 'scenario.loss', 'must be a number from 0 to 1, got 1.5'],
    [
      { loss: 0.6, duplicate: 0.5 },
      'scenario.loss',
      'together with duplicate, reorder and malformed must be at most 1',
    ],
    [{ tables: 'half' }, 'scenario.tables', "must be one of full, joined, got 'half'"],
    [{ latency: 'uniform:9' }, 'scenario.latency', 'want fixed:MS, uniform:LO,HI or lognormal'],
    [{ churn: 'exp:0s' }, 'scenario.churn', 'want a duration'],
    [{ adversary: 'sybil:0.5,liar:0.5' }, 'scenario.adversary', 'shares must be at most 0.9 together'],
    [{ nat: { share: 0.1, type: 'cone', timeout: 1 } }, 'scenario.nat.type', 'must be one of restricted, symmetric'],
    [{ nat: { share: 0.1 } }, 'scenario.nat.type', 'is missing'],
    [{ partitions: [{ share: 0.1, from: 5, until: 5, direction: 'both' }] }, 'scenario.partitions[0].until', 'later'],
    [{ sleeps: {} }, 'scenario.sleeps', 'must be a list'],
    [{ nodes: 3, sessions: [{ node: 3, from: 0, until: 1 }] }, 'scenario.sessions[0].node', 'from 0 to 2'],
    [{ churn: 'exp:1h', sessions: [{ node: 0, from: 0, until: 1 }] }, 'scenario.sessions', "needs churn 'off'"],
    [{ floodEvery: 0 }, 'scenario.floodEvery', 'must be an integer from 1 to 3600000, got 0'],
    [{ lookupsBy: 'all' }, 'scenario.lookupsBy', "must be one of attacked, others, got 'all'"],
    [{ sybilIds: 'any' }, 'scenario.sybilIds', "must be one of chosen, fit, got 'any'"],
    [{ unfit: -1 }, 'scenario.unfit', 'must be a number from 0 to 1, got -1'],
    [{ config: [] }, 'scenario.config', 'must be an object'],
  ])('%j is refused, naming %s', (parts, field, why) => {
    expect(() => scenarioOf(parts)).toThrow(expect.objectContaining({ name: 'ConfigError', field }));
    expect(() => scenarioOf(parts)).toThrow(why);
  });

  it.each([
    [{ query: { alhpa: 3 } }, 'scenario.config.query.alhpa', 'is no setting of a node'],
    [{ self: '00' }, 'scenario.config.self', 'is given by the simulation'],
    [{ query: { alpha: 0 } }, 'query.alpha', 'must be an integer from 1 to 1024'],
  ])('overrides %j of the nodes are refused, naming %s, before anything runs', (config, field, why) => {
    expect(() => simulate({ nodes: 3, config })).toThrow(expect.objectContaining({ name: 'ConfigError', field }));
    expect(() => simulate({ nodes: 3, config })).toThrow(why);
  });
});

describe('a SPEC', () => {
  it('of a duration has a unit', () => {
    expect(['500ms', '30s', '15m', '2h', '1.5s'].map((it) => parseDuration('x', it))).toEqual([
      500, 30_000, 900_000, 7_200_000, 1_500,
    ]);
    for (const bad of ['', '5', '5d', '-1s', '0ms', '1e3ms', '9999999h'])
      expect(() => parseDuration('x', bad)).toThrow('x: ');
  });

  it('of a latency is fixed, uniform or lognormal', () => {
    for (const good of ['fixed:0', 'uniform:20,200', 'lognormal:80,0.5'])
      expect(parseLatency('x', good)).toBeTypeOf('function');
    for (const bad of [
      'fixed',
      'fixed:1.5',
      'uniform:9,8',
      'uniform:1,2,3',
      'lognormal:80',
      'lognormal:80,9',
      'gamma:1,2',
      '',
    ]) {
      expect(() => parseLatency('x', bad)).toThrow('want fixed:MS');
    }
  });

  it('of sessions says their mean', () => {
    expect(parseSessions('x', 'exp:1h').mean).toBe(3_600_000);
    expect(parseSessions('x', 'weibull:0.5,30m').mean).toBe(1_800_000);
    for (const bad of ['exp', 'weibull:0.5', 'weibull:0,1h', 'exp:1h,2h', 'pareto:1h']) {
      expect(() => parseSessions('x', bad)).toThrow('want exp:MEAN');
    }
  });

  it('[X09] of adversaries says their kinds and shares', () => {
    expect([...parseAdversaries('x', 'sybil:0.1,slow-loris:0.05,spoofed-flood:0.2')]).toEqual([
      ['sybil', 0.1],
      ['slow-loris', 0.05],
      ['spoofed-flood', 0.2],
    ]);
    for (const bad of ['sybil', 'sybil:-1', 'ninja:0.1', 'liar:0.1,liar:0.1', 'liar:1', '']) {
      expect(() => parseAdversaries('x', bad)).toThrow('x: ');
    }
  });
});
