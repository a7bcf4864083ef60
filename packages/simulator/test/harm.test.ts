/** What attackers get out of a network, and what of it a defence takes away: plain profile. */
import { genericProtocol, type Scenario, type SimulationOptions } from '@xorrery/simulator';
import { describe, expect, it } from 'vitest';
import { resultFor } from './support.ts';

const FULL: Partial<Scenario> = { nodes: 60, lookups: 20, spacing: 500, tables: 'full', k: 8 };

describe('a thief of tokens', () => {
  /** Everybody takes whatever token is shown. */
  const trusting: SimulationOptions['protocol'] = {
    ...genericProtocol,
    carry: (message, from, to, now) => {
      const carried = genericProtocol.carry(message, from, to, now);
      if (carried.type !== 'request' || carried.request.method !== 'store') return carried;
      return { ...carried, request: { ...carried.request, token: 'current' } };
    },
  };

  it('[X09][X14] stores nothing where tokens are tied to addresses, and all it likes where they are not', () => {
    const stolen = (protocol: SimulationOptions['protocol']): readonly number[] => {
      const { requests, granted } = resultFor({ ...FULL, adversary: 'token-thief:0.1' }, { protocol }).harm;
      return [requests, granted];
    };
    const [tried, taken] = stolen(genericProtocol) as [number, number];
    expect(tried).toBeGreaterThan(50);
    expect(taken).toBe(0);
    const [, left] = stolen(trusting) as [number, number];
    expect(left).toBeGreaterThan(tried / 2);
  });
});

describe('a flood', () => {
  const limits = { limiter: { perNetwork: { perSecond: 10, burst: 20 } } };
  const flooded = (parts: Partial<Scenario>) =>
    resultFor({ ...FULL, adversary: 'flood:0.1', floodEvery: 100, ...parts });

  it('[X09][U16] from one network is answered no more often than its limit says', () => {
    const open = flooded({}).harm;
    expect(open.granted).toBeGreaterThan(0.9 * open.requests);
    const { harm, virtualMs } = flooded({ config: { responder: limits } });
    expect(harm.granted).toBeLessThanOrEqual(20 + (10 * virtualMs) / 1_000 + 1);
  });

  it('[X09][U16] takes the line of a node that answers it all, and its lookups fail; with a limit they do not', () => {
    const narrow: Partial<Scenario> = { bandwidth: 8_000 };
    expect(flooded(narrow).success).toBeLessThan(0.3);
    expect(flooded({ ...narrow, config: { responder: limits } }).success).toBe(1);
  });

  it('[X09] keeps others from a node that they look for, too', () => {
    const others: Partial<Scenario> = { bandwidth: 8_000, lookupsBy: 'others' };
    expect(flooded(others).success).toBeLessThan(0.3);
    expect(flooded({ ...others, config: { responder: limits } }).success).toBe(1);
  });

  it('[X09][U16] in the names of others passes the limits of each, and not that of all answers together', () => {
    const spoofed = (responder: object): number => {
      const adversary = 'spoofed-flood:0.1';
      const { harm, virtualMs } = resultFor({ ...FULL, adversary, floodEvery: 100, config: { responder } });
      return harm.answerBytes / (virtualMs / 1_000);
    };
    expect(spoofed(limits)).toBeGreaterThan(10_000);
    expect(spoofed({ ...limits, maxRate: { perSecond: 5_000, burst: 10_000 } })).toBeLessThan(6_000);
  });
});

describe('reflection', () => {
  it('[X09][U16] gains no more bytes than the bound on amplification lets it', () => {
    const gain = (amplification: number | 'off'): number => {
      const config = { responder: { amplification } };
      const { harm } = resultFor({ ...FULL, adversary: 'reflection:0.1', config });
      return harm.answerBytes / harm.requestBytes;
    };
    expect(gain('off')).toBeGreaterThan(2);
    expect(gain(2)).toBeLessThanOrEqual(2);
  });
});
