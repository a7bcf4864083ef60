/** State that is kept: what goes on after a restart, how warm a warm start is, and what damage and bad directories come to. */
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Id, idFromHex, maps } from '@xorrery/core';
import { createNode, type MainlineNode, type MainlineOptions } from '@xorrery/mainline';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { textOf } from '../src/state/entry.ts';

/** On a machine that has other things to do. */
const PATIENT = { timeout: 30_000 };

const nodes: MainlineNode[] = [];
const sockets: Socket[] = [];
let directory = '';

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'xorrery-state-')), 'state');
});

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((it) => it.close()));
  for (const it of sockets.splice(0)) it.close();
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

const idOf = (n: number): Id => idFromHex(n.toString(16).padStart(40, '5'), 160);

const nodeWith = (options: MainlineOptions = {}): MainlineNode => {
  const node = createNode({ host: '127.0.0.1', port: 0, bootstrap: [], ...options });
  nodes.push(node);
  return node;
};

/** Nodes that know each other; the endpoint of the first. */
const town = async (count: number): Promise<string> => {
  const first = nodeWith();
  const bootstrap = [await first.start()];
  for (let i = 1; i < count; i++) {
    const node = nodeWith({ bootstrap });
    await node.start();
    await node.joined();
  }
  return bootstrap[0] as string;
};

/** A seed that counts who asks it, and never answers. */
const watched = async (): Promise<{ endpoint: string; asked: () => number }> => {
  let count = 0;
  const socket = createSocket('udp4').on('message', () => count++);
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { endpoint: `127.0.0.1:${socket.address().port}`, asked: () => count };
};

/** A node that has joined a town, announced and been announced to, and is closed again. */
const lived = async (count: number): Promise<{ seed: string; id: Id; contacts: number }> => {
  const seed = await town(count);
  const node = nodeWith({ bootstrap: [seed], state: directory });
  const endpoint = await node.start();
  await node.joined();
  await vi.waitFor(() => expect(node.contacts.length).toBeGreaterThanOrEqual(Math.min(count, 11)), PATIENT);
  await node.announce(idOf(1), { port: 7, every: 900_000 });
  await node.announce(idOf(2), { port: 7 });
  const { stored } = await (nodes[0] as MainlineNode).announce(idOf(3), { port: 1_234 });
  expect(stored.map((it) => it.endpoint)).toContain(endpoint);
  const { id, contacts } = node;
  await node.close();
  return { seed, id, contacts: contacts.length };
};

const news = (node: MainlineNode): string[] => {
  const told: string[] = [];
  void (async () => {
    for await (const it of node.events())
      if (it.type === 'event' && it.event.type === 'storage') told.push(`${it.event.status}: ${it.event.text}`);
  })();
  return told;
};

const peersAt = (node: MainlineNode, infoHash: Id): unknown[] => {
  const torrent = maps.get(node.state.server.peers.torrents, infoHash);
  return torrent === undefined ? [] : maps.entries(torrent.peers).map((it) => it.key);
};

describe('a node with state', () => {
  it('[U11][X25] goes on where it was: its id, whom it knew, what it kept for others and of its own', async () => {
    const { id, contacts } = await lived(5);
    const again = nodeWith({ state: directory });
    expect(again.restored).toMatchObject({ contacts: 0 });
    await again.start();
    expect(again.id).toBe(id);
    expect(again.restored).toEqual({ contacts, torrents: 1, peers: 1, items: 0, own: 1, damaged: 0 });
    expect(peersAt(again, idOf(3))).toEqual(['127.0.0.1:1234']);
    expect(maps.entries(again.state.kept).map((it) => it.key)).toEqual([idOf(1)]);
    expect((await again.joined())?.outcome).toBe('joined');
    await vi.waitFor(() => expect(again.contacts.length).toBe(contacts), PATIENT);
    await again.unpublish(idOf(1));
    await again.close();
    const last = nodeWith({ state: directory });
    await last.start();
    expect(last.state.kept.size).toBe(0);
  });

  it('[U11] what it keeps published is announced again, soon after the restart', async () => {
    const { seed } = await lived(3);
    const again = nodeWith({ state: directory });
    const events = again.events();
    await again.start();
    for await (const it of events) {
      if (it.type !== 'event' || it.event.type !== 'republished') continue;
      expect(it.event.target).toBe(idOf(1));
      expect(it.event.report.stored.map((to) => to.endpoint)).toContain(seed);
      break;
    }
  });

  it('[U11] an id that is asked for is taken, and kept', async () => {
    await lived(1);
    const named = nodeWith({ state: directory, id: idOf(77) });
    await named.start();
    expect(named.id).toBe(idOf(77));
    await named.close();
    const later = nodeWith({ state: directory });
    await later.start();
    expect(later.id).toBe(idOf(77));
  });

  it('[X25] a node of two addresses keeps both ids, and what each knows', async () => {
    const options = { host: ['127.0.0.1', '127.0.0.2'], state: directory };
    const first = nodeWith(options);
    await first.start();
    await first.announce(idOf(1), { port: 7, every: 900_000 });
    const ids = first.states.map((it) => it.config.self);
    await first.close();
    const again = nodeWith(options);
    await again.start();
    expect(new Set(ids).size).toBe(2);
    expect(again.states.map((it) => it.config.self)).toEqual(ids);
    expect(again.states.map((it) => it.kept.size)).toEqual([1, 1]);
  });

  it('[X25] each address has an id of its own in one directory', async () => {
    const ids: Id[] = [];
    for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2']) {
      const node = nodeWith({ host, state: directory });
      await node.start();
      ids.push(node.id);
      await node.close();
    }
    expect([ids[0] === ids[1], ids[2], ids[3]]).toEqual([false, ids[0], ids[1]]);
  });
});

describe('a warm start', () => {
  it('[J81][X25] asks no seed when ten of its contacts answer, and says how soon its first result comes', async () => {
    const { seed } = await lived(14);
    const time = async (options: MainlineOptions): Promise<number> => {
      const from = performance.now();
      const node = nodeWith(options);
      await node.start();
      await node.findNode(idOf(9));
      return performance.now() - from;
    };
    const unused = await watched();
    const warm = await time({ state: directory, bootstrap: [unused.endpoint] });
    expect(unused.asked()).toBe(0);
    const cold = await time({ bootstrap: [seed] });
    process.stdout.write(`first result after ${warm.toFixed(0)} ms warm, ${cold.toFixed(0)} ms cold, seed at hand\n`);
  });

  it('[X25] asks its seeds when too few of them do', async () => {
    await lived(14);
    await Promise.all(nodes.splice(0, 8).map((it) => it.close()));
    const needed = await watched();
    await nodeWith({ state: directory, bootstrap: [needed.endpoint] }).start();
    await vi.waitFor(() => expect(needed.asked()).toBeGreaterThan(0), PATIENT);
  });

  it('[X25] needs no name server; a cold one does', async () => {
    await lived(3);
    const bootstrap = ['no-such-host.invalid:1'];
    const warm = nodeWith({ state: directory, bootstrap });
    await warm.start();
    expect((await warm.joined())?.outcome).toBe('joined');
    await expect(nodeWith({ bootstrap }).start()).rejects.toMatchObject({ name: 'EndpointError' });
    await warm.close();
    await expect(nodeWith({ state: directory, bootstrap: ['nonsense'] }).start()).rejects.toMatchObject({
      name: 'EndpointError',
    });
  });
});

describe('starting again', () => {
  it('[J82] binding is retried: a start that failed for its port can be called again, its directory free meanwhile', async () => {
    const holder = await watched();
    const port = Number(holder.endpoint.split(':')[1]);
    const node = nodeWith({ port, state: directory });
    await expect(node.start()).rejects.toMatchObject({ code: 'address-in-use' });
    const { id } = node;
    await nodeWith({ state: directory })
      .start()
      .then(() => nodes.pop()?.close());
    sockets.pop()?.close();
    expect(await node.start()).toBe(holder.endpoint);
    expect(node.id).toBe(id);
  });

  it('[U14] closed while it opens its directory, it leaves that free', async () => {
    await lived(1);
    const node = nodeWith({ state: directory });
    const starting = node.start();
    await node.close();
    await expect(starting).rejects.toMatchObject({ code: 'closed' });
    await nodeWith({ state: directory }).start();
  });
});

describe('a directory that will not do', () => {
  const failure = async (state: string): Promise<unknown> => {
    const error = await nodeWith({ state })
      .start()
      .catch((it: unknown) => it);
    expect((error as Error).message).toMatch(/^cannot keep state in '[^']+': [^\n]+$/);
    expect((error as Error).message).toContain(state);
    return error;
  };

  it('in use, in this process', async () => {
    await nodeWith({ state: directory }).start();
    expect(await failure(directory)).toMatchObject({ name: 'StateError', code: 'in-use' });
  });

  it('a file, or under a file, or without a parent', async () => {
    const file = join(directory, '..', 'file');
    writeFileSync(file, 'precious');
    expect(await failure(file)).toMatchObject({ code: 'not-a-directory' });
    expect(await failure(join(file, 'x'))).toMatchObject({ code: 'not-a-directory' });
    expect(await failure(join(directory, 'a', 'b'))).toMatchObject({ code: 'missing' });
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('[U11] of a later version: nothing of it is lost', async () => {
    await lived(2);
    const store = join(directory, 'mainline.level');
    const meta = await rewrite(store, (it) => it.replace('"version":1', '"version":2'));
    expect(await failure(directory)).toMatchObject({ code: 'version' });
    expect(readdirSync(directory)).toEqual(['mainline.level']);
    const left = new ClassicLevel(store);
    expect(await left.get('meta')).toBe(meta);
    expect((await left.keys().all()).filter((it) => it.startsWith('own/'))).toHaveLength(1);
    await left.close();
  });
});

/** Changes what the store says of its version, checksum and all. */
const rewrite = async (store: string, change: (json: string) => string): Promise<string> => {
  const level = new ClassicLevel(store);
  const old = (await level.get('meta')) as string;
  const text = textOf('meta', JSON.parse(change(old.slice(11))));
  await level.put('meta', text);
  await level.close();
  return text;
};

describe('a damaged store', () => {
  const store = (): string => join(directory, 'mainline.level');
  const fileOf = (pattern: RegExp): string =>
    join(store(), readdirSync(store()).find((it) => pattern.test(it)) as string);
  const flip = (file: string, place: number): void => {
    const bytes = readFileSync(file);
    const i = place < 0 ? bytes.length + place : place;
    bytes[i] = (bytes[i] as number) ^ 0xff;
    writeFileSync(file, bytes);
  };
  /** Opened twice more: what was in the log is in tables then. */
  const aged = async (): Promise<Id> => {
    const { id } = await lived(4);
    for (let i = 0; i < 2; i++) {
      const node = nodeWith({ state: directory });
      await node.start();
      await node.close();
    }
    return id;
  };

  it.each<[string, () => void]>([
    ['CURRENT is empty', () => truncateSync(fileOf(/^CURRENT$/), 0)],
    ['CURRENT names no file', () => writeFileSync(fileOf(/^CURRENT$/), 'MANIFEST-999999\n')],
    ['CURRENT is gone', () => rmSync(fileOf(/^CURRENT$/))],
    ['MANIFEST is gone', () => rmSync(fileOf(/^MANIFEST/))],
    ['MANIFEST is empty', () => truncateSync(fileOf(/^MANIFEST/), 0)],
    ['MANIFEST has a flipped byte', () => flip(fileOf(/^MANIFEST/), 20)],
    ['a table is cut short', () => truncateSync(fileOf(/\.ldb$/), 100)],
    ['a table is gone', () => rmSync(fileOf(/\.ldb$/))],
  ])('%s: it is set aside and told, and what can be read is kept', async (_, spoil) => {
    const id = await aged();
    spoil();
    const node = nodeWith({ state: directory });
    const told = news(node);
    await node.start();
    await vi.waitFor(() => expect(told).toHaveLength(1), PATIENT);
    const aside = join(directory, 'mainline.level.damaged-1');
    expect(told[0]).toMatch(/^set-aside: the saved state was damaged: it is now '[^']+', and \d+ entries/);
    expect(told[0]).toContain(aside);
    expect(readdirSync(directory).sort()).toEqual(['mainline.level', 'mainline.level.damaged-1']);
    // Our own is written again at each start, so that one lost file does not take it along.
    expect([node.id, node.restored?.own]).toEqual([id, 1]);
    await node.close();
    const later = nodeWith({ state: directory });
    const silent = news(later);
    await later.start();
    expect([later.id, later.restored?.own, silent]).toEqual([id, 1, []]);
  });

  it('beyond repair: a clean start, and the remains are kept aside', async () => {
    await aged();
    for (const name of readdirSync(store())) writeFileSync(join(store(), name), 'noise');
    const node = nodeWith({ state: directory });
    const told = news(node);
    await node.start();
    await vi.waitFor(() => expect(told[0]).toMatch(/ and 0 entries of it were recovered$/), PATIENT);
    expect(node.restored).toEqual({ contacts: 0, torrents: 0, peers: 0, items: 0, own: 0, damaged: 0 });
    expect(readdirSync(join(directory, 'mainline.level.damaged-1')).length).toBeGreaterThan(0);
  });

  it('only the last three are kept aside', async () => {
    for (let i = 0; i < 5; i++) {
      const node = nodeWith({ state: directory });
      await node.start();
      await node.close();
      truncateSync(fileOf(/^CURRENT$/), 0);
    }
    await nodeWith({ state: directory }).start();
    const asides = readdirSync(directory).filter((it) => it.includes('damaged'));
    expect(asides.sort()).toEqual([3, 4, 5].map((n) => `mainline.level.damaged-${n}`));
  });

  it('[J81] wherever one byte of a log or a table is another, it starts, and the id is there', {
    timeout: 240_000,
  }, async () => {
    const id = await aged();
    const files = new Map(readdirSync(store()).map((it) => [it, readFileSync(join(store(), it))]));
    const spoilt = [...files.keys()].filter((it) => /\.(ldb|log)$/.test(it) && (files.get(it)?.length ?? 0) > 0);
    const left: number[] = [];
    for (const name of spoilt) {
      for (let i = 0; i < 12; i++) {
        rmSync(directory, { recursive: true });
        mkdirSync(directory);
        mkdirSync(store());
        for (const [file, bytes] of files) writeFileSync(join(store(), file), bytes);
        const size = files.get(name)?.length ?? 0;
        flip(join(store(), name), Math.floor(((i + 0.5) * size) / 12));
        const again = nodeWith({ state: directory });
        await again.start();
        left.push(again.restored?.own ?? 0);
        expect(again.id).toBe(id);
        await again.close();
      }
    }
    expect(left.filter((it) => it === 1).length).toBeGreaterThan(left.length / 2);
  });
});

/** Mounting a small disk takes a namespace of our own. */
const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

describe('a disk that runs full', () => {
  it.skipIf(!canMount)(
    'while it runs: what is our own is refused, it is told once, the node runs on, and saves again when there is room (skipped without root and unshare)',
    () => {
      const mnt = join(directory, '..');
      const script = fileURLToPath(new URL('fixtures/full-disk.mjs', import.meta.url));
      const command = `mount -t tmpfs -o size=8m tmpfs '${mnt}' && exec '${process.execPath}' '${script}' '${mnt}'`;
      const { stdout, stderr, status } = spawnSync('unshare', ['-m', 'sh', '-c', command], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect([status, stderr]).toEqual([0, '']);
      const [before, full, after, last] = stdout
        .trim()
        .split('\n')
        .map((it) => JSON.parse(it));
      expect(before).toEqual({ before: { stored: 1 } });
      expect(full).toEqual({ full: { name: 'StateError', code: 'full' }, refused: 3, lookup: 1, news: ['not-saved'] });
      expect(after).toEqual({ after: { stored: 1 }, news: ['not-saved', 'saved-again'] });
      expect(last.kept).toBeGreaterThan(3);
      expect(last.restored).toBe(last.kept);
    },
  );
});
