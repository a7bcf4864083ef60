/** What stands above and below the events of a running node. */
import { networkInterfaces } from 'node:os';
import type { Id } from '@xorrery/core';
import type { MainlineNode } from '@xorrery/mainline';
import type { Paint } from './terminal.ts';
import { count, time } from './text.ts';

/** The line at the bottom: how the node fares. */
export function nodeStatus(node: MainlineNode, paint: Paint): () => readonly string[] {
  const from = performance.now();
  return () => {
    const { counters, server } = node.state;
    const { requests, malformed, unknownTransaction, wrongSource, wrongId, ownId } = counters;
    const odd = malformed + unknownTransaction + wrongSource + wrongId + ownId;
    const parts = [
      node.lifecycle,
      `knows ${count(node.contacts.length, 'node')}`,
      `answered ${count(requests, 'request')}`,
      `keeps ${count(server.torrents.size, 'torrent')}`,
      ...(odd > 0 ? [`${count(odd, 'odd packet')}`] : []),
      time(Math.floor((performance.now() - from) / 1_000) * 1_000),
    ];
    return [paint.dim(parts.join(' · '))];
  };
}

/** Who the node is, where it listens, and how others join through it. */
export function nodeHeader(
  id: Id,
  { host: address, port }: { host: string; port: number },
  seeds: readonly string[],
  readOnly: boolean,
): string {
  const from = seeds.length === 0 ? 'nobody: it waits to be found' : seeds.slice(0, 2).join(', ');
  const more = seeds.length > 2 ? ` and ${seeds.length - 2} more` : '';
  const reach = outward(address);
  const endpoint = reach.includes(':') ? `[${reach}]:${port}` : `${reach}:${port}`;
  const lines = [
    `node     ${id}`,
    `listens  ${address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`}/udp`,
    `joins    ${from}${more}`,
    ...(readOnly ? ['answers  nobody (read-only)'] : [`others   xorrery node --port 0 --bootstrap ${endpoint}`]),
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
