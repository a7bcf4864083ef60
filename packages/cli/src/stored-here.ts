/**
 * What others keep at a Mainline node: peers announced to it and items put to it. They are requests, no events of ours, so
 * they are seen as they are answered; a put that waits for its signature is remembered until that was judged.
 */
import type { Observer } from '@xorrery/coordinator';
import type { NodeEffect } from '@xorrery/core';
import type { Mainline, MainlineStore, MainlineStoreConfig } from '@xorrery/mainline';
import type { NodeNews, Stored } from './ui/node-lines.ts';

/** Tells of each as it is taken. */
export function storedHere(tell: (news: NodeNews) => void): Observer<Mainline, MainlineStoreConfig, MainlineStore> {
  const waiting = new Map<number, Stored>();
  return (_at, event, effects) => {
    if (event.type === 'verified') {
      const stored = waiting.get(event.job);
      waiting.delete(event.job);
      if (stored !== undefined && isTaken(effects)) tell(stored);
    }
    if (event.type !== 'received' || event.message.type !== 'request') return;
    const { from } = event;
    const { request } = event.message;
    if (request.method === 'announce_peer' && isTaken(effects)) {
      const peer = request.impliedPort ? from : `${from.slice(0, from.lastIndexOf(':'))}:${request.port}`;
      tell({ type: 'announced', infoHash: request.infoHash, from, peer });
    }
    if (request.method !== 'put') return;
    const stored = { type: 'stored', key: request.target, from, bytes: request.item.value.length / 2 } as const;
    const check = effects.find((it) => it.type === 'verify');
    if (check !== undefined) waiting.set(check.job, stored);
    else if (isTaken(effects)) tell(stored);
  };
}

function isTaken(effects: readonly NodeEffect<Mainline>[]): boolean {
  return effects.some((it) => it.type === 'transmit' && it.message.type === 'reply');
}
