/** Hostile packets that are kept, through the codec and a node at work; and what is left when a node falls. */
import { rmSync } from 'node:fs';
import { makeNode } from '@xorrery/core';
import { replay } from '@xorrery/trace';
import { loadTraceFile } from '@xorrery/trace/files';
import { describe, expect, inject, it } from 'vitest';
import { decode, mainline } from '../src/index.ts';
import packets from './fixtures/corpus/packets.json' with { type: 'json' };
import { EPOCH, latin1, tokensOf } from './krpc-samples.ts';
import { Chance } from './mutate.ts';
import { Fallen, Siege } from './siege.ts';

const FROM = '192.0.2.7:6881';
const corpus = packets.map(({ bencoded }) => latin1(bencoded));

/** What it throws in the end. */
const fallOf = (siege: Siege): Fallen => {
  try {
    for (;;) siege.round();
  } catch (error) {
    if (error instanceof Fallen) return error;
    throw error;
  }
};

describe('packets that are kept', () => {
  it.each(packets)('[U03][X24] $about: $says', ({ bencoded, says }) => {
    const decoded = decode(latin1(bencoded), FROM, tokensOf(1), EPOCH);
    expect(decoded.ok ? decoded.message.type : decoded.malformed.cause).toBe(says);
  });

  it('[U03][X24] all of them, from a stranger and from everybody it asks, and again: none is taken for what it is not', () => {
    const siege = new Siege(new Chance(7), corpus);
    for (let i = 0; i < 3; i++) {
      for (const packet of corpus) siege.receive({ from: FROM, packet });
      siege.round();
    }
    const { ownId, unknownTransaction } = siege.state.counters;
    expect([ownId, unknownTransaction].every((it) => it > 0)).toBe(true);
  });
});

describe('a node under siege', () => {
  it('[U03][X24] 1,000 packets, mutated and well-aimed, break no promise', () => {
    const siege = new Siege(new Chance(inject('seed')), corpus);
    for (let i = 0; i < 1_000; i++) siege.round();
    expect(siege.tally.received + siege.tally.malformed).toBe(1_000);
  });

  it('[X24] one that throws leaves a trace, and the trace throws the same', async () => {
    const machine = makeNode(mainline);
    const weak = {
      ...machine,
      advance: (...args: Parameters<typeof machine.advance>): ReturnType<typeof machine.advance> => {
        if (args[0].counters.requests === 100) throw new Error('overwhelmed');
        return machine.advance(...args);
      },
    };
    const siege = new Siege(new Chance(3), corpus, weak);
    const { file } = fallOf(siege);
    const trace = await loadTraceFile(file);
    const { identical, divergence } = await replay(trace, weak);
    expect([identical, divergence?.actual]).toEqual([false, { error: 'overwhelmed' }]);
    expect(divergence?.step).toBe(trace.entries.filter((it) => it.type === 'event').length);
    rmSync(file);
  });
});
