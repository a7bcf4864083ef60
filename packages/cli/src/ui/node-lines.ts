/** What a running node says: its announcements as JSON objects for scripts and as lines for people. Pure. */
import type { Endpoint, Id } from '@xorrery/core';
import type { AnyEvent } from './events.ts';
import type { Paint } from './terminal.ts';
import { count, hostPort, nodeJson, shortId, time } from './text.ts';

/** A peer was announced to us, and we took it. */
export interface Announced {
  readonly type: 'announced';
  readonly infoHash: Id;
  /** Where the announcement came from. */
  readonly from: Endpoint;
  readonly peer: Endpoint;
}

/** A value was stored here by another node. */
export interface Stored {
  readonly type: 'stored';
  readonly key: Id;
  readonly from: Endpoint;
  readonly bytes: number;
}

export type NodeNews = AnyEvent | Announced | Stored | { readonly type: 'lagged'; readonly missed: number };

/** One object a line; `undefined` for the steps of the node's own lookups, which nobody asked for. */
export function newsJson(news: NodeNews): object | undefined {
  switch (news.type) {
    case 'contact-added':
      return { event: news.type, ...nodeJson(news.contact) };
    case 'contact-removed':
      return { event: news.type, ...nodeJson(news.contact), reason: news.reason };
    case 'join-finished':
      return { event: news.type, outcome: news.outcome, contacts: news.contacts, elapsedMs: news.elapsed };
    case 'anomaly':
      return { event: news.type, ...hostPort(news.from), cause: news.cause };
    case 'address-adopted':
      return { event: news.type, address: news.address, ...(news.former === undefined ? {} : { former: news.former }) };
    case 'renamed':
      return { event: news.type, id: news.self, former: news.former };
    case 'lifecycle':
      return { event: news.type, state: news.state };
    case 'storage':
      return { event: news.type, status: news.status, text: news.text };
    case 'announced':
      return { event: news.type, infoHash: news.infoHash, peer: hostPort(news.peer), from: hostPort(news.from) };
    case 'stored':
      return { event: news.type, key: news.key, bytes: news.bytes, from: hostPort(news.from) };
    case 'lagged':
      return { event: news.type, missed: news.missed };
    default:
      return undefined;
  }
}

/** One line for a person; `undefined` for what is only counted. */
export function newsLine(news: NodeNews, paint: Paint): string | undefined {
  switch (news.type) {
    case 'contact-added':
      return `${paint.green('+ met')}        ${shortId(news.contact.id)} ${news.contact.endpoint}`;
    case 'contact-removed':
      return `${paint.red('- lost')}       ${shortId(news.contact.id)} ${news.contact.endpoint}  ${paint.dim(news.reason)}`;
    case 'join-finished':
      if (news.outcome === 'isolated') return `${paint.yellow('! alone')}      knows nobody yet`;
      return `${paint.cyan('* joined')}     in ${time(news.elapsed)}, knows ${count(news.contacts, 'node')}`;
    case 'address-adopted':
      return `${paint.cyan('* seen')}       others see us at ${news.address}`;
    case 'renamed':
      return `${paint.cyan('* renamed')}    our id is ${shortId(news.self)} now: it fits our address (BEP 42)`;
    case 'announced':
      return `${paint.magenta('* announced')}  ${news.peer} is a peer of ${shortId(news.infoHash)}`;
    case 'stored':
      return `${paint.magenta('* stored')}     ${shortId(news.key)} ${count(news.bytes, 'byte')} from ${news.from}`;
    case 'lagged':
      return paint.yellow(`! ${count(news.missed, 'event')} skipped`);
    default:
      return undefined;
  }
}
