import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../src/program.ts';

const hex = '0123456789abcdef0123456789abcdef01234567';

/** Runs a command line in this process. */
const invoke = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  let out = '';
  let err = '';
  const code = await run(argv, {
    out: {
      write: (text) => {
        out += text;
      },
    },
    err: {
      write: (text) => {
        err += text;
      },
    },
  });
  return { code, out, err };
};

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'xorrery-')), name);
  writeFileSync(path, content);
  return path;
};

/** What is typed, and what the one line must name and say. */
const BAD: readonly (readonly [string[], RegExp])[] = [
  [[], /see 'xorrery --help'/],
  [['lokup'], /unknown command 'lokup' .*lookup/],
  [['--nosuch'], /unknown option '--nosuch'/],
  [['demo', 'extra'], /unexpected argument 'extra'/],
  [['demo', '--nodes', '2'], /--nodes '2': want a whole number from 3 to 512/],
  [['demo', '--nodes', '513'], /--nodes '513'/],
  [['demo', '--nodes', 'many'], /--nodes 'many'/],
  [['demo', '--seed', '-1'], /--seed '-1'/],
  [['demo', '--seed'], /--seed.* argument missing/],
  [['lookup'], /missing required argument 'TARGET'/],
  [['lookup', 'abc'], /TARGET: .*'abc'.*40 hex digits, got 3/],
  [['lookup', hex.replace('0', 'g')], /TARGET: .*40 hex digits/],
  [['lookup', 'magnet:?dn=nothing'], /TARGET: no infohash/],
  [['lookup', 'magnet:?xt=urn:btih:123'], /TARGET: no infohash/],
  [['lookup', 'nothere.torrent'], /TARGET: no such file: 'nothere.torrent'/],
  [['lookup', tmpdir()], /TARGET: not a file/],
  [['lookup', file('text.torrent', 'hello')], /TARGET: not a torrent/],
  [['lookup', file('empty.torrent', '')], /TARGET: not a torrent/],
  [['lookup', file('list.torrent', 'l4:infoe')], /TARGET: not a torrent/],
  [['lookup', 'two\nlines'], /TARGET: /],
  [['lookup', hex, '--timeout', '5 apples'], /--timeout '5 apples': want a duration/],
  [['lookup', hex, '--timeout', '0s'], /--timeout '0s'/],
  [['lookup', hex, '--bootstrap', 'nowhere'], /--bootstrap 'nowhere': want host:port/],
  [['lookup', hex, '--bootstrap', '127.0.0.1:0'], /--bootstrap '127\.0\.0\.1:0': the port/],
  [['lookup', hex, '--bootstrap', '127.0.0.1:99999'], /--bootstrap .*the port/],
  [['find-node'], /missing required argument 'ID'/],
  [['find-node', 'xyz'], /ID 'xyz': want 40 hex digits/],
  [['find-node', `${hex}0`], /ID '.*': want 40 hex digits, got 41/],
  [['announce', hex], /--port <port> or --implied-port/],
  [['announce', hex, '--port', '1', '--implied-port'], /--port <port> or --implied-port/],
  [['announce', hex, '--port', '0'], /--port '0': want a whole number from 1 to 65535/],
  [['announce', hex, '--port', '65536'], /--port '65536'/],
  [['put'], /missing required argument 'VALUE'/],
  [['put', 'x', 'more'], /unexpected argument 'more'/],
  [['put', 'x'.repeat(997)], /VALUE: must be at most 996 bytes/],
  [['put', `@${file('long', 'x'.repeat(997))}`], /VALUE: must be at most 996 bytes/],
  [['put', '@nothere'], /VALUE: no such file: 'nothere'/],
  [['put', 'x', '--mutable'], /--mutable needs --key <file>/],
  [['put', 'x', '--key', 'k'], /--key needs --mutable/],
  [['put', 'x', '--seq', '1'], /--seq needs --mutable/],
  [['put', 'x', '--salt', 's'], /--salt needs --mutable/],
  [['put', 'x', '--mutable', '--key', 'k', '--seq', '-1'], /--seq '-1': want a whole number from 0/],
  [['put', 'x', '--mutable', '--key', 'k', '--cas', 'x'], /--cas 'x': want a whole number from 0/],
  [['put', 'x', '--mutable', '--key', 'k', '--salt', 's'.repeat(65)], /--salt 's+': must be at most 64 bytes/],
  [['put', 'x', '--mutable', '--key', file('key', 'abc\n')], /--key '.*': it does not hold 32 bytes as 64 hex digits/],
  [['put', 'x', '--mutable', '--key', tmpdir()], /--key '.*': it is a directory/],
  [['put', 'x', '--mutable', '--key', join(tmpdir(), 'no-such', 'k')], /--key '.*': cannot make it: no such directory/],
  [['put', 'x', '--bootstrap', 'nowhere'], /--bootstrap 'nowhere': want host:port, or none/],
  [['get'], /missing required argument 'TARGET'/],
  [['get', 'xyz'], /TARGET 'xyz': want 40 hex digits of a target, or 64 of a public key/],
  [['get', `${hex}0`], /TARGET '.*': want 40 hex digits of a target, or 64 of a public key, got 41/],
  [['get', hex, '--salt', 's'.repeat(65)], /--salt 's+': must be at most 64 bytes/],
  [['lookup', 'magnet:?xs=urn:btpk:abc'], /TARGET: the public key in the magnet '.*' is not 64 hex digits/],
  [['lookup', `magnet:?xs=urn:btpk:${hex}${hex.slice(0, 24)}&s=1`], /TARGET: the salt in the magnet/],
  [['scrape'], /missing required argument 'TARGET'/],
  [['scrape', 'abc'], /TARGET: .*'abc'.*40 hex digits, got 3/],
  [['sample'], /missing required argument 'ENDPOINT'/],
  [['sample', 'nowhere'], /ENDPOINT 'nowhere': want host:port$/m],
  [['sample', '127.0.0.1:0'], /ENDPOINT '127\.0\.0\.1:0': the port/],
  [['sample', '127.0.0.1:1', '--bootstrap', 'none'], /unknown option '--bootstrap'/],
  [['node', '--host', 'localhost'], /--host 'localhost': want an IPv4 or IPv6 address/],
  [['node', '--host', '256.1.1.1'], /--host '256\.1\.1\.1'/],
  [['node', '--host', '127.0.0.1', '--host', '127.0.0.1'], /host: must be 1 to 16 different addresses/],
  [['node', '--port', '65536'], /--port '65536': want a whole number from 0 to 65535/],
  [['node', '--port', '-1'], /--port '-1'/],
  [['node', '--host', '127.0.0.1', '--bootstrap', '[::1]:1'], /--bootstrap: bad endpoint '\[::1\]:1'.*IPv4/],
  [['node', '--record', join(tmpdir(), 'no-such', 'x.ndjson')], /--record '.*': cannot write it: no such directory/],
  [['lookup', hex, '-b', '127.0.0.1:1', '--record', tmpdir()], /--record '.*': cannot write it: it is a directory/],
  [['replay'], /missing required argument 'TRACE'/],
  [['replay', 'nothere'], /TRACE: no such file: 'nothere'/],
  [['replay', tmpdir()], /TRACE: not a file/],
  [['replay', file('text', 'hello\n')], /TRACE: it is not a trace: '.*text'/],
  [['replay', file('empty', '')], /TRACE: it is empty/],
  [['replay', file('later', '{"format":"xorrery-trace","version":9}\n')], /TRACE: it is of version 9 of the format/],
  [['replay', file('cut', '{"format":"xorrery-trace","version":1,"kind"')], /TRACE: it is cut off before/],
  [['shrink', file('text', 'hello\n')], /TRACE: it is not a trace/],
  [['explain', file('text', 'hello\n')], /TRACE: it is not a trace/],
  [['diff', 'one'], /missing required argument 'B'/],
  [['diff', file('text', 'hello\n'), 'other'], /A: it is not a trace/],
  [['kv'], /see 'xorrery --help'/],
  [['kv', 'nosuch'], /unknown command 'nosuch'/],
  [['kv', 'get'], /missing required argument 'KEY'/],
  [['kv', 'get', 'xyz'], /KEY 'xyz': want 40 hex digits/],
  [['kv', 'get', hex, 'more'], /unexpected argument 'more'/],
  [['kv', 'put'], /missing required argument 'VALUE'/],
  [['kv', 'put', 'abc', 'x'], /KEY 'abc': want 40 hex digits, got 3/],
  [['kv', 'put', hex, 'x', 'more'], /unexpected argument 'more'/],
  [['kv', 'put', '@nothere'], /VALUE: no such file: 'nothere'/],
  [['kv', 'put', `@${tmpdir()}`], /VALUE: not a file/],
  [['kv', 'put', `@${file('long', 'x'.repeat(61_441))}`], /VALUE: must be at most 61440 bytes/],
  [['kv', 'put', 'x', '--bootstrap', 'nowhere'], /--bootstrap 'nowhere': want host:port/],
  [['kv', 'node', '--host', 'localhost'], /--host 'localhost': want an IPv4 or IPv6 address/],
  [['kv', 'node', '--host', '127.0.0.1', '--host', '::1'], /--host: a node of the store has one address/],
  [['kv', 'node', '--port', '65536'], /--port '65536': want a whole number from 0 to 65535/],
  [['kv', 'node', '--host', '127.0.0.1', '--bootstrap', '[::1]:1'], /bootstrap: need an IPv4 address/],
];

describe('bad usage and bad input', () => {
  it.each(BAD.map(([argv, why], i) => ({ argv, why, what: `${i + 1}: ${argv.map((it) => basename(it)).join(' ')}` })))(
    '[T40] $what: exit code 2 and one line that says why',
    async ({ argv, why }) => {
      const { code, out, err } = await invoke(...argv);
      expect(err).toMatch(/^xorrery: [^\n]+\n$/);
      expect(err).toMatch(why);
      expect([code, out]).toEqual([2, '']);
    },
  );

  it.each(['view'])("'%s' is said not to be available, whatever follows it", async (name) => {
    const line = `xorrery: '${name}' is not available in this version\n`;
    expect(await invoke(name)).toEqual({ code: 2, out: '', err: line });
    expect(await invoke(name, 'x', '--nodes', '5')).toEqual({ code: 2, out: '', err: line });
  });

  it.each([
    ['node', '--metrics', '127.0.0.1:1'],
    ['node', '--dashboard'],
    ['kv', 'node', '--state', 'dir'],
    ['kv', 'node', '--metrics', '127.0.0.1:1'],
  ])('%s %s is said not to be available', async (...argv) => {
    const { code, err } = await invoke(...argv);
    expect(err).toMatch(/^xorrery: '--[a-z]+' is not available in this version\n$/);
    expect(code).toBe(2);
  });

  it('[J82] a private torrent is not announced, and nothing is sent', async () => {
    const info = 'd6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa7:privatei1ee';
    const { code, err } = await invoke('announce', file('private.torrent', `d4:info${info}e`), '--port', '1');
    expect(err).toMatch(/^xorrery: TARGET: .*'a' is private.*BEP 27.*\n$/);
    expect(code).toBe(2);
  });
});

describe('help', () => {
  it.each([
    ['--help'],
    ['demo', '--help'],
    ['node', '--help'],
    ['lookup', '--help'],
    ['announce', '-h'],
    ['help', 'find-node'],
    ['put', '--help'],
    ['get', '--help'],
    ['scrape', '--help'],
    ['sample', '-h'],
    ['replay', '--help'],
    ['shrink', '--help'],
    ['explain', '--help'],
    ['diff', '--help'],
    ['kv', '--help'],
    ['kv', 'node', '--help'],
    ['kv', 'put', '--help'],
    ['kv', 'get', '-h'],
  ])('%s %s shows examples on stdout and fits a terminal', async (...argv) => {
    const { code, out, err } = await invoke(...argv);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Examples:\n  xorrery ');
    expect(out).toContain('xit code');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ['put', 'x'],
    ['put', hex, 'x', '-b', 'none'],
    ['get', hex],
  ])('kv %s %s without anybody to join through is exit code 1 and says what is missing', async (...argv) => {
    const line = 'xorrery: nobody to ask: say whom to join through with --bootstrap\n';
    expect(await invoke('kv', ...argv)).toEqual({ code: 1, out: '', err: line });
  });

  it('--version is the version of the package', async () => {
    expect(await invoke('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
  });
});
