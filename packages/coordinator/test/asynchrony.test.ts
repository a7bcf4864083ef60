/** Who may wait: the coordinator, and nothing below it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { maps, runningQueries } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { find, Town } from './support.ts';

const core = fileURLToPath(new URL('../../core/src', import.meta.url));
const sources = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** The code of a source text: comments and strings are taken out. */
const codeOf = (text: string): string =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");

describe('the core', () => {
  it('[G22] contains no async, await, Promise, generator that waits, nor callback of a timer', () => {
    expect(sources.length).toBeGreaterThan(20);
    for (const name of sources) {
      const code = codeOf(readFileSync(`${core}/${name}`, 'utf8'));
      expect(
        code.match(/\b(async|await|Promise|PromiseLike|queueMicrotask|setTimeout|setInterval)\b/),
        name,
      ).toBeNull();
    }
  });

  it('[G21][F05] keeps every operation of a user as one query in the pool', async () => {
    const town = new Town();
    const nodes = await town.joined(1, 2);
    const node = nodes[1] as (typeof nodes)[number];
    const operations = Array.from({ length: 40 }, (_, i) => find(node, i));
    const { pool } = node.state;
    expect(runningQueries(pool)).toHaveLength(16);
    expect(pool.queue).toHaveLength(24);
    expect(maps.entries(pool.lanes).map((it) => it.key)).toEqual(
      expect.arrayContaining(operations.map((it) => `user:${it.id}`)),
    );
    await town.time.until(Promise.all(operations));
    expect(node.state.pool.lanes.size).toBe(0);
    for (const it of nodes) await it.close();
  });
});
