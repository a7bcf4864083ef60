/** The node as applications see it, on virtual time: what it refuses, and how operations end. */
import { ConfigError, type Id } from '@xorrery/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createKvNode, KV_DEFAULTS, type KvNode, MAX_VALUE } from '../src/index.ts';
import { MemoryNetwork } from './memory-network.ts';

const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

let network = new MemoryNetwork();

afterEach(async () => {
  await network.close();
  network = new MemoryNetwork();
});

describe('a key-value node', () => {
  it('[F29] a value too long, a key of the wrong width, a negative version: a ConfigError that names it', async () => {
    const [node] = await network.grow(1);
    const key = network.id();
    const field = (run: () => unknown): string | undefined => {
      try {
        run();
      } catch (error) {
        return error instanceof ConfigError ? error.field : String(error);
      }
      return undefined;
    };
    expect([
      field(() => node?.put(key, new Uint8Array(MAX_VALUE + 1))),
      field(() => node?.put('abc' as Id, 'x')),
      field(() => node?.put(key, 5 as unknown as string)),
      field(() => node?.put(key, 'x', { seq: -1 })),
      field(() => node?.put(key, 'x', { lifetime: 0 })),
      field(() => node?.put(key, 'x', { every: 0 })),
      field(() => node?.get('abc' as Id)),
      field(() => node?.findNode('abc' as Id)),
      field(() => node?.unpublish('abc' as Id)),
    ]).toEqual(['value', 'key', 'value', 'seq', 'lifetime', 'every', 'key', 'target', 'key']);
  });

  it.each([
    ['port', { port: 70_000 }],
    ['id', { id: 'ABC' as Id }],
    ['bootstrap', { bootstrap: ['nowhere'] }],
    ['bootstrap', { bootstrap: ['[::1]:7600'] }],
    ['query.k', { config: { query: { ...KV_DEFAULTS.query, k: 0 } } }],
    ['records.maxRecords', { config: { server: { maxRecords: 0 } } }],
  ])('[T43] a bad %s is a ConfigError that names it', (name, options) => {
    expect(() => createKvNode(options)).toThrow(expect.objectContaining({ name: 'ConfigError', field: name }));
  });

  it('[U17] of two puts on one key at once the later one counts, whichever arrives first', async () => {
    const [, a, b] = await network.grow(6);
    const key = network.id();
    const early = a!.put(key, 'early');
    const late = a!.put(key, 'late');
    await network.time.until(Promise.all([early, late]));
    expect(text((await network.time.until(b!.get(key))).value)).toBe('late');
    const stale = await network.time.until(b!.put(key, 'stale', { seq: 0 }));
    expect([stale.reason, stale.stored]).toEqual(['failed', []]);
    expect(stale.failed.every((it) => it.cause === 'refused')).toBe(true);
    expect(text((await network.time.until(a!.get(key))).value)).toBe('late');
  });

  it('[T36] alone it keeps what it is given, and finds it again', async () => {
    const [node] = (await network.grow(1)) as [KvNode];
    const put = await network.time.until(node.put(undefined, 'mine'));
    expect([put.local, put.stored, put.reason]).toEqual([true, [], 'failed']);
    // No time has to pass for it.
    expect(text((await node.get(put.key)).value)).toBe('mine');
    await network.time.until(node.put(network.id(), 'also mine'));
    expect(node.state.server.held.size).toBe(2);
  });

  it('says when there is nothing, and asked everybody near', async () => {
    const [, node] = await network.grow(5);
    const get = await network.time.until(node!.get(network.id()));
    expect([get.value, get.reason, get.responded]).toEqual([undefined, 'exhausted', 4]);
  });

  it('[T41] what is held here, and how many contacts there are, is known without asking anybody', async () => {
    const [a, b] = await network.grow(2);
    const { key } = await network.time.until(a!.put(undefined, 'x'));
    const before = network.sent.length;
    expect([a!.holds(key), b!.holds(key), b!.holds(network.id()), b!.contacts.length]).toEqual([true, true, false, 1]);
    expect(network.sent).toHaveLength(before);
  });

  it('ends with reason `cancelled` when aborted, and `closed` with the node; an aborted signal starts nothing', async () => {
    const [, node] = await network.grow(4);
    const abort = new AbortController();
    const get = node!.get(network.id(), { signal: abort.signal });
    abort.abort();
    expect((await network.time.until(get)).reason).toBe('cancelled');
    const other = node!.get(network.id());
    const closing = node!.close();
    expect((await network.time.until(other)).reason).toBe('closed');
    await closing;
    expect(() => node!.get(network.id())).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(() => node!.get(network.id(), { signal: AbortSignal.abort('no') })).toThrow('no');
  });
});
