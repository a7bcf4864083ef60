/**
 * How an item is found (BEP 44). An immutable one ends the search, for it is its own proof; of a mutable one somebody else
 * may have a later version, so the search goes on until it has converged, and the highest `seq` with a valid signature
 * counts. Which of the two stands under a target shows when it is found.
 */
import { type Coordinator, Operation, operate } from '@xorrery/coordinator';
import { ConfigError, type Contact, checkInteger, type FinishReason, type Id, type Instant, isId } from '@xorrery/core';
import { betterItem, type FoundItem, type Item, targetOfKey } from './item.ts';
import { publicKeyText, saltOf, stringIn } from './item-value.ts';
import type { Mainline } from './messages.ts';
import { type LookupOptions, reportOf, valuesOf } from './readings.ts';
import type { MainlineStore, MainlineStoreConfig } from './store.ts';

export type MainlineCoordinator = Coordinator<Mainline, MainlineStoreConfig, MainlineStore>;

/** Whose item: a public key of 32 bytes, or their 64 digits, and a salt. */
export interface ItemOwner {
  readonly publicKey: Uint8Array | string;
  /** At most 64 bytes; text is taken as UTF-8. Default: none. */
  readonly salt?: Uint8Array | string;
}

export interface GetOptions extends LookupOptions {
  /** With a target: the salt it was made with, if it is that of a mutable item. */
  readonly salt?: Uint8Array | string;
  /** A mutable item is only wanted if its number is higher. */
  readonly seq?: number;
}

/** How a search for an item ended. */
export interface GetReport {
  readonly target: Id;
  /** The item as it was found, signature and all; `undefined` when nobody had a valid one. */
  readonly item: Item | undefined;
  /** Its value: the bytes of the string, or of the whole bencode where it is no string. */
  readonly value: Uint8Array | undefined;
  /** The value as it travels. */
  readonly bencoded: Uint8Array | undefined;
  /** The number of a mutable item. */
  readonly seq: number | undefined;
  /** `found`: an immutable item ended the search. Otherwise why the lookup ended. */
  readonly reason: FinishReason;
  /** The nodes closest to the target that answered, nearest first. */
  readonly closest: readonly Contact[];
  readonly queried: number;
  readonly responded: number;
  /** Hops at which the closest node was first heard of. */
  readonly hops: number;
  /** ms from start to end. */
  readonly elapsed: Instant;
}

/** Where an owner's item belongs. Throws `ConfigError`. */
export function targetOfOwner({ publicKey, salt }: ItemOwner): Id {
  return targetOfKey(publicKeyText(publicKey), saltOf(salt));
}

/** Starts the search. Throws at once where `Coordinator.begin` does. Its items are those found, as they come. */
export function getItem(
  coordinator: MainlineCoordinator,
  what: Id | ItemOwner,
  { settings, signal, salt: given, seq }: GetOptions = {},
): Operation<Item, GetReport> {
  const salt = saltOf(typeof what === 'string' ? given : what.salt);
  const target = typeof what === 'string' ? what : targetOfOwner(what);
  if (!isId(target, 160)) throw new ConfigError('target', `must be 40 lowercase hex digits, got '${String(target)}'`);
  if (seq !== undefined) checkInteger('seq', seq, 0);
  const request = {
    method: 'get',
    target,
    ...(salt && { salt }),
    ...(seq === undefined ? undefined : { seq }),
  } as const;
  const enough = new AbortController();
  const either = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  const lookup = operate(
    coordinator,
    { type: 'lookup', kind: 'collect', target, request, ...(settings && { settings }) },
    { items: (event) => valuesOf(event) as readonly FoundItem[], report: reportOf },
    { signal: either },
  );
  return new Operation(lookup.id, async (add) => {
    let best: Item | undefined;
    for await (const { item } of lookup) {
      if (best?.type === 'immutable') continue;
      best = best === undefined || item.type === 'immutable' ? item : betterItem(item, best);
      add([item]);
      if (item.type === 'immutable') enough.abort();
    }
    const { reason, closest, counts, hops, elapsed } = await lookup;
    const bencoded = best && new Uint8Array(Buffer.from(best.value, 'hex'));
    return {
      target,
      item: best,
      value: bencoded && (stringIn(bencoded) ?? bencoded),
      bencoded,
      seq: best?.type === 'mutable' ? best.seq : undefined,
      reason: best?.type === 'immutable' ? 'found' : reason,
      closest,
      queried: counts.requests,
      responded: counts.answered,
      hops,
      elapsed,
    };
  });
}
