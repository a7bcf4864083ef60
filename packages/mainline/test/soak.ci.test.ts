/** Nodes over UDP, at work for a while: what they hold on to. Ten minutes of 200 nodes at 20 times the runs. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';

const NODES = Math.min(200, 30 + 10 * inject('runs'));
const SECONDS = Math.min(600, 30 * inject('runs'));
const SCRIPT = fileURLToPath(new URL('soak-nodes.mjs', import.meta.url));
const MIB = 1_048_576;

// Descriptors are counted in /proc.
it.runIf(process.platform === 'linux')(
  `[U09] ${NODES} nodes over UDP for ${SECONDS} s, some coming and going: memory and descriptors stay as they are, and the end is clean`,
  async () => {
    const child = spawn(process.execPath, ['--expose-gc', SCRIPT, String(NODES), String(SECONDS)]);
    try {
      const lines: Record<string, number | string>[] = [];
      let closedAt = 0;
      let err = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      createInterface({ input: child.stdout }).on('line', (text) => {
        lines.push(JSON.parse(text));
        closedAt = performance.now();
      });
      const [code] = (await once(child, 'close')) as [number | null];
      const lingered = performance.now() - closedAt;
      process.stderr.write(`soak: ${lines.map((it) => JSON.stringify(it)).join('\n      ')}\n`);
      expect([code, err]).toEqual([0, '']);
      const [joined, early, late, closed] = lines;
      expect([joined?.event, early?.event, late?.event, closed?.event]).toEqual(['joined', 'early', 'late', 'closed']);
      expect(lingered).toBeLessThan(1_000);
      const of = (line: typeof early, name: string): number => Number(line?.[name]);
      expect(of(late, 'heap')).toBeLessThan(1.1 * of(early, 'heap') + 4 * MIB);
      expect(of(late, 'descriptors')).toBeLessThanOrEqual(of(early, 'descriptors') + 2);
      expect(of(late, 'ended') + of(late, 'refused')).toBe(of(late, 'begun'));
      expect(of(late, 'found')).toBeGreaterThan(of(late, 'ended'));
      expect(of(late, 'departed')).toBeGreaterThan(SECONDS / 10);
    } finally {
      child.kill('SIGKILL');
    }
  },
);
