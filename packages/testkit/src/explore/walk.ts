/**
 * Random walks over small networks that are too large to explore whole. Whatever may happen gets a priority when it
 * first could, the highest goes first, and at a few random steps the one in front falls behind all others: an order of
 * events that needs few changes of priority to be reached is found with a probability that can be stated, which
 * uniform choices do not give (Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding
 * bugs", 2010).
 */
import { Dice } from '../dice.ts';
import type { Violation } from './explore.ts';
import { CORE, type Machines, type SmallNet } from './small-net.ts';
import { begin, take } from './turn.ts';
import { viewOf } from './view.ts';
import { type Choice, choicesOf, type World } from './world.ts';

export interface WalkOptions {
  readonly machines?: Machines;
  /** Default 1. */
  readonly seed?: number;
  /** Paths from the beginning to the end. Default 100. */
  readonly walks?: number;
  /** Times on a path that the one in front falls behind. Default 4. */
  readonly changes?: number;
  /** The share of what costs budget (loss and the like) that is considered at all. Default 0.1. */
  readonly faults?: number;
  /** Choices on a path after which it does not end. Default 2,000. */
  readonly maxSteps?: number;
}

export interface Walks {
  readonly net: string;
  readonly walks: number;
  readonly steps: number;
  /** Different worlds entered. */
  readonly states: number;
  /** Choices on the longest path. */
  readonly longest: number;
  readonly violation?: Violation;
}

/** Walks by random priority. The first broken promise ends it. */
export function walk(net: SmallNet, options: WalkOptions = {}): Walks {
  const { machines = CORE, seed = 1, walks = 100, maxSteps = 2_000 } = options;
  const dice = new Dice(seed);
  const seen = new Set<string>();
  let steps = 0;
  let longest = 0;
  for (let done = 1; done <= walks; done++) {
    const choices: Choice[] = [];
    const told = (): Walks => ({ net: net.name, walks: done, steps, states: seen.size, longest });
    try {
      const order = new Priorities(dice, options);
      let { world } = begin(net, machines);
      seen.add(viewOf(net, world));
      for (let choice = order.pick(net, world, machines); choice !== undefined; ) {
        choices.push(choice);
        if (choices.length > maxSteps) throw new Error('U01: a path that does not end');
        world = take(net, world, choice, machines).world;
        seen.add(viewOf(net, world));
        steps++;
        choice = order.pick(net, world, machines);
      }
      longest = Math.max(longest, choices.length);
    } catch (error) {
      return { ...told(), violation: { message: error instanceof Error ? error.message : String(error), choices } };
    }
  }
  return { net: net.name, walks, steps, states: seen.size, longest };
}

/** One line: how far the walks went. */
export function walkSummary({ net, walks, steps, states, longest, violation }: Walks): string {
  const walked = `${net}: walks ${walks}, steps ${steps}, states ${states}, longest ${longest}`;
  return violation === undefined
    ? walked
    : `${walked}, violated after ${violation.choices.length}: ${violation.message}`;
}

/** What needs no luck to be considered. */
const FREE: ReadonlySet<Choice['do']> = new Set(['deliver', 'wait', 'wake', 'add']);
const NEVER = -1;
const HIGHEST = 1_000_000;

class Priorities {
  readonly #dice: Dice;
  readonly #faults: number;
  readonly #changeAt: Set<number>;
  readonly #priorities: Map<string, number> = new Map();
  #steps = 0;
  /** Below every priority that was drawn, and below what fell behind before. */
  #behind = 0;

  constructor(dice: Dice, { changes = 4, faults = 0.1 }: WalkOptions) {
    this.#dice = dice;
    this.#faults = faults;
    // Small networks rest after about so many choices.
    this.#changeAt = new Set(Array.from({ length: changes }, () => dice.below(40)));
  }

  pick(net: SmallNet, world: World, machines: Machines): Choice | undefined {
    const choices = choicesOf(net, world, machines.nextPoolDeadline(world.pool));
    const first = this.#first(choices);
    if (first === undefined) return undefined;
    if (this.#changeAt.has(this.#steps++)) this.#priorities.set(keyOf(first), --this.#behind / HIGHEST);
    const picked = this.#first(choices);
    // Time never runs out of deadlines: each has a priority of its own.
    if (picked?.do === 'wait' || picked?.do === 'wake') this.#priorities.delete(keyOf(picked));
    return picked;
  }

  #first(choices: readonly Choice[]): Choice | undefined {
    let first: Choice | undefined;
    let highest = NEVER;
    for (const choice of choices) {
      const priority = this.#priorityOf(choice);
      if (priority > highest) {
        highest = priority;
        first = choice;
      }
    }
    return first;
  }

  #priorityOf(choice: Choice): number {
    const key = keyOf(choice);
    const known = this.#priorities.get(key);
    if (known !== undefined) return known;
    const isFree = FREE.has(choice.do);
    const priority = isFree || this.#dice.chance(this.#faults) ? 1 + this.#dice.below(HIGHEST) : NEVER;
    this.#priorities.set(key, priority);
    return priority;
  }
}

function keyOf(choice: Choice): string {
  if ('packet' in choice) return `${choice.do} ${choice.packet}`;
  return 'id' in choice ? `${choice.do} ${choice.id}` : choice.do;
}
