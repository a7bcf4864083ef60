/**
 * What a lookup says when it ends. Everything here is derived from the state once, at the end; nothing is counted by
 * hand on the way.
 */
import type { Contact } from '../contact.ts';
import type { Instant } from '../machine.ts';
import type { Protocol } from '../message.ts';
import { contactOf } from './shortlist.ts';
import type { Candidate, Counts, Evidence, FinishReason, Outcome, QueryReport, Searching } from './types.ts';
import { windowGate } from './window.ts';

export function reportOf<P extends Protocol>(state: Searching<P>, reason: FinishReason, now: Instant): QueryReport<P> {
  const { kind, target, k } = state.config;
  const limit = kind === 'each' ? state.candidates.length : k;
  const answered = state.candidates.filter((it) => it.status === 'answered').filter(windowGate(state.config));
  return {
    kind,
    target,
    reason,
    closest: answered.slice(0, limit).map(contactOf),
    values: state.values,
    asked: state.candidates.filter((it) => it.status !== 'fresh').map(outcomeOf),
    counts: countsOf(state),
    evidence: evidenceOf(state, limit),
    dropped: state.dropped,
    hops: answered[0]?.hops ?? 0,
    elapsed: now - state.startedAt,
  };
}

/** How the requests made so far stand; an open one counts as abandoned, which is what it becomes if the lookup ends now. */
export function countsOf<P extends Protocol>(state: Searching<P>): Counts {
  const tally = {
    requests: state.nextRequest - state.firstRequest,
    answered: 0,
    failed: 0,
    silent: 0,
    abandoned: 0,
    late: 0,
  };
  for (const candidate of state.candidates) {
    if (candidate.status === 'fresh') continue;
    tally[candidate.status === 'asked' ? 'abandoned' : candidate.status]++;
    if (candidate.status === 'answered' && candidate.late) tally.late++;
  }
  return tally;
}

function evidenceOf<P extends Protocol>(state: Searching<P>, limit: number): Evidence {
  const window = state.candidates.filter(windowGate(state.config)).slice(0, limit);
  const fresh = state.candidates.find((it) => it.status === 'fresh' && it.id !== undefined);
  const nearestFresh: Contact | undefined = fresh && contactOf(fresh);
  return {
    window: window.filter((it) => it.status === 'answered').length,
    ...(nearestFresh === undefined ? undefined : { nearestFresh }),
    open: state.open.filter((it) => it.phase !== 'listening').length,
  };
}

function outcomeOf<P extends Protocol>(candidate: Candidate<P>): Outcome {
  const { id, endpoint, hops, via, status } = candidate;
  const result = status === 'answered' || status === 'failed' || status === 'silent' ? status : 'abandoned';
  const cause = status === 'failed' ? candidate.cause : undefined;
  const refusal = status === 'failed' ? candidate.refusal : undefined;
  const token = status === 'answered' ? candidate.token : undefined;
  const gave = status === 'answered' && candidate.gave;
  return { id, endpoint, result, hops, via, cause, refusal, token, gave };
}
