/** Hand-made networks: each node says what it was told to say. For tests of one case at a time. */
import { assert } from '@xorrery/core';
import { Dice } from './dice.ts';
import { endpointOf, idBytes, type MockNode, type MockReply, mockAddress, type SendGetPeers } from './mock-node.ts';

/** `null`: no answer. `throws`: the send itself throws. `rejects`: its promise does. */
export type CannedReply = MockReply | null | 'throws' | 'rejects';

export interface Canned {
  readonly send: SendGetPeers;
  /** Endpoints in the order in which they were asked. */
  readonly asked: string[];
  /** The most requests that were in flight together. */
  mostInFlight(): number;
}

/** Replies by node, in pairs; whoever is not listed answers with `otherwise` (an empty reply). */
export function cannedReplies(
  replies: readonly (readonly [MockNode, CannedReply])[],
  otherwise: CannedReply = {},
): Canned {
  const byEndpoint = new Map(replies.map(([node, reply]) => [endpointOf(node), reply]));
  const asked: string[] = [];
  let inFlight = 0;
  let most = 0;
  const send: SendGetPeers = (node) => {
    const endpoint = endpointOf(node);
    asked.push(endpoint);
    const reply = byEndpoint.get(endpoint) === undefined ? otherwise : (byEndpoint.get(endpoint) as CannedReply);
    if (reply === 'throws') throw new Error(`cannot send to ${endpoint}`);
    inFlight++;
    most = Math.max(most, inFlight);
    return Promise.resolve().then(() => {
      inFlight--;
      if (reply === 'rejects') throw new Error(`cannot send to ${endpoint}`);
      return reply;
    });
  };
  return { send, asked, mostInFlight: () => most };
}

export interface Chain {
  /** From the farthest level to the nearest. */
  readonly levels: readonly (readonly MockNode[])[];
  readonly nodes: readonly MockNode[];
  /** Each node names the whole next level; the last level names nobody. */
  readonly replies: readonly (readonly [MockNode, MockReply])[];
}

/** A chain of levels, each strictly nearer to `target` than the one before. */
export function nodeChain(depth: number, width: number, target: Uint8Array = idBytes()): Chain {
  assert(depth >= 1 && depth <= 255 && width >= 1 && width <= 255, 'a chain has 1 to 255 levels of 1 to 255 nodes');
  const levels = Array.from({ length: depth }, (_, level) =>
    Array.from({ length: width }, (_, i): MockNode => {
      const id = target.slice();
      id[0] = (id[0] as number) ^ (depth - level);
      id[19] = (id[19] as number) ^ i;
      return { id, ...mockAddress(level * width + i, '10.0', 6_881) };
    }),
  );
  const replies = levels.flatMap((level, i) => level.map((node) => [node, { nodes: levels[i + 1] ?? [] }] as const));
  return { levels, nodes: levels.flat(), replies };
}

/** `count` nodes with ids from the seed, at `10.0.x.y:6881+i`: what a table might hold. */
export function seededNodes(count: number, seed: number): MockNode[] {
  const dice = new Dice(seed);
  return Array.from({ length: count }, (_, i) => ({ id: randomId(dice), ...mockAddress(i, '10.0', 6_881) }));
}

/** 20 random bytes. */
export function randomId(dice: Dice): Uint8Array {
  return Uint8Array.from({ length: 20 }, () => dice.below(256));
}
