/**
 * When a lookup stops.
 *
 * The window is the k closest candidates that have neither failed nor stayed silent. The lookup is over when all of
 * the window has answered: `converged` if that makes k, `exhausted` if nobody is left to ask and it makes fewer. What
 * is in flight beyond the window no longer matters. A candidate exactly as far as the k-th answerer (the same id at
 * another endpoint) does not prolong the search (J11). Where places for one network are limited, those beyond the limit
 * are passed over. The same rule for every kind that learns; kind `each` has no window and ends when everyone has
 * settled.
 */
import type { Protocol } from '../message.ts';
import type { Candidate, Searching } from './types.ts';
import { windowGate } from './window.ts';

/** `undefined` while there is somebody worth waiting for or asking. */
export function verdict<P extends Protocol>(state: Searching<P>): 'converged' | 'exhausted' | undefined {
  const { k, kind, alpha, earlyExit } = state.config;
  if (earlyExit === 'noProgress' && kind !== 'each' && state.fruitless >= alpha) return 'converged';
  let answered = 0;
  let waiting: Candidate<P> | undefined;
  const isInWindow = windowGate(state.config);
  for (const candidate of state.candidates) {
    if (!isInWindow(candidate)) continue;
    if (candidate.status === 'answered') {
      answered++;
      if (kind !== 'each' && answered === k) {
        return waiting === undefined || waiting.id === candidate.id ? 'converged' : undefined;
      }
    } else {
      if (waiting !== undefined && waiting.id !== candidate.id) return undefined;
      waiting = candidate;
    }
  }
  return waiting === undefined ? 'exhausted' : undefined;
}
