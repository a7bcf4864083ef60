/**
 * A Mainline node under siege: packet after packet from strangers, through the codec and the machine, while its own lookups
 * go on and the clock runs. After each packet it is judged; the last steps are kept, and written as a trace when it fails.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contact, Id, NodeConfig, NodeEvent, NodeState } from '@xorrery/core';
import { makeNode, maps } from '@xorrery/core';
import {
  decode,
  type KrpcOut,
  MAINLINE_DEFAULTS,
  type Mainline,
  type MainlineStore,
  type MainlineStoreConfig,
  mainline,
  TOKEN_ROTATION,
} from '@xorrery/mainline';
import { type EventEntry, FORMAT, VERSION, writeTrace } from '@xorrery/trace';
import { tokensOf } from './krpc-samples.ts';
import { at } from './mainline-bench.ts';
import type { Chance } from './mutate.ts';
import { judgeEffects, judgePacket, judgeState } from './siege-judge.ts';
import { type Arrival, arrivalOf, type Knowledge, type Pending } from './siege-packets.ts';

type State = NodeState<Mainline, MainlineStoreConfig, MainlineStore>;
type Machine = ReturnType<typeof makeNode<Mainline, MainlineStoreConfig, MainlineStore>>;

const SELF = '6d6e6f707172737475767778797a313233343536' as Id;

/** Small, so that every limit is met. */
const CONFIG: NodeConfig<MainlineStoreConfig> = {
  ...MAINLINE_DEFAULTS,
  self: SELF,
  seed: 1,
  pool: { ...MAINLINE_DEFAULTS.pool, maxQueries: 4, maxQueued: 8, maxInFlight: 40 },
  responder: {
    limiter: { ...MAINLINE_DEFAULTS.responder.limiter, maxEntries: 100 },
    maxRate: { perSecond: 2_000, burst: 6_000 },
    amplification: 3,
    checks: { ...MAINLINE_DEFAULTS.responder.checks, maxPending: 4 },
  },
  maxWaiting: 8,
  server: {
    peers: { ...MAINLINE_DEFAULTS.server.peers, maxTorrents: 40, maxPeersPerTorrent: 20 },
    items: { ...MAINLINE_DEFAULTS.server.items, maxRecords: 20 },
  },
};

/** Steps between two looks at the whole state, and steps that a trace holds at most. */
const LOOK = 64;
const KEPT = 1_024;
/** Requests an attacker knows of. */
const WATCHED = 32;

export class Siege {
  readonly tokens = tokensOf(1);
  /** Packets by what the node made of them. */
  readonly tally = { received: 0, malformed: 0 };
  #machine: Machine;
  #state: State;
  #now = 0;
  #rounds = 0;
  #operations = 0;
  #pending: Pending[] = [];
  #last: Arrival | undefined;
  /** Where the trace begins, and what has happened since. */
  #base: State;
  #kept: EventEntry[] = [];
  readonly #chance: Chance;
  readonly #corpus: readonly Buffer[];
  readonly #population: readonly Contact[];

  constructor(chance: Chance, corpus: readonly Buffer[], machine: Machine = makeNode(mainline)) {
    this.#chance = chance;
    this.#corpus = corpus;
    this.#machine = machine;
    this.#population = Array.from({ length: 200 }, (_, n) => ({ id: this.#idOf(n), endpoint: at(n) }));
    this.#state = machine.init(CONFIG);
    this.#base = this.#state;
    this.#step({ type: 'start', seeds: [at(1), at(2)] });
  }

  get state(): State {
    return this.#state;
  }

  /** One packet, drawn by chance, and what the user and the clock do before it. */
  round(): void {
    const chance = this.#chance;
    this.#pass(this.#isFlood() ? chance.below(2) : chance.pick([0, 0, 0, 1, 5, 40, 400, 3_000]));
    if (this.#rounds++ % 16 === 0) this.#step(this.#operation());
    this.#pending = this.#pending.filter((it) => maps.has(this.#state.wire.open, it.tid)).slice(-WATCHED);
    this.#last = arrivalOf(chance, this.#known(), this.#last);
    this.receive(this.#last);
  }

  /** One packet, as it came. Throws with the path of a trace when it was not taken as it should be. */
  receive({ from, packet }: Arrival): void {
    const decoded = decode(packet, from, this.tokens, Math.floor(this.#now / TOKEN_ROTATION));
    const event = decoded.ok
      ? ({ type: 'received', from, message: decoded.message, bytes: packet.length } as const)
      : ({ type: 'malformed', from, ...decoded.malformed } as const);
    this.tally[event.type]++;
    const before = this.#state;
    this.#step(event, (step) => judgePacket(before, event, step, packet.length));
  }

  /** Lets time pass, each deadline in its turn. */
  #pass(ms: number): void {
    const until = this.#now + ms;
    for (let due = this.#machine.nextDeadline(this.#state); due !== undefined && due <= until; ) {
      this.#now = due;
      this.#step({ type: 'tick' });
      due = this.#machine.nextDeadline(this.#state);
    }
    this.#now = until;
  }

  #step(event: NodeEvent<Mainline>, judge?: (step: ReturnType<Machine['advance']>) => void): void {
    if (this.#kept.length >= KEPT) {
      this.#base = this.#state;
      this.#kept = [];
    }
    const entry = { type: 'event', at: this.#now, event, effects: [] } as EventEntry;
    this.#kept.push(entry);
    try {
      const step = this.#machine.advance(this.#state, event, this.#now);
      Object.assign(entry, { effects: step.effects });
      this.#state = step.state;
      judgeEffects(step.effects, this.tokens);
      judge?.(step);
      const due = this.#machine.nextDeadline(step.state);
      if (due !== undefined && due <= this.#now) throw new Error(`F02: a deadline at ${due} at ${this.#now}`);
      if (this.#kept.length % LOOK === 0) judgeState(step.state, this.#now);
      for (const effect of step.effects) {
        if (effect.type === 'transmit' && effect.message.type === 'request') this.#watch(effect.to, effect.message);
      }
      const needed = step.effects.find((it) => it.type === 'entropy-needed');
      if (needed !== undefined) this.#step({ type: 'entropy', bytes: this.#chance.hex(needed.bytes) });
    } catch (error) {
      if (error instanceof Fallen) throw error;
      throw new Fallen(error as Error, this.#writeTrace());
    }
  }

  #watch(to: string, { tid, request }: Extract<KrpcOut, { type: 'request' }>): void {
    const target = 'target' in request ? request.target : 'infoHash' in request ? request.infoHash : undefined;
    this.#pending.push({ tid, to, target });
  }

  #known(): Knowledge {
    return {
      self: SELF,
      tokens: this.tokens,
      epoch: Math.floor(this.#now / TOKEN_ROTATION),
      pending: this.#pending,
      population: this.#population,
      corpus: this.#corpus,
      isFlood: this.#isFlood(),
    };
  }

  /** One packet in four comes in a flood. */
  #isFlood(): boolean {
    return this.#rounds % 1_024 < 256;
  }

  #operation(): NodeEvent<Mainline> {
    const chance = this.#chance;
    const id = `op${this.#operations++}`;
    const target = chance.pick([SELF, chance.pick(this.#population).id, chance.hex(20) as Id]);
    const find = { method: 'get_peers', infoHash: target } as const;
    const store = { method: 'announce_peer', infoHash: target, port: 5, impliedPort: false, token: '' } as const;
    const seeds = [{ endpoint: chance.pick(this.#population).endpoint }];
    return chance.pick<NodeEvent<Mainline>>([
      { type: 'lookup', id, kind: 'collect', target, request: find },
      { type: 'lookup', id, kind: 'closest', target, request: { method: 'find_node', target } },
      { type: 'lookup', id, kind: 'collect', target, request: { method: 'sample_infohashes', target } },
      { type: 'publish', id, target, find, store },
      { type: 'ask', id, seeds, request: { method: 'ping' } },
      { type: 'introduce', endpoint: chance.pick(this.#population).endpoint },
      { type: 'cancel', id: `op${this.#operations - 2}` },
    ]);
  }

  /** One id in four shares its first 20 to 159 bits with ours. */
  #idOf(n: number): Id {
    const id = this.#chance.hex(20);
    if (n % 4 !== 0) return id as Id;
    const digits = 5 + (n % 35);
    return `${SELF.slice(0, digits)}${id.slice(digits)}` as Id;
  }

  #writeTrace(): string {
    const file = join(tmpdir(), `xorrery-siege-${process.pid}-${this.#rounds}.ndjson`);
    const { name, version } = mainline;
    const about = { kind: 'node', profile: { name, version }, wall: 0, segment: 1, lost: 0 } as const;
    const header = { format: FORMAT, version: VERSION, ...about, start: { state: this.#base } } as const;
    writeFileSync(file, writeTrace({ header, entries: this.#kept, truncated: false }));
    return file;
  }
}

/** The node did what it should not, or threw; `file` is a trace whose last step is that one. */
export class Fallen extends Error {
  readonly file: string;

  constructor(cause: Error, file: string) {
    super(`${cause.message}; the steps up to it: xorrery replay ${file}`, { cause });
    this.file = file;
  }
}
