/** A day of Mainline in virtual time, with nodes coming and going, lookups and announces: what its nodes hold on to. */
import { makeNode, tableOf, tableSize } from '@xorrery/core';
import { mainline } from '@xorrery/mainline';
import { Simulation, scenarioOf } from '@xorrery/simulator';
import { expect, it } from 'vitest';
import { mainlineProtocol } from '../src/mainline-protocol.ts';

const HOUR = 3_600_000;
const NODES = 16;
const WORK = 22 * HOUR;
const SPACING = 60_000;

const machine = makeNode(mainline);
type Machine = typeof machine;

/** A node whose user announces what he has looked for. */
const announcing: Machine = {
  ...machine,
  advance(state, event, now) {
    const looked = machine.advance(state, event, now);
    if (event.type !== 'lookup') return looked;
    const { id, target } = event;
    const find = { method: 'get_peers', infoHash: target } as const;
    const store = { method: 'announce_peer', infoHash: target, port: 6_881, impliedPort: false, token: '' } as const;
    const told = machine.advance(looked.state, { type: 'publish', id: `announce:${id}`, target, find, store }, now);
    return { state: told.state, effects: [...looked.effects, ...told.effects] };
  },
};

const middle = (sizes: readonly number[]): number => sizes.toSorted((a, b) => a - b)[sizes.length >> 1] as number;

it('[U09] a day of churn leaves every node within its limits, as small as before, and nothing stored once nobody announces', () => {
  const scenario = scenarioOf({
    profile: 'mainline',
    nodes: NODES,
    k: 8,
    lookups: WORK / SPACING,
    spacing: SPACING,
    churn: 'exp:3h',
    duration: 24 * HOUR,
  });
  const simulation = new Simulation(scenario, { protocol: mainlineProtocol, machine: announcing });
  const residents = () =>
    simulation.town.residents.flatMap(({ state }) =>
      state === undefined ? [] : [state as ReturnType<Machine['init']>],
    );
  const sizes: number[] = [];
  const stored: number[] = [];
  while (simulation.run(2_000)) {
    if (simulation.now < (sizes.length + 1) * HOUR) continue;
    const states = residents();
    sizes.push(Math.max(...states.map((it) => JSON.stringify(it).length)));
    stored.push(Math.max(...states.map((it) => it.server.peers.torrents.size)));
    for (const { config, server, limiter, pool, waiting, routing } of states) {
      expect(server.peers.torrents.size).toBeLessThanOrEqual(config.server.peers.maxTorrents);
      expect(limiter.accounts.size).toBeLessThanOrEqual(config.responder.limiter.maxEntries);
      expect(pool.flying).toBeLessThanOrEqual(config.pool.maxInFlight);
      expect(waiting.length).toBeLessThanOrEqual(config.maxWaiting);
      expect(tableSize(tableOf(routing))).toBeLessThan(NODES);
    }
  }
  expect(simulation.violation).toBeUndefined();
  expect(simulation.now).toBeGreaterThanOrEqual(24 * HOUR);
  process.stderr.write(
    `soak: ${simulation.events} events, hourly sizes ${sizes.join(' ')}, torrents ${stored.join(' ')}\n`,
  );
  expect(Math.max(...stored.slice(0, 20))).toBeGreaterThan(5);
  // Lookups that happen to run make some larger; the hour in the middle tells what stays.
  expect(middle(sizes.slice(12, 22))).toBeLessThan(1.25 * middle(sizes.slice(2, 12)));
  // The longest lifetime is 45 minutes; nobody reads in those two hours, and it is gone all the same.
  expect(residents().map((it) => it.server.peers.torrents.size)).toEqual(residents().map(() => 0));
});
