/** The second beat: the event is taken in. An answer is judged here, in time or late, and nowhere else. */
import type { Id } from '../id.ts';
import type { Instant } from '../machine.ts';
import { has } from '../map.ts';
import type { Answer, Protocol, Refusal } from '../message.ts';
import { NONE } from '../none.ts';
import { closeRequest, type Draft, type Effects, failed, indexOf, indexOfOpen, replaceOpen } from './draft.ts';
import { fallSilent } from './expire.ts';
import { gather, identified, introduce, noteProgress } from './learn.ts';
import { contactOf, hasId, withCandidate } from './shortlist.ts';
import type { Surroundings } from './surroundings.ts';
import type { Candidate, FailureCause, FinishReason, OpenRequest, QueryEvent } from './types.ts';

/** Takes the event in; a reason to end, if it brought one. */
export function absorb<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  event: QueryEvent<P>,
  now: Instant,
  around: Surroundings,
): FinishReason | undefined {
  switch (event.type) {
    case 'cancel':
      return event.reason;
    case 'start':
      return recall(draft, effects, event.held ?? []);
    case 'tick':
      return undefined;
    case 'response':
    case 'timeout':
    case 'failure':
    case 'parked':
    case 'unparked': {
      const request = draft.open[indexOfOpen(draft.open, event.request)];
      const left = request !== undefined && request.phase !== 'parked' && request.phase !== 'ready';
      if (request === undefined || (!left && event.type !== 'parked' && event.type !== 'unparked')) {
        // Nothing is owed for a number never given out, settled already, or not sent yet.
        if (event.type === 'response' || event.type === 'failure') countUnowed(draft);
        return undefined;
      }
      return absorbOwed(draft, effects, event, request, now, around);
    }
  }
}

/** What we hold ourselves comes before what others may have. */
function recall<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  held: readonly P['value'][],
): FinishReason | undefined {
  const { kind } = draft.config;
  if (held.length === 0 || kind === 'closest' || kind === 'each') return undefined;
  effects.push({ type: 'recalled', values: gather(draft, held) });
  draft.givers++;
  return sufficient(draft);
}

function absorbOwed<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  event: Extract<QueryEvent<P>, { request: number }>,
  request: OpenRequest,
  now: Instant,
  around: Surroundings,
): FinishReason | undefined {
  switch (event.type) {
    case 'response':
      return takeAnswer(draft, effects, request, event.from, event.answer, around);
    case 'timeout':
      if (request.phase === 'asked' || request.phase === 'slow') fallSilent(draft, effects, request, now);
      return undefined;
    case 'failure':
      // A silent candidate stays silent: its request has ended, nothing else changes.
      if (request.phase === 'listening') closeRequest(draft, request);
      else settle(draft, request, event.cause, event.refusal);
      return undefined;
    case 'parked':
      if (request.phase === 'asked') replaceOpen(draft, parkedFrom(request, event.by));
      return undefined;
    case 'unparked':
      if (request.phase === 'parked') replaceOpen(draft, readyFrom(request));
      return undefined;
  }
}

/** The one place where an answer is judged: in time or late, its sender must be who was asked. */
function takeAnswer<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  request: OpenRequest,
  from: Id,
  answer: Answer<P['value']>,
  around: Surroundings,
): FinishReason | undefined {
  const { config } = draft;
  const late = request.phase === 'listening';
  const misfit = misfitOf(draft, request, from);
  if (misfit !== undefined) {
    settle(draft, request, misfit);
    return undefined;
  }
  const index = indexOf(draft, request);
  const before = draft.candidates[index] as Candidate<P>;
  const { endpoint, hops, via, payload, network } = before;
  const { token } = answer;
  const status = 'answered';
  const offered = config.kind === 'closest' ? [] : pertinent(draft, answer.values);
  const gave = offered.length > 0;
  const answered: Candidate<P> = { id: from, endpoint, hops, via, payload, network, status, late, token, gave };
  closeRequest(draft, request);
  const stays = before.id !== undefined || config.kind === 'each';
  if (!stays) identified(draft, index, answered);

  const nearest = draft.candidates[0]?.id;
  const heardOf = config.kind === 'each' ? NONE : answer.contacts;
  const learned = introduce(draft, heardOf, hops + 1, around, endpoint, stays ? { index, answered } : undefined);
  const values = gather(draft, offered);
  if (!late || learned.length > 0) noteProgress(draft, learned, late);
  draft.fruitless = draft.candidates[0]?.id === nearest && before.id !== undefined ? draft.fruitless + 1 : 0;
  effects.push({
    type: 'progressed',
    request: request.request,
    from: contactOf(answered),
    late,
    hops: before.hops,
    learned,
    values,
  });
  if (gave) draft.givers++;
  return gave ? sufficient(draft) : undefined;
}

/** Values that answer another question are no answer. */
function pertinent<P extends Protocol>({ config }: Draft<P>, values: readonly P['value'][]): readonly P['value'][] {
  const { kind, target } = config;
  const isAside = (it: P['value']): boolean => it.target !== undefined && it.target !== target;
  return kind === 'each' || !values.some(isAside) ? values : values.filter((it) => !isAside(it));
}

/** Whether a kind that ends at a value has enough. */
function sufficient<P extends Protocol>({ config, givers }: Draft<P>): FinishReason | undefined {
  if (config.kind === 'first') return 'found';
  return config.kind === 'quorum' && givers >= config.quorum ? 'quorum' : undefined;
}

function misfitOf<P extends Protocol>(draft: Draft<P>, request: OpenRequest, from: Id): FailureCause | undefined {
  if (from === draft.config.self) return 'self';
  if (request.id !== undefined) return from === request.id ? undefined : 'wrong-id';
  if (draft.config.identity !== 'id') return undefined;
  const { kind, target } = draft.config;
  const isKnown = kind === 'each' ? has(draft.known, from) : hasId(draft.candidates, target, from);
  return isKnown ? 'duplicate' : undefined;
}

function settle<P extends Protocol>(
  draft: Draft<P>,
  request: OpenRequest,
  cause: FailureCause,
  refusal?: Refusal,
): void {
  const index = indexOf(draft, request);
  const candidate = draft.candidates[index] as Candidate<P>;
  closeRequest(draft, request);
  draft.candidates = withCandidate(draft.candidates, index, failed(candidate, cause, refusal));
  if (request.phase !== 'listening') draft.unproductive++;
}

function parkedFrom({ request, id, endpoint }: OpenRequest, by: 'endpoint' | 'pool'): OpenRequest {
  return { request, id, endpoint, phase: 'parked', by };
}

function readyFrom({ request, id, endpoint }: OpenRequest): OpenRequest {
  return { request, id, endpoint, phase: 'ready' };
}

function countUnowed<P extends Protocol>(draft: Draft<P>): void {
  draft.dropped = { ...draft.dropped, unowed: draft.dropped.unowed + 1 };
}
