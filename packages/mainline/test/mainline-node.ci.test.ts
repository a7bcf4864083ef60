/** Transaction ids in the large. */
import { expect, it } from 'vitest';
import { at, Bench, type Sent } from './mainline-bench.ts';

it('[F30][R12] over 10,000 there is no constant difference, and none is used again while it is open', () => {
  const bench = new Bench();
  const open: Sent[] = [];
  const tids: number[] = [];
  let reused = 0;
  while (tids.length < 10_000) {
    const n = tids.length;
    const [sent] = bench.ping(at(n)) as [Sent];
    if (open.some((it) => it.tid === sent.tid)) reused++;
    tids.push(Number.parseInt(sent.tid, 16));
    open.push(sent);
    if (open.length < 8) continue;
    const { to, tid } = open.shift() as Sent;
    bench.step({ type: 'received', from: to, message: { type: 'error', tid, code: 201, text: '' } });
  }
  expect(reused).toBe(0);
  const gaps = new Map<number, number>();
  for (let i = 1; i < tids.length; i++) {
    const gap = ((tids[i] as number) - (tids[i - 1] as number)) >>> 0;
    gaps.set(gap, (gaps.get(gap) ?? 0) + 1);
  }
  // Of 10,000 random differences of 32 bits hardly any come twice.
  expect(Math.max(...gaps.values())).toBeLessThanOrEqual(3);
  expect(new Set(tids).size).toBeGreaterThan(9_990);
});
