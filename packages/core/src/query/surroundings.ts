/**
 * What a lookup may ask of whoever runs it: pure functions of the pool's state and of the protocol, given with each step
 * and never kept, so that a lookup's state stays plain data.
 */
import type { Endpoint, GroupOf } from '../contact.ts';
import type { Instant } from '../machine.ts';

export interface Surroundings {
  /** ms until a request to this endpoint counts as unanswered; `otherwise` where nothing better is known. */
  timeoutOf(endpoint: Endpoint, otherwise: Instant): Instant;
  readonly groupOf: GroupOf;
}

/** A lookup on its own: fixed timeouts, addresses without structure. */
export const ALONE: Surroundings = { timeoutOf: (_, otherwise) => otherwise, groupOf: () => undefined };
