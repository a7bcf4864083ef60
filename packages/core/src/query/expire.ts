/** The first beat: every open request whose time has come moves on, not just the first (F04). */
import type { Instant } from '../machine.ts';
import { NEVER } from '../map.ts';
import type { Protocol } from '../message.ts';
import { closeRequest, type Draft, type Effects, indexOf, replaceOpen, seedOf, silent } from './draft.ts';
import { withCandidate } from './shortlist.ts';
import type { Candidate, OpenRequest } from './types.ts';

/** When a request moves on by itself. */
export function movesOnAt(request: OpenRequest): Instant {
  switch (request.phase) {
    case 'parked':
    case 'ready':
      return NEVER;
    case 'asked':
      return Math.min(request.slowAt, request.deadline);
    case 'slow':
      return request.deadline;
    case 'listening':
      return request.until;
  }
}

/** Sent, and its time is not over. */
export function mayAnswer(request: OpenRequest): request is Extract<OpenRequest, { phase: 'asked' | 'slow' }> {
  return request.phase === 'asked' || request.phase === 'slow';
}

export function expire<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, now: Instant): void {
  for (const request of draft.open) {
    if (movesOnAt(request) > now) continue;
    if (request.phase === 'listening') stopListening(draft, effects, request);
    else if (mayAnswer(request) && now >= request.deadline) fallSilent(draft, effects, request, now);
    else if (request.phase === 'asked') {
      const { request: number, id, endpoint, sentAt, deadline } = request;
      replaceOpen(draft, { request: number, id, endpoint, phase: 'slow', sentAt, deadline });
    }
  }
}

/** The deadline passed: the slot is free at once, and a late answer is still welcome for a while (R08). */
export function fallSilent<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  request: OpenRequest,
  now: Instant,
): void {
  const index = indexOf(draft, request);
  const candidate = draft.candidates[index] as Candidate<P>;
  const { config } = draft;
  draft.candidates = withCandidate(draft.candidates, index, silent(candidate, request.request));
  draft.unproductive++;
  effects.push({ type: 'unanswered', request: request.request, to: seedOf(candidate) });
  const sentAt = mayAnswer(request) ? request.sentAt : now;
  const until = Math.max(now, sentAt + config.lateFor);
  const { request: number, id, endpoint } = request;
  const listening: OpenRequest = { request: number, id, endpoint, phase: 'listening', until };
  if (until <= now) return stopListening(draft, effects, listening);
  replaceOpen(draft, listening);
  const oldest = draft.open.find((it) => it.phase === 'listening') as OpenRequest;
  const listened = draft.open.reduce((sum, it) => sum + (it.phase === 'listening' ? 1 : 0), 0);
  if (listened > config.maxListening) stopListening(draft, effects, oldest);
}

function stopListening<P extends Protocol>(draft: Draft<P>, effects: Effects<P>, request: OpenRequest): void {
  const before = draft.open.length;
  closeRequest(draft, request);
  if (draft.open.length < before) effects.push({ type: 'abandon', request: request.request, to: request.endpoint });
}
