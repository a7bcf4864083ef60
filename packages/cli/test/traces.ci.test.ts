import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endProcesses, NodeProcess, startKvNode, startNode, xorrery } from './processes.ts';

const hex = '08ada5a7a6183aae1e09d831df6748d566095a10';
const fresh = (name: string): string => join(mkdtempSync(join(tmpdir(), 'xorrery-ci-')), name);

/** What `replay --json` says of a file. */
const replayed = async (file: string) => {
  const { code, out } = await xorrery('replay', file, '--json');
  return { code, ...(JSON.parse(out) as { events: number; identical: boolean; truncated: boolean }) };
};

afterEach(endProcesses);

describe('recording what runs', () => {
  it.each(['night.ndjson', 'night.ndjson.gz'])('[X03] a node under traffic, ended: %s replays', async (name) => {
    const file = fresh(name);
    const { node, endpoint } = await startNode('--bootstrap', 'none', '--record', file);
    for (let i = 0; i < 3; i++) {
      const other = new NodeProcess('--host', '127.0.0.1', '--port', '0', '--bootstrap', endpoint);
      await other.until({ event: 'join-finished' });
    }
    await xorrery('announce', hex, '--port', '7777', '--bootstrap', endpoint);
    expect((await xorrery('lookup', hex, '--bootstrap', endpoint)).code).toBe(0);
    expect((await node.end()).ms).toBeLessThan(1_500);
    const { code, events, identical, truncated } = await replayed(file);
    expect({ code, identical, truncated }).toEqual({ code: 0, identical: true, truncated: false });
    expect(events).toBeGreaterThan(20);
  });

  it.each(['crash.ndjson', 'crash.ndjson.gz'])(
    '[X03] a node that is killed: %s replays up to the end',
    async (name) => {
      const file = fresh(name);
      const { node, endpoint } = await startNode('--bootstrap', 'none', '--record', file);
      await xorrery('lookup', hex, '--bootstrap', endpoint);
      await vi.waitFor(async () => expect((await replayed(file)).events).toBeGreaterThan(2), { timeout: 20_000 });
      await node.end('SIGKILL' as never);
      const { code, events, identical, truncated } = await replayed(file);
      expect({ code, identical, truncated }).toEqual({ code: 2, identical: true, truncated: true });
      expect(events).toBeGreaterThan(2);
    },
  );

  it('[X03][X17] a lookup that found nobody is recorded, replayed and explained all the same', async () => {
    const file = fresh('lookup.ndjson.gz');
    const { endpoint } = await startNode('--bootstrap', 'none');
    const looked = await xorrery('lookup', hex, '--bootstrap', endpoint, '--record', file, '--json');
    expect(looked.code).toBe(1);
    expect(await replayed(file)).toMatchObject({ code: 0, identical: true });
    const { queries } = JSON.parse((await xorrery('explain', file, '--json')).out);
    const { reason, queried } = JSON.parse(looked.out);
    expect(queries.find((it: { id: string }) => it.id === 'op0')).toMatchObject({
      kind: 'collect',
      target: hex,
      reason,
    });
    expect(queried).toBeGreaterThan(0);
  });

  it('[X03] a put and a get of the key-value store are recorded', async () => {
    const { endpoint } = await startKvNode();
    const [put, get] = [fresh('put.ndjson'), fresh('get.ndjson')];
    const { key } = JSON.parse((await xorrery('kv', 'put', 'hello', '-b', endpoint, '--record', put, '--json')).out);
    expect((await xorrery('kv', 'get', key, '-b', endpoint, '--record', get, '--json')).code).toBe(0);
    for (const file of [put, get]) expect(await replayed(file)).toMatchObject({ code: 0, identical: true });
  });

  it('[X03] a command that never gets to start a node leaves no file behind', async () => {
    const file = fresh('none.ndjson');
    await xorrery('lookup', hex, '--bootstrap', 'no-such-host.invalid:1', '--record', file);
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('[X03] the demo records the node that looks, and replays it', async () => {
    const file = fresh('demo.ndjson');
    const { code, out } = await xorrery('demo', '--nodes', '8', '--seed', '3', '--record', file, '--json');
    expect(code).toBe(0);
    const { trace, replay } = JSON.parse(out);
    expect(trace).toBe(file);
    expect(replay).toEqual({ events: expect.any(Number), identical: true });
    expect(await replayed(file)).toMatchObject({ code: 0, events: replay.events, identical: true });
  });
});
