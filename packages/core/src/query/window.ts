/**
 * Who belongs to a lookup's window: candidates that have neither failed nor stayed silent, and of one network no more
 * than its limit, so that whoever owns many addresses of one network cannot fill the result (U12).
 */
import type { Protocol } from '../message.ts';
import type { QueryConfig } from './config.ts';
import { counts } from './shortlist.ts';
import type { Candidate } from './types.ts';

/** Judges candidates given to it one by one, nearest first; it remembers how many of each network it let in. */
export function windowGate<P extends Protocol>({
  maxPerNetwork,
  kind,
}: Pick<QueryConfig<P>, 'maxPerNetwork' | 'kind'>): (candidate: Candidate<P>) => boolean {
  if (maxPerNetwork === 'off' || kind === 'each') return counts;
  const taken: string[] = [];
  return (candidate) => {
    if (!counts(candidate)) return false;
    const { network } = candidate;
    if (network === undefined) return true;
    let at = -1;
    for (let places = maxPerNetwork; places > 0; places--) {
      at = taken.indexOf(network, at + 1);
      if (at < 0) {
        taken.push(network);
        return true;
      }
    }
    return false;
  };
}
