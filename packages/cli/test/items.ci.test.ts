/** put, get, scrape and sample as processes, the way a user runs them. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Id } from '@xorrery/core';
import { createNode, pointerTo, publicKeyOf } from '@xorrery/mainline';
import { afterEach, describe, expect, it } from 'vitest';
import { endProcesses, fed, startNode, xorrery } from './processes.ts';

const HELLO = 'e28910ea0adb94dd45ced75fbff3e135c01bc437';
const hex = '08ada5a7a6183aae1e09d831df6748d566095a10';

afterEach(endProcesses);

const fresh = (name: string): string => join(mkdtempSync(join(tmpdir(), 'xorrery-')), name);
const alone = () => startNode('--bootstrap', 'none');

describe('put, then get', () => {
  it('[T40] put prints the target, and get the value; all talk is on stderr', async () => {
    const { node, endpoint } = await alone();
    const put = await xorrery('put', 'hello', '-b', endpoint);
    expect([put.code, put.out]).toEqual([0, `${HELLO}\n`]);
    expect(put.err).toContain(`Storing 5 bytes under ${HELLO}\n`);
    await node.until({ event: 'stored', key: HELLO, bytes: 7 });
    const get = await xorrery('get', HELLO, '-b', endpoint);
    expect([get.code, get.out]).toEqual([0, 'hello']);
    expect(get.err).toContain('5 bytes found: asked 1, answered 1, found in ');
  });

  it('[T40] with --json both print one document', async () => {
    const { endpoint, id } = await alone();
    const [host, port] = [endpoint.split(':')[0], Number(endpoint.split(':')[1])];
    const put = await xorrery('put', 'hello', '-b', endpoint, '--json');
    expect([put.code, put.err]).toEqual([0, '']);
    const stored = JSON.parse(put.out);
    expect(stored).toMatchObject({ target: HELLO, stored: 1, nodes: [{ id, host, port }], refused: [] });
    expect(stored).not.toHaveProperty('seq');
    const get = await xorrery('get', HELLO.toUpperCase(), '-b', endpoint, '--json');
    const found = JSON.parse(get.out);
    expect(found).toMatchObject({ target: HELLO, found: true, value: 'hello', encoding: 'utf8', reason: 'found' });
    expect(found).not.toHaveProperty('signatureValid');
  });

  it('[T40] a mutable value has a key file, a number that rises, and a signature that was checked', async () => {
    const { node, endpoint } = await alone();
    const key = fresh('me.key');
    const put = async (value: string, ...more: string[]) => {
      const { code, out, err } = await xorrery('put', value, '-m', '-k', key, '-b', endpoint, '--json', ...more);
      return {
        code,
        err,
        ...(JSON.parse(out) as { target: string; seq: number; publicKey: string; refused: object[] }),
      };
    };
    const first = await put('one', '--salt', 'note');
    expect(first).toMatchObject({ code: 0, err: '', stored: 1, seq: 1 });
    expect([statSync(key).mode & 0o777, /^[0-9a-f]{64}\n$/.test(readFileSync(key, 'latin1'))]).toEqual([0o600, true]);
    await node.until({ event: 'stored', key: first.target, bytes: 5 });
    const second = await put('two', '--salt', 'note');
    expect(second).toMatchObject({ code: 0, seq: 2, target: first.target, publicKey: first.publicKey });
    for (const target of [first.publicKey, first.target]) {
      const get = await xorrery('get', target, '--salt', 'note', '-b', endpoint, '--json');
      expect(JSON.parse(get.out)).toMatchObject({
        ...{ target: first.target, found: true, value: 'two', seq: 2 },
        ...{ publicKey: first.publicKey, signatureValid: true },
      });
    }
    expect((await xorrery('get', first.publicKey, '-b', endpoint)).code).toBe(1);

    const older = await put('old', '--salt', 'note', '--seq', '1');
    expect(older).toMatchObject({ code: 1, stored: 0, refused: [{ code: 302 }] });
    expect(older.err).toMatch(/^xorrery: stored nowhere: refused or unanswered 1 \(sequence number less[^\n]*\n$/);
    expect(await put('x', '--salt', 'note', '--seq', '3', '--cas', '1')).toMatchObject({
      code: 1,
      refused: [{ code: 301 }],
    });
    expect(await put('x', '--salt', 'note', '--seq', '3', '--cas', '2')).toMatchObject({ code: 0, seq: 3 });
  });

  it('[T40] a value may be a file, or come on stdin, and is written as the bytes it is', async () => {
    const { endpoint } = await alone();
    const bytes = Buffer.from(Array.from({ length: 996 }, (_, i) => (i * 7) % 256));
    const file = fresh('value');
    writeFileSync(file, bytes);
    const target = (await xorrery('put', `@${file}`, '-b', endpoint)).out.trim();
    expect(String(await fed(bytes, 'put', '-', '-b', endpoint))).toBe(`${target}\n`);
    expect(Buffer.compare(await fed('', 'get', target, '-b', endpoint), bytes)).toBe(0);
    const { out } = await xorrery('get', target, '-b', endpoint, '--json');
    expect(JSON.parse(out)).toMatchObject({ encoding: 'base64', value: bytes.toString('base64') });
  });

  it('[T40] what nobody stored is exit code 1, one line, and JSON all the same', async () => {
    const { endpoint } = await alone();
    const get = await xorrery('get', HELLO, '-b', endpoint, '--json');
    expect(JSON.parse(get.out)).toMatchObject({ target: HELLO, found: false, value: null, responded: 1 });
    expect(get.err).toMatch(/^xorrery: not found: asked 1, answered 1[^\n]*\n$/);
    expect(get.code).toBe(1);
  });
});

describe('scrape', () => {
  it('[T40] estimates what was announced; of what nobody knows it is exit code 1', async () => {
    const { endpoint } = await alone();
    await xorrery('announce', hex, '--port', '1', '-b', endpoint);
    const { code, out, err } = await xorrery('scrape', hex, '-b', endpoint, '--json');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ target: hex, seeds: 0, peers: 1, responded: 1 });
    expect((await xorrery('scrape', hex, '-b', endpoint)).out).toBe('about 0 seeds and 1 other peer\n');
    const none = await xorrery('scrape', HELLO, '-b', endpoint, '--json');
    expect([none.code, JSON.parse(none.out).peers]).toEqual([1, 0]);
    expect(none.err).toMatch(/^xorrery: nobody knows of a peer: [^\n]*\n$/);
  });
});

describe('sample', () => {
  it('[T40] prints what a node knows; of one that does not answer it is exit code 1', async () => {
    const { endpoint } = await alone();
    await xorrery('announce', hex, '--port', '1', '-b', endpoint);
    const { code, out, err } = await xorrery('sample', endpoint, '--json');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ interval: 21_600, num: 1, samples: [hex] });
    const plain = await xorrery('sample', endpoint);
    expect([plain.code, plain.out, plain.err]).toEqual([0, `${hex}\n`, '1 of 1 torrent; others in 360 min\n']);

    const nobody = createSocket('udp4');
    nobody.bind(0, '127.0.0.1');
    await once(nobody, 'listening');
    const silent = `127.0.0.1:${nobody.address().port}`;
    const ended = await xorrery('sample', silent, '--timeout', '400ms', '--json');
    nobody.close();
    expect(ended.err).toMatch(new RegExp(`^xorrery: nobody answered at ${silent} within \\d+ ms\n$`));
    expect([ended.code, JSON.parse(ended.out).samples]).toEqual([1, []]);
  });
});

describe('lookup of a pointer (BEP 46)', () => {
  it('[T40] finds the peers of the torrent that the owner names', async () => {
    const { endpoint } = await alone();
    const publisher = createNode({ host: '127.0.0.1', port: 0, bootstrap: [endpoint] });
    try {
      await publisher.start();
      await publisher.joined();
      await publisher.announce(hex as Id, { port: 4_242 });
      const seed = new Uint8Array(32).fill(5);
      await publisher.put(pointerTo(hex as Id), { mutable: { seed, salt: 'n' } });
      await publisher.put('hello', { mutable: { seed } });
      const magnet = `magnet:?xs=urn:btpk:${publicKeyOf(seed)}`;
      const lookup = await xorrery('lookup', `${magnet}&s=6e`, '-b', endpoint);
      expect([lookup.code, lookup.out]).toEqual([0, '127.0.0.1:4242\n']);
      const { code, out } = await xorrery('lookup', `${magnet}&s=6e`, '-b', endpoint, '--json');
      const peers = [{ host: '127.0.0.1', port: 4_242 }];
      expect([code, JSON.parse(out)]).toMatchObject([0, { target: hex, peers, pointer: { seq: 1 } }]);
      const wrong = await xorrery('lookup', magnet, '-b', endpoint);
      expect([wrong.code, wrong.err]).toEqual([1, expect.stringMatching(/is no pointer: it names no infohash/)]);
      const none = await xorrery('lookup', `${magnet}&s=00`, '-b', endpoint);
      expect([none.code, none.err]).toEqual([1, expect.stringMatching(/no pointer found under [0-9a-f]{40}/)]);
    } finally {
      await publisher.close();
    }
  });
});
