import { restoreNode, snapshotOf } from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { eventsOf, loadTrace, machineFor, type NodeHeader, replay } from '../src/index.ts';
import { entropyFrom, mainlineNetwork, mainlineText, recorderFor, traceOf } from './network.ts';

const machine = machineFor({ profile: mainline } as never, mainline);
const identical = { events: expect.any(Number), identical: true, truncated: false };

describe('recording a node', () => {
  it('[X03] a node is recorded from its configuration on', async () => {
    const { header } = await traceOf(await mainlineText());
    expect(header).toMatchObject({
      kind: 'node',
      profile: { name: 'mainline', version: 2 },
      segment: 1,
      lost: 0,
      wall: 0,
    });
    expect(header.start).toHaveProperty('config.seed');
  });

  it('[X03] one that is joined in the middle of its life is recorded by its state', async () => {
    const net = mainlineNetwork();
    const { sink, recorder } = recorderFor(mainline);
    let late: typeof recorder.observer | undefined;
    await net.grow();
    const node = await net.grow({ observer: (...turn: Parameters<typeof recorder.observer>) => late?.(...turn) });
    late = recorder.observer;
    await net.time.until(Promise.all([node.findNode(net.id())]));
    await net.close();
    recorder.close();
    const trace = await loadTrace(sink.segments);
    expect((trace.header as NodeHeader).start).toHaveProperty('state.phase', 'running');
    expect(await replay(trace, machine)).toEqual(identical);
  });

  it('[X03] a restored node is recorded from the state it was given', async () => {
    const net = mainlineNetwork();
    await net.grow();
    const node = await net.grow();
    const saved = snapshotOf(mainline, node.state, net.time.now, 0);
    const from = restoreNode(mainline, { ...MAINLINE_DEFAULTS, self: node.id, seed: 1 }, saved, 5, 1_000);
    const { sink, recorder } = recorderFor(mainline);
    const started = machine.advance(from, { type: 'start', seeds: [] }, 6);
    const withFrom = recorderFor(mainline, { from } as never);
    for (const it of [recorder, withFrom.recorder])
      it.observer(6, { type: 'start', seeds: [] }, started.effects, started.state);
    recorder.close();
    withFrom.recorder.close();
    const [blind, told] = await Promise.all([loadTrace(sink.segments), loadTrace(withFrom.sink.segments)]);
    expect([eventsOf(blind).length, eventsOf(told).length]).toEqual([0, 1]);
    expect(await replay(told, machine)).toEqual(identical);
    await net.close();
  });

  it('[X03] goes on in another segment past its limit, and each replays by itself', async () => {
    const net = mainlineNetwork();
    const { sink, recorder, ring } = recorderFor(mainline, { maxBytes: 8_000 });
    for (let i = 0; i < 4; i++) await net.grow();
    const node = await net.grow({ observer: recorder.observer });
    for (let i = 0; i < 6; i++) {
      await net.time.until(Promise.all([node.findNode(net.id())]));
      ring();
    }
    await net.close();
    recorder.close();
    expect(sink.segments.length).toBeGreaterThan(2);
    let events = 0;
    for (const [i, segment] of sink.segments.entries()) {
      const trace = await traceOf(segment);
      expect(trace.header.segment).toBe(i + 1);
      expect(await replay(trace, machine)).toEqual(identical);
      events += eventsOf(trace).length;
    }
    expect(events).toBe(recorder.events);
  });

  it('[X03] drops events when the disk is too slow, counts them, and begins anew when it has caught up', async () => {
    const net = mainlineNetwork();
    const { sink, recorder, ring } = recorderFor(mainline);
    await net.grow();
    const node = await net.grow({ observer: recorder.observer });
    ring();
    sink.backlog = 1_000_000_000;
    await net.time.until(Promise.all([node.findNode(net.id())]));
    ring();
    sink.backlog = 0;
    await net.time.until(Promise.all([node.findNode(net.id())]));
    ring();
    await net.time.until(Promise.all([node.findNode(net.id())]));
    await net.close();
    recorder.close();
    expect(sink.segments).toHaveLength(2);
    const [first, second] = await Promise.all(sink.segments.map(traceOf));
    expect(second?.header.lost).toBe(recorder.lost);
    expect(recorder.lost).toBeGreaterThan(0);
    for (const trace of [first, second]) expect(await replay(trace as never, machine)).toEqual(identical);
  });

  it('[X03] holds a bounded number of events, though nothing rings', async () => {
    const { sink, recorder } = recorderFor(mainline);
    let state = machine.init({ ...MAINLINE_DEFAULTS, self: '0'.repeat(40), seed: 1 } as never);
    const tick = { type: 'tick' } as const;
    for (let at = 0; at < 3_000; at++) {
      recorder.observer(at, tick, [], state);
      state = machine.advance(state, tick, at).state;
    }
    expect(sink.segments.join('').match(/^\[/gm)?.length).toBeGreaterThanOrEqual(2_048);
  });

  it('[X03] encodes nothing on the turn', async () => {
    const { sink, recorder } = recorderFor(mainline);
    const state = machine.init({ ...MAINLINE_DEFAULTS, self: '0'.repeat(40), seed: 1 } as never);
    for (let at = 0; at < 60; at++) recorder.observer(at, { type: 'tick' }, [], state);
    expect(sink.segments.join('').match(/^\[/gm)).toBe(null);
  });

  it('[X03] writes no secret: neither the keys of tokens nor the tokens made with them', async () => {
    const text = await mainlineText();
    const secret = Buffer.from(entropyFrom(99).bytes(512)).toString('hex');
    for (let i = 0; i + 16 <= secret.length; i += 2) expect(text).not.toContain(secret.slice(i, i + 16));
    // What we hand out is a symbol; the bytes are made at the edge.
    const own = [...text.matchAll(/"type":"reply","tid":"[^"]*","sender":"#0","reply":\{[^}]*"token":([^,}]*)/g)].map(
      (it) => it[1],
    );
    expect(own.length).toBeGreaterThan(0);
    for (const token of own) expect(token).toMatch(/^\{"infoHash":/);
  });
});
