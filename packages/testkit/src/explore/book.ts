/**
 * The book of requests: what has left and has no outcome yet, kept from what the pool says and from nothing else. Each
 * request ends in exactly one way, silence is noticed to the millisecond, and a lookup reports once, with nothing open.
 */
import type { Instant, QueryEffect, QuerySettings } from '@xorrery/core';
import { claim } from '../violation.ts';
import type { Talk } from './small-net.ts';
import type { Owed, World } from './world.ts';

export type Book = Pick<World, 'owed' | 'alive'>;

/** The book after a lookup said something at `now`. */
export function entered(
  book: Book,
  lookup: string,
  effect: QueryEffect<Talk>,
  settings: QuerySettings,
  now: Instant,
): Book {
  const { owed, alive } = book;
  claim(alive.includes(lookup), 'F09: nothing is said of a lookup that has ended', () => ({ lookup, effect }));
  switch (effect.type) {
    case 'send': {
      const { request, to } = effect;
      claim(!owed.some((it) => it.request === request), 'G16: a request is sent once', () => effect);
      return { alive, owed: [...owed, { request, lookup, endpoint: to.endpoint, sentAt: now, late: false }] };
    }
    case 'unanswered': {
      const entry = find(owed, effect.request, effect);
      claim(!entry.late, 'G16: silence is told once', () => effect);
      const at = entry.sentAt + settings.requestTimeout;
      claim(now === at, 'F04 R08: silence is told at the deadline, neither sooner nor later', () => [at, now, effect]);
      return { alive, owed: owed.map((it) => (it === entry ? { ...it, late: true } : it)) };
    }
    case 'progressed': {
      const entry = find(owed, effect.request, effect);
      claim(effect.from.endpoint === entry.endpoint, 'F31: who was asked has answered', () => [effect, entry]);
      const isLate = now >= entry.sentAt + settings.requestTimeout;
      claim(effect.late === isLate, 'R08: an answer at the deadline or after it is late', () => [now, entry, effect]);
      return { alive, owed: without(owed, effect.request) };
    }
    case 'abandon':
      find(owed, effect.request, effect);
      return { alive, owed: without(owed, effect.request) };
    case 'recalled':
      return book;
    case 'finished': {
      const open = owed.filter((it) => it.lookup === lookup);
      claim(open.length === 0, 'R06 F19: whatever is open when a lookup ends is abandoned first', () => open);
      return { owed, alive: alive.filter((it) => it !== lookup) };
    }
  }
}

/** The book without a request that ended without a word of its own: it failed, or its answer was a misfit. */
export function without(owed: readonly Owed[], request: number): readonly Owed[] {
  return owed.filter((it) => it.request !== request);
}

function find(owed: readonly Owed[], request: number, effect: QueryEffect<Talk>): Owed {
  const entry = owed.find((it) => it.request === request);
  claim(entry !== undefined, 'G16: only a request that is open meets an end', () => effect);
  return entry;
}
