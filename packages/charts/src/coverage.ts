/** Which edges of a chart were taken, which kinds of effect each yielded, and which (status, event) pairs were exercised. */
import type { Edge } from './chart.ts';
import type { Drawn } from './law.ts';

export class Coverage {
  readonly #drawn: Drawn;
  readonly #counts = new Map<Edge, number>();
  readonly #yielded = new Map<Edge, Set<string>>();
  readonly #pairs = new Set<string>();

  constructor(drawn: Drawn) {
    this.#drawn = drawn;
  }

  taken(edge: Edge, effects: readonly string[]): void {
    this.#counts.set(edge, (this.#counts.get(edge) ?? 0) + 1);
    const yielded = this.#yielded.get(edge) ?? new Set();
    for (const kind of effects) yielded.add(kind);
    this.#yielded.set(edge, yielded);
  }

  exercised(status: string, event: string): void {
    this.#pairs.add(pairOf(status, event));
  }

  /** How often an edge was taken. */
  countOf(edge: Edge): number {
    return this.#counts.get(edge) ?? 0;
  }

  /** Edges that nothing took. */
  untaken(): string[] {
    return this.#drawn.chart.edges.filter((edge) => this.countOf(edge) === 0).map(textOf);
  }

  /** Kinds of effect that an edge names and nothing yielded there. */
  unyielded(): string[] {
    return this.#drawn.chart.edges.flatMap((edge) =>
      edge.effects
        .filter((kind) => this.#yielded.get(edge)?.has(kind) !== true)
        .map((kind) => `${textOf(edge)}: ${kind}`),
    );
  }

  /** Pairs of a status and an event that did not occur: each is legal, whether it means something or not. */
  unexercised(): string[] {
    return pairsOf(this.#drawn).filter((pair) => !this.#pairs.has(pair));
  }

  /** In one line. */
  summary(): string {
    const { title, chart } = this.#drawn;
    const all = chart.edges.length;
    const pairs = pairsOf(this.#drawn).length;
    const [edges, done] = [all - this.untaken().length, pairs - this.unexercised().length];
    return `${title}: ${edges}/${all} edges, ${done}/${pairs} pairs`;
  }
}

/** `status --event [guard]--> status`. */
export function textOf({ from, event, guard, to }: Edge): string {
  return `${from} --${event}${guard === undefined ? '' : ` [${guard}]`}--> ${to}`;
}

function pairsOf({ chart, events }: Drawn): string[] {
  return chart.statuses.flatMap((status) => Object.keys(events).map((event) => pairOf(status, event)));
}

function pairOf(status: string, event: string): string {
  return `(${status}, ${event})`;
}
