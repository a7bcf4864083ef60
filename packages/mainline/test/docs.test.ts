import { existsSync, readFileSync } from 'node:fs';
import { DEFAULT_QUERY } from '@xorrery/core';
import { expect, it } from 'vitest';
import { MAINLINE_DEFAULTS, MAX_SALT, MAX_VALUE, TOKEN_ROTATION } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

it('[F48] the numbers of docs/settings.md are those of the code', () => {
  const text = read('docs/settings.md');
  expect(text).toContain(`| \`query.alpha\` | ${MAINLINE_DEFAULTS.query.alpha} | ${DEFAULT_QUERY.alpha} |`);
  expect(text).toContain(`| \`server.peers.peerLifetime\` | ${MAINLINE_DEFAULTS.server.peers.peerLifetime} | – |`);
});

it('[F48] the numbers of docs/items.md are those of the code', () => {
  const text = read('docs/items.md');
  expect(text).toContain(`a value has at most ${MAX_VALUE.toLocaleString('en')} bytes, a\nsalt at most ${MAX_SALT}.`);
  expect(text).toContain(`${MAINLINE_DEFAULTS.server.items.lifetime / 3_600_000} h after its last put`);
});

it('[F48] and so are its error codes', () => {
  const codes = [...read('docs/items.md').matchAll(/^\| (\d{3}) \|/gm)].map(([, code]) => code).sort();
  const used = [...`${read('packages/mainline/src/item-server.ts')}`.matchAll(/refusal\((\d{3}),/g)].map(
    ([, code]) => code,
  );
  expect(codes).toEqual([...new Set(used)].sort());
});

it('[F48][R01] the numbers that prose repeats are those of the code', () => {
  const lane = /const LANE = ([\d_]+)/.exec(read('packages/core/src/pool/traffic.ts'))?.[1];
  expect(read('docs/architecture.md')).toContain(Number(lane?.replaceAll('_', '')).toLocaleString('en-US'));
  expect([MAINLINE_DEFAULTS.query.k, DEFAULT_QUERY.k, TOKEN_ROTATION]).toEqual([8, 20, 5 * 60_000]);
  const depths = /const BITS = (\d+)/.exec(read('packages/core/src/map.ts'))?.[1];
  expect(read('docs/decisions/004-persistent-maps.md')).toContain(`a ${2 ** Number(depths)}-way hash trie`);
});

it('[F48] the numbers of docs/running-a-node.md are those of the code', () => {
  const text = read('docs/running-a-node.md');
  const { responder, server, table, pool, publish, bootstrap } = MAINLINE_DEFAULTS;
  const number = (it: number): string => it.toLocaleString('en-US');
  const { limiter, maxRate, amplification, checks } = responder;
  const rate = (it: typeof maxRate, unit = ''): string =>
    it === 'off' ? 'off' : `${number(it.perSecond)} a second${unit === '' ? `, ${number(it.burst)} at once` : ''}`;
  const { maxTorrents, maxPeersPerTorrent, peerLifetime } = server.peers;
  const { maxRecords, maxBytes, lifetime } = server.items;
  const caps = table.caps === 'off' ? undefined : table.caps;
  for (const [setting, said] of [
    ['responder.limiter.perHost', rate(limiter.perHost)],
    ['responder.limiter.perNetwork', rate(limiter.perNetwork)],
    ['responder.maxRate', rate(maxRate)],
    ['responder.amplification', `${amplification} times those of the request`],
    ['responder.checks.maxRate', rate(checks.maxRate, 'burst aside')],
    ['server.peers', `${number(maxTorrents)} and ${number(maxPeersPerTorrent)}, for ${peerLifetime / 60_000} min`],
    ['server.items', `${number(maxRecords)}, or ${number(maxBytes)} bytes, for ${lifetime / 3_600_000} h`],
    ['table.caps', `${caps?.hostInTable} and ${caps?.networkInTable}`],
    ['pool.maxInFlight', number(pool.maxInFlight)],
    ['publish.maxKept', number(publish.maxKept)],
  ] as const) {
    expect(text).toContain(`| ${said} | \`${setting}\` |`);
  }
  expect(text).toContain(`${2 * bootstrap.minContacts} at once. When ${bootstrap.minContacts} of them answer`);
});

it('[F48][X13] the tests that docs/beps.md names are there', () => {
  const rows = read('docs/beps.md').matchAll(/^\| ([\d, ]+) \| (.+) \| (.+) \|$/gm);
  const named = [...rows].flatMap(([, , , tests = '']) => [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file));
  expect(named.length).toBeGreaterThan(25);
  for (const file of named) {
    const path = file?.includes('/') === true ? file : `packages/mainline/test/${file}`;
    expect(existsSync(new URL(`../../../${path}`, import.meta.url)), path).toBe(true);
    expect(read(path)).toMatch(/\bit(\.each)?\(/);
  }
});
