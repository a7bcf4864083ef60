/**
 * How an item is stored (BEP 44). It is signed before anything begins, so that no seed enters a state, an event or a
 * trace. A mutable item without a number of its own is looked for first, and takes the next.
 */
import { Operation, operate, RefusedError } from '@xorrery/coordinator';
import { type Contact, checkInteger, type Instant, type PublishReport } from '@xorrery/core';
import { type Item, type MutableItem, targetOf, targetOfKey } from './item.ts';
import { getItem, type MainlineCoordinator } from './item-get.ts';
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

/** Starts to store. Throws `ConfigError`, and where `Coordinator.begin` does. Its items are the nodes that take it.
 * `saved`: resolves once what is to be stored again is on the disk, where there is one. */
export function putItem(
  coordinator: MainlineCoordinator,
  value: PutValue,
  options: PutOptions = {},
  saved?: () => Promise<void>,
): Operation<Contact, PutReport> {
  const { mutable, ...rest } = options;
  const more = { ...rest, saved };
  if (more.every !== undefined && more.every !== 'off') checkInteger('every', more.every, 1);
  const bencoded = bencodedValue(value);
  if (mutable === undefined) return store(coordinator, { type: 'immutable', value: bencoded }, undefined, more);
  const { seed, seq, cas } = mutable;
  const salt = saltOf(mutable.salt);
  for (const [field, number] of Object.entries({ seq, cas })) if (number !== undefined) checkInteger(field, number, 0);
  if (seq !== undefined) return store(coordinator, signedItem(seed, { value: bencoded, salt, seq }), cas, more);
  const sign = (next: number): MutableItem => signedItem(seed, { value: bencoded, salt, seq: next });
  return storeNext(coordinator, { publicKey: publicKeyOf(seed), salt, sign, cas }, more);
}

type StoreOptions = Omit<PutOptions, 'mutable'> & { readonly saved: (() => Promise<void>) | undefined };

function store(
  coordinator: MainlineCoordinator,
  item: Item,
  cas: number | undefined,
  { every = ITEM_REPUBLISH, settings, signal, saved }: StoreOptions,
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

interface Unnumbered {
  readonly publicKey: string;
  readonly salt: string;
  readonly sign: (seq: number) => MutableItem;
  readonly cas: number | undefined;
}

/** Looks for the item first. */
function storeNext(
  coordinator: MainlineCoordinator,
  { publicKey, salt, sign, cas }: Unnumbered,
  options: StoreOptions,
): Operation<Contact, PutReport> {
  const { settings, signal } = options;
  const search = getItem(
    coordinator,
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
      const storing = store(coordinator, sign(seq + 1), cas, options);
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
