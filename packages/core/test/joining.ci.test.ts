/** Joining over small networks, and getting back after hours without one. */
import { contactsOf, type Instant, type NodeEffect } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { Network, type Small } from './network.ts';
import { id8, numbers } from './support.ts';

const known = (net: Network, n: number): number[] => numbers(contactsOf(net.at(n).state)).sort((a, b) => a - b);

describe('small networks', () => {
  const grown = (members: readonly number[], through: (i: number) => number): Network => {
    const net = new Network();
    members.forEach((n, i) => {
      net.add(n);
      net.tell(n, { type: 'start', seeds: i === 0 ? [] : [`n${members[through(i)]}`] });
      net.run(net.now + 2_000);
    });
    net.run(net.now + 10_000);
    return net;
  };

  it.each(Array.from({ length: 18 }, (_, i) => i + 2))(
    '[S54] %i nodes, k 20: each table holds exactly all the others',
    (count) => {
      const members = Array.from({ length: count }, (_, i) => (i * 89 + 3) % 256);
      const net = grown(members, () => 0);
      for (const n of members) {
        const others = members.filter((it) => it !== n).sort((a, b) => a - b);
        expect(known(net, n), `node ${n}`).toEqual(others);
        expect(net.said(n, 'join-finished').at(-1)?.outcome).toBe('joined');
      }
    },
  );

  const all = (net: Network, members: readonly number[]): number[] =>
    members.map((n) => {
      net.tell(n, {
        type: 'lookup',
        id: 'self',
        kind: 'closest',
        target: id8(n),
        request: { ask: 'find', target: id8(n) },
        settings: { k: 20 },
      });
      net.run(net.now + 5_000);
      const end = net.said(n, 'query').find((it) => it.id === 'self' && it.effect.type === 'finished');
      return end?.effect.type === 'finished' ? end.effect.report.closest.length : -1;
    });

  it('[D24] five nodes through one seed: every self-lookup finds the other four', () => {
    const members = [3, 70, 130, 190, 250];
    expect(
      all(
        grown(members, () => 0),
        members,
      ),
    ).toEqual([4, 4, 4, 4, 4]);
  });

  it('[D24] twenty nodes, each joining through the one before: every self-lookup finds the other 19', () => {
    const members = Array.from({ length: 20 }, (_, i) => (i * 157 + 11) % 256);
    expect(
      all(
        grown(members, (i) => i - 1),
        members,
      ),
    ).toEqual(Array(20).fill(19));
  });
});

describe('eight hours without a network', () => {
  const HOUR = 3_600_000;
  const members = Array.from({ length: 24 }, (_, i) => (i * 67 + 5) % 256);
  const finds = (effects: readonly NodeEffect<Small>[]): number =>
    effects.filter((it) => it.type === 'query' && it.id.startsWith('join:self') && it.effect.type === 'finished')
      .length;

  it('[U06][D24] attempts grow with the logarithm of the time, then come at a steady pace, and 8 min after its return the table is full', () => {
    const net = new Network();
    const [seed, ...rest] = members as [number, ...number[]];
    net.add(seed);
    net.tell(seed, { type: 'start', seeds: [] });
    for (const n of rest) {
      net.add(n);
      net.tell(n, { type: 'start', seeds: [`n${seed}`] });
      net.run(net.now + 2_000);
    }
    net.run(net.now + 60_000);
    const self = members.at(-1) as number;
    const full = known(net, self).length;
    expect(full).toBe(members.length - 1);
    net.carries = (from, to) => from !== `n${self}` && to !== `n${self}`;
    const offline = net.now;
    // Its table drains as Probe finds out; from then on it is on its own.
    while (known(net, self).length > 0) net.run(net.now + 60_000);
    expect(net.now - offline).toBeLessThan(0.5 * HOUR);
    const empty = { at: net.now, sent: net.at(self).effects.length };
    const attempts = (until: Instant): number => {
      net.run(until);
      return finds(net.at(self).effects.slice(empty.sent));
    };
    // Waits of 1 s to 256 s, each up to half longer, are over within 13 min; then one in 5 to 7.5 min.
    expect(attempts(empty.at + HOUR / 2)).toBeLessThanOrEqual(9 + 6);
    const whole = attempts(offline + 8 * HOUR);
    expect(whole).toBeGreaterThanOrEqual((7.5 * HOUR) / 450_000 + 5);
    expect(whole).toBeLessThanOrEqual((8 * HOUR) / 300_000 + 9);
    const sent = net
      .at(self)
      .effects.slice(empty.sent)
      .filter((it) => it.type === 'transmit').length;
    // One seed to ask, and nobody else: no storm.
    expect(sent).toBeLessThanOrEqual(whole + 1);
    console.info(`8 h without a network: ${whole} attempts, ${sent} packets`);
    expect(known(net, seed)).not.toContain(self);
    net.carries = () => true;
    const back = net.now;
    while (known(net, self).length < full && net.now < back + HOUR) net.run(net.now + 1_000);
    console.info(`back with ${known(net, self).length} of ${full} contacts after ${(net.now - back) / 1_000} s`);
    expect(known(net, self).length).toBe(full);
    expect(net.now - back).toBeLessThanOrEqual(480_000);
  });
});
