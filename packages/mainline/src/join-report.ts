/** How joining went, as the event stream tells it. */
import type { Coordinator, StreamEvent } from '@xorrery/coordinator';
import type { Mainline } from './messages.ts';

/** How joining went. `isolated`: nobody has answered yet; the node keeps trying. */
export interface JoinReport {
  readonly outcome: 'joined' | 'isolated';
  /** In the table then. */
  readonly contacts: number;
  /** ms since the start. */
  readonly elapsed: number;
  /** Requests sent until then in order to join, those of them that were answered, and those that were not in time. */
  readonly queried: number;
  readonly answered: number;
  readonly failed: number;
}

/** The first report; `undefined` when the node is closed before it. */
export async function firstJoin(
  coordinator: Pick<Coordinator<Mainline, never, never>, 'events'>,
): Promise<JoinReport | undefined> {
  const counts = { queried: 0, answered: 0, failed: 0 };
  for await (const streamed of coordinator.events({ limit: 16_384 })) {
    if (streamed.type === 'lagged') continue;
    const { event } = streamed;
    if (event.type === 'query' && event.id.startsWith('join:')) count(event.effect, counts);
    if (event.type !== 'join-finished') continue;
    const { outcome, contacts, elapsed } = event;
    return { outcome, contacts, elapsed, ...counts };
  }
  return undefined;
}

type LookupEffect = Extract<StreamEvent<Mainline>['event'], { type: 'query' }>['effect'];

function count(effect: LookupEffect, counts: { queried: number; answered: number; failed: number }): void {
  if (effect.type === 'send') counts.queried++;
  else if (effect.type === 'progressed') {
    counts.answered++;
    // It was counted as failed when its deadline passed.
    if (effect.late) counts.failed--;
  } else if (effect.type === 'unanswered') counts.failed++;
  else if (effect.type === 'finished') counts.failed += effect.report.counts.failed;
}
