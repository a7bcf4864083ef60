import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { endProcesses, NodeProcess, startNode, xorrery } from './processes.ts';

const hex = '08ada5a7a6183aae1e09d831df6748d566095a10';
const leaves = fixtures.leaves.torrentPath;
const { infoHash } = fixtures.leaves.parsedTorrent;

afterEach(endProcesses);

/** A bound UDP socket that never answers. */
const silence = async (): Promise<{ endpoint: string; port: number; close: () => void }> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  return { endpoint: `127.0.0.1:${port}`, port, close: () => socket.close() };
};

describe('bad input', () => {
  it.each([
    ['a target that is none', ['lookup', 'not-a-target'], 2],
    ['a file that is no torrent', ['lookup', fixtures.corrupt.torrentPath], 2],
    ['an id that is none', ['find-node', 'abc'], 2],
    ['a port that is none', ['node', '--port', 'http'], 2],
    ['an unknown command', ['nosuch'], 2],
    ['a private torrent', ['announce', fixtures.bunny.torrentPath, '--port', '1'], 2],
    ['a host without an address', ['lookup', hex, '--bootstrap', 'no-such-host.invalid:1'], 1],
  ])('[T40] %s: one line, and nothing on stdout', async (_what, argv, code) => {
    const ended = await xorrery(...argv);
    expect(ended).toEqual({ code, out: '', err: expect.stringMatching(/^xorrery: [^\n]+\n$/) });
  });

  it('[T40] a port in use is exit code 1 and one line that names it', async () => {
    const taken = await silence();
    const ended = await xorrery('node', '--host', '127.0.0.1', '--port', String(taken.port), '--bootstrap', 'none');
    taken.close();
    expect(ended.err).toBe(`xorrery: cannot bind ${taken.endpoint}: the port is in use\n`);
    expect([ended.code, ended.out]).toEqual([1, '']);
  });

  it.each(['lookup', 'find-node'])(
    '%s: a bootstrap node that does not answer is exit code 1, one line, and JSON all the same',
    async (command) => {
      const nobody = await silence();
      const ended = await xorrery(command, hex, '--bootstrap', nobody.endpoint, '--timeout', '400ms', '--json');
      nobody.close();
      expect(ended.err).toMatch(new RegExp(`^xorrery: nobody answered at ${nobody.endpoint} within \\d+ ms\n$`));
      expect(JSON.parse(ended.out)).toMatchObject({ target: hex, closest: [], responded: 0, reason: 'expired' });
      expect(ended.code).toBe(1);
    },
  );

  it('announce: a bootstrap node that does not answer is exit code 1, one line, and JSON all the same', async () => {
    const nobody = await silence();
    const ended = await xorrery('announce', hex, '--port', '1', '-b', nobody.endpoint, '-t', '400ms', '--json');
    nobody.close();
    expect(ended.err).toMatch(/^xorrery: nobody answered at [^\n]+\n$/);
    expect(JSON.parse(ended.out)).toMatchObject({ target: hex, stored: 0, nodes: [] });
    expect(ended.code).toBe(1);
  });
});

describe('demo', () => {
  it('[T40] joins every node, finds the peer, and prints one JSON document', async () => {
    const { code, out, err } = await xorrery('demo', '--json');
    const result = JSON.parse(out);
    expect([code, err]).toEqual([0, '']);
    expect(result).toMatchObject({ nodes: 32, joined: 32, lookup: { reason: 'converged' } });
    expect(result.infoHash).toMatch(/^[0-9a-f]{40}$/);
    expect(result.lookup.peers).toEqual([{ host: '127.0.0.1', port: 6881 }]);
    expect(result.lookup.responded).toBeGreaterThan(0);
    expect(result.lookup.queried).toBeGreaterThanOrEqual(result.lookup.responded);
    expect(result.lookup).toMatchObject({ hops: expect.any(Number), durationMs: expect.any(Number) });
    const target = expect.stringMatching(/^[0-9a-f]{40}$/);
    expect(result).toMatchObject({ immutable: { target, found: true }, mutable: { target, seq: 2, found: true } });
    expect(result.replay).toMatchObject({ identical: true });
  });

  it('the same seed gives the same infohash, and every size from the smallest works', async () => {
    const [a, b] = await Promise.all([
      xorrery('demo', '--json', '--seed', '7', '--nodes', '3'),
      xorrery('demo', '--json', '--seed', '7', '--nodes', '12'),
    ]);
    expect([a.code, b.code]).toEqual([0, 0]);
    expect(JSON.parse(a.out).infoHash).toBe(JSON.parse(b.out).infoHash);
  });

  it('tells its story in plain lines when piped', async () => {
    const { code, out } = await xorrery('demo', '--nodes', '8', '--seed', '1');
    expect(code).toBe(0);
    expect(out).toMatch(/^8 nodes join through 127\.0\.0\.1:\d+\n8 of 8 joined in /);
    expect(out).toMatch(/\nfound 127\.0\.0\.1:6881: asked /);
    expect(out).not.toContain('\u001b');
    expect(out).not.toContain('█');
  });
});

describe('node', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '[T40] says first that it is ready, and %s ends it within a second, port freed',
    async (signal) => {
      const node = new NodeProcess('--host', '127.0.0.1', '--port', '0', '--bootstrap', 'none');
      const ready = await node.next();
      expect(ready).toEqual({
        event: 'ready',
        host: '127.0.0.1',
        port: expect.any(Number),
        id: expect.stringMatching(/^[0-9a-f]{40}$/),
      });
      const { code, ms } = await node.end(signal);
      expect(code).toBe(0);
      expect(ms).toBeLessThan(1_000);
      const socket = createSocket('udp4');
      socket.bind(Number(ready.port), '127.0.0.1');
      await once(socket, 'listening');
      socket.close();
    },
  );

  it('[T21][G17] joins through any of several bootstrap endpoints, and both sides say whom they met', async () => {
    const first = await startNode('--bootstrap', 'none');
    const nobody = await silence();
    const second = await startNode('--bootstrap', nobody.endpoint, '--bootstrap', first.endpoint);
    await second.node.until({ event: 'contact-added', id: first.id });
    await second.node.until({ event: 'join-finished', outcome: 'joined' });
    await first.node.until({ event: 'contact-added', id: second.id });
    nobody.close();
    expect(await second.node.end()).toMatchObject({ code: 0 });
  });

  it('ends within a second while a bootstrap node does not answer', async () => {
    const nobody = await silence();
    const { node } = await startNode('--bootstrap', nobody.endpoint);
    const { code, ms } = await node.end();
    nobody.close();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(1_000);
  });

  it('says when a peer is announced to it; a read-only one keeps to itself', async () => {
    const { node, endpoint } = await startNode('--bootstrap', 'none');
    const silent = await startNode('--bootstrap', endpoint, '--read-only');
    await silent.node.until({ event: 'join-finished', outcome: 'joined' });
    expect(await xorrery('announce', hex, '--port', '4001', '-b', endpoint, '--json')).toMatchObject({ code: 0 });
    const { peer } = await node.until({ event: 'announced', infoHash: hex });
    expect(peer).toEqual({ host: '127.0.0.1', port: 4001 });
    const found = await xorrery('find-node', silent.id, '-b', endpoint, '--json');
    expect(JSON.parse(found.out).closest.map((it: { id: string }) => it.id)).not.toContain(silent.id);
  });
});

describe('announce, then lookup', () => {
  it('[T40] finds what was announced, by hex id, by magnet and by .torrent file', async () => {
    const { endpoint, id } = await startNode('--bootstrap', 'none');
    const announced = await xorrery('announce', leaves, '--port', '4002', '-b', endpoint, '--json');
    expect([announced.code, announced.err]).toEqual([0, '']);
    const [host, port] = [endpoint.split(':')[0], Number(endpoint.split(':')[1])];
    expect(JSON.parse(announced.out)).toMatchObject({
      target: infoHash,
      stored: 1,
      nodes: [{ id, host, port }],
    });
    for (const target of [infoHash, `magnet:?xt=urn:btih:${infoHash}&dn=leaves`, leaves]) {
      const found = await xorrery('lookup', target, '-b', endpoint, '--json');
      expect([found.code, found.err]).toEqual([0, '']);
      expect(JSON.parse(found.out)).toMatchObject({
        target: infoHash,
        peers: [{ host: '127.0.0.1', port: 4002 }],
        closest: [{ id, host, port }],
        queried: 1,
        responded: 1,
        hops: 0,
        durationMs: expect.any(Number),
        reason: 'exhausted',
      });
    }
  });

  it('prints peers alone on stdout, and talks on stderr', async () => {
    const { endpoint } = await startNode('--bootstrap', 'none');
    await xorrery('announce', hex, '--port', '4003', '-b', endpoint);
    const { code, out, err } = await xorrery('lookup', hex, '-b', endpoint);
    expect([code, out]).toEqual([0, '127.0.0.1:4003\n']);
    expect(err).toContain(`Looking for peers of ${hex}\n`);
    expect(err).toContain('1 peer found: asked 1, answered 1');
  });

  it('--implied-port stands for the port that packets come from', async () => {
    const { node, endpoint } = await startNode('--bootstrap', 'none');
    await xorrery('announce', hex, '--implied-port', '-b', endpoint);
    const { peer, from } = await node.until({ event: 'announced', infoHash: hex });
    expect(peer).toEqual(from);
  });

  it('[T40] no peers is exit code 1, one line, and JSON with what was asked', async () => {
    const { endpoint } = await startNode('--bootstrap', 'none');
    const { code, out, err } = await xorrery('lookup', hex, '-b', endpoint, '--json');
    expect(JSON.parse(out)).toMatchObject({ target: hex, peers: [], queried: 1, responded: 1 });
    expect(err).toMatch(/^xorrery: no peers found: asked 1, answered 1[^\n]*\n$/);
    expect(code).toBe(1);
  });
});

describe('find-node', () => {
  it('[T40] lists the nodes closest to an id, nearest first', async () => {
    const first = await startNode('--bootstrap', 'none');
    const second = await startNode('--bootstrap', first.endpoint);
    await second.node.until({ event: 'join-finished', outcome: 'joined' });
    await first.node.until({ event: 'contact-added', id: second.id });
    const { code, out } = await xorrery('find-node', second.id.toUpperCase(), '-b', first.endpoint, '--json');
    const result = JSON.parse(out);
    expect(code).toBe(0);
    expect(result.target).toBe(second.id);
    expect(result.closest.map((it: { id: string }) => it.id)).toEqual([second.id, first.id]);
    expect(result).not.toHaveProperty('peers');
  });
});
