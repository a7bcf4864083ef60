/** Signatures: judged by the port, never by the node, and in no turn of its own making. */
import { type Observer, VirtualTime } from '@xorrery/coordinator';
import { makeNode, type SignatureCheck } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { coordinator, id16, LoggedTransport, type Tiny, tinyProfile } from './support.ts';

const check: SignatureCheck = { publicKey: 'aa', message: 'bb', signature: 'cc' };

/** What a stranger's store is told by a node with this verifier, what happened in it, and what was judged. */
const stored = async (valid?: boolean) => {
  const transport = new LoggedTransport();
  const judged: SignatureCheck[] = [];
  const seen: string[] = [];
  const observer: Observer<Tiny, null, null> = (_at, event, effects) => {
    if (event.type === 'verified') seen.push(`verified ${event.job} ${event.valid}`);
    seen.push(...effects.flatMap((it) => (it.type === 'verify' ? [`verify ${it.job}`] : [])));
  };
  const machine = makeNode<Tiny, null, null>({
    ...tinyProfile,
    server: {
      ...tinyProfile.server,
      answer: (state, _, { signature }) => {
        if (signature === undefined) return [state, { type: 'verify', check }];
        if (signature === 'invalid') return [state, { type: 'error', code: 206, text: 'invalid signature' }];
        return [state, { type: 'reply', reply: { nodes: [] } }];
      },
    },
  });
  const verifier = {
    verify: (it: SignatureCheck) => {
      judged.push(it);
      return valid === true;
    },
  };
  const clock = new VirtualTime().clock();
  const node = coordinator(1, {
    ...{ machine, transport, clock, observer },
    ...(valid === undefined ? undefined : { verifier }),
  });
  await node.start();
  const message = { type: 'request', tid: '01', sender: id16(9), readOnly: true, request: { ask: 'store' } } as const;
  transport.inbox?.received('n9', message);
  await node.close();
  return { told: transport.sent.map((it) => it.message.type), seen, judged };
};

describe('a signature', () => {
  it('[F13] is judged by the port between two turns, and both are in the recording', async () => {
    const seen = (valid: boolean): string[] => ['verify 0', `verified 0 ${valid}`];
    expect(await stored(true)).toEqual({ told: ['reply'], seen: seen(true), judged: [check] });
    expect(await stored(false)).toEqual({ told: ['error'], seen: seen(false), judged: [check] });
  });

  it('is not valid where nobody can judge it', async () => {
    expect(await stored()).toMatchObject({ told: ['error'], judged: [] });
  });
});
