import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KV_DEFAULTS, KV_ERROR, MAX_VALUE, REPUBLISH, TOKEN_ROTATION } from '../src/index.ts';

const page = readFileSync(new URL('../../../docs/kv.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
const HOUR = 3_600_000;

it('[F48] the numbers of docs/kv.md are those of the code', () => {
  const { storeSet, server, publish, responder } = KV_DEFAULTS;
  expect(page).toContain(`the ${storeSet} nodes closest to the key`);
  expect(page).toContain(`lives ${server.lifetime / HOUR} hours, at most and by default`);
  expect(server.maxLifetime).toBe(server.lifetime);
  expect(page).toContain(`again every ${REPUBLISH / HOUR} hours`);
  expect(publish.replicate).toBe(HOUR);
  expect(page).toContain(`keeps ${server.maxRecords.toLocaleString('en')} values`);
  expect(page).toContain(`up to ${MAX_VALUE.toLocaleString('en')} bytes`);
  expect(page).toContain(`at most ${responder.amplification} times the bytes`);
  expect(page).toContain(`a period of ${TOKEN_ROTATION / 60_000} minutes`);
});

it('[F48] and so are its error codes', () => {
  const codes = [...page.matchAll(/\| (\d) \| /g)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(KV_ERROR));
});
