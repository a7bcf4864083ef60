/** Each defence of a Mainline node off and on, against the adversary it is for: small networks, one seed. */
import { mainline } from '@xorrery/mainline';
import { type Scenario, Simulation, scenarioOf } from '@xorrery/simulator';
import { describe, expect, it } from 'vitest';
import { mainlineProtocol } from '../src/mainline-protocol.ts';
import { type Run, runScenario } from '../src/simulate.ts';

const run = (parts: Partial<Scenario>): Promise<Run> =>
  runScenario(scenarioOf({ profile: 'mainline', k: 8, ...parts }));

describe('ids that fit addresses (BEP 42)', () => {
  const uncapped = { table: { caps: 'off' }, query: { maxPerNetwork: 'off' } };
  const besieged = (unfitIds: string, parts: Partial<Scenario> = {}): Promise<Run> =>
    run({ nodes: 36, lookups: 10, adversary: 'sybil:0.3', config: { ...uncapped, unfitIds }, ...parts });

  it('[X09] honest nodes have some, Sybils have those they like, or keep to them', () => {
    const town = (parts: Partial<Scenario>): Simulation['town'] =>
      new Simulation(scenarioOf({ nodes: 300, adversary: 'sybil:0.2', ...parts }), { protocol: mainlineProtocol }).town;
    const share = ({ residents }: Simulation['town'], role: string): number => {
      const all = residents.filter((it) => it.role === role);
      return all.filter(({ contact: { id, endpoint } }) => mainline.ids?.fits(id, endpoint)).length / all.length;
    };
    const free = town({});
    expect([share(free, 'honest'), share(free, 'sybil')]).toEqual([1, 0]);
    expect(new Set(free.residents.map((it) => it.contact.endpoint)).size).toBe(300);
    expect(share(town({ sybilIds: 'fit' }), 'sybil')).toBe(1);
    expect(share(town({ adversary: 'off', unfit: 0.25 }), 'honest')).toBe(0.75);
  });

  it('[X09] enforced, show a key that Sybils surround to every lookup; else none gets past them', async () => {
    const [any, enforced] = [await besieged('any'), await besieged('enforce')];
    expect([any.success, any.foul]).toEqual([0, 1]);
    expect([enforced.success, enforced.foul]).toEqual([1, 0]);
  });

  it('[X09] enforced, shut out honest nodes that have none, and so are not the default', async () => {
    const parts: Partial<Scenario> = { adversary: 'off', unfit: 0.3, tables: 'full', nodes: 60 };
    expect((await besieged('prefer', parts)).recall.exact).toBe(1);
    expect((await besieged('enforce', parts)).recall.mean).toBeLessThan(0.8);
    expect(mainlineProtocol.settingsOf(8, 3).unfitIds).toBe('prefer');
  });
});

describe('limits on answers', () => {
  const FULL: Partial<Scenario> = { nodes: 60, lookups: 10, spacing: 1_000, tables: 'full' };

  it('[X09][U16] a flood from one network does not keep others from a node, unless its limits are off', async () => {
    const flood: Partial<Scenario> = { ...FULL, adversary: 'flood:0.1', lookupsBy: 'others', bandwidth: 12_000 };
    const responder = { limiter: { perHost: 'off', perNetwork: 'off' }, maxRate: 'off' };
    const [open, limited] = [await run({ ...flood, config: { responder } }), await run(flood)];
    expect(open.success).toBeLessThanOrEqual(0.3);
    expect(limited.success).toBe(1);
    // A burst of 100, and then 10 a second.
    expect(limited.harm.granted).toBeLessThanOrEqual(100 + limited.virtualMs / 100 + 1);
  });

  it('[X09][U16] what is reflected at a third party stays within the bound for each byte of the requests', async () => {
    const gain = async (amplification: number | 'off'): Promise<number> => {
      const config = { responder: { amplification, limiter: { perHost: 'off', perNetwork: 'off' }, maxRate: 'off' } };
      const { harm } = await run({ ...FULL, lookups: 5, adversary: 'reflection:0.05', floodEvery: 20, config });
      return harm.answerBytes / harm.requestBytes;
    };
    const [off, eight] = [await gain('off'), await gain(8)];
    expect(off).toBeGreaterThan(12);
    expect(eight).toBeLessThan(8);
  });

  it('[X09][X14] no store under a stolen token is taken', async () => {
    const { harm } = await run({ ...FULL, adversary: 'token-thief:0.2' });
    expect(harm.requests).toBeGreaterThan(50);
    expect(harm.granted).toBe(0);
  });
});
