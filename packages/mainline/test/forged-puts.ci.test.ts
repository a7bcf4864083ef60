/** A flood of forged puts (BEP 44) at one node over UDP, and what others who look something up there notice of it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SystemClock } from '@xorrery/coordinator';
import { createNode, MAINLINE_DEFAULTS, type MainlineNode, parseEndpoint, publicKeyOf } from '@xorrery/mainline';
import { expect, it, vi } from 'vitest';

/** With the victim. All others are among its closest, and it is among theirs. */
const NODES = 9;
/** Each once for a node and once for an item. */
const LOOKUPS = 5 * 2 * (NODES - 1);
/** Puts a second of one host: as many requests as it may make. */
const EACH = 5;
/** Puts a second with a token that is good and a signature that is not. */
const FORGED = 1_000;
/** Puts a second whose token is not good either. */
const TOKENLESS = 500;
/** Requests a second of one more host: ten times its limit. */
const REQUESTS = 50;
/** ms that a busy machine may add to a median, flood or not. */
const JITTER = 20;

const SEED = new Uint8Array(32).fill(7);

interface Figures {
  /** Lookups that found all there is, the victim too. */
  readonly successes: number;
  /** ms, the median. */
  readonly median: number;
}

const measure = async (victim: MainlineNode, others: readonly MainlineNode[]): Promise<Figures> => {
  const times: number[] = [];
  let successes = 0;
  for (let i = 0; i < LOOKUPS; i++) {
    const asker = others[(i >> 1) % others.length] as MainlineNode;
    const start = performance.now();
    const report = await (i % 2 === 0 ? asker.findNode(victim.id) : asker.get({ publicKey: publicKeyOf(SEED) }));
    times.push(performance.now() - start);
    const isFound = !('item' in report) || report.seq === 1;
    if (isFound && report.closest.length === NODES - 1 && report.closest.some(({ id }) => id === victim.id))
      successes++;
  }
  return { successes, median: times.sort((a, b) => a - b)[LOOKUPS / 2] as number };
};

// Any address of 127.0.0.0/8 can be bound, but on Linux alone.
it.runIf(process.platform === 'linux')(
  `[U16] ${FORGED} forged puts a second at a node, and requests at ten times the limit: lookups of others find it as before, and few signatures are judged`,
  async () => {
    const nodes: MainlineNode[] = [];
    const clock = new SystemClock();
    let [judged, firstJudged, lastJudged] = [0, 0, 0];
    const observe: NonNullable<Parameters<typeof createNode>[0]>['observer'] = (at, event, effects) => {
      if (event.type !== 'received') return;
      for (const { type } of effects) {
        if (type !== 'verify') continue;
        if (judged++ === 0) firstJudged = at;
        lastJudged = at;
      }
    };
    let attack: Worker | undefined;
    try {
      let endpoint = '';
      for (let n = 1; n <= NODES; n++) {
        const bootstrap = n === 1 ? [] : [endpoint];
        const config = { exemptLocal: false };
        const node = createNode({
          host: `127.77.${n}.1`,
          port: 0,
          bootstrap,
          config,
          ...(n === 1 && { observer: observe, clock }),
        });
        nodes.push(node);
        const bound = await node.start();
        if (n === 1) endpoint = bound;
        else await node.joined();
      }
      const [victim, ...others] = nodes as [MainlineNode, ...MainlineNode[]];
      await vi.waitFor(() => expect(nodes.every(({ contacts }) => contacts.length === NODES - 1)).toBe(true), 60_000);
      const put = await (others[0] as MainlineNode).put('here', { mutable: { seed: SEED, seq: 1 }, every: 'off' });
      expect(put.stored).toHaveLength(NODES - 1);
      const workerData = {
        ...parseEndpoint(endpoint),
        each: EACH,
        forged: FORGED,
        tokenless: TOKENLESS,
        requests: REQUESTS,
      };
      attack = new Worker(new URL('flood-puts.mjs', import.meta.url), { workerData });
      await once(attack, 'message');

      // The tokens took most of what had been saved up for answers.
      await vi.waitFor(() => expect(victim.state.replyLevel).toBeLessThan(clock.now()), 60_000);
      const before = await measure(victim, others);
      const start = victim.state.counters;
      judged = 0;
      attack.postMessage('go');
      const { perSecond, burst } = MAINLINE_DEFAULTS.responder.checks.maxRate as { perSecond: number; burst: number };
      // By then whatever had been saved up is gone.
      await vi.waitFor(() => expect(victim.state.counters.unchecked).toBeGreaterThan(start.unchecked + FORGED), 60_000);
      const during = await measure(victim, others);
      await vi.waitFor(() => expect(judged).toBeGreaterThan(burst + 5 * perSecond), 60_000);
      attack.postMessage('stop');
      const [{ sent }] = await once(attack, 'message');

      const { requests, limited, refused, shed, unchecked } = victim.state.counters;
      const seconds = (lastJudged - firstJudged) / 1_000;
      const counts = { seconds, judged, requests, limited, refused, shed, unchecked };
      process.stderr.write(`forged puts: ${JSON.stringify({ sent, ...counts, before, during })}\n`);
      expect(before.successes).toBe(LOOKUPS);
      expect(during.successes).toBe(before.successes);
      expect(during.median).toBeLessThanOrEqual(Math.max(2 * before.median, before.median + JITTER));
      expect(judged).toBeLessThanOrEqual(burst + perSecond * seconds + 1);
      expect(victim.state.server.items.held.size).toBe(1);
    } finally {
      await attack?.terminate();
      await Promise.all(nodes.map((it) => it.close()));
    }
  },
);
