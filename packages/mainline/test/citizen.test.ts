/** What a node does around its lookups: how it reports on its join, announces again, and counts. Over memory, on virtual time. */
import { type Id, maps } from '@xorrery/core';
import { MAINLINE_DEFAULTS } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { Traffic } from '../src/traffic.ts';
import { MemoryNetwork } from './memory-network.ts';

const infoHash = '0123456789abcdef0123456789abcdef01234567' as Id;
const MINUTE = 60_000;

const network = async (count: number): Promise<MemoryNetwork> => {
  const net = new MemoryNetwork();
  await net.grow(count);
  return net;
};

describe('joining', () => {
  it('[J77] reports whom it asked, who answered and who did not, the table and the time', async () => {
    const net = await network(12);
    await net.at(11).close();
    const node = net.node();
    await node.start();
    const report = await net.time.until(node.joined());
    expect(report).toMatchObject({ outcome: 'joined', contacts: node.contacts.length });
    expect(report?.failed).toBeGreaterThan(0);
    expect(report?.answered).toBeGreaterThanOrEqual(11);
    expect(report?.queried).toBe((report?.answered ?? 0) + (report?.failed ?? 0));
    // The one that is gone is waited for, the others are 20 ms away.
    expect(report?.elapsed).toBeGreaterThan(MAINLINE_DEFAULTS.pool.adaptiveTimeout === 'off' ? 0 : 900);
    await net.close();
  });

  it('[J77] alone it says so, with whom it asked in vain', async () => {
    const net = new MemoryNetwork();
    const node = net.node({ bootstrap: ['10.9.9.9:1', '10.9.9.8:1'] });
    await node.start();
    const report = await net.time.until(node.joined());
    expect(report).toMatchObject({ outcome: 'isolated', contacts: 0, queried: 2, answered: 0, failed: 2 });
    await net.close();
  });

  it('[J77] stays within the bounds it is given: three requests at once, twenty-four candidates a lookup, three buckets at once', async () => {
    const net = await network(40);
    const { query, bootstrap } = MAINLINE_DEFAULTS;
    expect(bootstrap.maxLookups).toBe(3);
    const config = {
      query: { ...query, alpha: 3, stall: 'off', maxCandidates: 24 },
      bootstrap: { ...bootstrap, maxLookups: 1 },
    } as const;
    let open = 0;
    let most = 0;
    let candidates = 0;
    const node = net.node({
      config,
      observer: (_at, _event, effects, state) => {
        for (const it of effects) {
          if (it.type !== 'query' || !it.id.startsWith('join:')) continue;
          if (it.effect.type === 'send') open++;
          else if (it.effect.type === 'progressed' || it.effect.type === 'unanswered') open--;
          if (it.effect.type === 'finished') candidates = Math.max(candidates, it.effect.report.asked.length);
        }
        most = Math.max(most, open);
        expect(state.pool.running.size).toBeLessThanOrEqual(
          config.bootstrap.maxLookups + MAINLINE_DEFAULTS.include.maxChecking,
        );
      },
    });
    await node.start();
    expect((await net.time.until(node.joined()))?.outcome).toBe('joined');
    expect(most).toBe(3);
    expect([candidates > 3, candidates <= 24]).toEqual([true, true]);
    await net.close();
  });
});

describe('announcing again', () => {
  const until = (net: MemoryNetwork, n: number): number | undefined => {
    const torrent = maps.get(net.at(n).state.server.peers.torrents, infoHash);
    return torrent === undefined ? undefined : maps.firstDue(torrent.peers)?.due;
  };

  it('[J82] every 15 minutes at all that give a token, for as long as it is not taken back', async () => {
    const net = await network(8);
    const others = [0, 1, 2, 3, 4, 5, 6];
    const { stored } = await net.time.until(net.at(7).announce(infoHash, { port: 5_000, every: 15 * MINUTE }));
    expect(stored).toHaveLength(others.length);
    const first = others.map((n) => until(net, n) as number);
    // At most a twentieth later, by chance.
    await net.time.advance(16 * MINUTE);
    const second = others.map((n) => until(net, n) as number);
    second.forEach((due, i) => {
      expect(due - (first[i] as number)).toBeGreaterThanOrEqual(15 * MINUTE);
    });
    await net.time.advance(60 * MINUTE);
    expect(others.every((n) => until(net, n) !== undefined)).toBe(true);
    await net.at(7).unpublish(infoHash);
    await net.time.advance(61 * MINUTE);
    expect(others.map((n) => until(net, n))).toEqual(others.map(() => undefined));
    await net.close();
  });

  it('[J82] a round that is due looks for those closest then: a newcomer is told too', async () => {
    const net = await network(6);
    await net.time.until(net.at(5).announce(infoHash, { port: 5_000, every: 15 * MINUTE }));
    const newcomer = net.node();
    await newcomer.start();
    await net.time.advance(16 * MINUTE);
    expect(until(net, 6)).toBeDefined();
    await net.close();
  });

  it('an interval that is none is refused', async () => {
    const net = await network(2);
    for (const every of [0, -1, 1.5]) expect(() => net.at(1).announce(infoHash, { every })).toThrow('every');
    await net.close();
  });
});

describe('the counters', () => {
  it('[J83] tell what was sent, answered and received by method, what timed out, and the peers that were found', async () => {
    const net = await network(3);
    const [a, b] = [net.at(1), net.at(2)];
    const before = { a: a.traffic, b: b.traffic };
    expect(before.a.methods.find_node?.sent).toBeGreaterThan(0);
    expect(before.a.methods.find_node?.sent).toBe(before.a.methods.find_node?.succeeded);
    await net.time.until(a.announce(infoHash, { port: 5_000 }));
    await net.time.until(b.findPeers(infoHash));
    await net.time.until(b.ping('10.9.9.9:1'));
    const after = b.traffic;
    expect(after.methods.get_peers).toMatchObject({ sent: 2, succeeded: 2 });
    expect(after.methods.announce_peer).toMatchObject({ sent: 0, received: 1 });
    expect(after.methods.ping?.sent).toBe((before.b.methods.ping?.sent ?? 0) + 1);
    expect(after.methods.ping?.succeeded).toBe(before.b.methods.ping?.succeeded ?? 0);
    expect(after.timeouts).toBe(before.b.timeouts + 1);
    expect(a.traffic.methods.announce_peer).toMatchObject({ sent: 2, succeeded: 2, received: 0 });
    const c = net.node();
    await c.start();
    expect(c.traffic.peersDiscovered).toBe(0);
    await net.time.until(c.findPeers(infoHash));
    expect(c.traffic.peersDiscovered).toBe(1);
    // What one received another has sent.
    const sum = (of: 'sent' | 'received') =>
      net.nodes.reduce((all, it) => all + (it.traffic.methods.find_node?.[of] ?? 0), 0);
    expect(sum('sent')).toBe(sum('received'));
    await net.close();
  });

  it('[J83] count the errors others send, and what was received is counted before it is judged', () => {
    const traffic = new Traffic();
    const error = { type: 'error', tid: '01', code: 203, text: 'bad token' } as const;
    const ask = { type: 'request', tid: '02', sender: infoHash, readOnly: false, request: { method: 'ping' } } as const;
    traffic.observe('a', 0, { type: 'received', from: '10.0.0.1:1', message: error }, []);
    traffic.observe('a', 0, { type: 'received', from: '10.0.0.1:1', message: ask }, []);
    traffic.observe('a', 0, { type: 'tick' }, [{ type: 'closed' }]);
    expect(traffic.counts).toMatchObject({ errors: 1, methods: { ping: { received: 1, sent: 0, succeeded: 0 } } });
  });
});
