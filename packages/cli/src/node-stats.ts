/** How a Mainline node fares in numbers, for `node --json`: one line a minute, and one at the end. */
import { type Counters, healthOf } from '@xorrery/core';
import type { MainlineNode } from '@xorrery/mainline';

/** At all its addresses together. */
export function statsOf(node: MainlineNode): object {
  const { states, traffic } = node;
  const sum = (of: (state: MainlineNode['state']) => number): number => states.reduce((all, it) => all + of(it), 0);
  const names = Object.keys(node.state.counters) as (keyof Counters)[];
  return {
    contacts: node.contacts.length,
    torrents: sum(({ server }) => server.peers.torrents.size),
    items: sum(({ server }) => server.items.held.size),
    published: sum(({ kept }) => kept.size),
    asked: sum((it) => healthOf(it).answers.asked),
    answered: sum((it) => healthOf(it).answers.answered),
    networkSize: healthOf(node.state).networkSize?.estimate,
    traffic,
    counters: Object.fromEntries(names.map((name) => [name, sum(({ counters }) => counters[name])])),
  };
}
