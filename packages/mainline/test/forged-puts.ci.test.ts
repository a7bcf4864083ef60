/**
 * A flood of forged puts (BEP 44) at one node, and what others who look something up there notice of it: on virtual time,
 * where nothing is lost by chance; and over UDP, where a busy machine may lose packets and take its time.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SystemClock } from '@xorrery/coordinator';
import type { Id } from '@xorrery/core';
import {
  createNode,
  MAINLINE_DEFAULTS,
  type MainlineNode,
  type MainlineOptions,
  type MutableItem,
  parseEndpoint,
  publicKeyOf,
  TOKEN_ROTATION,
  targetOf,
} from '@xorrery/mainline';
import { expect, inject, it, vi } from 'vitest';
import { MemoryNetwork } from './memory-network.ts';
import { Chance } from './mutate.ts';

/** With the victim. All others are among its closest, and it is among theirs. */
const NODES = 9;
/** By each of the others, half of them for a node and half for an item: together no more than a node may answer at once. */
const LOOKUPS = 4 * (NODES - 1);
/** Puts a second of one host: as many requests as it may make. */
const EACH = 5;
/** Puts a second with a token that is good and a signature that is not. */
const FORGED = 1_000;
/** Puts a second whose token is not good either. */
const TOKENLESS = 500;
/** Requests a second of one more host: ten times its limit. */
const REQUESTS = 50;

const SEED = new Uint8Array(32).fill(7);

interface Figures {
  /** Lookups that found all there is, the victim too. */
  readonly successes: number;
  /** ms, the median. */
  readonly median: number;
}

const measure = async (
  victim: MainlineNode,
  others: readonly MainlineNode[],
  net?: MemoryNetwork,
): Promise<Figures> => {
  const now = (): number => net?.time.clock().now() ?? performance.now();
  const until = <T>(promise: PromiseLike<T>): PromiseLike<T> => net?.time.until(promise) ?? promise;
  const times: number[] = [];
  let successes = 0;
  for (let i = 0; i < LOOKUPS; i++) {
    const asker = others[(i >> 1) % others.length] as MainlineNode;
    const start = now();
    const report =
      i % 2 === 0 ? await until(asker.findNode(victim.id)) : await until(asker.get({ publicKey: publicKeyOf(SEED) }));
    times.push(now() - start);
    const isFound = !('item' in report) || report.seq === 1;
    if (isFound && report.closest.length === NODES - 1 && report.closest.some(({ id }) => id === victim.id))
      successes++;
  }
  return { successes, median: times.sort((a, b) => a - b)[LOOKUPS / 2] as number };
};

/** Counts the signatures of strangers that a node has judged, and the ms from the first to the last. */
const judge = () => {
  const seen = { judged: 0, first: 0, last: 0 };
  const observer: Extract<MainlineOptions['observer'], (...args: never[]) => unknown> = (at, event, effects) => {
    if (event.type !== 'received') return;
    for (const { type } of effects) {
      if (type !== 'verify') continue;
      if (seen.judged++ === 0) seen.first = at;
      seen.last = at;
    }
  };
  return { seen, observer };
};
type Seen = ReturnType<typeof judge>['seen'];

const { perSecond, burst } = MAINLINE_DEFAULTS.responder.checks.maxRate as { perSecond: number; burst: number };
const mostChecks = ({ first, last }: Seen): number => burst + (perSecond * (last - first)) / 1_000 + 1;

const tell = (where: string, victim: MainlineNode, figures: object): void => {
  const { requests, limited, refused, shed, unchecked } = victim.state.counters;
  const counts = { requests, limited, refused, shed, unchecked };
  process.stderr.write(`forged puts ${where}: ${JSON.stringify({ ...counts, ...figures })}\n`);
};

it(`[U16] ${FORGED} forged puts a second, and requests at ten times the limit: lookups of others find the node as before, in as much time`, async () => {
  const chance = new Chance(inject('seed'));
  const net = new MemoryNetwork((n) => `203.${n >> 8}.${n & 255}.1:6881`);
  const { seen, observer } = judge();
  const victim = net.node({ bootstrap: [], observer });
  await victim.start();
  await net.grow(NODES - 1);
  const others = net.nodes.filter((it) => it !== victim);
  await net.time.until(others[0]?.put('here', { mutable: { seed: SEED, seq: 1 }, every: 'off' }) ?? Promise.reject());
  const now = (): number => net.time.clock().now();
  await net.time.advance(30_000);
  const before = await measure(victim, others, net);
  seen.judged = 0;

  const hosts = (FORGED + TOKENLESS) / EACH;
  const endpoints = Array.from({ length: hosts + 1 }, (_, n) => `198.${18 + (n >> 8)}.${n & 255}.1:6881`);
  const sends = await Promise.all(endpoints.map((it) => net.outsider(it)));
  const ids = endpoints.map(() => chance.hex(20) as Id);
  const keys = endpoints.map(() => chance.hex(32));
  const to = victim.endpoints[0] as string;
  const ask = (n: number, request: Parameters<(typeof sends)[number]>[1]): void => sends[n]?.(to, request);
  const put = (n: number, seq: number, isArmed: boolean): void => {
    const value = Buffer.from('2:no').toString('hex');
    const [publicKey, signature] = [keys[n] as string, chance.hex(64)];
    const item: MutableItem = { type: 'mutable', value, publicKey, salt: '', seq, signature };
    const target = targetOf(item);
    const token = isArmed ? `${endpoints[n]} ${target} ${Math.floor(now() / TOKEN_ROTATION)}` : 'guessed';
    const request = { method: 'put', target, item, token } as const;
    ask(n, { type: 'request', tid: 'ab', sender: ids[n] as Id, readOnly: false, request });
  };
  const get = (): void => {
    const request = { method: 'get_peers', infoHash: chance.hex(20) as Id } as const;
    ask(hosts, { type: 'request', tid: 'ab', sender: chance.hex(20) as Id, readOnly: false, request });
  };
  let isOver = false;
  let round = 0;
  const flood = (): void => {
    if (isOver) return;
    for (let i = 0; i < FORGED / 100; i++) put((round * (FORGED / 100) + i) % (FORGED / EACH), round, true);
    for (let i = 0; i < TOKENLESS / 100; i++) {
      put(FORGED / EACH + ((round * (TOKENLESS / 100) + i) % (TOKENLESS / EACH)), round, false);
    }
    if (round % (100 / REQUESTS) === 0) get();
    round++;
    net.time.schedule(10, flood);
  };
  flood();
  const early = await measure(victim, others, net);
  // By then whatever had been saved up is gone.
  await net.time.advance(30_000);
  const during = await measure(victim, others, net);
  isOver = true;
  tell('on virtual time', victim, { ...seen, before, early, during });
  expect(before.successes).toBe(LOOKUPS);
  for (const { successes, median } of [early, during]) {
    expect(successes).toBe(LOOKUPS);
    expect(median).toBeLessThanOrEqual(2 * before.median);
  }
  expect(victim.state.counters.unchecked).toBeGreaterThan(10 * FORGED);
  expect(seen.judged).toBeGreaterThan(burst);
  expect(seen.judged).toBeLessThanOrEqual(mostChecks(seen));
  expect(victim.state.server.items.held.size).toBe(1);
  await net.close();
});

// Any address of 127.0.0.0/8 can be bound, but on Linux alone.
it.runIf(process.platform === 'linux')(
  `[U16] the same over UDP: lookups of others find the node, and few signatures are judged`,
  async () => {
    const nodes: MainlineNode[] = [];
    const clock = new SystemClock();
    const { seen, observer } = judge();
    let attack: Worker | undefined;
    try {
      let endpoint = '';
      for (let n = 1; n <= NODES; n++) {
        const bootstrap = n === 1 ? [] : [endpoint];
        const own = { host: `127.77.${n}.1`, port: 0, bootstrap, config: { exemptLocal: false } };
        const node = createNode(n === 1 ? { ...own, observer, clock } : own);
        nodes.push(node);
        const bound = await node.start();
        if (n === 1) endpoint = bound;
        else await node.joined();
      }
      const [victim, ...others] = nodes as [MainlineNode, ...MainlineNode[]];
      await vi.waitFor(() => expect(nodes.every(({ contacts }) => contacts.length === NODES - 1)).toBe(true), 60_000);
      const put = await (others[0] as MainlineNode).put('here', { mutable: { seed: SEED, seq: 1 }, every: 'off' });
      expect(put.stored).toHaveLength(NODES - 1);
      const rates = { each: EACH, forged: FORGED, tokenless: TOKENLESS, requests: REQUESTS };
      const workerData = { ...parseEndpoint(endpoint), ...rates };
      attack = new Worker(new URL('flood-puts.mjs', import.meta.url), { workerData });
      await once(attack, 'message');

      // The tokens took most of what had been saved up for answers.
      await vi.waitFor(() => expect(victim.state.replyLevel).toBeLessThan(clock.now()), 60_000);
      const before = await measure(victim, others);
      seen.judged = 0;
      attack.postMessage('go');
      // By then whatever had been saved up is gone, unless the machine is too busy to send that many.
      await vi.waitFor(() => expect(seen.judged).toBeGreaterThan(burst + perSecond), 60_000);
      const during = await measure(victim, others);
      attack.postMessage('stop');
      const [{ sent }] = await once(attack, 'message');
      tell('over UDP', victim, { sent, ...seen, before, during });
      // Where errors took what all answers may have, none of them succeeded; a busy machine loses a few packets.
      expect(during.successes).toBeGreaterThan(before.successes / 2);
      expect(seen.judged).toBeLessThanOrEqual(mostChecks(seen));
      expect(victim.state.server.items.held.size).toBe(1);
    } finally {
      await attack?.terminate();
      await Promise.all(nodes.map((it) => it.close()));
    }
  },
);
