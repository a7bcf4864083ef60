/** What stands above and below the events of a running node. */
import { networkInterfaces } from 'node:os';
import type { LifecycleState } from '@xorrery/coordinator';
import type { ContactView, Counters, Endpoint, Id } from '@xorrery/core';
import type { Paint } from './terminal.ts';
import { count, time } from './text.ts';

/** What is looked at of a node of any protocol. */
export interface NodeView {
  readonly id: Id;
  readonly lifecycle: LifecycleState;
  readonly contacts: readonly ContactView[];
  readonly state: { readonly counters: Counters };
}

/** The line at the bottom: how the node fares. `keeps`: what it keeps for others. */
export function nodeStatus(node: NodeView, keeps: () => string, paint: Paint): () => readonly string[] {
  const from = performance.now();
  return () => {
    const { requests, malformed, unknownTransaction, wrongSource, wrongId, ownId } = node.state.counters;
    const odd = malformed + unknownTransaction + wrongSource + wrongId + ownId;
    const parts = [
      node.lifecycle,
      `knows ${count(node.contacts.length, 'node')}`,
      `answered ${count(requests, 'request')}`,
      `keeps ${keeps()}`,
      ...(odd > 0 ? [`${count(odd, 'odd packet')}`] : []),
      time(Math.floor((performance.now() - from) / 1_000) * 1_000),
    ];
    return [paint.dim(parts.join(' · '))];
  };
}

/** Who the node is, where it listens, and how others join through it with `command`. */
export function nodeHeader(
  command: string,
  id: Id,
  { host: address, port }: { host: string; port: number },
  seeds: readonly string[],
  readOnly: boolean,
  alsoAt: readonly Endpoint[] = [],
): string {
  const from = seeds.length === 0 ? 'nobody: it waits to be found' : seeds.slice(0, 2).join(', ');
  const more = seeds.length > 2 ? ` and ${seeds.length - 2} more` : '';
  const reach = outward(address);
  const endpoint = reach.includes(':') ? `[${reach}]:${port}` : `${reach}:${port}`;
  const lines = [
    `node     ${id}`,
    `listens  ${address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`}/udp`,
    ...alsoAt.map((it) => `and      ${it}/udp`),
    `joins    ${from}${more}`,
    ...(readOnly ? ['answers  nobody (read-only)'] : [`others   xorrery ${command} --port 0 --bootstrap ${endpoint}`]),
    'ends     with Ctrl-C',
  ];
  return `${lines.join('\n')}\n\n`;
}

/** The address that others may reach: of a wildcard, the first of this machine that leads outside. */
function outward(address: string): string {
  if (address !== '0.0.0.0' && address !== '::') return address;
  const family = address === '::' ? 'IPv6' : 'IPv4';
  const all = Object.values(networkInterfaces()).flatMap((it) => it ?? []);
  const found = all.find((it) => it.family === family && !it.internal && !it.address.startsWith('fe80'));
  return found?.address ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
}
