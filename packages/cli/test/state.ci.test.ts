/** `xorrery node --state`, the way a user meets it: what a restart brings back, and what is said of a directory that will not do. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endProcesses, NodeProcess, startNode, xorrery } from './processes.ts';

const hex = '08ada5a7a6183aae1e09d831df6748d566095a10';
const ALONE = ['--host', '127.0.0.1', '--port', '0', '--bootstrap', 'none'];

let base = '';
let directory = '';

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'xorrery-cli-state-'));
  directory = join(base, 'state');
});

afterEach(() => {
  endProcesses();
  rmSync(base, { recursive: true, force: true });
});

describe('node --state', () => {
  it('[U11][T40][J83] ends within a second with everything saved, and goes on from there', async () => {
    const first = await startNode('--bootstrap', 'none', '--state', directory);
    await xorrery('announce', hex, '--port', '1234', '--bootstrap', first.endpoint);
    await xorrery('put', 'a value', '--bootstrap', first.endpoint);
    const ended = await first.node.end('SIGTERM');
    expect([ended.code, ended.ms < 1_000]).toEqual([0, true]);
    expect(await first.node.until({ event: 'stats' })).toMatchObject({
      torrents: 1,
      items: 1,
      traffic: { methods: { announce_peer: { received: 1 }, put: { received: 1 } } },
      counters: { malformed: 0 },
    });
    const again = new NodeProcess(...ALONE, '--state', directory);
    expect(await again.next()).toMatchObject({
      event: 'ready',
      id: first.id,
      restored: { torrents: 1, peers: 1, items: 1, damaged: 0 },
    });
    expect(again.err).toBe('');
  });

  it('[T40] a directory in use by another process is exit code 1 and one line that names it', async () => {
    await startNode('--bootstrap', 'none', '--state', directory);
    const { code, out, err } = await xorrery('node', ...ALONE, '--state', directory);
    expect(err).toBe(`xorrery: --state: cannot keep state in '${directory}': another node uses it\n`);
    expect([code, out]).toEqual([1, '']);
  });

  it('[T40] what is no directory is exit code 2, one line, and left as it was', async () => {
    const file = join(base, 'file');
    writeFileSync(file, 'x');
    for (const [path, why] of [
      [file, 'it is not a directory'],
      [join(base, 'no', 'such'), 'the directory it is to be made in does not exist'],
      ['/proc/nothing/here', 'the directory it is to be made in does not exist'],
    ]) {
      const { code, out, err } = await xorrery('node', ...ALONE, '--state', path as string);
      expect(err).toBe(`xorrery: --state: cannot keep state in '${path}': ${why}\n`);
      expect([code, out]).toEqual([2, '']);
    }
    expect(readdirSync(base)).toEqual(['file']);
  });

  it('a damaged store is set aside: said on stderr and as an event, and the node runs', async () => {
    const first = await startNode('--bootstrap', 'none', '--state', directory);
    await first.node.end();
    truncateSync(join(directory, 'mainline.level', 'CURRENT'), 0);
    const again = new NodeProcess(...ALONE, '--state', directory);
    expect(await again.next()).toMatchObject({ event: 'ready', id: first.id });
    const told = await again.until({ event: 'storage' });
    expect(told).toMatchObject({ status: 'set-aside', text: expect.stringContaining('mainline.level.damaged-1') });
    await again.end();
    expect(again.err).toBe(`xorrery: --state: ${told.text}\n`);
  });

  it('[X25] two addresses keep their ids in one directory, and are told apart when it is ready', async () => {
    const argv = [
      '--host',
      '127.0.0.1',
      '--host',
      '127.0.0.2',
      '--port',
      '0',
      '--bootstrap',
      'none',
      '--state',
      directory,
    ];
    const ids: unknown[][] = [];
    for (let i = 0; i < 2; i++) {
      const node = new NodeProcess(...argv);
      const { id, endpoints } = await node.until({ event: 'ready' });
      const all = endpoints as { host: string; port: number; id: string }[];
      expect(all.map(({ host }) => host)).toEqual(['127.0.0.1', '127.0.0.2']);
      ids.push(all.map((it) => it.id));
      expect(id).toBe(all[0]?.id);
      await node.end();
    }
    expect([ids[0], new Set(ids[0]).size]).toEqual([ids[1], 2]);
    const second = new NodeProcess('--host', '127.0.0.2', '--port', '0', '--bootstrap', 'none', '--state', directory);
    expect((await second.until({ event: 'ready' })).id).toBe(ids[0]?.[1]);
  });
});

/** Mounting a disk of our own takes root and a namespace. */
const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
const BIN = fileURLToPath(new URL('../bin/xorrery.js', import.meta.url));

describe.skipIf(!canMount)('node --state on a disk of its own (skipped without root and unshare)', () => {
  const onDisk = (options: string, prepare: string): { code: number | null; err: string; out: string } => {
    const run = `exec '${process.execPath}' '${BIN}' node ${ALONE.join(' ')} --state '${base}/disk/state'`;
    const script = `mkdir '${base}/disk' && mount -t tmpfs -o ${options} tmpfs '${base}/disk' && ${prepare} && ${run}`;
    const { status, stderr, stdout } = spawnSync('unshare', ['-m', 'sh', '-c', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { code: status, err: stderr, out: stdout };
  };

  it('[T40] a read-only one is exit code 2, and one line that says so', () => {
    expect(onDisk('ro', 'true')).toEqual({
      code: 2,
      out: '',
      err: `xorrery: --state: cannot keep state in '${base}/disk/state': the file system is read-only\n`,
    });
  });

  it('[T40] a full one is exit code 1, and one line that says so', () => {
    const fill = `{ cat /dev/zero > '${base}/disk/filling' 2> /dev/null; mkdir '${base}/disk/state'; }`;
    expect(onDisk('size=1m', fill)).toEqual({
      code: 1,
      out: '',
      err: `xorrery: --state: cannot keep state in '${base}/disk/state': the disk is full\n`,
    });
  });
});
