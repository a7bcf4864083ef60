/** A network of nodes of a tiny 8-bit protocol, in one queue ordered by (time, arrival): no sockets, no coordinator. */
import {
  type Asker,
  type Contact,
  DEFAULT_NODE,
  type Endpoint,
  earliest,
  type Id,
  type Instant,
  makeNode,
  maps,
  type NodeConfig,
  type NodeEffect,
  type NodeEvent,
  type NodeState,
  nextPoolDeadline,
  nextRoutingDeadline,
  nextScheduleDeadline,
  type Profile,
  type ServerAnswer,
  tableOf,
} from '@xorrery/core';
import { id8, type Tiny } from './support.ts';

type Request =
  | { readonly ask: 'ping' }
  | { readonly ask: 'find'; readonly target: Id }
  /** `proof`: a signature that must be good, where it says so. */
  | { readonly ask: 'store'; readonly token: string; readonly proof?: string };

export interface Small extends Omit<Tiny, 'outRequest' | 'inRequest' | 'outReply' | 'inReply'> {
  readonly outRequest: Request;
  readonly inRequest: Request;
  readonly outReply: Told;
  readonly inReply: Told;
}

interface Told {
  readonly nodes: readonly Contact[];
  readonly token?: string;
  /** A value, which counts if its signature is good. */
  readonly signed?: string;
}

/** The server keeps the tokens it was shown. */
export type Shown = readonly string[];

const answer = (shown: Shown, request: Request, asker: Asker): readonly [Shown, ServerAnswer<Small>] => {
  if (request.ask === 'store') {
    const { token, proof } = request;
    if (token !== asker.endpoint) return [shown, { type: 'error', code: 203, text: 'bad token' }];
    if (proof !== undefined && asker.signature !== 'valid') {
      if (asker.signature === 'invalid') return [shown, { type: 'error', code: 206, text: 'bad signature' }];
      return [shown, { type: 'verify', check: { publicKey: 'aa', message: token, signature: proof } }];
    }
    return [[...shown, request.token], { type: 'reply', reply: { nodes: [] } }];
  }
  const nodes = request.ask === 'find' ? asker.closest(request.target) : [];
  return [shown, { type: 'reply', reply: { nodes, token: asker.endpoint } }];
};

export const small: Profile<Small, null, Shown> = {
  name: 'small',
  version: 1,
  identity: 'endpoint',
  idBits: 8,
  ping: { ask: 'ping' },
  findNode: (target) => ({ ask: 'find', target }),
  granted: (store, token) => (store.ask === 'store' ? { ask: 'store', token } : store),
  read: ({ nodes, token, signed }) => ({
    contacts: nodes,
    values: signed === undefined ? [] : [{ key: signed }],
    ...(token === undefined ? {} : { token }),
    ...(signed === undefined ? {} : { check: { publicKey: 'aa', message: 'bb', signature: signed } }),
  }),
  cached: () => undefined,
  groupOf: () => undefined,
  sizeOf: () => 100,
  server: {
    init: () => [],
    expire: (state) => state,
    nextDeadline: () => undefined,
    slept: (state) => state,
    held: () => [],
    answer,
    keep: (state) => state,
    replica: () => undefined,
    save: (state) => state,
    load: (_, saved) => saved as Shown,
  },
};

export const machine = makeNode(small);

export const nodeConfig = (n: number, changes: Partial<NodeConfig<null>> = {}): NodeConfig<null> => ({
  ...DEFAULT_NODE,
  self: id8(n),
  seed: n,
  wire: { tidBytes: 2, poolBytes: 64 },
  server: null,
  ...changes,
});

interface Resident {
  state: NodeState<Small, null, Shown>;
  readonly effects: NodeEffect<Small>[];
  alive: boolean;
  /** Times it was woken by its own deadline. */
  wakes: number;
  /** The state that was last asked for its deadline, and what it said. */
  asked?: { readonly state: NodeState<Small, null, Shown>; readonly due: Instant | undefined };
}

/** Kept with the state it is of: asking everybody after every step would cost more than the steps. */
const deadlineOf = (resident: Resident): Instant | undefined => {
  const { state, asked } = resident;
  if (asked?.state === state) return asked.due;
  const due = machine.nextDeadline(state);
  resident.asked = { state, due };
  return due;
};

/** What a state keeps of its parts is what they say themselves. */
const checkKept = ({ phase, wakeAt, pool, routing, schedule, limiter, checks }: Resident['state']): void => {
  const { buckets, oldest } = tableOf(routing);
  const seen = buckets.flatMap((bucket) => bucket.seen);
  if (oldest !== Math.min(maps.NEVER, ...seen)) throw new Error(`the table's oldest was seen at ${oldest}: ${seen}`);
  const waiting = [maps.nextDue(checks.requests), maps.nextDue(checks.replies)];
  const machines = [nextPoolDeadline(pool), nextRoutingDeadline(routing), nextScheduleDeadline(schedule)];
  const parts = [...machines, limiter.sweepAt, ...waiting];
  const due = phase === 'running' ? parts.reduce(earliest) : undefined;
  if (wakeAt !== due) throw new Error(`it wakes at ${wakeAt}, its parts are due at ${parts}`);
};

export class Network {
  now: Instant = 0;
  readonly residents = new Map<Endpoint, Resident>();
  /** Whether packets get from one endpoint to another. */
  carries: (from: Endpoint, to: Endpoint) => boolean = () => true;
  readonly #queue: { readonly at: Instant; readonly to: Endpoint; readonly event: NodeEvent<Small> }[] = [];
  #entropy = 1;

  add(n: number, changes: Partial<NodeConfig<null>> = {}): void {
    this.residents.set(`n${n}`, { state: machine.init(nodeConfig(n, changes)), effects: [], alive: true, wakes: 0 });
  }

  /** The resident of node n. */
  at(n: number): Resident {
    const found = this.residents.get(`n${n}`);
    if (found === undefined) throw new Error(`no node ${n}`);
    return found;
  }

  tell(n: number, event: NodeEvent<Small>): readonly NodeEffect<Small>[] {
    return this.#step(`n${n}`, event);
  }

  /** Lets time pass until `limit`. */
  run(limit: Instant = this.now + 60_000): void {
    for (;;) {
      let [next] = this.#queue;
      let due = next?.at ?? limit + 1;
      for (const [endpoint, resident] of this.residents) {
        const deadline = resident.alive ? deadlineOf(resident) : undefined;
        if (deadline !== undefined && deadline < due) {
          due = deadline;
          next = { at: deadline, to: endpoint, event: { type: 'tick' } };
        }
      }
      if (next === undefined || due > limit) {
        this.now = Math.max(this.now, limit);
        return;
      }
      if (next === this.#queue[0]) this.#queue.shift();
      else this.at(Number(next.to.slice(1))).wakes++;
      this.now = Math.max(this.now, next.at);
      this.#step(next.to, next.event);
    }
  }

  /** Effects of one kind that node n has had so far. */
  said<T extends NodeEffect<Small>['type']>(n: number, type: T): Extract<NodeEffect<Small>, { type: T }>[] {
    return this.at(n).effects.filter((it): it is Extract<NodeEffect<Small>, { type: T }> => it.type === type);
  }

  #step(endpoint: Endpoint, event: NodeEvent<Small>): readonly NodeEffect<Small>[] {
    const resident = this.residents.get(endpoint);
    if (resident === undefined || !resident.alive) return [];
    const { state, effects } = machine.advance(resident.state, event, this.now);
    checkKept(state);
    resident.state = state;
    resident.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === 'entropy-needed') {
        const bytes = Array.from({ length: effect.bytes }, () =>
          (this.#entropy++ % 251).toString(16).padStart(2, '0'),
        ).join('');
        this.#queue.unshift({ at: this.now, to: endpoint, event: { type: 'entropy', bytes } });
      } else if (effect.type === 'transmit' && this.carries(endpoint, effect.to)) {
        const received = { type: 'received', from: endpoint, message: effect.message } as const;
        this.#queue.push({ at: this.now + 10, to: effect.to, event: received });
      }
    }
    return effects;
  }
}
