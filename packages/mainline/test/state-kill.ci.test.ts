/** `kill -9` in the middle of writing, again and again: what a promise has resolved for is there, and so is what is older than two seconds. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Id, maps, type PersistentMap } from '@xorrery/core';
import { createNode, DEFAULT_ITEM_STORE, DEFAULT_PEER_STORE, type MainlineNode } from '@xorrery/mainline';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

const WRITER = fileURLToPath(new URL('fixtures/state-writer.mjs', import.meta.url));
/** 3 in ci; 60 where everything runs 20 times. */
const ROUNDS = 3 * inject('runs');
/** What a stranger gave may be lost when it is younger, in ms. */
const YOUNG = 2_000;

/** Room for every stranger: who has to go for want of it is not lost. */
const ROOMY = {
  server: {
    peers: { ...DEFAULT_PEER_STORE, maxTorrents: 1_000_000 },
    items: { ...DEFAULT_ITEM_STORE, maxRecords: 1_000_000, maxBytes: 1_000_000_000 },
  },
};

type Child = ChildProcessByStdio<null, Readable, null>;

let directory = '';
let other: MainlineNode;
let child: Child | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'xorrery-kill-'));
  other = createNode({ host: '127.0.0.1', port: 0, bootstrap: [] });
});

/** The other node anew, where it was: what it learnt of endpoints that are gone would only make it wait for them. */
const renewed = async (endpoint: string, self: Id): Promise<void> => {
  await other.close();
  other = createNode({ host: '127.0.0.1', port: Number(endpoint.split(':')[1]), id: self, bootstrap: [] });
  await other.start();
};

afterEach(async () => {
  child?.kill('SIGKILL');
  await other.close();
  rmSync(directory, { recursive: true, force: true });
});

const id = (): Id => randomBytes(20).toString('hex') as Id;

const keysOf = (map: PersistentMap<unknown>): string[] => maps.entries(map).map((it) => String(it.key));

/** What a run of the writer did until it was killed. */
interface Run {
  readonly self: string;
  readonly kept: ReadonlySet<string>;
  readonly dropped: ReadonlySet<string>;
  /** Torrents that we announced to it and items that we put, by when it had taken them. */
  readonly taken: ReadonlyMap<string, number>;
  readonly killedAt: number;
}

const runUntilKilled = async (bootstrap: string, ms: number): Promise<Run> => {
  const writer: Child = spawn(process.execPath, [WRITER, join(directory, 'state'), bootstrap], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = writer;
  const ended = once(writer, 'close');
  const kept = new Set<string>();
  const dropped = new Set<string>();
  const taken = new Map<string, number>();
  let self = '';
  let endpoint = '';
  let stranger: Promise<void> | undefined;
  let killedAt = Number.POSITIVE_INFINITY;
  const announce = async (): Promise<void> => {
    while (killedAt === Number.POSITIVE_INFINITY) {
      // Where nobody is known yet an announce ends at once; the loop has to turn for that to change.
      await new Promise(setImmediate);
      const isItem = taken.size % 2 === 0;
      const { target, stored } = isItem
        ? await other.put(`item ${id()}`, { every: 'off' })
        : await other.announce(id(), { port: 1_000 + (taken.size % 60_000) });
      if (stored.some((it) => it.endpoint === endpoint)) taken.set(target, performance.now());
    }
  };
  for await (const line of createInterface({ input: writer.stdout })) {
    const [word, what = '', who = ''] = line.split(' ');
    if (word === 'ready') {
      endpoint = what;
      self = who;
      stranger = announce();
      setTimeout(() => {
        killedAt = performance.now();
        writer.kill('SIGKILL');
      }, ms);
    } else if (word === 'kept') kept.add(what);
    else if (word === 'dropping') kept.delete(what);
    else if (word === 'dropped') dropped.add(what);
  }
  await ended;
  await stranger;
  return { self, kept, dropped, taken, killedAt };
};

describe('a node that is killed', () => {
  it('[U11][X25] loses nothing it has promised, over many rounds, and its directory opens every time', async () => {
    const bootstrap = await other.start();
    let strangers = new Map<string, number>();
    let self: string | undefined;
    const { id: same } = other;
    const seen = { kept: 0, taken: 0, old: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      await renewed(bootstrap, same);
      const run = await runUntilKilled(bootstrap, 2_200 + Math.floor(Math.random() * 1_500));
      expect(run.self).toBe(self ?? run.self);
      self = run.self;
      strangers = new Map([...strangers, ...[...run.taken].filter(([, at]) => run.killedAt - at >= YOUNG)]);
      const after = createNode({
        host: '127.0.0.1',
        port: 0,
        bootstrap: [],
        state: join(directory, 'state'),
        config: ROOMY,
      });
      await after.start();
      const { kept, server, config } = after.state;
      const held = new Set([server.peers.torrents, server.items.held].flatMap(keysOf));
      const lost = [...run.kept].filter((it) => !maps.has(kept, it));
      const undone = [...run.dropped].filter((it) => maps.has(kept, it));
      const gone = [...strangers.keys()].filter((it) => !held.has(it));
      expect([round, config.self, lost, undone, gone]).toEqual([round, self, [], [], []]);
      expect(after.restored).toMatchObject({ damaged: 0 });
      // Each of these is announced again by the next run, and kept by it: let it begin with few.
      for (const { key } of maps.entries(kept)) await after.unpublish(key as Id);
      await after.close();
      seen.kept += run.kept.size + run.dropped.size;
      seen.taken += run.taken.size;
      seen.old += [...run.taken.values()].filter((at) => run.killedAt - at >= YOUNG).length;
    }
    process.stdout.write(
      `${ROUNDS} kills: ${seen.kept} publications kept, ${seen.taken} of strangers, ${seen.old} old enough\n`,
    );
    expect(seen.kept).toBeGreaterThan(5 * ROUNDS);
    expect(seen.old).toBeGreaterThan(5 * ROUNDS);
  });
});
