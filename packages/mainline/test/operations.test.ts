import { readdirSync, readFileSync } from 'node:fs';
import { RefusedError } from '@xorrery/coordinator';
import { ConfigError, compareDistance, type Id } from '@xorrery/core';
import { MAINLINE_DEFAULTS } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { MemoryNetwork } from './memory-network.ts';

const infoHash = '0123456789abcdef0123456789abcdef01234567' as Id;

const network = async (count: number): Promise<MemoryNetwork> => {
  const net = new MemoryNetwork();
  await net.grow(count);
  return net;
};

describe('operations over memory, on virtual time', () => {
  it('[D10][D12][D13][T22] thirty nodes join through the first, and each finds the true closest to any target', async () => {
    const net = await network(30);
    for (const from of net.nodes) {
      const target = net.id();
      const { closest, reason } = await net.time.until(from.findNode(target));
      const others = net.nodes.filter((it) => it !== from).map((it) => it.id);
      const truth = others.sort((a, b) => compareDistance(target, a, b)).slice(0, 8);
      expect(closest.map((it) => it.id)).toEqual(truth);
      expect(reason).toBe('converged');
    }
    await net.close();
  });

  it('[J01][J12] what one announces another finds, once, as it comes and in the report', async () => {
    const net = await network(12);
    const stored = await net.time.until(net.at(3).announce(infoHash, { port: 5_000 }));
    expect(stored).toMatchObject({ reason: 'exhausted', failed: [], notAttempted: [] });
    const lookup = net.at(9).findPeers(infoHash);
    const came: string[] = [];
    const reading = (async () => {
      for await (const peer of lookup) came.push(peer.key);
    })();
    await net.time.until(reading);
    const report = await lookup;
    expect(came).toEqual(['10.0.0.4:5000']);
    expect(report.values).toEqual([{ key: '10.0.0.4:5000' }]);
    await net.close();
  });

  it('[Z12] a node finds the peers that were announced to itself, whoever else knows of them', async () => {
    const net = await network(2);
    await net.time.until(net.at(0).announce(infoHash, { port: 5_000 }));
    const lookup = net.at(1).findPeers(infoHash);
    expect((await net.time.until(lookup)).values).toEqual([{ key: '10.0.0.1:5000' }]);
    const came: string[] = [];
    for await (const peer of lookup) came.push(peer.key);
    expect(came).toEqual(['10.0.0.1:5000']);
    await net.close();
  });

  it('[J19][J70] an announce with the implied port takes the port of the packet; tokens are shown where they were given', async () => {
    const net = await network(6);
    const report = await net.time.until(net.at(2).announce(infoHash));
    expect([report.stored.length, report.failed.length]).toEqual([5, 0]);
    const found = await net.time.until(net.at(4).findPeers(infoHash));
    expect(found.values).toEqual([{ key: '10.0.0.3:6881' }]);
    await net.close();
  });

  it('[T19] after start the caller does nothing: a lookup ends though nobody answers', async () => {
    const net = await network(3);
    const [first, second, third] = [net.at(0), net.at(1), net.at(2)];
    await second.close();
    await third.close();
    const report = await net.time.until(first.findNode(net.id()));
    expect(report).toMatchObject({ reason: 'exhausted', closest: [] });
    await net.close();
  });

  it('[F26] with no packet whatever its one timer fires: an unanswered join is reported at 3 s', async () => {
    const net = new MemoryNetwork();
    const node = net.node({ bootstrap: ['10.9.9.9:1'] });
    await node.start();
    await net.time.advance(2_999);
    const joined = node.joined();
    expect(node.lifecycle).toBe('joining');
    await net.time.advance(1);
    expect(await joined).toMatchObject({ outcome: 'isolated', contacts: 0, elapsed: 3_000 });
    expect(node.lifecycle).toBe('offline');
    await net.close();
  });

  it('[G18][U14] refusals are typed and come at once, and no event follows', async () => {
    const net = await network(2);
    const node = net.at(0);
    const fresh = net.node();
    expect(() => fresh.findPeers(infoHash)).toThrow(RefusedError);
    expect(() => fresh.findPeers(infoHash)).toThrow(expect.objectContaining({ code: 'not-started' }));
    const events = node.events();
    expect(() => node.findPeers('xyz' as Id)).toThrow(ConfigError);
    expect(() => node.findNode(infoHash, { settings: { alpha: 0 } })).toThrow('query.alpha');
    expect(() => node.announce(infoHash, { port: 0 })).toThrow('port');
    events.close();
    await net.close();
    expect(() => node.findPeers(infoHash)).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(await events.next()).toEqual({ value: undefined, done: true });
  });

  it('[G18] over the limit: a typed error, and those accepted still end', async () => {
    const net = new MemoryNetwork();
    await net.grow(4, {
      config: { pool: { ...MAINLINE_DEFAULTS.pool, maxQueries: 1, maxQueued: 2, adaptiveTimeout: 'off' } },
    });
    const node = net.at(3);
    const accepted = [0, 1, 2].map(() => node.findNode(net.id()));
    expect(() => node.findNode(net.id())).toThrow(expect.objectContaining({ code: 'over-limit' }));
    for (const it of accepted) expect((await net.time.until(it)).reason).toBe('exhausted');
    await net.close();
  });

  it('[F34][U14] two lookups of one key at once both end, each with its own report', async () => {
    const net = await network(9);
    const node = net.at(5);
    const [one, two] = [node.findNode(infoHash), node.findNode(infoHash)];
    expect(one.id).not.toBe(two.id);
    const [first, second] = [await net.time.until(one), await net.time.until(two)];
    expect(first.closest).toEqual(second.closest);
    expect(first.closest.length).toBe(8);
    await net.close();
  });

  it('[G17][G19] the stream carries contacts, joins, progress and ends, numbered, timed and with their cause', async () => {
    const net = await network(3);
    const node = net.node();
    const seen: { seq: number; at: number; type: string; cause: string }[] = [];
    const events = node.events();
    const reading = (async () => {
      for await (const it of events) {
        if (it.type === 'event') seen.push({ seq: it.seq, at: it.at, type: it.event.type, cause: it.cause.type });
      }
    })();
    await node.start();
    await net.time.until(node.joined());
    const lookup = node.findNode(net.id());
    const report = await net.time.until(lookup);
    await node.close();
    await reading;
    expect(new Set(seen.map((it) => it.type))).toEqual(
      new Set(['lifecycle', 'contact-added', 'query', 'join-finished', 'closed']),
    );
    expect(seen.map((it) => it.seq)).toEqual(seen.map((_, i) => i));
    expect(seen.map((it) => it.at)).toEqual([...seen.map((it) => it.at)].sort((a, b) => a - b));
    expect(seen.find((it) => it.type === 'contact-added')?.cause).toBe('received');
    expect(report.counts.requests).toBe(3);
    await net.close();
  });

  it('[G17] a contact that stops answering is announced as removed', async () => {
    const net = await network(3);
    const [node, gone] = [net.at(0), net.at(2)];
    const events = node.events();
    await gone.close();
    for (let i = 0; i < 2; i++) await net.time.until(node.findNode(net.id()));
    node.close();
    const removed: unknown[] = [];
    for await (const it of events)
      if (it.type === 'event' && it.event.type === 'contact-removed') removed.push(it.event.contact);
    expect(removed).toEqual([{ id: gone.id, endpoint: '10.0.0.3:6881' }]);
    await net.close();
  });
});

describe('aborting', () => {
  it('[U04][U07] at any moment it yields a report, and nothing is sent afterwards', async () => {
    for (let after = 0; after <= 60; after += 5) {
      const net = await network(10);
      const node = net.at(4);
      const abort = new AbortController();
      const lookup = node.findPeers(infoHash, { signal: abort.signal });
      await net.time.advance(after);
      abort.abort();
      const sent = net.sentBy(5);
      const { reason } = await net.time.until(lookup);
      expect(['cancelled', 'converged', 'exhausted']).toContain(reason);
      if (reason === 'cancelled') {
        await net.time.advance(15);
        expect(net.sentBy(5)).toBe(sent);
      }
      await net.close();
    }
  });

  it('[U07] a signal that is aborted already starts nothing, and its reason is thrown', async () => {
    const net = await network(3);
    const sent = net.sentBy(1);
    const reason = new Error('not today');
    expect(() => net.at(0).findPeers(infoHash, { signal: AbortSignal.abort(reason) })).toThrow(reason);
    expect(net.sentBy(1)).toBe(sent);
    await net.close();
  });
});

describe('life', () => {
  it('[G18] start and close are idempotent and safe in any order; after close nothing is sent', async () => {
    const orders = [
      ['close', 'start'],
      ['start', 'close', 'close'],
      ['start', 'start', 'close'],
      ['close', 'close', 'start', 'start'],
    ] as const;
    for (const order of orders) {
      const net = await network(3);
      const node = net.node();
      const outcomes = await Promise.allSettled(order.map((it) => node[it]()));
      const closed = order.indexOf('close') === 0;
      for (const [i, outcome] of outcomes.entries()) {
        if (order[i] === 'close') expect(outcome.status).toBe('fulfilled');
        else if (closed) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
      }
      const sent = net.sentBy(4);
      await net.time.advance(10_000);
      expect(net.sentBy(4)).toBe(sent);
      expect(node.lifecycle).toBe('closed');
      expect(await node.joined()).toBeUndefined();
      await net.close();
    }
  });

  it('[F17] closing ends what runs with reason closed, and every stream', async () => {
    const net = await network(5);
    const node = net.at(2);
    const events = node.events();
    const running = [node.findPeers(infoHash), node.announce(infoHash)];
    await node.close();
    expect((await Promise.all(running)).map((it) => it.reason)).toEqual(['closed', 'closed']);
    for await (const _ of events);
    await net.close();
  });

  it('[U14] before anybody is met an operation waits for the join; told to refuse, it is refused as isolated', async () => {
    const net = await network(4);
    const patient = net.node();
    await patient.start();
    expect((await net.time.until(patient.findNode(infoHash))).closest.length).toBe(4);
    const strict = net.node({ config: { whenEmpty: 'refuse' } });
    await strict.start();
    expect(() => strict.findNode(infoHash)).toThrow(expect.objectContaining({ code: 'isolated' }));
    await net.close();
  });

  it.each([0, 1, 2, 7, 8, 9])(
    '[U14][D21] with %i other nodes a lookup asks them all, or the 8 nearest and few more, and ends',
    async (others) => {
      const net = await network(others + 1);
      const { closest, reason, counts } = await net.time.until(net.at(0).findNode(infoHash));
      expect(closest.length).toBe(Math.min(8, others));
      expect(reason).toBe(others >= 8 ? 'converged' : 'exhausted');
      expect(counts.requests).toBeLessThanOrEqual(others);
      await net.close();
    },
  );

  it('[G22] only the coordinator is asynchronous: the core has no async, await or Promise', () => {
    const root = new URL('../../core/src/', import.meta.url);
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((it) => it.endsWith('.ts'));
    expect(sources.length).toBeGreaterThan(20);
    for (const name of sources) {
      const code = readFileSync(new URL(name, root), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      expect(code, name).not.toMatch(/\basync\b|\bawait\b|\bPromise\b|\bsetTimeout\b/);
    }
  });
});
