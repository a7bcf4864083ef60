/**
 * Walks all interleavings of a small network, breadth first: every order in which packets may be delivered or lost, and
 * deadlines pass between them. Worlds with equal views are walked once. Each world is judged when it is first entered;
 * when the frontier has emptied, the graph of worlds is shown to have no cycle, so that every path ends.
 *
 * It refuses to: choose at random (`walk` does), or forget a world: views are compared whole, by no hash.
 */
import type { Taken } from './carrier.ts';
import { CORE, type Machines, type SmallNet } from './small-net.ts';
import { begin, take } from './turn.ts';
import { partsOf } from './view.ts';
import { type Choice, choicesOf, isAtRest, type World } from './world.ts';

export interface ExploreOptions {
  /** The machines to explore; default the core's own. */
  readonly machines?: Machines;
  /** Worlds after which the walk gives up. Default 2,000,000. */
  readonly maxStates?: number;
  /** Choices on a path after which the walk gives up. Default: no limit. */
  readonly maxDepth?: number;
  /** Told of each world that was merged into one walked before. Worlds are kept for it, which takes memory. */
  readonly onMerge?: (kept: World, merged: World) => void;
}

export interface Violation {
  /** The promise that was broken. */
  readonly message: string;
  /** The choices that lead there from the beginning: the fewest there are. `replay` tells them. */
  readonly choices: readonly Choice[];
}

export interface Exploration {
  readonly net: string;
  /** Different worlds entered. */
  readonly states: number;
  /** Times that a choice led to a world entered before. */
  readonly merged: number;
  /** Choices on the longest of the shortest paths to a world. */
  readonly depth: number;
  /** Worlds in which nothing is under way. */
  readonly ends: number;
  /** Different paths from the beginning to a world without choices; 0 unless exhausted. May be too large to be exact. */
  readonly paths: number;
  /** Whether the frontier emptied: all there is was walked. */
  readonly exhausted: boolean;
  readonly violation?: Violation;
}

const NO_PARENT = -1;

export function explore(net: SmallNet, options: ExploreOptions = {}): Exploration {
  return new Walk(net, options).run();
}

/** One line: what was walked. */
export function summaryOf({ net, states, merged, depth, ends, paths, exhausted, violation }: Exploration): string {
  const walked = `${net}: states ${states}, merged ${merged}, depth ${depth}, ends ${ends}`;
  const end = exhausted ? `frontier emptied, paths ${roughly(paths)}` : 'frontier not emptied';
  return `${walked}, ${end}${violation === undefined ? '' : `, violated after ${violation.choices.length}: ${violation.message}`}`;
}

/** A count as people read it: exact while it is short. */
export function roughly(count: number): string {
  return count < 1_000_000 ? String(count) : count.toExponential(1).replace('e+', 'e');
}

class Walk {
  readonly #net: SmallNet;
  readonly #machines: Machines;
  readonly #options: ExploreOptions;
  /** Parts of views by number, and worlds by the numbers of their parts. */
  readonly #parts: Map<string, number> = new Map();
  readonly #worlds: Map<string, number> = new Map();
  readonly #parents: number[] = [];
  readonly #choices: (Choice | undefined)[] = [];
  /** For each world, those that its choices lead to. */
  readonly #next: (readonly number[])[] = [];
  readonly #kept: World[] = [];
  #merged = 0;
  #depth = 0;
  #ends = 0;

  constructor(net: SmallNet, options: ExploreOptions) {
    this.#net = net;
    this.#options = options;
    this.#machines = options.machines ?? CORE;
  }

  run(): Exploration {
    const { maxStates = 2_000_000, maxDepth = Number.MAX_SAFE_INTEGER } = this.#options;
    let frontier: [number, World][] = [];
    const started = this.#attempt(NO_PARENT, undefined, () => begin(this.#net, this.#machines));
    if ('message' in started) return this.#found(started);
    this.#enter(started.world, NO_PARENT, undefined, frontier);
    for (let depth = 1; frontier.length > 0; depth++) {
      if (depth > maxDepth) return this.#told(false);
      const beyond: [number, World][] = [];
      for (const [index, world] of frontier) {
        const next: number[] = [];
        for (const choice of choicesOf(this.#net, world, this.#machines.nextPoolDeadline(world.pool))) {
          const taken = this.#attempt(index, choice, () => take(this.#net, world, choice, this.#machines));
          if ('message' in taken) return this.#found(taken);
          next.push(this.#enter(taken.world, index, choice, beyond));
        }
        this.#next[index] = next;
        if (this.#parents.length > maxStates) return this.#told(false);
      }
      if (beyond.length > 0) this.#depth = depth;
      frontier = beyond;
    }
    return this.#judgePaths();
  }

  #enter(world: World, parent: number, choice: Choice | undefined, frontier: [number, World][]): number {
    const numbers = partsOf(this.#net, world).map((part) => {
      const known = this.#parts.get(part);
      if (known === undefined) this.#parts.set(part, this.#parts.size);
      return known ?? this.#parts.size - 1;
    });
    const key = numbers.join();
    const known = this.#worlds.get(key);
    if (known !== undefined) {
      this.#merged++;
      this.#options.onMerge?.(this.#kept[known] as World, world);
      return known;
    }
    const index = this.#parents.length;
    this.#worlds.set(key, index);
    this.#parents.push(parent);
    this.#choices.push(choice);
    if (this.#options.onMerge !== undefined) this.#kept.push(world);
    if (isAtRest(world)) this.#ends++;
    frontier.push([index, world]);
    return index;
  }

  #attempt(from: number, choice: Choice | undefined, step: () => Taken): Taken | Violation {
    try {
      return step();
    } catch (error) {
      // A machine that throws breaks a promise too: no event may make it.
      const message = error instanceof Error ? error.message : String(error);
      return { message, choices: [...this.#pathTo(from), ...(choice === undefined ? [] : [choice])] };
    }
  }

  #pathTo(index: number): Choice[] {
    const path: Choice[] = [];
    for (let at = index; at !== NO_PARENT; at = this.#parents[at] as number) {
      const choice = this.#choices[at];
      if (choice !== undefined) path.push(choice);
    }
    return path.reverse();
  }

  /** U01: every path ends. Worlds are taken away once all that lead to them are; what is left then lies on a cycle. */
  #judgePaths(): Exploration {
    const waiting = new Uint32Array(this.#next.length);
    const paths = new Float64Array(this.#next.length);
    for (const next of this.#next) for (const to of next) waiting[to] = (waiting[to] as number) + 1;
    const free = [0];
    paths[0] = 1;
    let taken = 0;
    let ended = 0;
    for (let at = free.pop(); at !== undefined; at = free.pop()) {
      taken++;
      const next = this.#next[at] as readonly number[];
      if (next.length === 0) ended += paths[at] as number;
      for (const to of next) {
        paths[to] = (paths[to] as number) + (paths[at] as number);
        waiting[to] = (waiting[to] as number) - 1;
        if (waiting[to] === 0) free.push(to);
      }
    }
    if (taken === this.#next.length) return { ...this.#told(true), paths: ended };
    const stuck = waiting.findIndex((it) => it > 0);
    return this.#found({ message: 'U01: a path that never ends', choices: this.#pathTo(stuck) });
  }

  #found(violation: Violation): Exploration {
    return { ...this.#told(false), violation };
  }

  #told(exhausted: boolean): Exploration {
    const states = this.#parents.length;
    const { name: net } = this.#net;
    return { net, states, merged: this.#merged, depth: this.#depth, ends: this.#ends, paths: 0, exhausted };
  }
}
