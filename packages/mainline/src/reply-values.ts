/** What a reply teaches a lookup, and what we hold ourselves that answers one: by what was asked, not by what is said. */
import { type Answer, type Endpoint, type Instant, ipGroupOf, recordAt, type SeenAs } from '@xorrery/core';
import { familyOf } from './compact.ts';
import { checkOf, foundAt, type Item, isItemOf, type MutableItem } from './item.ts';
import type { Filters, InReply, Mainline, OutRequest, Scraped } from './messages.ts';
import { filtersOf, peersOf } from './peer-store.ts';
import type { MainlineStore } from './store.ts';

type Value = Mainline['value'];

export function read(reply: InReply, request: OutRequest): Answer<Value> {
  const { nodes: contacts = [], token, seenAs } = reply;
  const values = valuesIn(reply, request);
  const seen = seenAs === undefined ? undefined : seenIn(seenAs);
  const answer = {
    contacts,
    values,
    ...(token !== undefined && { token }),
    ...(seen !== undefined && { seenAs: seen }),
  };
  const [found] = values;
  const isSigned = found !== undefined && 'item' in found && found.item.type === 'mutable';
  return isSigned ? { ...answer, check: checkOf(found.item as MutableItem) } : answer;
}

/** The address others know us by; none where they see a local one, as those on our own network do. */
function seenIn(endpoint: Endpoint): SeenAs | undefined {
  const { host, local } = ipGroupOf(endpoint);
  return local ? undefined : { family: familyOf(endpoint) === 4 ? 'v4' : 'v6', address: host };
}

function valuesIn(reply: InReply, request: OutRequest): readonly Value[] {
  switch (request.method) {
    case 'get_peers':
      return request.scrape === true ? scrapedOf(reply.filters) : (reply.peers ?? []);
    case 'sample_infohashes': {
      const { samples, num = 0, interval = 0 } = reply;
      return samples === undefined ? [] : [...samples.map((key) => ({ key })), { key: 'sampling', num, interval }];
    }
    case 'get': {
      const item = itemIn(reply, request.salt);
      return item !== undefined && isItemOf(request.target, item) ? [foundAt(request.target, item)] : [];
    }
    default:
      return [];
  }
}

/** Equal filters of two nodes count once: laid over each other they say no more. */
function scrapedOf(filters: Filters | undefined): readonly Scraped[] {
  return filters === undefined ? [] : [{ key: filters.seeds + filters.peers, ...filters }];
}

/** The item of a reply, whatever it is worth. */
function itemIn({ value, publicKey, signature, seq }: InReply, salt = ''): Item | undefined {
  if (value === undefined) return undefined;
  if (publicKey === undefined) return { type: 'immutable', value };
  if (signature === undefined || seq === undefined) return undefined;
  return { type: 'mutable', value, publicKey, salt, seq, signature };
}

/** Peers that were announced to us, how many they are, or an item that we hold. */
export function heldFor({ peers, items }: MainlineStore, request: OutRequest, now: Instant): readonly Value[] {
  if (request.method === 'get_peers') {
    const { infoHash, scrape, noseed } = request;
    return scrape === true ? scrapedOf(filtersOf(peers, infoHash)) : peersOf(peers, infoHash, noseed);
  }
  const item = request.method === 'get' ? recordAt(items, request.target, now) : undefined;
  return item === undefined || request.method !== 'get' ? [] : [foundAt(request.target, item)];
}
