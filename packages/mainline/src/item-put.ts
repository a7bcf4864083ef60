/**
 * How an item is stored (BEP 44). It is signed before anything begins, so that no seed enters a state, an event or a
 * trace. A mutable item without a number of its own is looked for first, and takes the next.
 */
import { Operation, operate, RefusedError } from '@xorrery/coordinator';
import { type Contact, checkInteger, type Instant, type PublishReport } from '@xorrery/core';
import { type Item, targetOf, targetOfKey } from './item.ts';
import type { GetReport, ItemOwner, MainlineCoordinator } from './item-get.ts';
import { bencodedValue, type PutValue, saltOf } from './item-value.ts';
import type { OutRequest } from './messages.ts';
import { type LookupOptions, takerOf } from './readings.ts';
import { publicKeyOf, signedItem } from './signing.ts';
import { StateError } from './state/errors.ts';

/** Whose item it is, and which of theirs. */
export interface MutableOptions {
  /** The seed of the owner's Ed25519 key: 32 bytes that nobody else may know. It does not leave this call. */
  readonly seed: Uint8Array;
  /** Tells items of one owner apart: at most 64 bytes, text as UTF-8. Default: none. */
  readonly salt?: Uint8Array | string;
  /** The version, 0 to 2^53 - 1: nodes keep the highest. Default: one more than the highest found. */
  readonly seq?: number;
  /** Stored only where the item held has this number, or none is held. */
  readonly cas?: number;
}

export interface PutOptions extends LookupOptions {
  /** Left out: the item is immutable, and found under the SHA-1 of its value. */
  readonly mutable?: MutableOptions;
  /** ms after which it is stored again, and again, while this node runs. Default: an hour (BEP 44); `off`: once. */
  readonly every?: Instant | 'off';
}

/** What became of a put: who has it, and who has not and why (`failed`, with the code and the text of a refusal). */
export interface PutReport extends PublishReport {
  /** The number of a mutable item. */
  readonly seq: number | undefined;
  /** The owner of a mutable item, as hex. */
  readonly publicKey: string | undefined;
  /** Kept here too, because we are among the closest. */
  readonly local: boolean;
}

/** ms after which what we put is put again. */
export const ITEM_REPUBLISH: Instant = 3_600_000;

/** What a put is made of, at all addresses of a node. */
export interface PutSteps {
  get(owner: ItemOwner, options: LookupOptions): Operation<Item, GetReport>;
  store(item: Item, cas: number | undefined): Operation<Contact, PutReport>;
}

/**
 * Starts to put: looks for the item first, where it is mutable and has no number, so that it has one number at all
 * addresses; then stores it. Throws `ConfigError`, and where the steps do. Its items are the nodes that take it.
 */
export function putItem(value: PutValue, options: PutOptions, steps: PutSteps): Operation<Contact, PutReport> {
  const { mutable, every } = options;
  if (every !== undefined && every !== 'off') checkInteger('every', every, 1);
  const bencoded = bencodedValue(value);
  if (mutable === undefined) return steps.store({ type: 'immutable', value: bencoded }, undefined);
  const { seed, seq, cas } = mutable;
  const salt = saltOf(mutable.salt);
  for (const [field, number] of Object.entries({ seq, cas })) if (number !== undefined) checkInteger(field, number, 0);
  if (seq !== undefined) return steps.store(signedItem(seed, { value: bencoded, salt, seq }), cas);
  const storeAs = (next: number): Operation<Contact, PutReport> =>
    steps.store(signedItem(seed, { value: bencoded, salt, seq: next }), cas);
  return putNext({ publicKey: publicKeyOf(seed), salt }, options, steps, storeAs);
}

/** Stores an item at one address, and again after `every` ms. `saved`: resolves once that is on the disk, where there is one. */
export function storeItem(
  coordinator: MainlineCoordinator,
  item: Item,
  cas: number | undefined,
  { every = ITEM_REPUBLISH, settings, signal }: Omit<PutOptions, 'mutable'>,
  saved: (() => Promise<void>) | undefined,
): Operation<Contact, PutReport> {
  const target = targetOf(item);
  const find: OutRequest = { method: 'get', target };
  const request: OutRequest = { method: 'put', target, item, token: '', ...(cas === undefined ? undefined : { cas }) };
  const repeated = every === 'off' ? undefined : { every };
  return operate(
    coordinator,
    { type: 'publish', target, find, store: request, ...(settings && { settings }), ...repeated },
    {
      items: takerOf,
      report: (it) => (it.type === 'published' ? { ...it.report, ...ownerOf(item), local: it.local } : undefined),
      first: saved,
    },
    signal === undefined ? {} : { signal },
  );
}

/** Looks for the item first, and stores it under the next number. */
function putNext(
  { publicKey, salt }: { readonly publicKey: string; readonly salt: string },
  { settings, signal }: LookupOptions,
  { get }: PutSteps,
  storeAs: (seq: number) => Operation<Contact, PutReport>,
): Operation<Contact, PutReport> {
  const search = get(
    { publicKey, salt: Buffer.from(salt, 'hex') },
    { ...(settings && { settings }), ...(signal && { signal }) },
  );
  return new Operation(search.id, async (add) => {
    const { reason, hops, elapsed, queried, responded, seq = 0 } = await search;
    const unsent = (why: PutReport['reason']): PutReport => {
      const counts = {
        requests: queried,
        answered: responded,
        failed: 0,
        silent: 0,
        abandoned: queried - responded,
        late: 0,
      };
      const none = { stored: [], failed: [], notAttempted: [], local: false } as const;
      const target = targetOfKey(publicKey, salt);
      return { target, reason: why, ...none, lookup: { reason, hops, counts }, elapsed, seq: undefined, publicKey };
    };
    if (reason === 'cancelled' || reason === 'closed' || reason === 'expired') return unsent(reason);
    try {
      const storing = storeAs(seq + 1);
      for await (const taker of storing) add([taker]);
      return await storing;
    } catch (error) {
      if (error instanceof StateError) throw error;
      // Aborted or closed between the two steps, or no room for the second.
      if (!(error instanceof RefusedError)) return unsent('cancelled');
      return unsent(error.code === 'closed' ? 'closed' : 'failed');
    }
  });
}

function ownerOf(item: Item): Pick<PutReport, 'seq' | 'publicKey'> {
  return item.type === 'mutable' ? item : { seq: undefined, publicKey: undefined };
}
