/** The settings of who we are to others, and of who may be who. */
import type { AddressIds, Id, NodeConfig, VotesConfig } from '@xorrery/core';
import type { Shown, Small } from '../network.ts';
import { lone, only } from '../routing-support.ts';
import { id8 } from '../support.ts';
import { type Setting, setting } from './kit.ts';

/** Ids below 128 fit every address. */
export const LOW_IDS: AddressIds = {
  fits: (id) => Number.parseInt(id, 16) < 128,
  at: (_address, random): Id => id8(Number.parseInt(random, 16) & 127),
};

/** Replies whose token is `seen X` say that we are seen at X. */
export const readSeen = ({ nodes, token }: Small['inReply']) => ({
  contacts: nodes,
  values: [],
  ...(token?.startsWith('seen ') && { seenAs: { family: 'v4', address: token.slice(5) } as const }),
});

/** After how many answers that all see us at one address it is adopted; then how many that see us at another. */
const toldAt = (votes: VotesConfig): number[] => {
  const solo = lone({ votes }, { read: readSeen });
  const answers = (address: string, from: number): number => {
    for (let n = 1; n <= 20; n++) {
      solo.tell({ type: 'introduce', endpoint: `n${from + n}` });
      const said = solo.answer(from + n, { token: `seen ${address}` });
      if (said.includes(`adopted ${address}`)) return n;
    }
    return 0;
  };
  return [answers('here', 0), answers('there', 32)];
};

type Unfit = NodeConfig<Shown>['unfitIds'];

/** What a node of unfit id is told; and which of two spares steps in for a member that fell silent. */
const strangers = (unfitIds: Unfit): string[] => {
  const table = { bucketPolicy: 'fixed', bucketSizes: [1], replacements: 4, maxFailures: 1, caps: 'off' } as const;
  const solo = lone({ unfitIds, table }, { ids: LOW_IDS });
  const heard = solo.hear(200);
  solo.meet(64, 65, 66);
  const asked = lone({ unfitIds, table }, { ids: { ...LOW_IDS, fits: (id) => id !== id8(66) } });
  asked.meet(64, 65, 66);
  asked.tell({ type: 'ask', id: 'a', seeds: [{ id: id8(64), endpoint: 'n64' }], request: { ask: 'ping' } });
  const stepped = only(asked.pass(20_000), 'added')[0] ?? 'nobody';
  return [...heard.filter((it) => !it.startsWith('ping')), stepped];
};

export const IDENTITY: Record<string, Setting> = {
  'votes.threshold': setting(
    [0, 2_000],
    (threshold: number) => toldAt({ threshold, maxVotes: 32 }),
    [1, [1, 2]],
    [3, [3, 4]],
  ),
  'votes.maxVotes': setting(
    [0, 70_000],
    (maxVotes: number) => toldAt({ threshold: 3, maxVotes }),
    [3, [3, 3]],
    [4, [3, 3]],
    [32, [3, 4]],
  ),
  'node.unfitIds': setting(
    ['maybe', true],
    strangers,
    ['any', ['reply n200', 'added n66']],
    ['prefer', ['reply n200', 'added n65']],
    ['enforce', ['unfit-id', 'error n200', 'added n65']],
  ),
};
