/**
 * A lookup as a person follows it: whom it asked, who answered, how near they are to the target. Built from the event
 * stream alone, one announcement at a time; it knows nothing of terminals.
 */
import { commonPrefix, compareDistance, type Endpoint, type Id } from '@xorrery/core';
import type { AnyEvent } from './events.ts';
import type { Paint } from './terminal.ts';
import { bar, count, shortId, time } from './text.ts';

type Status = 'asked' | 'answered' | 'silent';

/** One node the lookup asked. */
export interface Row {
  readonly id: Id | undefined;
  readonly endpoint: Endpoint;
  readonly status: Status;
  /** Leading bits it shares with the target. */
  readonly bits: number | undefined;
  readonly hops: number | undefined;
  /** Peers it was the first to name. */
  readonly values: number;
}

/** How far a lookup has come. */
export class LookupView {
  readonly target: Id;
  readonly rows: Map<Endpoint, Row> = new Map();
  /** In the order of their answers. */
  readonly answers: Row[] = [];
  /** Nodes met while joining. */
  met = 0;
  values = 0;
  readonly #countsPeers: boolean;

  /** `countsPeers`: the values it finds are peers, each worth a number. */
  constructor(target: Id, countsPeers = true) {
    this.target = target;
    this.#countsPeers = countsPeers;
  }

  /** Takes in what a lookup did; returns the node it concerned, if there is news of one. */
  take(event: AnyEvent, lookup: string): Row | undefined {
    if (event.type === 'contact-added') this.met++;
    if (event.type !== 'query' || event.id !== lookup) return undefined;
    const { effect } = event;
    if (effect.type === 'send') return this.#put({ ...this.#row(effect.to.endpoint, effect.to.id), status: 'asked' });
    if (effect.type === 'unanswered')
      return this.#put({ ...this.#row(effect.to.endpoint, effect.to.id), status: 'silent' });
    if (effect.type !== 'progressed') return undefined;
    const { from, hops } = effect;
    const values = this.#countsPeers ? effect.values.length : 0;
    this.values += values;
    const row = this.#put({
      ...this.#row(from.endpoint, from.id),
      status: 'answered',
      hops,
      values,
    });
    this.answers.push(row);
    return row;
  }

  count(status: Status): number {
    let many = 0;
    for (const row of this.rows.values()) if (row.status === status) many++;
    return many;
  }

  /** Bits the nearest node that answered shares with the target. */
  get nearest(): number {
    return this.answers.reduce((most, { bits = 0 }) => Math.max(most, bits), 0);
  }

  /** The nearest that were asked, nearest first; those of unknown id last. */
  closest(many: number): readonly Row[] {
    const order = (a: Row, b: Row): number =>
      a.id === undefined || b.id === undefined
        ? Number(a.id === undefined) - Number(b.id === undefined)
        : compareDistance(this.target, a.id, b.id);
    return [...this.rows.values()].sort(order).slice(0, many);
  }

  #row(endpoint: Endpoint, id: Id | undefined): Row {
    const bits = id === undefined ? undefined : commonPrefix(this.target, id);
    return { values: 0, hops: undefined, ...this.rows.get(endpoint), id, endpoint, bits, status: 'asked' };
  }

  #put(row: Row): Row {
    this.rows.set(row.endpoint, row);
    return row;
  }
}

const MARKS: Readonly<Record<Status, string>> = { asked: '…', answered: '✓', silent: '✗' };
const BAR = 16;
/** Columns for an endpoint: the longest of IPv4. */
const ENDPOINT = 21;

/** One node, where `most` bits are a full bar: mark, bar, bits, id, endpoint, and how it was found. At most 80 columns. */
export function rowLine({ status, bits, id, endpoint, hops, values }: Row, most: number, paint: Paint): string {
  const colour = status === 'answered' ? paint.green : status === 'silent' ? paint.red : paint.yellow;
  const length = bar((bits ?? 0) / most, BAR);
  const drawn = (status === 'answered' ? paint.cyan : paint.dim)(length) + ' '.repeat(BAR - length.length);
  const near = bits === undefined ? '      ?' : `${String(bits).padStart(2)} ${bits === 1 ? 'bit ' : 'bits'}`;
  const name = id === undefined ? '?'.padEnd(9) : shortId(id);
  const via = hops === undefined ? '' : `  hop ${hops}`;
  const found = values === 0 ? '' : paint.green(paint.bold(`  ${count(values, 'peer')}`));
  const where = endpoint.length > ENDPOINT ? `${endpoint.slice(0, ENDPOINT - 1)}…` : endpoint.padEnd(ENDPOINT);
  return `${colour(MARKS[status])} ${drawn} ${near}  ${paint.dim(name)} ${where}${paint.dim(via)}${found}`;
}

/** The same for a pipe: words, no bars. */
export function rowText({ status, bits, id, endpoint, hops, values }: Row): string {
  const near = bits === undefined ? '' : `, ${count(bits, 'bit')} in common`;
  const via = hops === undefined ? '' : `, hop ${hops}`;
  const found = values === 0 ? '' : `, ${count(values, 'new peer')}`;
  return `${status} ${id === undefined ? '?' : id.slice(0, 8)} ${endpoint}${near}${via}${found}`;
}

/** The numbers under the bars. */
export function statusLine(view: LookupView, elapsed: number, paint: Paint): string {
  const parts = [
    `asked ${view.rows.size}`,
    `answered ${view.count('answered')}`,
    ...(view.count('silent') > 0 ? [`silent ${view.count('silent')}`] : []),
    `nearest ${count(view.nearest, 'bit')}`,
    ...(view.values > 0 ? [count(view.values, 'peer')] : []),
    time(elapsed),
  ];
  return paint.dim(parts.join(' · '));
}
