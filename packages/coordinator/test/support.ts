/** A tiny protocol on 16-bit ids, nodes of it on virtual time, and a transport that remembers what was done to it. */
import {
  type Announcement,
  Coordinator,
  type CoordinatorOptions,
  type Entropy,
  type Inbox,
  MemoryRouter,
  type Operation,
  type OperationOptions,
  operate,
  type Reading,
  type StreamEvent,
  type Subscription,
  type Transport,
  VirtualTime,
} from '@xorrery/coordinator';
import {
  type Asker,
  type Contact,
  DEFAULT_NODE,
  type Endpoint,
  type Id,
  idFromHex,
  type Message,
  makeNode,
  type NodeConfig,
  type Profile,
  type Protocol,
  type QueryReport,
  type QuerySettings,
  type ServerAnswer,
  type Value,
} from '@xorrery/core';

type Request = { readonly ask: 'ping' } | { readonly ask: 'find'; readonly target: Id } | { readonly ask: 'store' };
interface Told {
  readonly nodes: readonly Contact[];
  readonly token?: string;
}

export interface Tiny extends Protocol {
  readonly outRequest: Request;
  readonly inRequest: Request;
  readonly outReply: Told;
  readonly inReply: Told;
  readonly value: Value;
}
export type Packet = Message<Request, Told>;

const answer = (state: null, request: Request, asker: Asker): readonly [null, ServerAnswer<Tiny>] => {
  const nodes = request.ask === 'find' ? asker.closest(request.target) : [];
  return [state, { type: 'reply', reply: { nodes, token: 'aa' } }];
};

export const tinyProfile: Profile<Tiny, null, null> = {
  name: 'tiny',
  version: 1,
  identity: 'endpoint',
  idBits: 16,
  ping: { ask: 'ping' },
  findNode: (target) => ({ ask: 'find', target }),
  granted: (store) => store,
  read: ({ nodes, token }) => ({ contacts: nodes, values: [], ...(token === undefined ? {} : { token }) }),
  cached: () => undefined,
  groupOf: () => undefined,
  sizeOf: () => 100,
  server: {
    init: () => null,
    expire: (state) => state,
    nextDeadline: () => undefined,
    slept: (state) => state,
    held: () => [],
    answer,
    keep: (state) => state,
    replica: () => undefined,
    save: (state) => state,
    load: () => null,
  },
};

export const id16 = (n: number): Id => idFromHex(n.toString(16).padStart(4, '0'), 16);
export const K = 4;

export type TinyCoordinator = Coordinator<Tiny, null, null>;
type Options = CoordinatorOptions<Tiny, null, null>;

/** Bytes that differ, and repeat from run to run. */
const countingEntropy = (): Entropy => {
  let next = 0;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => (next = (next * 5 + 113) & 255)) };
};

export const tinyConfig = (n: number, changes: Partial<NodeConfig<null>> = {}): NodeConfig<null> => ({
  ...DEFAULT_NODE,
  self: id16(n),
  seed: n,
  query: { ...DEFAULT_NODE.query, k: K },
  storeSet: K,
  server: null,
  ...changes,
});

export const coordinator = (
  n: number,
  options: Pick<Options, 'transport' | 'clock'> & Partial<Options>,
  changes: Partial<NodeConfig<null>> = {},
): TinyCoordinator =>
  new Coordinator({
    machine: makeNode(tinyProfile),
    config: tinyConfig(n, changes),
    entropy: countingEntropy(),
    ...options,
  });

/** Nodes in one process: node n has id n and lives at `n<n>`. */
export class Town {
  readonly time: VirtualTime = new VirtualTime();
  readonly router: MemoryRouter<Packet, Packet> = new MemoryRouter(this.time, (message) => message);

  node(n: number, changes: Partial<NodeConfig<null>> = {}, options: Partial<Options> = {}): TinyCoordinator {
    const transport = this.router.join(`n${n}`);
    return coordinator(n, { transport, clock: this.time.clock(), ...options }, changes);
  }

  /** Nodes that have joined through the first of them, one after the other. */
  async joined(...numbers: readonly number[]): Promise<TinyCoordinator[]> {
    const nodes: TinyCoordinator[] = [];
    for (const n of numbers) {
      const node = this.node(n);
      nodes.push(node);
      await node.start(nodes.length === 1 ? [] : [`n${numbers[0]}`]);
      await this.time.advance(10_000);
    }
    return nodes;
  }
}

export type Report = QueryReport<Tiny>;

const reading: Reading<Tiny, Contact, Report> = {
  items: (event) => (event.type === 'query' && event.effect.type === 'progressed' ? [event.effect.from] : []),
  report: (event) => (event.type === 'query' && event.effect.type === 'finished' ? event.effect.report : undefined),
};

/** `findNode` for the tiny protocol: what a package above the coordinator would offer. */
export const find = (
  node: TinyCoordinator,
  target: number,
  options: OperationOptions & { readonly settings?: Partial<QuerySettings> } = {},
): Operation<Contact, Report> => {
  const { settings, signal } = options;
  const event = {
    type: 'lookup',
    kind: 'closest',
    target: id16(target),
    request: { ask: 'find', target: id16(target) },
    ...(settings && { settings }),
  } as const;
  return operate(node, event, reading, signal === undefined ? {} : { signal });
};

export const ask = (node: TinyCoordinator, ...endpoints: readonly Endpoint[]): Operation<Contact, Report> =>
  operate(node, { type: 'ask', seeds: endpoints.map((endpoint) => ({ endpoint })), request: { ask: 'ping' } }, reading);

/** Collects a subscription in the background. */
export const collected = (subscription: Subscription<StreamEvent<Tiny>>): Announcement<Tiny>[] => {
  const events: Announcement<Tiny>[] = [];
  void (async () => {
    for await (const it of subscription) if (it.type === 'event') events.push(it.event);
  })();
  return events;
};

/** Remembers what is sent, and when it was opened and closed. */
export class LoggedTransport implements Transport<Packet, Packet> {
  readonly sent: { readonly to: Endpoint; readonly message: Packet }[] = [];
  inbox: Inbox<Packet> | undefined;
  opened = 0;
  closed = 0;
  sentAfterClose = 0;
  /** Replaces the opening, e.g. to hold it open or to fail it. */
  opening: () => Promise<Endpoint> = async () => 'here';
  onSend: (to: Endpoint, message: Packet) => void = () => {};

  async open(inbox: Inbox<Packet>): Promise<Endpoint> {
    this.opened++;
    const endpoint = await this.opening();
    this.inbox = inbox;
    return endpoint;
  }

  send(to: Endpoint, message: Packet): void {
    if (this.closed > 0) this.sentAfterClose++;
    this.sent.push({ to, message });
    this.onSend(to, message);
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

/** Lets everything that only waits for promises run. */
export const settled = async (): Promise<void> => {
  for (let i = 0; i < 32; i++) await Promise.resolve();
};
