/**
 * The coordinator: the only asynchronous part. It feeds a node its events one at a time, performs the effects, keeps
 * the one timer there is, and publishes what happens as a stream.
 *
 * `perform` never steps the node: a transport answers by putting an event in the inbox, and the inbox is drained event
 * by event. It refuses to: decide anything. What it does is a function of the effects it is given.
 */
import type { Contact, Endpoint, Id, Instant, NodeEffect, NodeEvent, NodeState, Step } from '@xorrery/core';
import {
  assert,
  checkQuerySettings,
  closest,
  contactsOf,
  type Health,
  healthOf,
  memberOf,
  type OperationEvent,
  type Protocol,
  tableOf,
} from '@xorrery/core';
import { type RefusalCode, RefusedError } from './errors.ts';
import { EventStream, type SubscribeOptions, type Subscription } from './event-stream.ts';
import { Lifecycle, type LifecycleState } from './lifecycle.ts';
import type { Inbox } from './ports.ts';
import type { Announcement, Cause, CoordinatorOptions, StorageNews, StreamEvent } from './types.ts';

/** Clocks drift; less than this, in ms, is no sleep. */
const LEAST_SLEEP = 5_000;

export class Coordinator<P extends Protocol, C, S> {
  readonly #options: CoordinatorOptions<P, C, S>;
  readonly #lifecycle = new Lifecycle();
  readonly #stream = new EventStream<StreamEvent<P>>();
  readonly #inbox: NodeEvent<P>[] = [];
  readonly #operations = new Set<string>();
  #state: NodeState<P, C, S>;
  #turning = false;
  #now: Instant = 0;
  /** By how much wall time was ahead of the monotonic clock when the timer last rang. */
  #ahead: number;
  #seq = 0;
  #nextOperation = 0;
  #opening: Promise<Endpoint> | undefined;
  #closing: Promise<void> | undefined;

  /** Throws `ConfigError` when the node's configuration is out of range. */
  constructor(options: CoordinatorOptions<P, C, S>) {
    this.#options = options;
    this.#state = options.machine.init(options.config);
    this.#ahead = options.clock.wall() - options.clock.now();
  }

  /** The node's state as it stands: plain readonly data, to look at and to keep. */
  get state(): NodeState<P, C, S> {
    return this.#state;
  }

  get lifecycle(): LifecycleState {
    return this.#lifecycle.state;
  }

  /** Whether it has been started, and not closed since. */
  get isRunning(): boolean {
    return this.#lifecycle.running;
  }

  /** At most `n` contacts of the table in ascending distance to `target`. Nothing is sent. */
  closest(target: Id, n: number): readonly Contact[] {
    return closest(tableOf(this.#state.routing), target, n);
  }

  /** Whether this id is in the table: somebody who has answered us. */
  isRoutable(id: Id): boolean {
    return memberOf(tableOf(this.#state.routing), id) !== undefined;
  }

  /** How the node is doing. */
  get health(): Health {
    return healthOf(this.#state);
  }

  /** The contacts in the table, each with the instant at which it last answered. */
  get contacts(): readonly (Contact & { readonly lastSeen: Instant })[] {
    return contactsOf(this.#state);
  }

  /**
   * Binds the transport and begins to join through `seeds`. Resolves to our endpoint once bound; how the join went is
   * on the stream (`join-finished`). Called again, it answers the same; after a failure it tries again. Rejects with
   * `TransportError`, or `RefusedError` when closed.
   */
  start(seeds: readonly Endpoint[] = []): Promise<Endpoint> {
    if (this.#lifecycle.state === 'stopped') {
      this.#enter({ type: 'start' });
      this.#opening = this.#open(seeds);
    }
    return this.#opening ?? Promise.reject(new RefusedError('closed'));
  }

  /** Ends every operation (reason `closed`), unbinds, and ends the stream. Idempotent, legal at any time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The event stream from now on, or one operation's part of it. */
  events(options?: SubscribeOptions): Subscription<StreamEvent<P>> {
    return this.#stream.subscribe(options);
  }

  /** An operation id that has not been used by this coordinator. */
  nextOperationId(): string {
    return `op${this.#nextOperation++}`;
  }

  /**
   * Starts an operation. Throws `RefusedError` when it is not accepted, `ConfigError` when its settings are out of
   * range; otherwise its end comes on the stream, and only there.
   */
  begin(event: OperationEvent<P>): void {
    this.#requireRunning();
    assert(!this.#turning, 'an observer does not call back');
    checkQuerySettings({ ...this.#state.config.query, ...event.settings });
    if (this.#operations.has(event.id)) throw new RefusedError('duplicate', event.id);
    if (!this.#stream.hasRoomForEnd(this.#operations.size))
      throw new RefusedError('over-limit', 'a subscriber does not read');
    this.#operations.add(event.id);
    const refusal = this.#turn(event).find((it) => it.type === 'rejected' && it.id === event.id);
    if (refusal?.type === 'rejected') {
      this.#operations.delete(event.id);
      throw new RefusedError(codeOf(refusal.reason), event.id);
    }
    this.#drain();
  }

  /** Ends an operation early: it reports what it has, with reason `cancelled`. Unknown ids are ignored. */
  cancel(id: string): void {
    if (this.#operations.has(id)) this.#post({ type: 'cancel', id });
  }

  /** Vets an endpoint learnt elsewhere; if it answers, it may enter the table. */
  introduce(endpoint: Endpoint): void {
    this.#requireRunning();
    this.#post({ type: 'introduce', endpoint });
  }

  /** Others may know us by another address from now on: find out, and tell those who keep our announcements. */
  addressesChanged(): void {
    this.#post({ type: 'addresses-changed' });
  }

  /** Joins through these from now on: their names were resolved after the start. */
  useSeeds(seeds: readonly Endpoint[]): void {
    this.#post({ type: 'seeds', seeds });
  }

  /** Puts word of the node's storage on the stream. */
  tellStorage(news: StorageNews): void {
    this.#publish({ type: 'storage' }, news, undefined, false);
  }

  /** Nothing is stored again under this key. */
  unpublish(target: Id): void {
    this.#post({ type: 'unpublish', target });
  }

  #requireRunning(): void {
    if (this.#lifecycle.running) return;
    const { state } = this.#lifecycle;
    throw new RefusedError(state === 'stopping' || state === 'closed' ? 'closed' : 'not-started');
  }

  async #open(seeds: readonly Endpoint[]): Promise<Endpoint> {
    const inbox: Inbox<Extract<NodeEvent<P>, { type: 'received' }>['message']> = {
      received: (from, message, bytes) =>
        this.#post({ type: 'received', from, message, ...(bytes === undefined ? undefined : { bytes }) }),
      malformed: (from, packet) => this.#post({ type: 'malformed', from, ...packet }),
      unsent: (to, tid, cause) => this.#post({ type: 'unsent', to, tid, cause }),
    };
    try {
      const restored = await this.#options.restore?.();
      if (this.#lifecycle.state !== 'starting') throw new RefusedError('closed');
      if (restored !== undefined) this.#state = restored;
      const endpoint = await this.#options.transport.open(inbox);
      if (this.#lifecycle.state !== 'starting') throw new RefusedError('closed');
      this.#enter({ type: 'opened' });
      this.#post({ type: 'start', seeds });
      return endpoint;
    } catch (error) {
      this.#enter({ type: 'open-failed' });
      throw error;
    }
  }

  async #close(): Promise<void> {
    const wasRunning = this.#lifecycle.running;
    this.#enter({ type: 'close' });
    if (wasRunning) this.#turn({ type: 'close' });
    this.#inbox.length = 0;
    this.#options.clock.wakeAt(undefined, () => {});
    await this.#opening?.catch(() => {});
    await this.#options.transport.close();
    this.#enter({ type: 'released' });
    this.#stream.close();
  }

  /** Puts an event in the inbox; it is taken in at once unless a turn is under way. */
  #post(event: NodeEvent<P>): void {
    if (!this.#lifecycle.running) return;
    this.#inbox.push(event);
    this.#drain();
  }

  #drain(): void {
    if (this.#turning) return;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) this.#turn(next);
  }

  /** The timer rang. Wall time that the monotonic clock did not count was slept through. */
  #wake(): void {
    const slept = this.#slept();
    if (slept > LEAST_SLEEP) this.#post({ type: 'clock-jumped', ms: slept });
    else this.#post({ type: 'tick' });
  }

  /** ms by which wall time has gone ahead of the monotonic clock since this was last asked. */
  #slept(): number {
    const { clock } = this.#options;
    const ahead = clock.wall() - clock.now();
    const slept = ahead - this.#ahead;
    this.#ahead = ahead;
    return Math.floor(slept);
  }

  /** One turn: step, perform, set the timer. */
  #turn(event: NodeEvent<P>): readonly NodeEffect<P>[] {
    const { machine, clock } = this.#options;
    this.#turning = true;
    this.#now = Math.max(this.#now, clock.now());
    const { state, effects } = this.#step(event);
    for (const effect of effects) this.#perform(effect, event);
    if (event.type !== 'close') clock.wakeAt(machine.nextDeadline(state), () => this.#wake());
    this.#turning = false;
    return effects;
  }

  /** A step that throws is a bug, and is seen all the same: without its event the bug could not be run again. */
  #step(event: NodeEvent<P>): Step<NodeState<P, C, S>, NodeEffect<P>> {
    const { machine, observer } = this.#options;
    let step: Step<NodeState<P, C, S>, NodeEffect<P>>;
    try {
      step = machine.advance(this.#state, event, this.#now);
    } catch (error) {
      observer?.(this.#now, event, [], this.#state);
      throw error;
    }
    this.#state = step.state;
    observer?.(this.#now, event, step.effects, step.state);
    return step;
  }

  #perform(effect: NodeEffect<P>, event: NodeEvent<P>): void {
    switch (effect.type) {
      case 'transmit':
        this.#options.transport.send(effect.to, effect.message);
        return;
      case 'entropy-needed':
        this.#inbox.push({ type: 'entropy', bytes: hexOf(this.#options.entropy.bytes(effect.bytes)) });
        return;
      case 'verify': {
        const { job, check } = effect;
        this.#inbox.push({ type: 'verified', job, valid: this.#options.verifier?.verify(check) ?? false });
        return;
      }
      case 'rejected':
        // Told to the caller as an error; nothing was accepted, so nothing goes on the stream.
        if (event.type === 'lookup' || event.type === 'ask' || event.type === 'publish') return;
        break;
      case 'join-finished':
        this.#announce(effect, event);
        this.#enter({ type: effect.outcome });
        return;
    }
    this.#announce(effect, event);
  }

  #announce(announcement: Announcement<P>, event: NodeEvent<P>): void {
    const from = 'from' in event ? event.from : undefined;
    const cause: Cause = from === undefined ? { type: event.type } : { type: event.type, from };
    const operation = this.#operationOf(announcement);
    const terminal = operation !== undefined && isEnd(announcement);
    this.#publish(cause, announcement, operation, terminal);
    if (terminal) this.#operations.delete(operation);
  }

  #publish(cause: Cause, event: Announcement<P>, operation: string | undefined, terminal: boolean): void {
    const seq = this.#seq++;
    if (this.#stream.readers === 0) return;
    const streamed: StreamEvent<P> = { type: 'event', seq, at: this.#now, cause, event };
    this.#stream.publish(streamed, operation === undefined ? { terminal } : { operation, terminal });
  }

  /** The operation an announcement belongs to: the two lookups of a publish belong to it. */
  #operationOf(event: Announcement<P>): string | undefined {
    if (event.type !== 'query' && event.type !== 'published' && event.type !== 'rejected') return undefined;
    if (this.#operations.has(event.id)) return event.id;
    const owner = event.id.slice(event.id.indexOf(':') + 1);
    return this.#operations.has(owner) ? owner : undefined;
  }

  #enter(event: Parameters<Lifecycle['tell']>[0]): void {
    if (!this.#lifecycle.tell(event)) return;
    this.#publish({ type: 'lifecycle' }, { type: 'lifecycle', state: this.#lifecycle.state }, undefined, false);
  }
}

/** Whether an announcement of an operation is its end. A publish ends with `published`, not with its lookups. */
function isEnd<P extends Protocol>(event: Announcement<P>): boolean {
  if (event.type === 'published' || event.type === 'rejected') return true;
  return event.type === 'query' && event.effect.type === 'finished' && !/^(find|store):/.test(event.id);
}

function codeOf(reason: Extract<NodeEffect<Protocol>, { type: 'rejected' }>['reason']): RefusalCode {
  if (reason === 'full' || reason === 'invalid') return 'over-limit';
  return reason === 'not-running' ? 'closed' : reason;
}

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
