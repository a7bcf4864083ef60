/**
 * What each candidate and each request of a lookup goes through, as charts of their own: the real story of a query. A
 * step of a lookup moves any number of them; the events of these charts are read off the step, and each must be an edge
 * from where the candidate or request is, to where it is found afterwards.
 *
 * A request's effects are exact: what the step yields for it is what its edges name, no more and no less.
 */
import type { Candidate, OpenRequest, Protocol, QueryEffect, QueryEvent, QueryState, Searching } from '@xorrery/core';
import { setup } from 'xstate';
import { type Chart, chartFor, kinds, type Told, told } from './chart.ts';
import { ConformanceError } from './conform.ts';
import { Coverage } from './coverage.ts';
import type { Drawn, Taken } from './law.ts';

/** `unheard` and `dropped` are no statuses in the core: a candidate before it is known, and one beyond the limit. */
type CandidateStatus = Candidate<Protocol>['status'] | 'unheard' | 'dropped';
/** `unsent` and `over`: before a request is made, and when nothing more is owed. */
type RequestStatus = OpenRequest['phase'] | 'unsent' | 'over';
type Step = Taken<QueryState<Protocol>, QueryEvent<Protocol>, QueryEffect<Protocol>>;

const candidateStatuses = {
  unheard: 'nobody has named it',
  fresh: 'not asked',
  asked: 'one request is open, which carries the deadline',
  silent: 'its deadline passed; a late answer is still welcome',
  answered: 'settled for good',
  failed: 'settled for good',
  dropped: 'forgotten: one too many, and too far',
} satisfies Record<CandidateStatus, string>;

const candidateEvents = {
  named: 'given as a seed, or named in an answer',
  'too many': 'nearer ones took its place',
  chosen: 'it is among the closest, and there is a slot',
  answers: 'it answered, in time or late',
  'is another': 'an answer that was not its own: another id, our id, or one that was asked already',
  fails: 'an error, or it could not be sent',
  deadline: 'it did not answer in time',
};

const candidateMachine = setup({
  types: {} as { events: Told<keyof typeof candidateEvents, never> },
}).createMachine({
  id: 'candidate',
  initial: 'unheard',
  states: {
    unheard: { on: { named: 'fresh' } },
    fresh: { on: { chosen: 'asked', 'too many': 'dropped' } },
    asked: { on: { answers: 'answered', 'is another': 'failed', fails: 'failed', deadline: 'silent' } },
    silent: { on: { answers: 'answered', 'is another': 'failed' } },
    answered: {},
    failed: {},
    dropped: {},
  },
});

const candidateChart: Chart = chartFor<CandidateStatus>()(candidateMachine);

export const candidateDrawn: Drawn = {
  name: 'query',
  title: 'candidate',
  chart: candidateChart,
  statuses: candidateStatuses,
  events: candidateEvents,
  effects: {},
};

const requestStatuses = {
  unsent: 'not made yet',
  asked: 'in flight',
  slow: 'in flight for so long that it opened an extra slot',
  parked: 'waits in the pool, for its endpoint or for the node’s budget',
  ready: 'need not wait any more; goes before fresh candidates, when there is a slot',
  listening: 'its slot is free; a late answer is taken',
  over: 'nothing more is owed',
} satisfies Record<RequestStatus, string>;

const requestEvents = {
  send: 'there is a slot',
  parked: 'the pool could not send it yet',
  unparked: 'what it waited for is over',
  'grows slow': '`slowAfter` has passed',
  deadline: '`requestTimeout` has passed, or the driver gave up',
  answered: 'by whom was asked',
  misfit: 'by somebody else',
  failed: 'before its deadline, or after',
  'no longer matters': 'listened to long enough, too many are listened to, or the lookup ended',
};

const requestEffects = {
  send: 'ask',
  abandon: 'forget it',
  unanswered: 'its deadline passed',
  progressed: 'its answer was taken in',
} satisfies Partial<Record<QueryEffect<Protocol>['type'], string>>;

const requestMachine = setup({
  types: {} as { events: Told<keyof typeof requestEvents, never> },
  guards: told({}),
  actions: kinds(requestEffects),
}).createMachine({
  id: 'request',
  initial: 'unsent',
  states: {
    unsent: { on: { send: { target: 'asked', actions: ['send'] } } },
    asked: {
      on: {
        parked: 'parked',
        'grows slow': 'slow',
        deadline: { target: 'listening', actions: ['unanswered'] },
        answered: { target: 'over', actions: ['progressed'] },
        misfit: 'over',
        failed: 'over',
        'no longer matters': { target: 'over', actions: ['abandon'] },
      },
    },
    slow: {
      on: {
        deadline: { target: 'listening', actions: ['unanswered'] },
        answered: { target: 'over', actions: ['progressed'] },
        misfit: 'over',
        failed: 'over',
        'no longer matters': { target: 'over', actions: ['abandon'] },
      },
    },
    parked: { on: { unparked: 'ready', 'no longer matters': { target: 'over', actions: ['abandon'] } } },
    ready: {
      on: {
        send: { target: 'asked', actions: ['send'] },
        'no longer matters': { target: 'over', actions: ['abandon'] },
      },
    },
    listening: {
      on: {
        answered: { target: 'over', actions: ['progressed'] },
        misfit: 'over',
        failed: 'over',
        'no longer matters': { target: 'over', actions: ['abandon'] },
      },
    },
    over: {},
  },
});

const requestChart: Chart = chartFor<RequestStatus>()(requestMachine);

export const requestDrawn: Drawn = {
  name: 'query',
  title: 'request',
  chart: requestChart,
  statuses: requestStatuses,
  events: requestEvents,
  effects: requestEffects,
};

/** Watches the candidates and the requests of lookups. */
export class Trails {
  readonly candidates: Coverage = new Coverage(candidateDrawn);
  readonly requests: Coverage = new Coverage(requestDrawn);

  /** Throws `ConformanceError` when one of them went a way that is not on its chart. */
  observe(step: Step): void {
    const { before, after } = step;
    for (const request of numbersIn(step)) {
      const [from, to] = [phaseOf(before, request) ?? 'unsent', phaseOf(after, request) ?? 'over'];
      const effects = this.#follow(requestDrawn, this.requests, from, eventsOf(step, request), to, step);
      const yielded = effectsFor(step, request).map((it) => it.type);
      if (effects.sort().join() !== yielded.sort().join()) {
        const what = `yields ${yielded.join(', ') || 'nothing'} and should yield ${effects.join(', ') || 'nothing'}`;
        throw new ConformanceError(`request ${request} at ${step.now} ms: ${what}\n${JSON.stringify(step.event)}`);
      }
    }
    if (after.status !== 'searching') return;
    for (const { from, to, events } of candidateMoves(step, after)) {
      this.#follow(candidateDrawn, this.candidates, from, events, to, step);
    }
  }

  #follow(
    { title, chart }: Drawn,
    coverage: Coverage,
    from: string,
    events: readonly string[],
    to: string,
    { event, now }: Step,
  ): string[] {
    let status = from;
    const effects: string[] = [];
    for (const name of events) {
      const edge = chart.edges.find((it) => it.from === status && it.event === name);
      coverage.exercised(status, name);
      if (edge === undefined) throw new ConformanceError(`${title} at ${now} ms: ${status} knows no '${name}'`);
      coverage.taken(edge, edge.effects);
      effects.push(...edge.effects);
      status = edge.to;
    }
    if (status === to) return effects;
    const way = `${from} --${events.join(', ')}--> ${to}, and the chart leads to ${status}`;
    throw new ConformanceError(`${title} at ${now} ms: ${way}\n${JSON.stringify(event)}`);
  }
}

/** Numbers of the requests that were open or are. */
function numbersIn({ before, after, effects }: Step): Set<number> {
  const open = [before, after].flatMap((it) => (it.status === 'searching' ? it.open : []));
  const sent = effects.flatMap((it) => (it.type === 'send' ? [it] : []));
  return new Set([...open, ...sent].map((it) => it.request));
}

function requestIn(state: QueryState<Protocol>, request: number): OpenRequest | undefined {
  return state.status === 'searching' ? state.open.find((it) => it.request === request) : undefined;
}

function phaseOf(state: QueryState<Protocol>, request: number): OpenRequest['phase'] | undefined {
  return requestIn(state, request)?.phase;
}

function effectsFor({ effects }: Step, request: number): QueryEffect<Protocol>[] {
  return effects.filter((it) => 'request' in it && it.request === request);
}

/** What happened to a request: its time came, then what the event says of it, then it was sent or given up. */
function eventsOf(step: Step, request: number): (keyof typeof requestEvents)[] {
  const { before, event, now } = step;
  const was = requestIn(before, request);
  const yielded = (type: QueryEffect<Protocol>['type']): boolean =>
    effectsFor(step, request).some((it) => it.type === type);
  const events: (keyof typeof requestEvents)[] = [];
  let phase = was?.phase;
  if ((was?.phase === 'asked' || was?.phase === 'slow') && now >= was.deadline) {
    events.push('deadline');
    phase = 'listening';
  } else if (was?.phase === 'asked' && now >= was.slowAt) {
    events.push('grows slow');
    phase = 'slow';
  }
  const isGivenUp = yielded('abandon');
  const isOver = before.status === 'searching' && now >= before.startedAt + before.config.deadline;
  if (!isOver && 'request' in event && event.request === request) {
    const isAway = phase === 'asked' || phase === 'slow' || phase === 'listening';
    if (event.type === 'parked' && phase === 'asked') events.push('parked');
    else if (event.type === 'unparked' && phase === 'parked') events.push('unparked');
    else if (event.type === 'timeout' && isAway && phase !== 'listening') events.push('deadline');
    else if (event.type === 'failure' && isAway && !isGivenUp) events.push('failed');
    else if (event.type === 'response' && isAway && !isGivenUp)
      events.push(yielded('progressed') ? 'answered' : 'misfit');
  }
  if (yielded('send')) events.push('send');
  if (isGivenUp) events.push('no longer matters');
  return events;
}

interface Move {
  readonly from: CandidateStatus;
  readonly to: CandidateStatus;
  readonly events: readonly (keyof typeof candidateEvents)[];
}

/** Where each candidate was and is. */
function candidateMoves({ before, event, effects }: Step, after: Searching<Protocol>): Move[] {
  const old = before.status === 'searching' ? before.candidates : [];
  const left = new Set(old);
  const silenced = new Set(effects.flatMap((it) => (it.type === 'unanswered' ? [it.request] : [])));
  const moves: Move[] = after.candidates.map((now) => {
    const was = old.find((it) => left.has(it) && isSame(it, now));
    if (was !== undefined) left.delete(was);
    const events: (keyof typeof candidateEvents)[] = was === undefined ? ['named'] : [];
    if (now.status !== 'fresh' && (was === undefined || was.status === 'fresh')) events.push('chosen');
    if (was?.status === 'asked' && silenced.has(was.request)) events.push('deadline');
    const isSettled = was?.status !== now.status && (now.status === 'answered' || now.status === 'failed');
    if (isSettled && now.status === 'answered') events.push('answers');
    else if (isSettled) events.push(event.type === 'response' ? 'is another' : 'fails');
    return { from: was?.status ?? 'unheard', to: now.status, events };
  });
  for (const gone of left) moves.push({ from: gone.status, to: 'dropped', events: ['too many'] });
  return moves;
}

/** A candidate of unknown id has one once it answered. */
export function isSame(a: Candidate<Protocol>, b: Candidate<Protocol>): boolean {
  return a.endpoint === b.endpoint && (a.id === b.id || a.id === undefined) && a.via === b.via;
}
