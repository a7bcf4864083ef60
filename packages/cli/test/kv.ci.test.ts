/** The key-value store as processes: nodes, puts and gets, the way a user runs them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { endProcesses, fed, startKvNode, xorrery } from './processes.ts';

const HELLO = 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d';
const KEY = '00112233445566778899aabbccddeeff00112233';

afterEach(endProcesses);

describe('kv put, then kv get', () => {
  it('[T40] put prints the key, by default the SHA-1 of what is stored, and get the value; all talk is on stderr', async () => {
    const { endpoint } = await startKvNode();
    const put = await xorrery('kv', 'put', 'hello', '-b', endpoint);
    expect([put.code, put.out]).toEqual([0, `${HELLO}\n`]);
    expect(put.err).toContain(`Storing 5 bytes under ${HELLO}\n`);
    const get = await xorrery('kv', 'get', HELLO, '-b', endpoint);
    expect([get.code, get.out]).toEqual([0, 'hello']);
    expect(get.err).toContain('5 bytes found: asked 1, answered 1, found in ');
  });

  it('[T40] with --json both print one document; a key of our own may be put again', async () => {
    const { endpoint, id } = await startKvNode();
    const [host, port] = [endpoint.split(':')[0], Number(endpoint.split(':')[1])];
    for (const value of ['first', 'second']) {
      const put = await xorrery('kv', 'put', KEY.toUpperCase(), value, '-b', endpoint, '--json');
      expect([put.code, put.err]).toEqual([0, '']);
      expect(JSON.parse(put.out)).toMatchObject({
        key: KEY,
        target: KEY,
        stored: 1,
        seq: expect.any(Number),
        nodes: [{ id, host, port }],
      });
      const get = await xorrery('kv', 'get', KEY, '-b', endpoint, '--json');
      expect(JSON.parse(get.out)).toMatchObject({
        key: KEY,
        found: true,
        value,
        encoding: 'utf8',
        immutable: false,
        durationMs: expect.any(Number),
      });
    }
  });

  it('[T40] a value may be a file, or come on stdin, and is written as the bytes it is', async () => {
    const { endpoint } = await startKvNode();
    const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 7) % 256));
    const file = join(mkdtempSync(join(tmpdir(), 'xorrery-')), 'value');
    writeFileSync(file, bytes);
    const fromFile = await xorrery('kv', 'put', `@${file}`, '-b', endpoint);
    const key = fromFile.out.trim();
    const fromStdin = await fed(bytes, 'kv', 'put', '-', '-b', endpoint);
    expect(String(fromStdin)).toBe(`${key}\n`);
    expect(Buffer.compare(await fed('', 'kv', 'get', key, '-b', endpoint), bytes)).toBe(0);
    const { out } = await xorrery('kv', 'get', key, '-b', endpoint, '--json');
    expect(JSON.parse(out)).toMatchObject({ encoding: 'base64', value: bytes.toString('base64'), immutable: true });
  });

  it('[T40] what nobody stored is exit code 1, one line, and JSON all the same', async () => {
    const { endpoint } = await startKvNode();
    const get = await xorrery('kv', 'get', KEY, '-b', endpoint, '--json');
    expect(JSON.parse(get.out)).toMatchObject({ key: KEY, found: false, value: null, queried: 1, responded: 1 });
    expect(get.err).toMatch(/^xorrery: not found: asked 1, answered 1[^\n]*\n$/);
    expect(get.code).toBe(1);
  });

  it('[T40] a bootstrap node that does not answer is exit code 1 and one line that names it', async () => {
    const { node, endpoint } = await startKvNode();
    await node.end();
    for (const command of [
      ['get', HELLO],
      ['put', 'hello'],
    ]) {
      const ended = await xorrery('kv', ...command, '-b', endpoint, '--timeout', '400ms');
      expect(ended.err).toMatch(new RegExp(`^xorrery: nobody answered at ${endpoint} within \\d+ ms\n$`));
      expect([ended.code, ended.out]).toEqual([1, '']);
    }
  });
});

describe('kv node', () => {
  it('[T40] says first that it is ready, then what is stored with it, and SIGTERM ends it', async () => {
    const { node, endpoint, id } = await startKvNode();
    expect(id).toMatch(/^[0-9a-f]{40}$/);
    await xorrery('kv', 'put', 'hello', '-b', endpoint);
    expect(await node.until({ event: 'stored' })).toMatchObject({ key: HELLO, bytes: 5, from: { host: '127.0.0.1' } });
    const { code, ms } = await node.end();
    expect([code, ms < 1_000]).toEqual([0, true]);
  });

  it('[T40] a port in use is exit code 1 and one line that names it', async () => {
    const { endpoint } = await startKvNode();
    const ended = await xorrery('kv', 'node', '--host', '127.0.0.1', '--port', endpoint.split(':')[1] as string);
    expect(ended).toEqual({ code: 1, out: '', err: `xorrery: cannot bind ${endpoint}: the port is in use\n` });
  });
});

describe('a hundred processes', () => {
  const COUNT = 100;
  const AT_ONCE = 4;

  it('[T42] put at one, get at another, exit code 0', async () => {
    const first = await startKvNode();
    const all = [first];
    // A few at a time: starting a process is the most expensive thing here.
    const startSome = async (): Promise<void> => {
      while (all.length < COUNT) {
        const started = startKvNode('--bootstrap', first.endpoint);
        all.push(first);
        const at = all.length - 1;
        all[at] = await started;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, startSome));
    const last = all.at(-1) as typeof first;
    await last.node.until({ event: 'join-finished', outcome: 'joined' });
    const [one, other] = [all[17] as typeof first, all[83] as typeof first];
    const put = await xorrery('kv', 'put', 'from one end to the other', '--bootstrap', one.endpoint, '--json');
    expect([put.code, put.err]).toEqual([0, '']);
    const { key, stored } = JSON.parse(put.out) as { key: string; stored: number };
    expect(stored).toBe(20);
    const get = await xorrery('kv', 'get', key, '--bootstrap', other.endpoint);
    expect([get.code, get.out]).toEqual([0, 'from one end to the other']);
  }, 180_000);
});
