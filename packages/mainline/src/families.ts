/**
 * Two address families side by side (BEP 32): each has its own node, table and lookups, so that neither can starve the
 * other. What passes between them is who is there: contacts of the other family that a reply names are introduced to
 * the node of that family, and whoever wants nodes of both is told of both.
 *
 * All of it happens on a packet's way in, before the node sees it, so that a trace of either node holds all it was
 * told. It refuses to: pass on more than a few strangers a packet, or any to a node that knows enough.
 */
import type { Inbox, Transport } from '@xorrery/coordinator';
import type { Contact, Endpoint, Id } from '@xorrery/core';
import { type Family, familyOf } from './compact.ts';
import type { InRequest, KrpcIn, KrpcOut } from './messages.ts';

/** The node of the other family, as far as this one deals with it. */
export interface Sibling {
  readonly family: Family;
  /** Whether it has few contacts, and could do with more. */
  readonly isShort: boolean;
  introduce(endpoint: Endpoint): void;
  closest(target: Id, count: number): readonly Contact[];
}

/** Strangers of the other family that are passed on from one reply. */
const MAX_INTRODUCED = 8;
/** Contacts of the other family in one reply of ours. */
const MAX_OTHERS = 8;

/** A transport of one family whose packets are read for what concerns the sibling, where there is one. */
export function betweenFamilies(
  transport: Transport<KrpcOut, KrpcIn>,
  own: Family,
  sibling: () => Sibling | undefined,
): Transport<KrpcOut, KrpcIn> {
  return {
    open: (inbox) => transport.open(passing(inbox, own, sibling)),
    send: (to, message) => transport.send(to, message),
    close: () => transport.close(),
  };
}

function passing(inbox: Inbox<KrpcIn>, own: Family, sibling: () => Sibling | undefined): Inbox<KrpcIn> {
  return {
    received: (from, message, bytes) => inbox.received(from, sorted(message, own, sibling()), bytes),
    malformed: (from, packet) => inbox.malformed(from, packet),
    unsent: (to, tid, cause) => inbox.unsent(to, tid, cause),
  };
}

function sorted(message: KrpcIn, own: Family, sibling: Sibling | undefined): KrpcIn {
  if (message.type === 'request') {
    const request = sibling === undefined ? undefined : withOthers(message.request, sibling);
    return request === undefined ? message : { ...message, request };
  }
  if (message.type === 'error' || message.reply.nodes === undefined) return message;
  const { nodes } = message.reply;
  const ours = nodes.filter(({ endpoint }) => familyOf(endpoint) === own);
  if (ours.length === nodes.length) return message;
  if (sibling?.isShort === true) {
    const theirs = nodes.filter(({ endpoint }) => familyOf(endpoint) === sibling.family);
    for (const { endpoint } of theirs.slice(0, MAX_INTRODUCED)) sibling.introduce(endpoint);
  }
  return { ...message, reply: { ...message.reply, nodes: ours } };
}

/** The request with the sibling's contacts, if it wants them. */
function withOthers(request: InRequest, sibling: Sibling): InRequest | undefined {
  if (!('want' in request) || request.want?.includes(sibling.family) !== true) return undefined;
  const target = 'target' in request ? request.target : request.infoHash;
  return { ...request, others: sibling.closest(target, MAX_OTHERS) };
}
