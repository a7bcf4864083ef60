import { readFileSync } from 'node:fs';
import { DEFAULT_QUERY } from '@xorrery/core';
import { expect, it } from 'vitest';
import { MAINLINE_DEFAULTS, TOKEN_ROTATION } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

it('[F48] the numbers of docs/settings.md are those of the code', () => {
  const text = read('docs/settings.md');
  expect(text).toContain(`| \`query.alpha\` | ${MAINLINE_DEFAULTS.query.alpha} | ${DEFAULT_QUERY.alpha} |`);
  expect(text).toContain(`| \`server.peers.peerLifetime\` | ${MAINLINE_DEFAULTS.server.peers.peerLifetime} | – |`);
});

it('[F48][R01] the numbers that prose repeats are those of the code', () => {
  const lane = /const LANE = ([\d_]+)/.exec(read('packages/core/src/pool/traffic.ts'))?.[1];
  expect(read('docs/architecture.md')).toContain(Number(lane?.replaceAll('_', '')).toLocaleString('en-US'));
  expect([MAINLINE_DEFAULTS.query.k, DEFAULT_QUERY.k, TOKEN_ROTATION]).toEqual([8, 20, 5 * 60_000]);
  const depths = /const BITS = (\d+)/.exec(read('packages/core/src/map.ts'))?.[1];
  expect(read('docs/decisions/004-persistent-maps.md')).toContain(`a ${2 ** Number(depths)}-way hash trie`);
});
