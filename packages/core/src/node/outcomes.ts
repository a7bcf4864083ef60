/** Whether the last requests were answered: 20 bits, enough to see that nearly nobody answers any more (J80). */

/** The last requests: a bit each, the latest lowest, 1 for answered. */
export interface RecentOutcomes {
  readonly bits: number;
  readonly count: number;
}

const REMEMBERED = 20;
/** Requests that must have been seen before nine unanswered in ten mean anything. */
const ENOUGH = 10;

export const NO_OUTCOMES: RecentOutcomes = { bits: 0, count: 0 };

export function withOutcome({ bits, count }: RecentOutcomes, answered: boolean): RecentOutcomes {
  const mask = (1 << REMEMBERED) - 1;
  return { bits: ((bits << 1) | (answered ? 1 : 0)) & mask, count: Math.min(count + 1, REMEMBERED) };
}

export function answeredOf({ bits }: RecentOutcomes): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Nine of ten went unanswered: we have lost our surroundings, or our connection. */
export function isLost(recent: RecentOutcomes): boolean {
  return recent.count >= ENOUGH && (recent.count - answeredOf(recent)) * 10 >= recent.count * 9;
}
