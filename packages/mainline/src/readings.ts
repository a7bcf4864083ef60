/** How the announcements of a node are read for those who await or iterate an operation. */
import type { OperationOptions, StreamEvent } from '@xorrery/coordinator';
import type { Contact, QueryReport, QuerySettings } from '@xorrery/core';
import type { Mainline, Peer } from './messages.ts';

/** Options of a lookup: an abort signal, and settings for this one alone. */
export interface LookupOptions extends OperationOptions {
  readonly settings?: Partial<QuerySettings>;
}

export type Announced = StreamEvent<Mainline>['event'];
export type Report = QueryReport<Mainline>;
type Value = Mainline['value'];

/** Values that a lookup is the first to hear of; of what kind they are is a matter of what was asked. */
export function valuesOf(event: Announced): readonly Value[] {
  if (event.type !== 'query') return [];
  return event.effect.type === 'progressed' || event.effect.type === 'recalled' ? event.effect.values : [];
}

export function peersIn(event: Announced): readonly Peer[] {
  return valuesOf(event) as readonly Peer[];
}

export function answererOf(event: Announced): readonly Contact[] {
  return event.type === 'query' && event.effect.type === 'progressed' ? [event.effect.from] : [];
}

/** Those who took what is being stored. */
export function takerOf(event: Announced): readonly Contact[] {
  return event.type === 'query' && event.id.startsWith('store:') ? answererOf(event) : [];
}

export function reportOf(event: Announced): Report | undefined {
  return event.type === 'query' && event.effect.type === 'finished' ? event.effect.report : undefined;
}
