/**
 * Records a live node. The observer only pushes; encoding and hashing happen later, off the turn, in batches. What is
 * held in memory is bounded: a batch that grows too long is encoded at once, and where the sink is too slow, events are
 * dropped and counted, and a new segment starts with the whole state when it has caught up.
 *
 * Each segment replays by itself. A node that was made by `init` is recorded by its configuration; any other (restored,
 * or already running) by its state. Keys are in neither (they never enter the core).
 */
import {
  type Instant,
  makeNode,
  type NodeEffect,
  type NodeEvent,
  type NodeState,
  type Profile,
  type Protocol,
} from '@xorrery/core';
import { FORMAT, type NodeHeader, VERSION } from './format.ts';
import { hashOf, sameJson } from './json.ts';
import { TraceWriter } from './writer.ts';

/** Where segments go. */
export interface Sink {
  /** Starts segment `number`, counted from 1; what was written before is complete. */
  begin(number: number): void;
  write(text: string): void;
  /** Characters written that are not yet on their way to the disk. */
  readonly backlog: number;
  /** Bytes this segment takes so far. */
  readonly size: number;
}

export interface RecorderOptions<P extends Protocol, C, S> {
  readonly profile: Profile<P, C, S>;
  readonly sink: Sink;
  /** Runs something after `ms`; 0: as soon as the turn is over. */
  readonly later: (ms: number, run: () => void) => void;
  /** Unix time in ms. */
  readonly wall: () => number;
  /** The state the node starts with, where that is a restored one. */
  readonly from?: NodeState<P, C, S>;
  /** Bytes after which a segment ends. */
  readonly maxBytes: number;
  /** Events between two hashes of the state. */
  readonly hashEvery: number;
}

/** Events after which a batch is encoded as soon as the turn is over, and at once. */
const SOON = 64;
const AT_ONCE = 1_024;
/** ms an event waits at most. */
const DELAY = 1_000;
/** Characters the sink may be behind. */
const BACKLOG = 33_554_432;

interface Pending<P extends Protocol, C, S> {
  readonly at: Instant;
  readonly event: NodeEvent<P>;
  readonly effects: readonly NodeEffect<P>[];
  /** Where the state is to be hashed after it. */
  readonly state: NodeState<P, C, S> | undefined;
}

export class Recorder<P extends Protocol, C, S> {
  readonly #options: RecorderOptions<P, C, S>;
  #writer: TraceWriter | undefined;
  #pending: Pending<P, C, S>[] = [];
  /** The state after the last event that was pushed. */
  #last: NodeState<P, C, S> | undefined;
  #count = 0;
  #segment = 0;
  #lost = 0;
  #lostInAll = 0;
  #waiting: 'no' | 'delayed' | 'soon' = 'no';
  #closed = false;

  constructor(options: RecorderOptions<P, C, S>) {
    this.#options = options;
  }

  /** Events recorded so far. */
  get events(): number {
    return this.#count;
  }

  /** Events dropped so far. */
  get lost(): number {
    return this.#lostInAll;
  }

  /** For the coordinator. */
  readonly observer = (
    at: Instant,
    event: NodeEvent<P>,
    effects: readonly NodeEffect<P>[],
    state: NodeState<P, C, S>,
  ): void => {
    if (this.#closed) return;
    if (this.#last === undefined && !this.#start(at, event, effects, state)) return;
    const { hashEvery } = this.#options;
    this.#count++;
    this.#pending.push({ at, event, effects, state: this.#count % hashEvery === 0 ? state : undefined });
    this.#last = state;
    if (this.#pending.length >= AT_ONCE) this.flush();
    else if (this.#waiting !== 'soon' && this.#pending.length >= SOON) this.#wait('soon', 0);
    else if (this.#waiting === 'no') this.#wait('delayed', DELAY);
  };

  /** Encodes what has been pushed. */
  flush(): void {
    const { sink, maxBytes } = this.#options;
    if (this.#last === undefined || this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    if (sink.backlog > BACKLOG) {
      // A gap would make the rest useless; so this segment ends here, and another begins when there is room.
      if (this.#writer !== undefined) sink.write(this.#writer.end());
      this.#writer = undefined;
      this.#lost += pending.length;
      this.#lostInAll += pending.length;
      return;
    }
    if (this.#writer === undefined) {
      this.#lost += pending.length;
      this.#lostInAll += pending.length;
      this.#begin({ state: this.#last });
      return;
    }
    let text = '';
    for (const { at, event, effects, state } of pending) {
      text += this.#writer.event(at, event, effects);
      if (state !== undefined) text += this.#writer.mark(hashOf(state));
    }
    sink.write(text);
    if (sink.size < maxBytes) return;
    sink.write(this.#writer.end(hashOf(this.#last)));
    this.#begin({ state: this.#last });
  }

  /** Encodes what is left and ends the trace. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    if (this.#writer !== undefined && this.#last !== undefined) {
      this.#options.sink.write(this.#writer.end(hashOf(this.#last)));
    }
  }

  /**
   * The first event tells how the node began: if its first step follows from its configuration (or from `from`), so does
   * everything. If not, the trace begins after this event, with the whole state; false then.
   */
  #start(at: Instant, event: NodeEvent<P>, effects: readonly NodeEffect<P>[], state: NodeState<P, C, S>): boolean {
    const { profile, from } = this.#options;
    const machine = makeNode(profile);
    const begun = from ?? machine.init(state.config);
    const step = machine.advance(begun, event, at);
    const follows = sameJson(step.effects, effects) && sameJson(step.state, state);
    this.#last = follows ? begun : state;
    const start = !follows ? { state } : from === undefined ? { config: state.config } : { state: from };
    this.#begin(start);
    return follows;
  }

  #begin(start: NodeHeader['start']): void {
    const { profile, sink, wall } = this.#options;
    const { name, version } = profile;
    sink.begin(++this.#segment);
    this.#writer = new TraceWriter();
    const parts = { segment: this.#segment, lost: this.#lost };
    const about = { kind: 'node', profile: { name, version }, wall: Math.floor(wall()), ...parts } as const;
    sink.write(this.#writer.header({ format: FORMAT, version: VERSION, ...about, start }));
    this.#lost = 0;
  }

  #wait(how: 'delayed' | 'soon', ms: number): void {
    this.#waiting = how;
    this.#options.later(ms, () => {
      this.#waiting = 'no';
      if (!this.#closed) this.flush();
    });
  }
}
