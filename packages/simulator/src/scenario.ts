/**
 * What is simulated: plain data, readable from JSON, complete. Together with the version of this package it fixes every
 * event of a run. Each field has a default and a range; unknown ones are refused, so that a slip of the pen does not
 * simulate something else.
 */
import { ConfigError, checkChoice, checkInteger, type Instant } from '@xorrery/core';
import { parseAdversaries, parseLatency, parseSessions } from './spec.ts';

export interface Scenario {
  /** The protocol: `generic`, or another one that is handed to the simulation. */
  readonly profile: string;
  /** 1 to 10,000,000. */
  readonly nodes: number;
  /** Lookups of random targets by random honest nodes. */
  readonly lookups: number;
  readonly seed: number;
  /** Bucket size, reply size, and how many of the closest a lookup wants. */
  readonly k: number;
  readonly alpha: number;
  /**
   * `full`: every bucket starts with min(k, size) random members, no caps, and nobody looks after its table.
   * `joined`: nodes come one by one and join through others.
   */
  readonly tables: 'full' | 'joined';
  /** ms from one lookup to the next. */
  readonly spacing: Instant;
  /** ms of virtual time there are at least, beyond those in which nodes join. */
  readonly duration: Instant;
  /** How long a packet travels (SPEC). */
  readonly latency: string;
  /** The share of packets that are lost, delivered twice, held back by up to a second, or arrive as garbage. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly malformed: number;
  /** Bytes a second that one node can send; further packets queue behind. */
  readonly bandwidth: number | 'off';
  readonly nat: Nat | 'off';
  /** Parts of the network that packets do not leave or enter for a while. */
  readonly partitions: readonly Partition[];
  /** How long nodes stay (SPEC). */
  readonly churn: string | 'off';
  /** How a node that left comes back. `snapshot`: with the table it had. */
  readonly rejoin: 'same-id' | 'new-id' | 'snapshot';
  /** ms for which a node that left is away. */
  readonly away: Instant;
  /** Sessions as they were measured: which node is up from when to when, in ms. In place of `churn`. */
  readonly sessions: readonly Session[];
  /** Hosts that sleep: their clocks stand still, then jump. */
  readonly sleeps: readonly Sleep[];
  /** Nodes that take long to answer. */
  readonly slow: { readonly share: number; readonly ms: Instant } | 'off';
  /** The most by which the clock of one node is ahead of another's, in ms. */
  readonly skew: Instant;
  /** Who is not honest (SPEC). */
  readonly adversary: string | 'off';
  /** ms between two requests of one adversary that floods or reflects. */
  readonly floodEvery: Instant;
  /** Where one node is attacked, whose lookups are judged: its own, or those of others who look for it. */
  readonly lookupsBy: 'attacked' | 'others';
  /** Of a cluster of Sybils, where ids are bound to addresses: chosen freely, or the nearest that fit their addresses. */
  readonly sybilIds: 'chosen' | 'fit';
  /** The share of honest nodes whose ids do not fit their addresses, where these are bound to each other (BEP 42). */
  readonly unfit: number;
  /** Overrides of the nodes' configuration, by its field names: `{"query": {"paths": 4}}`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** ms from one line of the time series to the next; chosen so that there are about 60 when 0. */
  readonly interval: Instant;
}

/** `restricted`: lets in only those it has sent to lately. `symmetric`: and shows each of them another port. */
export interface Nat {
  readonly share: number;
  readonly type: 'restricted' | 'symmetric';
  /** ms after sending for which an answer is let in. */
  readonly timeout: Instant;
}

/** A share of all nodes, cut off from the rest from `from` to `until`. One way: they can only send, or only receive. */
export interface Partition {
  readonly share: number;
  readonly from: Instant;
  readonly until: Instant;
  readonly direction: 'both' | 'only-send' | 'only-receive';
}

export interface Session {
  readonly node: number;
  readonly from: Instant;
  readonly until: Instant;
}

export interface Sleep {
  readonly share: number;
  readonly from: Instant;
  readonly until: Instant;
}

export const DEFAULT_SCENARIO: Scenario = {
  profile: 'generic',
  nodes: 1_000,
  lookups: 1_000,
  seed: 1,
  k: 20,
  alpha: 3,
  tables: 'joined',
  spacing: 20,
  duration: 0,
  latency: 'uniform:20,200',
  loss: 0,
  duplicate: 0,
  reorder: 0,
  malformed: 0,
  bandwidth: 'off',
  nat: 'off',
  partitions: [],
  churn: 'off',
  rejoin: 'new-id',
  away: 60_000,
  sessions: [],
  sleeps: [],
  slow: 'off',
  skew: 0,
  adversary: 'off',
  floodEvery: 50,
  lookupsBy: 'attacked',
  sybilIds: 'chosen',
  unfit: 0,
  config: {},
  interval: 0,
};

const LONGEST = 100 * 24 * 3_600_000;

type Check = (field: string, value: unknown) => void;

const integer =
  (low: number, high: number): Check =>
  (field, value) =>
    checkInteger(field, value as number, low, high);
const share: Check = (field, value) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw new ConfigError(field, `must be a number from 0 to 1, got ${JSON.stringify(value)}`);
  }
};
const orOff =
  (check: Check): Check =>
  (field, value) => {
    if (value !== 'off') check(field, value);
  };
const text =
  (parse: (field: string, value: string) => unknown): Check =>
  (field, value) => {
    if (typeof value !== 'string') throw new ConfigError(field, `must be a text, got ${JSON.stringify(value)}`);
    parse(field, value);
  };
const choice =
  (...choices: readonly string[]): Check =>
  (field, value) =>
    checkChoice(field, value as string, choices);
const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (field, value) =>
    checkFields(field, value, checks, Object.keys(checks));
const list =
  (check: Check, most: number): Check =>
  (field, value) => {
    if (!Array.isArray(value) || value.length > most) throw new ConfigError(field, `must be a list of at most ${most}`);
    value.forEach((it, i) => {
      check(`${field}[${i}]`, it);
    });
  };

const time = integer(0, LONGEST);
const span = { share, from: time, until: time };

const CHECKS: Readonly<Record<keyof Scenario, Check>> = {
  profile: text(() => {}),
  nodes: integer(1, 10_000_000),
  lookups: integer(0, 100_000_000),
  seed: integer(0, 4_294_967_295),
  k: integer(1, 1_024),
  alpha: integer(1, 1_024),
  tables: choice('full', 'joined'),
  spacing: integer(1, LONGEST),
  duration: time,
  latency: text(parseLatency),
  loss: share,
  duplicate: share,
  reorder: share,
  malformed: share,
  bandwidth: orOff(integer(1, 1_000_000_000)),
  nat: orOff(record({ share, type: choice('restricted', 'symmetric'), timeout: integer(1, LONGEST) })),
  partitions: list(record({ ...span, direction: choice('both', 'only-send', 'only-receive') }), 64),
  churn: orOff(text(parseSessions)),
  rejoin: choice('same-id', 'new-id', 'snapshot'),
  away: integer(1, LONGEST),
  sessions: list(record({ node: integer(0, 9_999_999), from: time, until: time }), 10_000_000),
  sleeps: list(record(span), 64),
  slow: orOff(record({ share, ms: integer(1, 3_600_000) })),
  skew: time,
  adversary: orOff(text(parseAdversaries)),
  floodEvery: integer(1, 3_600_000),
  lookupsBy: choice('attacked', 'others'),
  sybilIds: choice('chosen', 'fit'),
  unfit: share,
  config: (field, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ConfigError(field, 'must be an object');
  },
  interval: time,
};

/** A whole scenario from parts of one; the rest are defaults. Throws `ConfigError` naming the first field that is wrong. */
export function scenarioOf(parts: unknown): Scenario {
  checkFields('scenario', parts, CHECKS, []);
  const scenario: Scenario = { ...DEFAULT_SCENARIO, ...(parts as Partial<Scenario>) };
  const { partitions, sleeps, sessions, nodes, loss, duplicate, reorder, malformed } = scenario;
  if (loss + duplicate + reorder + malformed > 1) {
    throw new ConfigError('scenario.loss', 'together with duplicate, reorder and malformed must be at most 1');
  }
  for (const [field, spans] of Object.entries({ partitions, sleeps, sessions })) {
    spans.forEach((it, i) => {
      if (it.from >= it.until)
        throw new ConfigError(`scenario.${field}[${i}].until`, `must be later than from, ${it.from}`);
    });
  }
  sessions.forEach((it, i) => {
    checkInteger(`scenario.sessions[${i}].node`, it.node, 0, nodes - 1);
  });
  if (sessions.length > 0 && scenario.churn !== 'off') throw new ConfigError('scenario.sessions', "needs churn 'off'");
  return scenario;
}

function checkFields(
  field: string,
  value: unknown,
  checks: Readonly<Record<string, Check>>,
  needed: readonly string[],
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(field, 'must be an object');
  }
  for (const [key, it] of Object.entries(value)) {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (check === undefined) throw new ConfigError(`${field}.${key.slice(0, 40)}`, 'is not known here');
    check(`${field}.${key}`, it);
  }
  for (const key of needed) if (!Object.hasOwn(value, key)) throw new ConfigError(`${field}.${key}`, 'is missing');
}
