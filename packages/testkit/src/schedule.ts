/**
 * Schedules: what happens to a lookup, one move at a time. A move names an open request by a number that is taken
 * modulo how many there are, so that any list of moves is a schedule, and a shrunk one still is.
 */
import type { Endpoint, FailureCause, Id, Instant, QueryEvent, Seed } from '@xorrery/core';
import { answerOf, type Model, type Plain } from './model.ts';

export type Move =
  /** One of the open requests is answered as the model has it: in time, or late if it is only listened to. */
  | { readonly move: 'answer'; readonly which: number }
  /** Likewise, but the answerer has another id. */
  | { readonly move: 'impostor'; readonly which: number }
  | { readonly move: 'fail'; readonly which: number; readonly cause: FailureCause }
  | { readonly move: 'timeout'; readonly which: number }
  | { readonly move: 'park'; readonly which: number; readonly by: 'endpoint' | 'pool' }
  | { readonly move: 'unpark'; readonly which: number }
  /** Time passes until the next deadline. */
  | { readonly move: 'wait' }
  | { readonly move: 'pass'; readonly ms: Instant }
  /** An event for a request that was never made, or is over. */
  | { readonly move: 'bogus'; readonly request: number; readonly event: 'response' | 'timeout' | 'failure' }
  | { readonly move: 'start' }
  | { readonly move: 'cancel' };

/** A request that may still be answered. */
export interface Pending {
  readonly request: number;
  readonly endpoint: Endpoint;
  /** What it asks for. */
  readonly target: Id;
}

/** The answer to a request as the model has it; none when nobody is there. */
export function answersTo(
  { request, endpoint, target }: Pending,
  model: Model,
): Extract<QueryEvent<Plain>, { type: 'response' }>[] {
  const said = answerOf(model, endpoint, target);
  return said === undefined ? [] : [{ type: 'response', request, ...said }];
}

/** The event of a move where these requests are pending; `undefined` when it has no meaning here. */
export function eventOf(move: Move, pending: readonly Pending[], model: Model): QueryEvent<Plain> | undefined {
  switch (move.move) {
    case 'wait':
    case 'pass':
      return { type: 'tick' };
    case 'start': {
      const seeds: readonly Seed<Plain>[] = model.nodes.map((node) => node.contact);
      return { type: 'start', seeds, firstRequest: 0 };
    }
    case 'cancel':
      return { type: 'cancel', reason: 'cancelled' };
    case 'bogus':
      return bogus(move, model);
  }
  const asked = pending[move.which % Math.max(1, pending.length)];
  if (asked === undefined) return undefined;
  const { request, endpoint, target } = asked;
  switch (move.move) {
    case 'answer': {
      const [event] = answersTo(asked, model);
      return event ?? { type: 'timeout', request };
    }
    case 'impostor': {
      const said = answerOf(model, endpoint, target);
      const other = model.nodes[(move.which + 1) % model.nodes.length];
      if (said === undefined || other === undefined) return { type: 'failure', request, cause: 'malformed' };
      return { type: 'response', request, from: other.contact.id, answer: said.answer };
    }
    case 'fail':
      return { type: 'failure', request, cause: move.cause };
    case 'timeout':
      return { type: 'timeout', request };
    case 'park':
      return { type: 'parked', request, by: move.by };
    case 'unpark':
      return { type: 'unparked', request };
  }
}

function bogus({ request, event }: Extract<Move, { move: 'bogus' }>, { nodes }: Model): QueryEvent<Plain> | undefined {
  if (event === 'timeout') return { type: 'timeout', request };
  if (event === 'failure') return { type: 'failure', request, cause: 'refused' };
  const [node] = nodes;
  if (node === undefined) return undefined;
  return { type: 'response', request, from: node.contact.id, answer: { contacts: node.knows, values: node.values } };
}
