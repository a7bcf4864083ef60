import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kv } from '@xorrery/kv';
import { mainline } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { type AnyProfile, machineFor, replay } from '../src/index.ts';
import { kvText, mainlineText, traceOf } from './network.ts';

/** `XORRERY_GOLDEN=write npx vitest run --project trace:fast golden` writes them anew; the diff is to be read. */
const isWriting = process.env.XORRERY_GOLDEN === 'write';

const GOLDEN: readonly (readonly [string, AnyProfile, () => Promise<string>])[] = [
  ['mainline', mainline, mainlineText],
  ['kv', kv, kvText],
];

describe.each(GOLDEN)('the golden trace of a %s node', (name, profile, make) => {
  const path = fileURLToPath(new URL(`golden/${name}.ndjson`, import.meta.url));

  it('[X03][G01][G02] replays, effect by effect and state by state', async () => {
    if (isWriting) writeFileSync(path, await make());
    const trace = await traceOf(readFileSync(path, 'utf8'));
    const report = await replay(trace, machineFor(trace.header, profile));
    expect(report).toEqual({ events: expect.any(Number), identical: true, truncated: false });
    expect(report.events).toBeGreaterThan(30);
  });

  it('[X03] is what the same network writes today, byte for byte', async () => {
    expect(await make()).toBe(readFileSync(path, 'utf8'));
  });
});
