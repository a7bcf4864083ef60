/** Which nodes a reply names: those closest to what was asked for, of the address families the asker wants (BEP 32). */
import type { Asker, Contact, Id } from '@xorrery/core';
import { familyOf } from './compact.ts';
import type { OutReply, Wanting } from './messages.ts';
import { CONTACT_BYTES } from './sizes.ts';

type Named = Pick<OutReply, 'nodes' | 'others'>;

/** Without a word, nodes of the family it asks over. `limit`: how many, of both families together. */
export function nodesFor(
  { want, others }: Wanting,
  target: Id,
  asker: Asker,
  limit: number = Number.MAX_SAFE_INTEGER,
): Named {
  const isWanted = want === undefined || want.includes(familyOf(asker.endpoint));
  const nodes = isWanted ? upTo(asker.closest(target), limit) : undefined;
  if (others === undefined) return nodes === undefined ? {} : { nodes };
  const rest = upTo(others, limit - (nodes?.length ?? 0));
  return nodes === undefined ? { others: rest } : { nodes, others: rest };
}

/** Bytes these take at most. */
export function bytesOfNodes({ nodes = [], others = [] }: Named): number {
  return (nodes.length + others.length) * CONTACT_BYTES;
}

function upTo(contacts: readonly Contact[], limit: number): readonly Contact[] {
  return contacts.length <= limit ? contacts : contacts.slice(0, Math.max(0, limit));
}
