import { readdirSync, readFileSync } from 'node:fs';
import type { Id } from '@xorrery/core';
import { crawl, decode, encode, type KrpcOut, keyedTokens } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { MemoryNetwork } from './memory-network.ts';

const tokens = keyedTokens({ bytes: (count) => new Uint8Array(count) });
const idOf = (n: number): Id => n.toString(16).padStart(40, '0') as Id;
const AT = '192.0.2.1:6881';
const there = (message: KrpcOut) => decode(encode(message, AT, tokens), AT, tokens, 0);
const latin = (message: KrpcOut): string => encode(message, AT, tokens).toString('latin1');

describe('sample_infohashes on the wire', () => {
  it('[X13] a request and a reply survive, with keys in order (BEP 51)', () => {
    const request = { method: 'sample_infohashes', target: idOf(7) } as const;
    const ask = { type: 'request', tid: '6161', sender: idOf(1), readOnly: false, request } as const;
    expect(there(ask)).toEqual({ ok: true, message: ask });
    expect(latin(ask)).toContain('1:q17:sample_infohashes');
    const reply = {
      nodes: [{ id: idOf(2), endpoint: '192.0.2.9:1' }],
      samples: [idOf(3), idOf(4)],
      num: 9,
      interval: 600,
    };
    const tell = { type: 'reply', tid: '6161', sender: idOf(1), reply } as const;
    expect(there(tell)).toMatchObject({ ok: true, message: tell });
    expect(latin(tell)).toMatch(/8:intervali600e5:nodes26:.{26}3:numi9e7:samples40:/s);
  });

  it.each([
    ['samples that are no string', '7:samplesi1e', false],
    ['a num that is no number', '3:num1:x7:samples0:', false],
    ['a partial infohash at the end, which is left out', `7:samples21:${'x'.repeat(21)}`, true],
    ['a negative num, which counts as none', '3:numi-4e7:samples0:', true],
  ])('[U03] %s', (_, fields, isRead) => {
    const packet = Buffer.from(`d1:rd2:id20:${'i'.repeat(20)}${fields}e1:t2:aa1:y1:re`, 'latin1');
    expect(decode(packet, AT, tokens, 0).ok).toBe(isRead);
  });
});

describe('a crawl', () => {
  it('[G10][Z09] visits every node once and hears of every torrent, though the core knows nothing of such a query', async () => {
    const net = new MemoryNetwork();
    await net.grow(12);
    const announced = Array.from({ length: 18 }, () => net.id());
    for (const [i, infoHash] of announced.entries())
      await net.time.until(net.at(i % 12).announce(infoHash, { port: 1 + i }));
    const heard: Id[] = [];
    const report = await net.time.until(crawl(net.at(0), { bits: 3 }, (it) => heard.push(it)));
    expect(report.lookups).toBe(8);
    expect(report.visited).toHaveLength(11);
    expect([...report.infoHashes].sort()).toEqual([...announced].sort());
    expect(heard).toEqual(report.infoHashes);
    const core = new URL('../../core/src/', import.meta.url);
    for (const name of readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((it) => it.endsWith('.ts'))) {
      expect(readFileSync(new URL(name, core), 'utf8'), name).not.toMatch(/sample_infohashes|crawl/i);
    }
    await net.close();
  });

  it('[U07] aborted, it ends with what it has', async () => {
    const net = new MemoryNetwork();
    await net.grow(3);
    const abort = new AbortController();
    const crawling = crawl(net.at(0), { signal: abort.signal });
    abort.abort();
    expect((await net.time.until(crawling)).infoHashes).toEqual([]);
    await net.close();
  });
});
