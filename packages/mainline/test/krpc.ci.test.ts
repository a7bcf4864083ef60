import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { familyOf } from '../src/compact.ts';
import { decode } from '../src/krpc-decode.ts';
import { encode, MAX_ITEM_SENT, MAX_SENT } from '../src/krpc-encode.ts';
import type { KrpcIn, KrpcOut } from '../src/messages.ts';
import { byLibrary, EPOCH, endpoints, messages, tokensOf } from './krpc-samples.ts';

const tokens = tokensOf(1);

/** What a message looks like to whoever gets it at `to`, when all of it fits. */
const arrived = (message: KrpcOut, to: string): KrpcIn => {
  if (message.type === 'error') return message;
  if (message.type === 'request') {
    const { request } = message;
    if (request.method !== 'announce_peer' && request.method !== 'put') return { ...message, request };
    const target = request.method === 'put' ? request.target : request.infoHash;
    const token = tokens.judge(to, target, Buffer.from(request.token, 'hex'), EPOCH);
    return { ...message, request: { ...request, token } };
  }
  const { nodes, others, peers, token, ...rest } = message.reply;
  const own = (endpoint: string): boolean => familyOf(endpoint) === familyOf(to);
  const ours = nodes?.filter(({ endpoint }) => own(endpoint)) ?? [];
  const theirs = others?.filter(({ endpoint }) => !own(endpoint)) ?? [];
  // IPv4 stands before IPv6.
  const named = familyOf(to) === 4 ? [...ours, ...theirs] : [...theirs, ...ours];
  return {
    ...message,
    reply: {
      ...rest,
      ...((nodes !== undefined || others !== undefined) && { nodes: named }),
      ...(peers !== undefined && { peers: peers.filter(({ key }) => own(key)) }),
      ...(token !== undefined && { token: tokens.mint(to, token) }),
      seenAs: to,
    },
  };
};

const limitOf = (message: KrpcOut): number =>
  message.type === 'reply' && message.reply.value !== undefined ? MAX_ITEM_SENT : MAX_SENT;

it('[J73] any message comes back from its bytes, cut only where it is too long', () => {
  let cut = 0;
  fc.assert(
    fc.property(messages, endpoints, (message, to) => {
      const packet = encode(message, to, tokens);
      const limit = message.type === 'request' ? Number.POSITIVE_INFINITY : limitOf(message);
      expect(packet.length).toBeLessThanOrEqual(limit);
      const decoded = decode(packet, to, tokens, EPOCH);
      const whole = arrived(message, to);
      if (!decoded.ok) throw new Error(decoded.malformed.cause);
      const got = decoded.message;
      if (byLibrary(message, to, tokens).length <= limit) {
        expect(got).toEqual(whole);
        return;
      }
      cut++;
      if (got.type !== 'reply' || whole.type !== 'reply') throw new Error('only replies are cut');
      const { nodes = [], peers = [], samples = [], ...rest } = got.reply;
      const { nodes: _, peers: __, samples: ___, ...others } = whole.reply;
      expect(rest).toEqual(others);
      expect(samples).toEqual(whole.reply.samples?.slice(0, samples.length) ?? []);
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
      if (message.type === 'request' || expected.length <= limitOf(message))
        expect(encode(message, to, tokens)).toEqual(expected);
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
