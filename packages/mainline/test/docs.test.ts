import { readFileSync } from 'node:fs';
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
