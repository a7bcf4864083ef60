/**
 * What stands in a trace: one header, then what happened, with marks in between that say how far things add up. The
 * text of it is NDJSON, in `writer.ts` and `reader.ts`.
 */
import type { Instant } from '@xorrery/core';
import type { Json } from './json.ts';

export const FORMAT = 'xorrery-trace';
export const VERSION = 1;

interface Common {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly profile: { readonly name: string; readonly version: number };
  /** Unix time in ms at which it was begun. For people: nothing is computed from it. */
  readonly wall: number;
}

/** One node, event by event. */
export interface NodeHeader extends Common {
  readonly kind: 'node';
  /** From which state the events lead on: a fresh node's, by its configuration, or this one. */
  readonly start: { readonly config: unknown } | { readonly state: unknown };
  /** Which part of a longer recording this is, counted from 1. */
  readonly segment: number;
  /** Events that were not recorded between the part before and this one, because the disk was too slow. */
  readonly lost: number;
}

/** A whole network: everything follows from the scenario; events may be written out all the same. */
export interface SimulationHeader extends Common {
  readonly kind: 'simulation';
  readonly seed: number;
  readonly scenario: Json;
  /** Whether events are written out. If not, marks count those of the simulation, and everything follows from the scenario. */
  readonly events: boolean;
}

export type Header = NodeHeader | SimulationHeader;

/** `[at, event, effects]`, and in a simulation the number of the node it happened to. */
export interface EventEntry {
  readonly type: 'event';
  readonly at: Instant;
  readonly event: { readonly type: string };
  readonly effects: readonly { readonly type: string }[];
  readonly node?: number;
}

/** So many events have gone by. `hash`: SHA-256 of the canonical state after them (of a simulation: its `stateHash` so far). */
export interface Mark {
  readonly type: 'mark';
  readonly events: number;
  readonly hash?: string;
  /** The trace is complete. */
  readonly end: boolean;
}

export type TraceEntry = EventEntry | Mark;

/** A whole trace in memory. `truncated`: it was cut off, and ends earlier than what it tells of. */
export interface Trace<H extends Header = Header> {
  readonly header: H;
  readonly entries: readonly TraceEntry[];
  readonly truncated: boolean;
}

/** The events of a trace, without the marks. */
export function eventsOf(trace: Trace): EventEntry[] {
  return trace.entries.filter((it) => it.type === 'event');
}
