/**
 * The wire ties answers to requests. Each request leaves under a transaction id drawn from a pool of bytes that nobody
 * outside can predict; an answer counts only if it bears an open id, comes from exactly the endpoint that was asked,
 * and is from the node that was expected there (X15). Everything else is counted and told as an anomaly.
 *
 * The bytes come as events, so that these checks replay. While the pool is empty, sends are held.
 * It refuses to: time anything (lookups do, and `abandon` what no longer matters), encode, or answer requests.
 */

import type { Endpoint } from '../contact.ts';
import { checkInteger } from '../errors.ts';
import type { Id } from '../id.ts';
import { type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import { emptyMap, get, has, type PersistentMap, remove, set } from '../map.ts';
import type { InMessage, OutMessage, Protocol, Refusal } from '../message.ts';
import { NONE } from '../none.ts';

export interface WireConfig {
  /** Bytes of a transaction id. 2 to 16. */
  readonly tidBytes: number;
  /** Bytes of entropy kept at hand; more is asked for when half are gone. At least 4 ids. */
  readonly poolBytes: number;
  readonly self: Id;
  /** Mark our requests so that nobody takes us for a server (BEP 43). */
  readonly readOnly: boolean;
}

export type WireEvent<P extends Protocol> =
  | {
      readonly type: 'request';
      readonly request: number;
      readonly to: Endpoint;
      /** Who should answer; none for a seed of unknown id. */
      readonly expected?: Id | undefined;
      readonly payload: P['outRequest'];
    }
  | { readonly type: 'abandon'; readonly request: number }
  | { readonly type: 'entropy'; readonly bytes: string }
  /** A reply or an error arrived. */
  | {
      readonly type: 'answer';
      readonly from: Endpoint;
      readonly message: Exclude<InMessage<P>, { type: 'request' }>;
    }
  | { readonly type: 'unsent'; readonly to: Endpoint; readonly tid: string }
  | { readonly type: 'tick' };

/** Why an answer was not taken. */
export type Anomaly = 'unknown-transaction' | 'wrong-source';

export type WireEffect<P extends Protocol> =
  | { readonly type: 'transmit'; readonly to: Endpoint; readonly message: OutMessage<P> }
  /** Answer with an event `entropy` of as many bytes. */
  | { readonly type: 'entropy-needed'; readonly bytes: number }
  | {
      readonly type: 'answered';
      readonly request: number;
      readonly from: Id;
      readonly endpoint: Endpoint;
      readonly reply: P['inReply'];
      /** What it was asked. */
      readonly payload: P['outRequest'];
    }
  /** `claimed` is the id that answered in place of the expected one; `refusal` what was said where it was refused. */
  | {
      readonly type: 'failed';
      readonly request: number;
      readonly endpoint: Endpoint;
      readonly cause: 'refused' | 'unsent' | 'wrong-id';
      readonly expected?: Id;
      readonly claimed?: Id;
      readonly refusal?: Refusal;
    }
  | { readonly type: 'anomaly'; readonly from: Endpoint; readonly cause: Anomaly };

interface Transaction<P extends Protocol> {
  readonly request: number;
  readonly endpoint: Endpoint;
  readonly expected?: Id;
  readonly payload: P['outRequest'];
}

export interface WireState<P extends Protocol> {
  readonly config: WireConfig;
  /** Unused entropy, as hex. */
  readonly pool: string;
  readonly asking: boolean;
  readonly open: PersistentMap<Transaction<P>>;
  /** By request: its transaction id. */
  readonly tids: PersistentMap<string>;
  /** Sends that wait for entropy. Bounded by the pool's limit on requests in flight. */
  readonly held: readonly Extract<WireEvent<P>, { type: 'request' }>[];
}

export type WireMachine<P extends Protocol> = Machine<WireConfig, WireState<P>, WireEvent<P>, WireEffect<P>>;

type Draft<P extends Protocol> = { -readonly [K in keyof WireState<P>]: WireState<P>[K] };

export function initWire<P extends Protocol>(config: WireConfig): WireState<P> {
  checkInteger('wire.tidBytes', config.tidBytes, 2, 16);
  checkInteger('wire.poolBytes', config.poolBytes, 4 * config.tidBytes, 65_536);
  return { config, pool: '', asking: false, open: emptyMap(), tids: emptyMap(), held: NONE };
}

export function advanceWire<P extends Protocol>(
  state: WireState<P>,
  event: WireEvent<P>,
): Step<WireState<P>, WireEffect<P>> {
  if (event.type === 'tick') return { state, effects: NO_EFFECTS };
  const { config, pool, asking, open, tids, held } = state;
  const draft: Draft<P> = { config, pool, asking, open, tids, held };
  const effects: WireEffect<P>[] = [];
  absorb(draft, effects, event);
  replenish(draft, effects);
  return { state: draft, effects };
}

/** The machine, for one protocol's types. It has no deadlines of its own. */
export function wireMachine<P extends Protocol>(): WireMachine<P> {
  return { init: initWire, advance: (state, event) => advanceWire(state, event), nextDeadline: () => undefined };
}

function absorb<P extends Protocol>(draft: Draft<P>, effects: WireEffect<P>[], event: WireEvent<P>): void {
  switch (event.type) {
    case 'request':
      // A number in use is not used again.
      if (has(draft.tids, event.request) || draft.held.some((it) => it.request === event.request)) return;
      if (draft.held.length > 0 || !open(draft, effects, event)) draft.held = [...draft.held, event];
      return;
    case 'abandon':
      close(draft, event.request);
      return;
    case 'entropy':
      draft.asking = false;
      draft.pool = (draft.pool + event.bytes).slice(0, 2 * draft.config.poolBytes);
      while (draft.held.length > 0 && open(draft, effects, draft.held[0] as (typeof draft.held)[0])) {
        draft.held = draft.held.slice(1);
      }
      return;
    case 'answer':
      return judge(draft, effects, event.from, event.message);
    case 'unsent': {
      const transaction = get(draft.open, event.tid);
      if (transaction?.endpoint === event.to) fail(draft, effects, transaction, 'unsent');
      return;
    }
    case 'tick':
      return;
  }
}

/** Sends a request under a fresh transaction id; false when there is no entropy left for one. */
function open<P extends Protocol>(
  draft: Draft<P>,
  effects: WireEffect<P>[],
  event: Extract<WireEvent<P>, { type: 'request' }>,
): boolean {
  const digits = 2 * draft.config.tidBytes;
  let tid: string;
  do {
    if (draft.pool.length < digits) return false;
    tid = draft.pool.slice(0, digits);
    draft.pool = draft.pool.slice(digits);
  } while (has(draft.open, tid));
  const { request, to, expected, payload } = event;
  const asked = { request, endpoint: to, payload };
  // Written out: to add a field to a spread costs more than all else here.
  const transaction = expected === undefined ? asked : { request, endpoint: to, payload, expected };
  draft.open = set(draft.open, tid, transaction);
  draft.tids = set(draft.tids, request, tid);
  const { self: sender, readOnly } = draft.config;
  effects.push({ type: 'transmit', to, message: { type: 'request', tid, sender, readOnly, request: payload } });
  return true;
}

/** The one place where an answer is tied to its request, or not. */
function judge<P extends Protocol>(
  draft: Draft<P>,
  effects: WireEffect<P>[],
  from: Endpoint,
  message: Exclude<InMessage<P>, { type: 'request' }>,
): void {
  const transaction = get(draft.open, message.tid);
  if (transaction === undefined) {
    effects.push({ type: 'anomaly', from, cause: 'unknown-transaction' });
  } else if (transaction.endpoint !== from) {
    effects.push({ type: 'anomaly', from, cause: 'wrong-source' });
  } else if (message.type === 'error') {
    fail(draft, effects, transaction, 'refused', { refusal: { code: message.code, text: message.text } });
  } else if (transaction.expected !== undefined && transaction.expected !== message.sender) {
    fail(draft, effects, transaction, 'wrong-id', { claimed: message.sender });
  } else {
    close(draft, transaction.request);
    const { request, payload } = transaction;
    effects.push({ type: 'answered', request, from: message.sender, endpoint: from, reply: message.reply, payload });
  }
}

function fail<P extends Protocol>(
  draft: Draft<P>,
  effects: WireEffect<P>[],
  { request, endpoint, expected }: Transaction<P>,
  cause: 'refused' | 'unsent' | 'wrong-id',
  more?: Pick<Extract<WireEffect<P>, { type: 'failed' }>, 'claimed' | 'refusal'>,
): void {
  close(draft, request);
  effects.push({ type: 'failed', cause, request, endpoint, ...(expected && { expected }), ...more });
}

/** Frees a transaction id at once (F19). */
function close<P extends Protocol>(draft: Draft<P>, request: number): void {
  const tid = get(draft.tids, request);
  if (tid === undefined) {
    draft.held = draft.held.filter((it) => it.request !== request);
    return;
  }
  draft.tids = remove(draft.tids, request);
  draft.open = remove(draft.open, tid);
}

function replenish<P extends Protocol>(draft: Draft<P>, effects: WireEffect<P>[]): void {
  if (draft.asking || draft.pool.length > draft.config.poolBytes) return;
  draft.asking = true;
  effects.push({ type: 'entropy-needed', bytes: draft.config.poolBytes - draft.pool.length / 2 });
}
