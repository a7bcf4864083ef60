/** The third beat, while the lookup goes on: free slots are filled. The one place where a request is made (T07). */
import { appended } from '../lists.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';
import { asked, askedAt, type Draft, type Effects, indexOf, replaceOpen, seedOf } from './draft.ts';
import type { Surroundings } from './surroundings.ts';
import type { Candidate, OpenRequest } from './types.ts';
import { windowGate } from './window.ts';

/**
 * Asks the closest fresh candidates of the window while there are free slots (R09): requests that are not slow never
 * exceed the width (alpha, or k while stalled), all in flight never exceed the larger of alpha and k. `shared`: the list
 * of candidates as it was before the step, which is not changed.
 */
export function fill<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  now: Instant,
  around: Surroundings,
  shared: readonly Candidate<P>[],
): void {
  const { config } = draft;
  const { alpha, k } = config;
  const most = config.kind === 'each' ? alpha : Math.max(alpha, k);
  const width = config.stall === 'widen' && draft.unproductive >= alpha ? most : alpha;
  let prompt = 0;
  let inFlight = 0;
  let parked = 0;
  for (const request of draft.open) {
    if (request.phase === 'listening') continue;
    if (request.phase === 'ready' || (request.phase === 'parked' && request.by === 'endpoint')) parked++;
    else {
      inFlight++;
      if (request.phase !== 'slow') prompt++;
    }
  }
  for (const request of draft.open) {
    if (prompt >= width || inFlight >= most) return;
    if (request.phase !== 'ready') continue;
    askAgain(draft, effects, request, now, around);
    prompt++;
    inFlight++;
    parked--;
  }
  let live = 0;
  const window = config.kind === 'each' ? draft.candidates.length : k;
  const isInWindow = windowGate(config);
  for (let i = 0; live < window && i < draft.candidates.length; i++) {
    if (prompt >= width || inFlight >= most || parked >= Math.max(most, k)) return;
    const candidate = draft.candidates[i] as Candidate<P>;
    if (!isInWindow(candidate)) continue;
    live++;
    if (candidate.status !== 'fresh') continue;
    if (draft.candidates === shared) draft.candidates = shared.slice();
    ask(draft, effects, i, candidate, now, around);
    prompt++;
    inFlight++;
  }
}

/** A request that was parked and need not wait any longer: the same request, now with a slot. */
function askAgain<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  ready: OpenRequest,
  now: Instant,
  around: Surroundings,
): void {
  const candidate = draft.candidates[indexOf(draft, ready)] as Candidate<P>;
  replaceOpen(draft, askedAt(ready.request, ready.id, ready.endpoint, draft.config, now, around));
  const payload = candidate.payload ?? draft.config.request;
  effects.push({ type: 'send', request: ready.request, to: seedOf(candidate), payload });
}

/** The list of candidates is the step's own here. */
function ask<P extends Protocol>(
  draft: Draft<P>,
  effects: Effects<P>,
  index: number,
  candidate: Candidate<P>,
  now: Instant,
  around: Surroundings,
): void {
  const request = draft.nextRequest++;
  const { id, endpoint, payload } = candidate;
  (draft.candidates as Candidate<P>[])[index] = asked(candidate, request);
  draft.open = appended(draft.open, askedAt(request, id, endpoint, draft.config, now, around));
  effects.push({ type: 'send', request, to: seedOf(candidate), payload: payload ?? draft.config.request });
}
