/** What a node spends on strangers, and what it tells them: rates, bytes, reflection. */
import type { Endpoint, NodeConfig } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { MAINLINE_DEFAULTS, type MainlineStoreConfig, mainline } from '../src/index.ts';
import { Bench, idOf, node } from './mainline-bench.ts';

type Changes = Partial<NodeConfig<MainlineStoreConfig>>;
const responder = (changes: Partial<NodeConfig<MainlineStoreConfig>['responder']>): Changes => ({
  responder: { ...MAINLINE_DEFAULTS.responder, ...changes },
});

/** Asks for peers; whether it was answered, and with how many. */
const ask = (bench: Bench, from: Endpoint, bytes?: number, readOnly = true): number | undefined => {
  const request = { method: 'get_peers', infoHash: idOf(5) } as const;
  const message = { type: 'request', tid: 'ab', sender: idOf(99), readOnly, request } as const;
  const told = bench.step({ type: 'received', from, message, ...(bytes === undefined ? {} : { bytes }) });
  const reply = told.find((it) => it.type === 'transmit' && it.message.type === 'reply');
  if (reply?.type !== 'transmit' || reply.message.type !== 'reply') return undefined;
  return reply.message.reply.peers?.length ?? 0;
};

const announce = (bench: Bench, from: Endpoint): void => {
  const request = { method: 'announce_peer', infoHash: idOf(5), port: 1, impliedPort: true, token: 'current' } as const;
  const message = { type: 'request', tid: 'ab', sender: idOf(98), readOnly: true, request } as const;
  bench.step({ type: 'received', from, message });
};

describe('rates', () => {
  it('[J75][U16] one host has its burst, then its rate; another is served all the while', () => {
    const bench = new Bench();
    const flood = Array.from({ length: 60 }, () => ask(bench, '198.51.100.1:6881'));
    expect(flood.filter((it) => it !== undefined)).toHaveLength(50);
    expect(ask(bench, '203.0.113.1:6881')).toBe(0);
    bench.now += 1_000;
    const later = Array.from({ length: 60 }, () => ask(bench, '198.51.100.1:7000'));
    expect(later.filter((it) => it !== undefined)).toHaveLength(5);
    expect(bench.state.counters.limited).toBe(65);
  });

  it('[U16] hosts of one network share its burst', () => {
    const bench = new Bench();
    let served = 0;
    for (let host = 1; host < 250; host++) {
      for (let i = 0; i < 4; i++) served += ask(bench, `198.51.100.${host}:1`) === undefined ? 0 : 1;
    }
    expect(served).toBe(100);
  });

  it('[S85] one host asking every 2 ms is held to its rate; a thousand hosts that ask once are never refused', () => {
    const bench = new Bench(responder({ maxRate: 'off' }));
    let flooder = 0;
    for (let round = 0; round < 1_000; round++) {
      flooder += ask(bench, '198.51.100.1:1') === undefined ? 0 : 1;
      expect(ask(bench, `198.${18 + (round >> 8)}.${round & 255}.7:1`), `round ${round}`).toBe(0);
      bench.now += 2;
    }
    expect(flooder).toBeLessThanOrEqual(50 + 2 * 5);
  });

  it('[J75][F42] what is kept of askers is bounded, and gone once they are at rest', () => {
    const limiter = { ...MAINLINE_DEFAULTS.responder.limiter, maxEntries: 20 };
    const bench = new Bench(responder({ limiter }));
    for (let i = 0; i < 500; i++) {
      ask(bench, `198.18.${i & 255}.${i >> 8}:1`);
      expect(bench.state.limiter.accounts.size).toBeLessThanOrEqual(20);
    }
    for (let due = bench.deadline; due !== undefined; due = bench.deadline) {
      bench.now = due;
      bench.step({ type: 'tick' });
    }
    expect(bench.state.limiter.accounts.size).toBe(0);
  });

  it('[R15] nobody on this machine or in a private network is limited, unless told so', () => {
    const asked = (changes: Changes): number => {
      const bench = new Bench(changes);
      const answers = Array.from({ length: 80 }, () => ask(bench, '127.0.0.1:5000'));
      return answers.filter((it) => it !== undefined).length;
    };
    expect([asked({}), asked({ exemptLocal: false })]).toEqual([80, 50]);
  });

  it('[U16][X27] all our answers together stay within their bytes a second; the rest is shed and counted', () => {
    const bench = new Bench(responder({ maxRate: { perSecond: 1_000, burst: 3_000 } }));
    let served = 0;
    for (let i = 0; i < 1_000; i++) {
      served += ask(bench, `198.18.${i & 255}.${i >> 8}:1`) === undefined ? 0 : 1;
      bench.now += 10;
    }
    // 13,000 bytes in 10 s, in replies of 150 bytes.
    expect(served).toBeGreaterThan(80);
    expect(served).toBeLessThanOrEqual(Math.floor(13_000 / 150));
    expect(bench.state.counters.shed).toBe(1_000 - served);
  });

  it('[S85][U16] 2,000 pings, one every 10 ms, against 400 bytes a second: that is what goes out, the rest is counted', () => {
    const bench = new Bench(responder({ maxRate: { perSecond: 400, burst: 400 } }));
    const request = { method: 'ping' } as const;
    let [answered, bytes] = [0, 0];
    for (let i = 0; i < 2_000; i++) {
      const message = { type: 'request', tid: 'ab', sender: idOf(99), readOnly: true, request } as const;
      for (const told of bench.step({ type: 'received', from: `198.18.${i & 255}.${i >> 8}:1`, message })) {
        if (told.type !== 'transmit') continue;
        answered++;
        bytes += mainline.sizeOf(told.message);
      }
      bench.now += 10;
    }
    expect(Math.abs(bytes / 20 - 400)).toBeLessThanOrEqual(20);
    expect(answered + bench.state.counters.shed).toBe(2_000);
  });
});

describe('reflection', () => {
  it('[U16] a stranger gets at most so many times the bytes it sent; peers are left out until it fits', () => {
    const bench = new Bench(responder({ limiter: { perHost: 'off', perNetwork: 'off', maxEntries: 2 } }));
    for (let i = 0; i < 100; i++) announce(bench, `198.18.${i}.1:1`);
    expect(ask(bench, '198.51.100.1:1')).toBe(100);
    const few = ask(bench, '198.51.100.1:1', 60) as number;
    expect(few).toBeGreaterThan(0);
    expect(150 + few * 21).toBeLessThanOrEqual(15 * 60);
  });

  it('[U16] whoever has answered us from there is known to be there, and is not limited', () => {
    const bench = new Bench(responder({ limiter: { perHost: 'off', perNetwork: 'off', maxEntries: 2 } }));
    for (let i = 0; i < 100; i++) announce(bench, `198.18.${i}.1:1`);
    bench.meet(node(99));
    expect(ask(bench, node(99).endpoint, 60)).toBe(100);
  });

  it('[U16] a reply that does not fit at all is not sent, and counted', () => {
    const bench = new Bench(responder({ amplification: 1 }));
    expect(ask(bench, '198.51.100.1:1', 60)).toBeUndefined();
    expect(bench.state.counters.oversized).toBe(1);
  });
});
