/** The defences of a Mainline node off and on, as docs/results.md has them: larger networks, several seeds. */
import { describe, expect, it } from 'vitest';
import { cellsOf } from '../src/grid.ts';
import { type Run, runScenario } from '../src/simulate.ts';

/** Runs a grid; a function that gives the mean of a figure over the runs at one value of its only axis. */
const sweep = async (
  base: object,
  axis: string,
  values: readonly unknown[],
): Promise<(value: unknown, of: (run: Run) => number) => number> => {
  const whole = { profile: 'mainline', k: 8, lookups: 60, ...base };
  const results: { readonly value: unknown; readonly run: Run }[] = [];
  for (const { point, scenario } of cellsOf({ base: whole, grid: { [axis]: values }, seeds: [1, 2] })) {
    const run = await runScenario(scenario);
    expect(run.violation).toBeUndefined();
    results.push({ value: point[axis], run });
  }
  return (value, of) => {
    const runs = results.filter((it) => it.value === value);
    return runs.reduce((sum, it) => sum + of(it.run), 0) / runs.length;
  };
};

/** Of the responder: its defaults. */
const usual = {};

describe('Sybils around a key', () => {
  const sybils = { nodes: 130, adversary: 'sybil:0.3' };
  const uncapped = { table: { caps: 'off' }, query: { maxPerNetwork: 'off' } };

  it('[X09][U12] hide all that is honest where any id will do, and nothing where ids have to fit', async () => {
    const mean = await sweep({ ...sybils, config: uncapped }, 'config.unfitIds', ['any', 'enforce']);
    expect(mean('any', (it) => it.success)).toBeLessThan(0.1);
    expect(mean('enforce', (it) => it.success)).toBe(1);
    expect(mean('enforce', (it) => it.foul)).toBe(0);
  });

  it('[X09][U12] whose ids fit are held by the places of a network in a result', async () => {
    const mean = await sweep({ ...sybils, sybilIds: 'fit' }, 'config.query.maxPerNetwork', ['off', 2]);
    expect(mean('off', (it) => it.foul)).toBeGreaterThan(0.5);
    expect(mean(2, (it) => it.success)).toBe(1);
    expect(mean(2, (it) => it.foul)).toBeLessThanOrEqual(0.25);
  });
});

describe('a flood of 200 requests a second', () => {
  const flooded = { nodes: 100, tables: 'full', spacing: 500, bandwidth: 20_000 };
  const unlimited = { limiter: { perHost: 'off', perNetwork: 'off' }, maxRate: 'off' };

  it.each(['attacked', 'others'])(
    '[X09][U16] from one network spoils no lookup of %s under the default limits, and most without',
    async (lookupsBy) => {
      const base = { ...flooded, adversary: 'flood:0.1', lookupsBy };
      const mean = await sweep(base, 'config.responder', [unlimited, usual]);
      expect(mean(unlimited, (it) => it.success)).toBeLessThan(0.2);
      expect(mean(usual, (it) => it.success)).toBe(1);
      expect(mean(usual, (it) => it.harm.granted / it.harm.requests)).toBeLessThan(0.1);
    },
  );

  it('[X09][U16] in the names of others is answered with 8,000 bytes a second, and lookups go on', async () => {
    const mean = await sweep({ ...flooded, adversary: 'spoofed-flood:0.1' }, 'config.responder', [unlimited, usual]);
    expect(mean(unlimited, (it) => it.success)).toBeLessThan(0.2);
    expect(mean(usual, (it) => it.success)).toBe(1);
    // The codec's bytes are fewer than those that are charged.
    expect(mean(usual, (it) => it.harm.answerBytes - 96_000 - 8 * it.virtualMs)).toBeLessThan(0);
  });
});

describe('reflection at a third party', () => {
  it('[X09][U16] gains less with the limits of each host on, and never more than the bound', async () => {
    const base = { nodes: 100, tables: 'full', spacing: 500, adversary: 'reflection:0.05', floodEvery: 5 };
    const open = { limiter: { perHost: 'off', perNetwork: 'off' }, maxRate: 'off', amplification: 'off' };
    const tight = { amplification: 8 };
    const mean = await sweep(base, 'config.responder', [open, usual, tight]);
    const gain = ({ harm }: Run): number => harm.answerBytes / harm.requestBytes;
    expect(mean(open, gain)).toBeGreaterThan(12);
    expect(mean(usual, gain)).toBeLessThan(0.75 * mean(open, gain));
    expect(mean(tight, gain)).toBeLessThan(3);
    expect(mean(usual, (it) => it.recall.mean)).toBe(1);
  });
});
