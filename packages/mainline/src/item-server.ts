/**
 * What a node answers to get and put (BEP 44). A put is judged in the order of cost: the token, the sizes, `cas` and
 * `seq`, whether there is room; the signature last, and not at all when the very same item is held already.
 */
import { type Asker, type Instant, offerRecord, recordAt, type ServerAnswer, type Verdict } from '@xorrery/core';
import { checkOf, type Item, MAX_SALT, MAX_VALUE } from './item.ts';
import { bytesOfItem, ITEM_RULES, type ItemStore } from './item-store.ts';
import type { InRequest, Mainline, OutReply, OutRequest } from './messages.ts';
import { CONTACT_BYTES, ITEM_KEYS_BYTES, REPLY_BYTES } from './sizes.ts';
import { TOKEN_ROTATION } from './token.ts';
import { nodesFor } from './wanted.ts';

type Answer = ServerAnswer<Mainline>;
type Refused = Extract<Answer, { type: 'error' }>;

/** Codes of KRPC errors: BEP 5 and BEP 44. */
const refusal = (code: number, text: string): Refused => ({ type: 'error', code, text });
const BAD_TOKEN = refusal(203, 'bad token');
const NO_ROOM = refusal(202, 'no room');
const NOT_AN_ITEM = refusal(203, 'not an item of that target');
const TOO_LARGE = refusal(205, `'v' must be at most ${MAX_VALUE} bytes`);
const BAD_SIGNATURE = refusal(206, 'invalid signature');
const SALT_TOO_LARGE = refusal(207, `'salt' must be at most ${MAX_SALT} bytes`);
const CAS_MISMATCH = refusal(301, "the CAS hash mismatched: 'cas' is not the current sequence number");
const NOT_NEWER = refusal(302, 'sequence number less than current');
const SAME_NUMBER = refusal(302, 'another value has this sequence number');

const REFUSALS: Readonly<Record<Exclude<Verdict, 'stored'>, Refused>> = {
  kept: NOT_NEWER,
  invalid: NOT_AN_ITEM,
  'too-large': TOO_LARGE,
  full: NO_ROOM,
};

/** The item, where the asker has none as new; its `seq` in any case; nodes, as many as fit; and a token. */
export function tellItem(
  items: ItemStore,
  request: Extract<InRequest, { method: 'get' }>,
  asker: Asker,
  now: Instant,
): Answer {
  const { target, seq } = request;
  const token = { infoHash: target, epoch: Math.floor(now / TOKEN_ROTATION) };
  const item = recordAt(items, target, now);
  const told = item === undefined ? {} : toldOf(item, seq);
  const room = asker.room - REPLY_BYTES;
  const left = item === undefined || told.value === undefined ? room : room - bytesOfItem(item) - ITEM_KEYS_BYTES;
  const fits = left >= 0;
  const named = nodesFor(request, target, asker, Math.max(0, Math.floor((fits ? left : room) / CONTACT_BYTES)));
  return { type: 'reply', reply: fits ? { ...named, token, ...told } : { ...named, token } };
}

/** Keeps an item of our own, which nobody pushes out. */
export function keepItem(items: ItemStore, request: OutRequest, now: Instant): ItemStore {
  return request.method === 'put'
    ? offerRecord(items, ITEM_RULES, request.target, request.item, { own: true }, now)[0]
    : items;
}

function toldOf(item: Item, seq: number | undefined): OutReply {
  if (item.type === 'immutable') return { value: item.value };
  if (seq !== undefined && item.seq <= seq) return { seq: item.seq };
  return { value: item.value, publicKey: item.publicKey, seq: item.seq, signature: item.signature };
}

export function takePut(
  items: ItemStore,
  { target, item, cas, token }: Extract<InRequest, { method: 'put' }>,
  asker: Asker,
  now: Instant,
): readonly [ItemStore, Answer] {
  if (token === 'bad') return [items, BAD_TOKEN];
  if (item.value.length > 2 * MAX_VALUE) return [items, TOO_LARGE];
  if (item.type === 'mutable' && item.salt.length > 2 * MAX_SALT) return [items, SALT_TOO_LARGE];
  const held = recordAt(items, target, now);
  const conflict = conflictOf(held, item, cas);
  if (conflict !== undefined) return [items, conflict];
  const [after, verdict] = offerRecord(items, ITEM_RULES, target, item, { own: false }, now);
  if (verdict !== 'stored') return [items, REFUSALS[verdict]];
  if (item.type === 'mutable' && !isSigned(held, item)) {
    if (asker.signature === undefined) return [items, { type: 'verify', check: checkOf(item) }];
    if (asker.signature === 'invalid') return [items, BAD_SIGNATURE];
  }
  return [after, { type: 'reply', reply: {}, verified: true }];
}

/** Why an item may not take the place of the one that is held. */
function conflictOf(held: Item | undefined, item: Item, cas: number | undefined): Refused | undefined {
  if (held?.type !== 'mutable' || item.type !== 'mutable') return undefined;
  if (cas !== undefined && cas !== held.seq) return CAS_MISMATCH;
  if (item.seq < held.seq) return NOT_NEWER;
  return item.seq === held.seq && item.value !== held.value ? SAME_NUMBER : undefined;
}

/** Whether it is the very item that is held, whose signature was judged when it came. */
function isSigned(held: Item | undefined, item: Item): boolean {
  if (held?.type !== 'mutable' || item.type !== 'mutable') return false;
  return held.signature === item.signature && held.seq === item.seq && held.value === item.value;
}
