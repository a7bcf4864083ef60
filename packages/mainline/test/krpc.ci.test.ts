import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { familyOf } from '../src/compact.ts';
import { decode } from '../src/krpc-decode.ts';
import { encode, MAX_SENT } from '../src/krpc-encode.ts';
import type { KrpcIn, KrpcOut } from '../src/messages.ts';
import { byLibrary, EPOCH, endpoints, messages, tokensOf } from './krpc-samples.ts';

const tokens = tokensOf(1);

/** What a message looks like to whoever gets it at `to`, when all of it fits. */
const arrived = (message: KrpcOut, to: string): KrpcIn => {
  if (message.type === 'error') return message;
  if (message.type === 'request') {
    const { request } = message;
    if (request.method !== 'announce_peer') return { ...message, request };
    const bytes = Buffer.from(request.token, 'hex');
    return { ...message, request: { ...request, token: tokens.judge(to, request.infoHash, bytes, EPOCH) } };
  }
  const { nodes, peers, token } = message.reply;
  const own = (endpoint: string): boolean => familyOf(endpoint) === familyOf(to);
  return {
    ...message,
    reply: {
      ...(nodes !== undefined && { nodes: nodes.filter(({ endpoint }) => own(endpoint)) }),
      ...(peers !== undefined && { peers: peers.filter(({ key }) => own(key)) }),
      ...(token !== undefined && { token: tokens.mint(to, token) }),
    },
  };
};

it('[J73] any message comes back from its bytes, cut only where it is too long', () => {
  let cut = 0;
  fc.assert(
    fc.property(messages, endpoints, (message, to) => {
      const packet = encode(message, to, tokens);
      expect(packet.length).toBeLessThanOrEqual(MAX_SENT);
      const decoded = decode(packet, to, tokens, EPOCH);
      const whole = arrived(message, to);
      if (!decoded.ok) throw new Error(decoded.malformed.cause);
      const got = decoded.message;
      if (byLibrary(message, to, tokens).length <= MAX_SENT) {
        expect(got).toEqual(whole);
        return;
      }
      cut++;
      if (got.type !== 'reply' || whole.type !== 'reply') throw new Error('only replies are cut');
      const { nodes = [], peers = [], ...rest } = got.reply;
      expect(rest.token).toBe(whole.reply.token);
      expect(nodes).toEqual(whole.reply.nodes?.slice(0, nodes.length) ?? []);
      expect(peers).toEqual(whole.reply.peers?.slice(0, peers.length) ?? []);
    }),
  );
  expect(cut).toBeGreaterThan(0);
});

it('[J73] any message that fits is the bytes the library makes of it', () => {
  fc.assert(
    fc.property(messages, endpoints, (message, to) => {
      const expected = byLibrary(message, to, tokens);
      if (expected.length <= MAX_SENT) expect(encode(message, to, tokens)).toEqual(expected);
    }),
  );
});

it('[J73] any bytes are read without a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), endpoints, (bytes, from) => {
      expect(decode(Buffer.from(bytes), from, tokens, EPOCH).ok).toBe(false);
    }),
  );
});
