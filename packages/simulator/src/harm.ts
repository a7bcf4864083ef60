/**
 * What attackers got out of the honest: the requests by which they meant harm, and what was said to them. A request is
 * known again by its transaction id, wherever its answer goes. It refuses to: judge whether an answer should have been.
 */

/** Counts and bytes of a whole run; all 0 where no adversary floods, reflects or steals. */
export interface Harm {
  /** Floods, requests in a third party's name, and stores under stolen tokens. */
  requests: number;
  requestBytes: number;
  /** Of them, those that were granted; the others were dropped or refused. */
  granted: number;
  /** Bytes of the answers, refusals included. */
  answerBytes: number;
}

/** A message of an honest node, as far as it matters here. */
interface Said {
  readonly type: string;
  readonly tid: string;
}

export class HarmCounter {
  readonly harm: Harm = { requests: 0, requestBytes: 0, granted: 0, answerBytes: 0 };
  /** Transaction ids that were not answered yet. */
  readonly #open = new Set<string>();

  asked(tid: string, bytes: number): void {
    this.#open.add(tid);
    this.harm.requests++;
    this.harm.requestBytes += bytes;
  }

  /** An honest node says something to somebody. */
  heard({ type, tid }: Said, bytes: number): void {
    if (type === 'request' || !this.#open.delete(tid)) return;
    if (type === 'reply') this.harm.granted++;
    this.harm.answerBytes += bytes;
  }
}
