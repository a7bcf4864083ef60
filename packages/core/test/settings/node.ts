/** The settings of the node itself. */
import { DEFAULT_NODE, type NodeConfig, type NodeEvent } from '@xorrery/core';
import type { Small } from '../network.ts';
import { lone, only, Solo } from '../routing-support.ts';
import { id8 } from '../support.ts';
import { type Setting, setting } from './kit.ts';

type Config = NodeConfig<null>;

const find = (id: string): NodeEvent<Small> => ({
  type: 'lookup',
  id,
  kind: 'closest',
  target: id8(1),
  request: { ask: 'find', target: id8(1) },
});

/** How long the value is to live that is left at node 4, behind two nearer ones that refused to answer. */
const cached = (changes: Partial<Config>): string[] => {
  const solo = lone(changes, {
    read: ({ nodes, token }) => ({ contacts: nodes, values: token === 'value' ? [{ key: 'v' }] : [] }),
    cached: (_value, _target, lifetime) => ({ ask: 'store', token: `${lifetime}` }),
  });
  solo.meet(1, 2, 4, 8);
  const request = { ask: 'find', target: id8(1) } as const;
  solo.tell({ type: 'lookup', id: 'q', kind: 'first', cacheOnPath: true, target: id8(1), request });
  const said = [solo.refuse(1), solo.refuse(2), solo.answer(4), solo.answer(8, { token: 'value' })];
  return only(said.flat(), 'store');
};

/** A node that has just been told to join, and is asked for lookups. */
const early = (changes: Partial<Config>): string[] => {
  const solo = new Solo(0, changes);
  solo.start(4);
  return ['a', 'b', 'c'].flatMap((id) => only(solo.tell(find(id)), 'rejected'));
};

export const NODE: Record<string, Setting> = {
  'node.storeSet': setting(
    [0, 2_000],
    (storeSet: number) => {
      const solo = lone({ storeSet });
      solo.meet(2, 4, 8, 16);
      const event = { find: { ask: 'find', target: id8(1) }, store: { ask: 'store', token: '' } } as const;
      const said = solo.tell({ type: 'publish', id: 'p', target: id8(1), ...event });
      for (let i = 0; i < 4; i++)
        for (const endpoint of solo.open) said.push(...solo.answer(endpoint, { token: endpoint }));
      return only(said, 'store').map((it) => it.split(' ')[1]);
    },
    [1, ['n2']],
    [3, ['n2', 'n4', 'n8']],
  ),
  'node.cacheLongest': setting(
    [0],
    (cacheLongest: number) => cached({ cacheLongest, cacheShortest: 1 }),
    [8_000, ['store n4 2000']],
    [4_000, ['store n4 1000']],
  ),
  'node.cacheShortest': setting(
    [0, 90_000_000],
    (cacheShortest: number) => cached({ cacheLongest: 8_000, cacheShortest }),
    [1, ['store n4 2000']],
    [3_000, ['store n4 3000']],
  ),
  'node.replySize': setting(
    [0, 2_000],
    (replySize: number) => {
      const solo = lone({ replySize });
      solo.meet(1, 2, 4, 8);
      solo.hear(99, 'find');
      const [reply] = solo.effects;
      return reply?.type === 'transmit' && reply.message.type === 'reply'
        ? reply.message.reply.nodes.length
        : undefined;
    },
    [1, 1],
    [3, 3],
  ),
  'wire.tidBytes': setting(
    [1, 17],
    (tidBytes: number) => {
      const solo = lone({ wire: { tidBytes, poolBytes: 64 } });
      solo.hear(4);
      const sent = solo.effects.find((it) => it.type === 'transmit' && it.message.type === 'request');
      return sent?.type === 'transmit' ? sent.message.tid.length / 2 : undefined;
    },
    [2, 2],
    [5, 5],
  ),
  'wire.poolBytes': setting(
    [7, 70_000],
    (poolBytes: number) => {
      const solo = new Solo(0, { wire: { tidBytes: 2, poolBytes } });
      solo.start(1, 2, 3, 4);
      solo.pass(100_000);
      const [asked] = solo.log.flatMap(({ effect }) => (effect.type === 'entropy-needed' ? [effect.bytes] : []));
      return (asked as number) <= poolBytes && (asked as number) >= poolBytes / 2;
    },
    [16, true],
    [32, true],
  ),
  'node.readOnly': setting(
    [1, 'no'],
    (readOnly: boolean) => lone({ readOnly }).hear(4),
    [true, []],
    [false, ['reply n4', 'ping n4']],
  ),
  'node.exemptLocal': setting(
    [1, 'no'],
    (exemptLocal: boolean) => {
      const limiter = { perHost: { perSecond: 1, burst: 1 }, perNetwork: 'off', maxEntries: 9 } as const;
      const groupOf = (host: string) => ({ host, network: host, local: true });
      const solo = lone({ exemptLocal, responder: { ...DEFAULT_NODE.responder, limiter } }, { groupOf });
      return [1, 2].map(() => only(solo.hear(4), 'reply').length);
    },
    [true, [1, 1]],
    [false, [1, 0]],
  ),
  'node.blocked': setting(
    ['n4', Array(1_025).fill('x')],
    (blocked: string[]) => lone({ blocked }).hear(4),
    [['n4'], []],
    [['n5'], ['reply n4', 'ping n4']],
  ),
  'node.whenEmpty': setting(
    ['panic', true],
    (whenEmpty: Config['whenEmpty']) => early({ whenEmpty }),
    ['wait', []],
    ['refuse', ['rejected a isolated', 'rejected b isolated', 'rejected c isolated']],
  ),
  'node.maxWaiting': setting(
    [-1, 70_000],
    (maxWaiting: number) => early({ maxWaiting }),
    [0, ['rejected a full', 'rejected b full', 'rejected c full']],
    [2, ['rejected c full']],
  ),
};
