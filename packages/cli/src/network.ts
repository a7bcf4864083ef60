/**
 * A network of real UDP nodes on loopback in this process: started one by one, each joining through the first. Whoever
 * makes one closes it.
 */
import type { Endpoint, Id } from '@xorrery/core';
import { nextId, seedRandom } from '@xorrery/core';
import { createNode, MAINLINE_DEFAULTS, type MainlineNode, type MainlineOptions } from '@xorrery/mainline';
import type { Recording } from './recording.ts';
import type { MainlineEvents } from './ui/events.ts';

/** Small tables and few stores: a few dozen nodes then behave like thousands, and a lookup has a way to go. */
const SMALL: NonNullable<MainlineOptions['config']> = {
  query: { ...MAINLINE_DEFAULTS.query, k: 4 },
  storeSet: 4,
  table: { ...MAINLINE_DEFAULTS.table, bucketPolicy: 'fixed', bucketSizes: [2] },
};

/** A node that runs, and whether it has joined yet. */
export interface Member {
  readonly node: MainlineNode;
  readonly endpoint: Endpoint;
  /** Whether it reported `joined` before the time was up. */
  readonly joined: Promise<boolean>;
}

/** `count` ids, the same for the same seed. */
export function seededIds(seed: number, count: number): Id[] {
  const ids: Id[] = [];
  let random = seedRandom(seed);
  while (ids.length < count) {
    const [id, next] = nextId(random, 160);
    ids.push(id);
    random = next;
  }
  return ids;
}

interface Growth {
  readonly joinLimit: number;
  readonly signal: AbortSignal;
  readonly onJoined: () => void;
  /** The one that is recorded. */
  readonly recorded: { readonly id: Id; readonly recording: Recording };
}

/**
 * Starts a node for each id, each after the one before has joined, into `members`. Ends early when aborted.
 * `joinLimit` is how long a node may take, in ms.
 */
export async function startNetwork(
  ids: readonly Id[],
  members: Member[],
  { joinLimit, signal, onJoined, recorded }: Growth,
): Promise<void> {
  for (const id of ids) {
    if (signal.aborted) return;
    const first = members[0]?.endpoint;
    const node = createNode({
      host: '127.0.0.1',
      port: 0,
      bootstrap: first === undefined ? [] : [first],
      id,
      config: SMALL,
      ...(id === recorded.id ? { observer: recorded.recording.observer } : undefined),
    });
    const events = node.events();
    const endpoint = await node.start();
    const joined = reportsJoined(events, joinLimit);
    members.push({ node, endpoint, joined });
    void joined.then((yes) => {
      if (yes) onJoined();
    });
    // The first one has nobody to join; it says so, and joins when the second turns up.
    if (first !== undefined) await joined;
  }
}

/** How many have joined, once each has or its time is up. */
export async function countJoined(members: readonly Member[]): Promise<number> {
  const outcomes = await Promise.all(members.map((it) => it.joined));
  return outcomes.filter((it) => it).length;
}

export async function closeNetwork(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((it) => it.node.close()));
}

async function reportsJoined(events: MainlineEvents, limit: number): Promise<boolean> {
  const timer = setTimeout(() => events.close(), limit);
  try {
    for await (const streamed of events) {
      if (streamed.type === 'lagged' || streamed.event.type !== 'join-finished') continue;
      if (streamed.event.outcome === 'joined') return true;
    }
    return false;
  } finally {
    clearTimeout(timer);
  }
}
