import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { MAX_TORRENT, parseTarget, TargetError } from '../src/target.ts';
import { EndpointError, parseEndpoint, resolveEndpoint } from '../src/target-endpoint.ts';
import { latin1 } from './krpc-samples.ts';

const dir = mkdtempSync(join(tmpdir(), 'xorrery-target-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), latin1(text));
  return join(dir, name);
};

const HEX = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const BASE32 = '2JDU5BWJLMM3RPH5XEV4CLE5IRTHZ6RW';

const whyNot = async (text: string): Promise<TargetError> => {
  const error = await parseTarget(text).catch((reason: unknown) => reason);
  if (!(error instanceof TargetError)) throw new Error(`no TargetError for '${text}'`, { cause: error });
  expect(error.message).not.toMatch(/[\r\n]/);
  return error;
};

describe('a target', () => {
  it('is 40 hex digits, in either case', async () => {
    expect(await parseTarget(HEX)).toEqual({ id: HEX, private: false });
    expect(await parseTarget(HEX.toUpperCase())).toEqual({ id: HEX, private: false });
  });

  it.each([
    `magnet:?xt=urn:btih:${HEX}`,
    `magnet:?xt=urn:btih:${HEX.toUpperCase()}`,
    `magnet:?xt=urn:btih:${BASE32}`,
    `magnet:?xt=urn:btih:${BASE32.toLowerCase()}`,
    `MAGNET:?xt=urn:btih:${HEX}`,
    `magnet:?xt=urn%3Abtih%3A${HEX}`,
    `magnet:?tr=http%3A%2F%2Ftracker.example&xt=urn:btih:${HEX}`,
    `magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C&xt=urn:btih:${HEX}`,
  ])('is a magnet: %s', async (magnet) => expect(await parseTarget(magnet)).toEqual({ id: HEX, private: false }));

  it('has the name a magnet gives it', async () => {
    expect(await parseTarget(`magnet:?xt=urn:btih:${HEX}&dn=Leaves+of+Grass`)).toMatchObject({
      name: 'Leaves of Grass',
    });
  });

  const real = (['leaves', 'alice', 'folder', 'numbers', 'lotsOfNumbers', 'bunny', 'sintel'] as const).map(
    (name) => [name, fixtures[name]] as const,
  );
  it.each(real)('is a real torrent file: %s', async (_, { torrentPath, magnetURI, parsedTorrent }) => {
    const target = await parseTarget(torrentPath);
    expect(target).toEqual({
      id: parsedTorrent.infoHash,
      name: parsedTorrent.name,
      private: parsedTorrent.private ?? false,
    });
    expect((await parseTarget(magnetURI)).id).toBe(target.id);
  });

  it('is private where the torrent says so', async () => {
    expect(await parseTarget(fixtures.bunny.torrentPath)).toMatchObject({ private: true });
    expect(await parseTarget(fixtures.leaves.torrentPath)).toMatchObject({ private: false });
  });

  it('has the hash of info as it lies in the file, whatever the order of its keys', async () => {
    const info = 'd6:lengthi1e6:pieces20:aaaaaaaaaaaaaaaaaaaa4:name1:x12:piece lengthi16384ee';
    const sorted = 'd6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae';
    const odd = await parseTarget(file('odd.torrent', `d4:info${info}e`));
    expect(odd.id).toBe('2053f9c813c5864d847de93d53fb394b349cf24f');
    expect((await parseTarget(file('even.torrent', `d4:info${sorted}e`))).id).not.toBe(odd.id);
  });
});

describe('what is no target says why, in one line', () => {
  it.each([
    ['not-a-target', '', 'not a target'],
    ['not-a-target', 'hello', 'want 40 hex digits, a magnet URI or a .torrent file'],
    ['not-a-target', HEX.slice(1), 'want 40 hex digits, got 39'],
    ['not-a-target', `${HEX}0`, 'want 40 hex digits, got 41'],
    ['not-a-target', 'two\nlines\u0000', "'two?lines?'"],
    ['not-a-target', 'x'.repeat(100_000), 'x...'],
    ['no-infohash', 'magnet:', 'no infohash in the magnet'],
    ['no-infohash', 'magnet:?dn=name', 'xt=urn:btih:HASH'],
    ['no-infohash', `magnet:?xt=urn:btih:${HEX.slice(1)}`, 'no infohash'],
    ['no-infohash', `magnet:?xt=urn:btih:${HEX}0`, 'no infohash'],
    ['no-infohash', `magnet:?xt=urn:btih:${'z'.repeat(40)}`, 'no infohash'],
    ['no-infohash', `magnet:?xt=urn:btih:${'1'.repeat(32)}`, 'no infohash'],
    ['no-infohash', `magnet:?xt=urn:btmh:1220${'a'.repeat(64)}`, 'no infohash'],
    ['no-infohash', `magnet:?xt=urn:btih:${HEX}&dn=%E0%A4%A`, 'no infohash'],
    ['file-missing', '/nowhere/at/all.torrent', "no such file: '/nowhere/at/all.torrent'"],
    ['file-missing', 'missing.torrent', "no such file: 'missing.torrent'"],
    ['file-unreadable', tmpdir(), 'not a file'],
    ['not-a-torrent', fixtures.corrupt.torrentPath, 'corrupt.torrent'],
    ['not-a-torrent', fixtures.alice.contentPath, 'not a torrent'],
  ])('%s: %s', async (code, text, part) => {
    const error = await whyNot(text);
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
  });

  it.each([
    '',
    'l-3:',
    '9999999999:a',
    'd4:infoe',
    'd4:infol-3:ee',
    'd4:info3:abce',
    'de',
    'd4:infodee',
    'l'.repeat(60_000),
    'd4:infod5:filesi1e4:name1:a12:piece lengthi1e6:pieces0:ee',
  ])('a file that holds %s is no torrent', async (text) =>
    expect(await whyNot(file('bad.torrent', text))).toMatchObject({ code: 'not-a-torrent' }),
  );

  it('a file that is too large is not read', async () => {
    const path = file('large.torrent', '');
    truncateSync(path, MAX_TORRENT + 1);
    expect(await whyNot(path)).toMatchObject({ code: 'file-too-large' });
  });
});

describe('an endpoint', () => {
  it.each([
    ['192.0.2.7:6881', '192.0.2.7', 6881],
    ['router.example:1', 'router.example', 1],
    ['localhost:65535', 'localhost', 65535],
    ['[2001:DB8:0::1]:6881', '2001:db8::1', 6881],
    ['[fe80::1%eth0]:6881', 'fe80::1%eth0', 6881],
    ['1e100.net:80', '1e100.net', 80],
  ])('is %s', (text, host, port) => expect(parseEndpoint(text)).toEqual({ host, port }));

  it.each([
    ['', 'want host:port'],
    ['192.0.2.7', 'want host:port'],
    ['192.0.2.7:', 'port must be 1 to 65535'],
    ['192.0.2.7:0', 'port must be 1 to 65535'],
    ['192.0.2.7:65536', 'port must be 1 to 65535'],
    ['192.0.2.7:http', 'port must be 1 to 65535'],
    [':6881', 'no host'],
    ['a b:1', 'no host'],
    ['a..b:1', 'no host'],
    ['http://a:1', '[address]:port'],
    [`${'a'.repeat(254)}:1`, 'no host'],
    ['256.1.1.1:1', 'no IPv4 address'],
    ['1.2.3:4', 'no IPv4 address'],
    ['2001:db8::1:6881', '[address]:port'],
    ['[2001:db8::1]', '[address]:port'],
    ['[2001:db8::g]:1', 'no IPv6 address'],
    ['[192.0.2.7]:1', 'no IPv6 address'],
    ['[::ffff:192.0.2.7]:1', 'no IPv6 address'],
    ['[]:1', 'no IPv6 address'],
    ['a\nb:1', "'a?b:1'"],
  ])("is not '%s', in one line", (text, part) => {
    expect(() => parseEndpoint(text)).toThrow(EndpointError);
    expect(() => parseEndpoint(text)).toThrow(part);
    expect(() => parseEndpoint(text)).not.toThrow(/\n/);
  });

  it('is resolved by the system where its host is a name', async () => {
    const asked: unknown[] = [];
    const lookup = async (host: string, options: { family: 0 | 4 | 6 }) => {
      asked.push([host, options.family]);
      return { address: options.family === 6 ? '2001:DB8:0::1' : '192.0.2.7' };
    };
    expect(await resolveEndpoint('router.example:6881', { lookup })).toBe('192.0.2.7:6881');
    expect(await resolveEndpoint('router.example:6881', { lookup, family: 6 })).toBe('[2001:db8::1]:6881');
    expect(await resolveEndpoint('192.0.2.9:6881', { lookup })).toBe('192.0.2.9:6881');
    expect(await resolveEndpoint('[2001:DB8::9]:6881', { lookup, family: 6 })).toBe('[2001:db8::9]:6881');
    expect(asked).toEqual([
      ['router.example', 0],
      ['router.example', 6],
    ]);
    expect(await resolveEndpoint('localhost:1', { family: 4 })).toBe('127.0.0.1:1');
  });

  it('that cannot be resolved says why, in one line', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('getaddrinfo\nENOTFOUND'), { code: 'ENOTFOUND' }));
    await expect(resolveEndpoint('no.example:1', { lookup })).rejects.toThrow("cannot resolve 'no.example': ENOTFOUND");
    await expect(resolveEndpoint('[::1]:1', { family: 4 })).rejects.toThrow('need an IPv4 address');
    await expect(resolveEndpoint('nonsense')).rejects.toThrow(EndpointError);
  });
});
