/** What an answer teaches: newcomers enter the shortlist, values are gathered, and progress is judged. */
import type { Contact, Endpoint } from '../contact.ts';
import type { Id } from '../id.ts';
import { withoutAt } from '../lists.ts';
import { NO_EFFECTS } from '../machine.ts';
import { get, hashOf, NEVER, remove, set } from '../map.ts';
import type { Protocol } from '../message.ts';
import type { QueryConfig } from './config.ts';
import type { Draft } from './draft.ts';
import {
  compareCandidates,
  enlist,
  isNew,
  keyOf,
  merged,
  type Newcomers,
  noNewcomers,
  withCandidate,
} from './shortlist.ts';
import type { Surroundings } from './surroundings.ts';
import type { Candidate, Seed } from './types.ts';
import { windowGate } from './window.ts';

/**
 * Adds those never heard of, drops the farthest fresh ones beyond the limit, and returns the newcomers. `told` is who named
 * them: its candidate as it is now goes in at its `index`, so that the list is copied but once.
 */
export function introduce<P extends Protocol>(
  draft: Draft<P>,
  heardOf: readonly Seed<P>[],
  hops: number,
  around: Surroundings,
  via?: string,
  told?: { readonly index: number; readonly answered: Candidate<P> },
): readonly Contact[] {
  const { config } = draft;
  const { kind, target, identity } = config;
  const groupOf = config.maxPerNetwork === 'off' ? undefined : around.groupOf;
  const newcomers = noNewcomers<P>();
  const learned: Contact[] = [];
  const take = Math.min(heardOf.length, config.maxCandidates);
  for (let i = 0; i < take; i++) {
    const { id, endpoint, request: payload } = heardOf[i] as Seed<P>;
    if (id === config.self || isNoted(draft, id, endpoint)) continue;
    if (kind !== 'each' && !isNew(draft.candidates, target, identity, newcomers, id, endpoint)) continue;
    const network = groupOf?.(endpoint)?.network;
    const candidate: Candidate<P> = { id, endpoint, hops, via, payload, network, status: 'fresh' };
    if (kind === 'each') newcomers.candidates.push(candidate);
    else enlist(newcomers, candidate);
    if (id !== undefined) learned.push({ id, endpoint });
  }
  if (newcomers.candidates.length === 0) {
    if (told !== undefined) draft.candidates = withCandidate(draft.candidates, told.index, told.answered);
    return NO_EFFECTS;
  }
  const list = kind === 'each' ? newcomers.candidates : merged(draft.candidates, newcomers);
  if (told !== undefined) list[placeAmong(newcomers, told.index)] = told.answered;
  draft.candidates = list;
  if (draft.candidates.length > config.maxCandidates) prune(draft);
  return learned;
}

/** Where the candidate at an index of the list stands once the newcomers are in it. */
function placeAmong<P extends Protocol>({ places }: Newcomers<P>, index: number): number {
  let at = index;
  for (let i = 0; i < places.length && (places[i] as number) <= index; i++) at++;
  return at;
}

/** Whether `known` says that this one is; it is told if not. Where the shortlist itself says who is, it is not asked. */
function isNoted<P extends Protocol>(draft: Draft<P>, id: Id | undefined, endpoint: Endpoint): boolean {
  const key = notedKey(draft.config, id, endpoint);
  if (key === undefined) return false;
  const hash = hashOf(key);
  if (get(draft.known, key, hash) !== undefined) return true;
  draft.known = set(draft.known, key, true, NEVER, hash);
  return false;
}

/** An id has its place in a list that is in order, and is found there; all else is noted. */
function notedKey<P extends Protocol>(
  { identity, kind }: QueryConfig<P>,
  id: Id | undefined,
  endpoint: Endpoint,
): string | undefined {
  return identity === 'id' && id !== undefined && kind !== 'each' ? undefined : keyOf(identity, id, endpoint);
}

function prune<P extends Protocol>(draft: Draft<P>): void {
  const kept = draft.candidates.slice();
  for (let i = kept.length - 1; kept.length > draft.config.maxCandidates; i--) {
    const candidate = kept[i] as Candidate<P>;
    if (candidate.status !== 'fresh') continue;
    kept.splice(i, 1);
    const key = notedKey(draft.config, candidate.id, candidate.endpoint);
    if (key !== undefined) draft.known = remove(draft.known, key);
    draft.dropped = { ...draft.dropped, candidates: draft.dropped.candidates + 1 };
  }
  draft.candidates = kept;
}

/** Keeps values not seen before, up to the limit, and returns the new ones. */
export function gather<P extends Protocol>(draft: Draft<P>, values: readonly P['value'][]): readonly P['value'][] {
  const fresh: P['value'][] = [];
  for (const value of values) {
    const valueKeys = set(draft.valueKeys, value.key, true);
    if (valueKeys === draft.valueKeys) continue;
    if (draft.values.length + fresh.length >= draft.config.maxValues) {
      draft.dropped = { ...draft.dropped, values: draft.dropped.values + 1 };
      continue;
    }
    draft.valueKeys = valueKeys;
    fresh.push(value);
  }
  if (fresh.length > 0) draft.values = draft.values.concat(fresh);
  return fresh;
}

/** The stall rule (R09): an answer is productive when somebody it named is now in the window. */
export function noteProgress<P extends Protocol>(draft: Draft<P>, learned: readonly Contact[], late: boolean): void {
  if (learned.length === 0) {
    if (!late) draft.unproductive++;
    return;
  }
  let last: Candidate<P> | undefined;
  let live = 0;
  const isInWindow = windowGate(draft.config);
  for (const candidate of draft.candidates) {
    if (!isInWindow(candidate)) continue;
    last = candidate;
    if (++live === draft.config.k) break;
  }
  const edge = last as Candidate<P>;
  const productive = learned.some((contact) => compareCandidates(draft.config.target, contact, edge) <= 0);
  if (productive) draft.unproductive = 0;
  else if (!late) draft.unproductive++;
}

/** A candidate of unknown id told its id: it moves from the tail to its place. */
export function identified<P extends Protocol>(draft: Draft<P>, index: number, candidate: Candidate<P>): void {
  const { target, identity } = draft.config;
  const rest = withoutAt(draft.candidates, index);
  const newcomers = noNewcomers<P>();
  if (isNew(rest, target, identity, newcomers, candidate.id, candidate.endpoint)) enlist(newcomers, candidate);
  draft.candidates = merged(rest, newcomers);
  if (identity === 'id') draft.known = remove(draft.known, candidate.endpoint);
}
