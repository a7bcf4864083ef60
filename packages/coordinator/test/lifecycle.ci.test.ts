/** Races: every order of what may happen to a coordinator, aborts at every step, and ten thousand lookups on one signal. */
import { getEventListeners } from 'node:events';
import { type Operation, RefusedError, VirtualTime } from '@xorrery/coordinator';
import type { Contact, Instant } from '@xorrery/core';
import { describe, expect, inject, it } from 'vitest';
import { ask, coordinator, find, id16, LoggedTransport, type Report, settled, Town } from './support.ts';

describe('every order of start, close, lookup, message and timeout', () => {
  const ACTIONS = ['start', 'close', 'lookup', 'message', 'timeout'] as const;
  type Action = (typeof ACTIONS)[number];
  const sequences = (depth: number): Action[][] =>
    depth === 0 ? [[]] : sequences(depth - 1).flatMap((rest) => ACTIONS.map((action) => [...rest, action]));

  const run = async (sequence: readonly Action[], isEager: boolean): Promise<void> => {
    const time = new VirtualTime();
    const transport = new LoggedTransport();
    let timer: Instant | undefined;
    const real = time.clock();
    const wakeAt = (at: Instant | undefined, wake: () => void): void => {
      timer = at;
      real.wakeAt(at, wake);
    };
    const node = coordinator(1, { transport, clock: { ...real, wakeAt } });
    const operations: Operation<Contact, Report>[] = [];
    const promises: Promise<unknown>[] = [];
    let sentWhenClosed: number | undefined;
    const act = async (action: Action): Promise<void> => {
      if (action === 'start') promises.push(node.start(['n2']).catch((error: unknown) => error));
      else if (action === 'close') promises.push(node.close());
      else if (action === 'timeout') await time.advance(5_000);
      else if (action === 'message') {
        const message = {
          type: 'request',
          tid: '01',
          sender: id16(7),
          readOnly: false,
          request: { ask: 'ping' },
        } as const;
        transport.inbox?.received('n7', message);
      } else {
        try {
          operations.push(find(node, 9), ask(node, 'n5'));
        } catch (error) {
          expect(error).toBeInstanceOf(RefusedError);
        }
      }
    };
    const where = `${sequence.join(', ')}${isEager ? ', without waiting' : ''}`;
    for (const action of sequence) {
      await act(action);
      if (!isEager) await settled();
      if (node.lifecycle === 'closed') sentWhenClosed ??= transport.sent.length;
    }
    await act('close');
    await Promise.all(promises);
    sentWhenClosed ??= transport.sent.length;
    await act('message');
    await time.advance(1_000_000);
    const reports = await Promise.all(operations);
    expect(node.lifecycle, where).toBe('closed');
    expect(transport.sent.length, where).toBe(sentWhenClosed);
    expect(transport.sentAfterClose, where).toBe(0);
    expect(timer, where).toBeUndefined();
    expect(
      reports.every((it) => it.reason !== undefined),
      where,
    ).toBe(true);
    const settledPromises = await Promise.allSettled(promises);
    expect(
      settledPromises.every((it) => it.status === 'fulfilled'),
      where,
    ).toBe(true);
  };

  // A shorter sequence is the beginning of some of these, and what follows it there is close, message and timeout too.
  it.each(ACTIONS.flatMap((first) => [false, true].map((isEager) => [first, isEager] as const)))(
    '[U05] to depth 6, beginning with %s: every operation ends, nothing is sent after closed, no timer is left (eager: %s)',
    async (first, isEager) => {
      for (const rest of sequences(5)) await run([first, ...rest], isEager);
    },
  );
});

describe('aborting', () => {
  it('[U04][U07] at every step of a lookup yields a result, sends nothing after, and leaves no listener', async () => {
    for (let step = 0; ; step++) {
      const town = new Town();
      const nodes = await town.joined(...Array.from({ length: 12 }, (_, i) => 64 + 16 * i));
      const node = nodes.at(-1) as (typeof nodes)[number];
      const controller = new AbortController();
      const operation = find(node, 3, { signal: controller.signal, settings: { alpha: 1 } });
      const taken: string[] = [];
      void (async () => {
        for await (const it of node.events({ operation: operation.id })) {
          if (it.type === 'event' && it.event.type === 'query') taken.push(it.event.effect.type);
        }
      })();
      for (let i = 0; i < step; i++) await town.time.advance(1);
      const isOver = taken.includes('finished');
      const before = taken.length;
      controller.abort();
      const report = await operation;
      await town.time.advance(60_000);
      if (!isOver) expect(report.reason, `step ${step}`).toBe('cancelled');
      expect(taken.slice(before), `step ${step}`).not.toContain('send');
      expect(getEventListeners(controller.signal, 'abort'), `step ${step}`).toEqual([]);
      for (const it of nodes) await it.close();
      if (isOver) {
        expect(step).toBeGreaterThan(3);
        return;
      }
    }
  });

  it('[U07] 10,000 lookups on one signal: no listener is left, no warning is given', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const town = new Town();
    const nodes = await town.joined(1, 2, 3);
    const node = nodes[2] as (typeof nodes)[number];
    const { signal } = new AbortController();
    let most = 0;
    for (let i = 0; i < 100 * inject('runs'); i++) {
      const batch = Array.from({ length: 100 }, (_, j) => find(node, (i * 100 + j) % 65_536, { signal }));
      most = Math.max(most, getEventListeners(signal, 'abort').length);
      await town.time.until(Promise.all(batch));
    }
    expect(most).toBe(1);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warn);
    expect(warnings.map(String)).toEqual([]);
    for (const it of nodes) await it.close();
  });
});
