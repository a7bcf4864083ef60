/**
 * Runs some of the events of a recording, others left out, and says how it fails. Answers are tied anew: a reply bears
 * the transaction id of a request, which is another one when earlier requests were never made; so it is given that of
 * the request to the same endpoint that is open in this run.
 */

import type { EventEntry } from './format.ts';
import { canonical, sameJson } from './json.ts';
import { Names, nameless } from './names.ts';
import { type AnyMachine, type AnyState, tried } from './replay.ts';

type Tagged = EventEntry['event'];

/** Names what is wrong with a state and what led to it; `undefined`: nothing is. Pure. */
export type Judge = (state: AnyState, event: Tagged, effects: readonly Tagged[]) => string | undefined;

/** How a run ended: the failure's name, which is the same for the same failure, and the events up to it. */
export interface Failed {
  readonly name: string;
  /** For people. */
  readonly what: string;
  /** The events as they were run. `effects`: what a recording of this run holds; of a divergence, what is expected. */
  readonly entries: readonly EventEntry[];
  /** The state before the last of them. */
  readonly before: AnyState;
}

/**
 * What counts as failing. `judge`: an invariant, or an assert of the machine. `divergence`: other effects than recorded;
 * `exact` where even the names that a node gives by counting must be the same; `loose` where only the last event is
 * compared, and what the others do is taken as it comes.
 */
export type Wanted =
  | { readonly type: 'judge'; readonly judge: Judge | undefined }
  | { readonly type: 'divergence'; readonly exact: boolean; readonly loose?: boolean };

/** The first failure of these events from `start`, or none. */
export function rerun(
  machine: AnyMachine,
  start: AnyState,
  events: readonly EventEntry[],
  asked: ReadonlyMap<string, string>,
  wanted: Wanted,
): Failed | undefined {
  const entries: EventEntry[] = [];
  const names = new Names();
  const open = new OpenRequests(asked);
  let state = start;
  for (const [i, recorded] of events.entries()) {
    const event = open.tied(recorded.event);
    const { at } = recorded;
    const step = tried(machine, state, { at, event });
    const fail = (name: string, what: string, effects: readonly Tagged[]): Failed => {
      return { name, what, entries: [...entries, { ...recorded, event, effects }], before: state };
    };
    if ('error' in step) {
      const what = `it throws: ${step.error}`;
      return fail(`throws ${step.error.replace(/\d+/g, '0')}`, what, wanted.type === 'judge' ? [] : recorded.effects);
    }
    if (wanted.type === 'judge') {
      const breach = wanted.judge?.(step.state, event, step.effects);
      if (breach !== undefined) return fail(`breaks ${breach}`, breach, step.effects);
    } else {
      const { exact, loose = false } = wanted;
      const counts = !loose || i === events.length - 1;
      const agrees = exact ? sameJson(recorded.effects, step.effects) : names.learn(recorded.effects, step.effects);
      if (!agrees && counts) {
        // Effects that are the same but for names tell which names those are now.
        for (const [n, effect] of recorded.effects.entries()) names.learn(effect, step.effects[n]);
        const write = exact ? canonical : nameless;
        const name = `diverges ${at} ${write([recorded.event, recorded.effects, step.effects])}`;
        return fail(name, 'its effects are not those recorded', names.translate(recorded.effects));
      }
    }
    open.note(step.effects);
    entries.push({ ...recorded, event, effects: step.effects });
    state = step.state;
  }
  return undefined;
}

interface Request {
  readonly tid: string;
  readonly payload: string;
}

/** Requests that this run has sent and nobody has answered, by endpoint. */
class OpenRequests {
  /** What was asked under each transaction id of the recording. */
  readonly #asked: ReadonlyMap<string, string>;
  readonly #open = new Map<string, Request[]>();

  constructor(asked: ReadonlyMap<string, string>) {
    this.#asked = asked;
  }

  note(effects: readonly Tagged[]): void {
    for (const { to, tid, payload } of requestsIn(effects)) {
      const before = this.#open.get(to);
      if (before === undefined) this.#open.set(to, [{ tid, payload }]);
      else before.push({ tid, payload });
    }
  }

  /** The event, under a transaction id that is open in this run. */
  tied(event: Tagged): Tagged {
    const it = event as Tagged & { from?: string; to?: string; tid?: string; message?: Tagged & { tid?: string } };
    const isAnswer = it.type === 'received' && it.message?.type !== 'request';
    const [peer, tid] = isAnswer ? [it.from, it.message?.tid] : it.type === 'unsent' ? [it.to, it.tid] : [];
    if (peer === undefined || tid === undefined) return event;
    const requests = this.#open.get(peer) ?? [];
    const payload = this.#asked.get(`${peer} ${tid}`);
    // An answer to nothing stays one.
    if (payload === undefined || requests.length === 0) return event;
    const same = (test: (it: Request) => boolean): number => requests.findIndex(test);
    const [byTid, byPayload] = [same((it) => it.tid === tid), same((it) => it.payload === payload)];
    const [taken] = requests.splice(byTid >= 0 ? byTid : Math.max(0, byPayload), 1);
    if (taken === undefined || taken.tid === tid) return event;
    if (!isAnswer) return { ...it, tid: taken.tid } as Tagged;
    return { ...it, message: { ...it.message, tid: taken.tid } } as Tagged;
  }
}

/** What was asked in a recording: the payload by endpoint and transaction id. */
export function askedIn(events: readonly EventEntry[]): Map<string, string> {
  const asked = new Map<string, string>();
  for (const { effects } of events) {
    for (const { to, tid, payload } of requestsIn(effects)) asked.set(`${to} ${tid}`, payload);
  }
  return asked;
}

function requestsIn(effects: readonly Tagged[]): { to: string; tid: string; payload: string }[] {
  return effects.flatMap((effect) => {
    if (effect.type !== 'transmit') return [];
    const { to, message } = effect as Tagged & { to: string; message: Tagged & { tid: string; request: unknown } };
    return message.type === 'request' ? [{ to, tid: message.tid, payload: canonical(message.request) }] : [];
  });
}
