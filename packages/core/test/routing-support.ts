/** One node among strangers whom the test plays itself: each step yields what the node said, as short words. */
import {
  type BootstrapState,
  type Contact,
  DEFAULT_BOOTSTRAP,
  DEFAULT_REFRESH,
  type Endpoint,
  type Id,
  type Instant,
  makeNode,
  type NodeConfig,
  type NodeEffect,
  type NodeEvent,
  type NodeState,
  type Profile,
  tableContacts,
  tableOf,
} from '@xorrery/core';
import { nodeConfig, type Shown, type Small, small } from './network.ts';
import { id8, nodes, numbers } from './support.ts';

type Reply = {
  readonly nodes?: readonly Contact[];
  readonly closer?: readonly number[];
  readonly as?: Id;
  readonly token?: string;
  readonly signed?: string;
};

const idAt = (endpoint: Endpoint): Id => id8(Number(/\d+/.exec(endpoint)?.[0]));

export class Solo {
  now: Instant = 0;
  state: NodeState<Small, null, Shown>;
  effects: readonly NodeEffect<Small>[] = [];
  readonly log: { readonly at: Instant; readonly effect: NodeEffect<Small> }[] = [];
  readonly machine;
  /** Transaction ids of requests that were sent and not answered, the latest last. */
  readonly #open = new Map<Endpoint, string[]>();
  #entropy = 0;

  constructor(n: number, changes: Partial<NodeConfig<null>> = {}, profile: Partial<Profile<Small, null, Shown>> = {}) {
    this.machine = makeNode({ ...small, ...profile });
    this.state = this.machine.init(nodeConfig(n, changes));
    this.#step({ type: 'entropy', bytes: this.#bytes(64) });
  }

  start(...seeds: number[]): string[] {
    return this.tell({ type: 'start', seeds: seeds.map((n) => `n${n}`) });
  }

  /** What a step said, as `ping n4`, `find n4 07`, `added n4`, `removed n4`, `joined`. */
  tell(event: NodeEvent<Small>): string[] {
    return this.#step(event).flatMap(word);
  }

  /** The latest open request to a node is answered. */
  answer(to: number | Endpoint, { nodes: contacts, closer = [], as, ...more }: Reply = {}): string[] {
    const from = typeof to === 'number' ? `n${to}` : to;
    const reply = { nodes: contacts ?? nodes(...closer), ...more };
    const message = { type: 'reply', tid: this.#taken(from), sender: as ?? idAt(from), reply } as const;
    return this.tell({ type: 'received', from, message });
  }

  /** The latest open request to a node is refused with an error. */
  refuse(n: number): string[] {
    const message = { type: 'error', tid: this.#taken(`n${n}`), code: 202, text: 'no' } as const;
    return this.tell({ type: 'received', from: `n${n}`, message });
  }

  /** A stranger asks something. */
  hear(from: number | Endpoint, ask: 'ping' | 'find' = 'ping', bytes?: number): string[] {
    const endpoint = typeof from === 'number' ? `n${from}` : from;
    const request = ask === 'ping' ? ({ ask } as const) : ({ ask, target: id8(1) } as const);
    const message = { type: 'request', tid: '77', sender: idAt(endpoint), readOnly: false, request } as const;
    return this.tell({ type: 'received', from: endpoint, message, ...(bytes === undefined ? {} : { bytes }) });
  }

  /** A stranger shows the token it was given, and a signature. */
  store(
    from: number | Endpoint,
    proof: string,
    more: { readonly token?: string; readonly bytes?: number } = {},
  ): string[] {
    const endpoint = typeof from === 'number' ? `n${from}` : from;
    const { token = endpoint, ...rest } = more;
    const request = { ask: 'store', token, proof } as const;
    const message = { type: 'request', tid: '77', sender: idAt(endpoint), readOnly: false, request } as const;
    return this.tell({ type: 'received', from: endpoint, message, ...rest });
  }

  /** A step at the next deadline. */
  wake(): string[] {
    this.now = this.due as Instant;
    return this.tell({ type: 'tick' });
  }

  /** Wakes at every deadline up to `limit`; all that was said, with the requests that `live` nodes get answered at once. */
  pass(limit: Instant, live: (endpoint: Endpoint) => boolean = () => false): string[] {
    const said: string[] = [];
    const settle = (words: string[]): void => {
      said.push(...words);
      for (let more = true; more; ) {
        const next = [...this.#open].find(([endpoint, tids]) => tids.length > 0 && live(endpoint));
        more = next !== undefined;
        if (next !== undefined) said.push(...this.answer(next[0]));
      }
    };
    settle([]);
    while (this.due !== undefined && this.due <= limit) settle(this.wake());
    this.now = Math.max(this.now, limit);
    return said;
  }

  /** The endpoints of which something is asked and not answered. */
  get open(): Endpoint[] {
    return [...this.#open].filter(([, tids]) => tids.length > 0).map(([endpoint]) => endpoint);
  }

  get due(): Instant | undefined {
    return this.machine.nextDeadline(this.state);
  }

  /** The numbers of all members, ascending. */
  get known(): number[] {
    return numbers(this.members).sort((a, b) => a - b);
  }

  get members(): Contact[] {
    return tableContacts(tableOf(this.state.routing));
  }

  /** The numbers of all spares, bucket by bucket, the oldest first. */
  get spares(): number[] {
    return numbers(tableOf(this.state.routing).buckets.flatMap((it) => it.spares));
  }

  /** Introduces these nodes, and each answers its ping: they are members now, or spares. */
  meet(...all: (number | Endpoint)[]): string[] {
    return all.flatMap((it) => {
      const endpoint = typeof it === 'number' ? `n${it}` : it;
      return [...this.tell({ type: 'introduce', endpoint }), ...this.answer(endpoint)];
    });
  }

  #taken(endpoint: Endpoint): string {
    const tid = this.#open.get(endpoint)?.pop();
    if (tid === undefined) throw new Error(`nothing was asked of ${endpoint}`);
    return tid;
  }

  #step(event: NodeEvent<Small>): NodeEffect<Small>[] {
    const step = this.machine.advance(this.state, event, this.now);
    this.state = step.state;
    this.effects = step.effects;
    const all = [...step.effects];
    for (const effect of step.effects) {
      this.log.push({ at: this.now, effect });
      if (effect.type === 'transmit' && effect.message.type === 'request') {
        this.#open.set(effect.to, [...(this.#open.get(effect.to) ?? []), effect.message.tid]);
      } else if (effect.type === 'entropy-needed') {
        all.push(...this.#step({ type: 'entropy', bytes: this.#bytes(effect.bytes) }));
      }
    }
    return all;
  }

  #bytes(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++)
      text += ((this.#entropy++ * 37 + (this.#entropy >> 8)) & 255).toString(16).padStart(2, '0');
    return text;
  }
}

function word(effect: NodeEffect<Small>): string[] {
  switch (effect.type) {
    case 'transmit': {
      const { to, message } = effect;
      if (message.type !== 'request') return [`${message.type} ${to}`];
      const { request } = message;
      if (request.ask === 'store') return [`store ${to} ${request.token}`];
      return [request.ask === 'find' ? `find ${to} ${request.target}` : `ping ${to}`];
    }
    case 'contact-added':
      return [`added ${effect.contact.endpoint}`];
    case 'contact-removed':
      return [`removed ${effect.contact.endpoint}`];
    case 'join-finished':
      return [effect.outcome];
    case 'refreshed':
      return [`refreshed ${effect.depth}`];
    case 'rejected':
      return [`rejected ${effect.id} ${effect.reason}`];
    case 'published':
      return [`published ${effect.id} ${effect.report.reason}`];
    case 'republished':
      return [`republished ${effect.target}`];
    case 'verify':
      return [`verify ${effect.job} ${effect.check.signature}`];
    case 'anomaly':
      return [effect.cause];
    case 'address-adopted':
      return [`adopted ${effect.address}`];
    case 'renamed':
      return [`renamed ${effect.self}`];
    default:
      return [];
  }
}

/** Refresh that lets a test's days pass. */
export const QUIET: NodeConfig<null>['refresh'] = { ...DEFAULT_REFRESH, interval: 2_592_000_000 };

/** Node 0, settled among nobody: joining is behind it, and nothing falls due but what the test is about. */
export function lone(
  changes: Partial<NodeConfig<null>> = {},
  profile: Partial<Profile<Small, null, Shown>> = {},
): Solo {
  const bootstrap = { ...DEFAULT_BOOTSTRAP, minContacts: 0 };
  const solo = new Solo(0, { bootstrap, refresh: QUIET, ...changes }, profile);
  solo.start();
  const { routing } = solo.state;
  const settled: BootstrapState = { ...routing.bootstrap, status: 'settled', said: 'joined', wakeAt: undefined };
  solo.state = { ...solo.state, routing: { ...routing, bootstrap: settled } };
  return solo;
}

/** The words that begin so. */
export const only = (said: readonly string[], ...starts: string[]): string[] =>
  said.filter((it) => starts.some((start) => it.startsWith(start)));
