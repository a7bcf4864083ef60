/**
 * Storing at the closest: find them, then give the value to each that let us (it gave a write token), nearest first.
 * Finished when every store has settled: acknowledged, failed or silent (R10). The report names each outcome; having
 * sent is not success.
 *
 * It refuses to: run lookups itself, retry, or republish.
 */
import type { Contact } from '../contact.ts';
import type { Id } from '../id.ts';
import { type Instant, type Machine, NO_EFFECTS, type Step } from '../machine.ts';
import type { Protocol, Refusal } from '../message.ts';
import type { Counts, FailureCause, FinishReason, QueryReport } from '../query/types.ts';

export interface BroadcastConfig {
  readonly target: Id;
  /** Nodes to store at. */
  readonly storeSet: number;
}

export type BroadcastEvent<P extends Protocol> =
  | { readonly type: 'start' }
  | { readonly type: 'found'; readonly report: QueryReport<P> }
  | { readonly type: 'stored'; readonly report: QueryReport<P> }
  | { readonly type: 'tick' };

/** A node that may be stored at, with the token it gave. */
export interface Grant {
  readonly contact: Contact;
  readonly token: string;
}

export type BroadcastEffect =
  | { readonly type: 'find' }
  | { readonly type: 'store'; readonly grants: readonly Grant[] }
  | { readonly type: 'published'; readonly report: PublishReport };

/** A node that did not take it. */
export interface StoreFailure {
  readonly contact: Contact;
  readonly cause: FailureCause | 'silent';
  /** What it said, if it refused. */
  readonly refusal?: Refusal;
}

export interface PublishReport {
  readonly target: Id;
  /** `failed`: nobody took it. Otherwise why the lookup, or the storing, ended. */
  readonly reason: FinishReason | 'failed';
  readonly stored: readonly Contact[];
  readonly failed: readonly StoreFailure[];
  /** Found and willing, but the operation ended before they were asked, or before they could answer. */
  readonly notAttempted: readonly Contact[];
  /** Of the lookup alone. */
  readonly lookup: { readonly reason: FinishReason; readonly hops: number; readonly counts: Counts };
  /** ms from start to end. */
  readonly elapsed: Instant;
}

export type BroadcastState =
  | { readonly status: 'idle'; readonly config: BroadcastConfig }
  | { readonly status: 'finding'; readonly config: BroadcastConfig; readonly startedAt: Instant }
  | {
      readonly status: 'storing';
      readonly config: BroadcastConfig;
      readonly startedAt: Instant;
      readonly grants: readonly Grant[];
      readonly lookup: PublishReport['lookup'];
    }
  | { readonly status: 'ended'; readonly report: PublishReport };

export type BroadcastMachine<P extends Protocol> = Machine<
  BroadcastConfig,
  BroadcastState,
  BroadcastEvent<P>,
  BroadcastEffect
>;

export function initBroadcast(config: BroadcastConfig): BroadcastState {
  return { status: 'idle', config };
}

export function advanceBroadcast<P extends Protocol>(
  state: BroadcastState,
  event: BroadcastEvent<P>,
  now: Instant,
): Step<BroadcastState, BroadcastEffect> {
  if (state.status === 'idle' && event.type === 'start') {
    return { state: { status: 'finding', config: state.config, startedAt: now }, effects: [{ type: 'find' }] };
  }
  if (state.status === 'finding' && event.type === 'found') return store(state, event.report, now);
  if (state.status === 'storing' && event.type === 'stored') return settle(state, event.report, now);
  return { state, effects: NO_EFFECTS };
}

/** The machine, for one protocol's types. Its lookups carry the deadlines. */
export function broadcastMachine<P extends Protocol>(): BroadcastMachine<P> {
  return { init: initBroadcast, advance: advanceBroadcast, nextDeadline: () => undefined };
}

/** The nearest that answered and gave a token. */
function grantsOf<P extends Protocol>(report: QueryReport<P>, storeSet: number): Grant[] {
  const grants: Grant[] = [];
  for (const { id, endpoint, result, token } of report.asked) {
    if (grants.length === storeSet) break;
    if (result !== 'answered' || token === undefined || id === undefined) continue;
    grants.push({ contact: { id, endpoint }, token });
  }
  return grants;
}

function store<P extends Protocol>(
  state: Extract<BroadcastState, { status: 'finding' }>,
  report: QueryReport<P>,
  now: Instant,
): Step<BroadcastState, BroadcastEffect> {
  const { config, startedAt } = state;
  const { reason, hops, counts } = report;
  const lookup = { reason, hops, counts };
  const grants = grantsOf(report, config.storeSet);
  if (reason === 'cancelled' || reason === 'closed' || grants.length === 0) {
    const ending = reason === 'cancelled' || reason === 'closed' || reason === 'expired' ? reason : 'failed';
    const notAttempted = grants.map((grant) => grant.contact);
    return end({
      target: config.target,
      reason: ending,
      stored: [],
      failed: [],
      notAttempted,
      lookup,
      elapsed: now - startedAt,
    });
  }
  return { state: { status: 'storing', config, startedAt, grants, lookup }, effects: [{ type: 'store', grants }] };
}

function settle<P extends Protocol>(
  state: Extract<BroadcastState, { status: 'storing' }>,
  report: QueryReport<P>,
  now: Instant,
): Step<BroadcastState, BroadcastEffect> {
  const { config, grants, lookup, startedAt } = state;
  const stored: Contact[] = [];
  const failed: StoreFailure[] = [];
  const notAttempted: Contact[] = [];
  for (const { contact } of grants) {
    const outcome = report.asked.find((it) => it.endpoint === contact.endpoint && it.id === contact.id);
    if (outcome?.result === 'answered') stored.push(contact);
    else if (outcome?.result === 'silent') failed.push({ contact, cause: 'silent' });
    else if (outcome?.result === 'failed') {
      const { cause, refusal } = outcome;
      failed.push({ contact, cause: cause as FailureCause, ...(refusal && { refusal }) });
    } else notAttempted.push(contact);
  }
  const cut = report.reason === 'cancelled' || report.reason === 'closed' || report.reason === 'expired';
  const reason = cut ? report.reason : stored.length === 0 ? 'failed' : lookup.reason;
  return end({ target: config.target, reason, stored, failed, notAttempted, lookup, elapsed: now - startedAt });
}

function end(report: PublishReport): Step<BroadcastState, BroadcastEffect> {
  return { state: { status: 'ended', report }, effects: [{ type: 'published', report }] };
}
