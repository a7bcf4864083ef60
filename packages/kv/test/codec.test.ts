/** Bytes and messages: what is written reads back, what is malformed is refused in so many words. */
import type { Contact, Id } from '@xorrery/core';
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { packEndpoint, splitEndpoint, unpackEndpoint } from '../src/address.ts';
import { toCbor } from '../src/cbor.ts';
import {
  decode,
  encode,
  KV_ERROR,
  type KvIn,
  type KvOut,
  kv,
  MAX_VALUE,
  type OutReply,
  type OutRequest,
  recordOf,
  type TokenPort,
} from '../src/index.ts';

const sender = '01'.repeat(20) as Id;
const key = '02'.repeat(20) as Id;
const from = '192.0.2.7:7600';
const numRuns = inject('propertyRuns');

/** A token is its epoch: nothing secret, so that tests can read it. */
const tokens: TokenPort = {
  mint: (_to, { epoch }) => Uint8Array.of(epoch),
  judge: (_from, token, now) => (token[0] === now ? 'current' : token[0] === now - 1 ? 'previous' : 'bad'),
};
const EPOCH = 7;

const bytesOf = (message: KvOut): Uint8Array => encode(message, from, tokens);
const read = (packet: Uint8Array) => decode(packet, from, tokens, EPOCH);
const returned = (message: KvOut): KvIn => {
  const decoded = read(bytesOf(message));
  if (!decoded.ok) throw new Error(decoded.malformed.cause);
  return decoded.message;
};
const request = (it: OutRequest, readOnly = false): KvOut => ({
  type: 'request',
  tid: '0a0b0c0d0e0f1011',
  sender,
  readOnly,
  request: it,
});
const reply = (it: OutReply): KvOut => ({ type: 'reply', tid: '0a0b', sender, reply: it });

const id = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((it) => Buffer.from(it).toString('hex') as Id);
const hex = (most: number) =>
  fc.uint8Array({ minLength: 1, maxLength: most }).map((it) => Buffer.from(it).toString('hex'));
const endpoint = fc
  .oneof(
    fc.uint8Array({ minLength: 6, maxLength: 6 }),
    fc.uint8Array({ minLength: 18, maxLength: 18 }),
    fc.constant(Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 29, 176)),
  )
  .map(unpackEndpoint)
  .filter((it) => it !== undefined);
const contact: fc.Arbitrary<Contact> = fc.record({ id, endpoint });
const record = fc
  .record({ value: fc.uint8Array({ maxLength: 300 }), seq: fc.maxSafeNat() })
  .map((it) => recordOf(it.value, it.seq));

const requests: fc.Arbitrary<OutRequest> = fc.oneof(
  fc.constant({ method: 'ping' } as const),
  fc.record({ method: fc.constant('find_node' as const), target: id }),
  fc.record({ method: fc.constant('find_value' as const), key: id }),
  fc.record({ method: fc.constant('find_value' as const), key: id, token: hex(8) }),
  fc.record(
    {
      method: fc.constant('store' as const),
      key: id,
      record,
      immutable: fc.boolean(),
      lifetime: fc.integer({ min: 1 }),
      token: hex(8),
    },
    { requiredKeys: ['method', 'key', 'record', 'immutable', 'token'] },
  ),
);
const replies: fc.Arbitrary<OutReply> = fc.record(
  {
    contacts: fc.array(contact, { maxLength: 20 }),
    record,
    held: fc.constant(true as const),
    token: fc.record({ epoch: fc.nat(255) }),
  },
  { requiredKeys: [] },
);
const messages: fc.Arbitrary<KvOut> = fc.oneof(
  fc.record({
    type: fc.constant('request' as const),
    tid: hex(32),
    sender: id,
    readOnly: fc.boolean(),
    request: requests,
  }),
  fc.record({ type: fc.constant('reply' as const), tid: hex(32), sender: id, reply: replies }),
  fc.record({
    type: fc.constant('error' as const),
    tid: hex(32),
    code: fc.nat(),
    text: fc.string({ maxLength: 80 }),
  }),
);

describe('what is written', () => {
  it('[D07] reads back as it was, tokens minted and judged on the way', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const back = returned(message);
        if (message.type === 'reply') {
          const { token, ...rest } = message.reply;
          const minted = token && { token: Buffer.of(token.epoch).toString('hex') };
          expect(back).toEqual({ ...message, reply: { ...rest, ...minted } });
        } else if (message.type === 'request' && 'token' in message.request) {
          const verdict = tokens.judge(from, Buffer.from(message.request.token ?? '', 'hex'), EPOCH);
          expect(back).toEqual({ ...message, request: { ...message.request, token: verdict } });
        } else expect(back).toEqual(message);
      }),
      { numRuns },
    );
  });

  it('[U16] is never longer than the core is told', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(bytesOf(message).length).toBeLessThanOrEqual(kv.sizeOf(message));
      }),
      { numRuns },
    );
  });

  it('[U16] asks for contacts and values with 128 bytes at least, so that small values may be sent back at once', () => {
    for (const it of [kv.findNode(key), { method: 'find_value', key } as const]) {
      const { length } = bytesOf(request(it));
      expect([length >= 128, length <= 140]).toEqual([true, true]);
    }
  });

  it('[F29] with the longest value and 20 contacts of IPv6 still is one UDP packet', () => {
    const contacts = Array.from({ length: 20 }, () => ({ id: sender, endpoint: '[2001:db8:1:2:3:4:5:6]:65535' }));
    const long = recordOf(new Uint8Array(MAX_VALUE).fill(255), Number.MAX_SAFE_INTEGER);
    const { length } = bytesOf(reply({ contacts, record: long, token: { epoch: 1 } }));
    expect([length > MAX_VALUE, length < 65_507]).toEqual([true, true]);
    const store = { method: 'store', key, record: long, immutable: true, lifetime: 'forever', token: '0a' } as const;
    expect(bytesOf(request(store)).length).toBeLessThan(65_507);
  });

  it('leaves out a contact whose address has no bytes', () => {
    const contacts = [
      { id: sender, endpoint: '[fe80::1%eth0]:7600' },
      { id: sender, endpoint: 'somewhere:1' },
      { id: sender, endpoint: '192.0.2.1:1' },
    ];
    expect(returned(reply({ contacts }))).toMatchObject({ reply: { contacts: [contacts[2]] } });
  });
});

const good = { y: 'q', t: Uint8Array.of(1), i: new Uint8Array(20) };
const storing = { ...good, q: 'store', k: new Uint8Array(20), w: Uint8Array.of(EPOCH), v: new Uint8Array(3) };

describe('what is malformed', () => {
  it.each<[string, object, number, string]>([
    ['no sender', { ...good, i: new Uint8Array(19), q: 'ping' }, KV_ERROR.malformed, "'i' must be 20 bytes"],
    ['an unknown method', { ...good, q: 'steal' }, KV_ERROR.unknownMethod, 'unknown method'],
    ['no method', good, KV_ERROR.unknownMethod, 'unknown method'],
    ['FIND_NODE without a target', { ...good, q: 'find_node' }, KV_ERROR.malformed, "'k' must be 20 bytes"],
    [
      'FIND_NODE with a short target',
      { ...good, q: 'find_node', k: new Uint8Array(5) },
      KV_ERROR.malformed,
      "'k' must be 20 bytes",
    ],
    ['FIND_VALUE without a key', { ...good, q: 'find_value' }, KV_ERROR.malformed, "'k' must be 20 bytes"],
    [
      'a token that is no bytes',
      { ...good, q: 'find_value', k: new Uint8Array(20), w: 'abc' },
      KV_ERROR.malformed,
      "'w' must be bytes",
    ],
    ['STORE without a token', { ...storing, w: undefined }, KV_ERROR.malformed, "'w' is missing"],
    ['STORE without a value', { ...storing, v: undefined }, KV_ERROR.malformed, "'v' is missing"],
    ['STORE of text', { ...storing, v: 'text' }, KV_ERROR.malformed, `'v' must be at most ${MAX_VALUE} bytes`],
    [
      'STORE of too much',
      { ...storing, v: new Uint8Array(MAX_VALUE + 1) },
      KV_ERROR.malformed,
      `'v' must be at most ${MAX_VALUE} bytes`,
    ],
    ['a negative version', { ...storing, s: -1 }, KV_ERROR.malformed, "'s' must be a whole number, 0 or more"],
    ['a version with a fraction', { ...storing, s: 1.5 }, KV_ERROR.malformed, "'s' must be a whole number, 0 or more"],
    ['a flag that is none', { ...storing, m: 1 }, KV_ERROR.malformed, "'m' must be true or false"],
    ['no time to live', { ...storing, l: 0 }, KV_ERROR.malformed, "'l' must be a whole number of ms, 1 or more"],
  ])('[D16] a request with %s is owed an error that says so', (_what, fields, code, text) => {
    const present = Object.fromEntries(Object.entries(fields).filter(([, it]) => it !== undefined));
    const decoded = read(toCbor(present as never));
    expect(decoded).toMatchObject({ ok: false, malformed: { answer: { tid: '01', code, text } } });
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'not-cbor'],
    ['no CBOR', Uint8Array.of(0xff, 1, 2), 'not-cbor'],
    ['more than one item', Uint8Array.of(1, 2), 'not-cbor'],
    ['a number', Uint8Array.of(1), 'not-a-message'],
    ['a list', Uint8Array.of(0x80), 'not-a-message'],
    ['a map without a transaction id', toCbor({ y: 'q', i: new Uint8Array(20), q: 'ping' }), 'not-a-message'],
    ['an empty transaction id', toCbor({ ...good, t: new Uint8Array(0), q: 'ping' }), 'not-a-message'],
    ['a transaction id of 33 bytes', toCbor({ ...good, t: new Uint8Array(33), q: 'ping' }), 'not-a-message'],
    ['an unknown kind', toCbor({ ...good, y: 'z' }), 'not-a-message'],
    ['a reply without a sender', toCbor({ y: 'r', t: Uint8Array.of(1) }), 'bad-reply'],
    ['a reply whose contacts are no list', toCbor({ ...good, y: 'r', n: 5 }), 'bad-reply'],
    ['a reply with too long a value', toCbor({ ...good, y: 'r', v: new Uint8Array(MAX_VALUE + 1) }), 'bad-reply'],
    ['an error without a code', toCbor({ y: 'e', t: Uint8Array.of(1) }), 'bad-error'],
    ['a key that comes twice', Uint8Array.of(0xa2, 0x61, 0x79, 1, 0x61, 0x79, 2), 'not-cbor'],
    ['a number not in its shortest form', Uint8Array.of(0x18, 1), 'not-cbor'],
  ])('[D16] %s is counted and answered with nothing', (_what, packet, cause) => {
    expect(read(packet)).toEqual({ ok: false, malformed: { cause } });
  });

  it('contacts that are none are left out, and no more than 100 are looked at', () => {
    const one = Buffer.concat([new Uint8Array(20), Uint8Array.of(192, 0, 2, 1, 0, 80)]);
    const zero = Buffer.concat([new Uint8Array(20), Uint8Array.of(192, 0, 2, 1, 0, 0)]);
    const nowhere = Buffer.concat([new Uint8Array(20), Uint8Array.of(0, 0, 0, 0, 0, 80)]);
    const mapped = Buffer.concat([new Uint8Array(30), Uint8Array.of(255, 255, 192, 0, 2, 1, 0, 80)]);
    const said = (n: unknown[]) => read(toCbor({ ...good, y: 'r', n } as never));
    expect(said([5, new Uint8Array(3), zero, nowhere, mapped, one])).toMatchObject({
      message: { reply: { contacts: [{ endpoint: '192.0.2.1:80' }] } },
    });
    const many = said(Array.from({ length: 150 }, () => one));
    expect(many.ok && many.message.type === 'reply' && many.message.reply.contacts?.length).toBe(100);
  });

  it("a stranger's text is short and has no control characters", () => {
    const decoded = read(toCbor({ y: 'e', t: Uint8Array.of(1), c: 1, x: `a\u001b[31m\n${'b'.repeat(500)}` }));
    expect(decoded).toMatchObject({ message: { code: 1 } });
    expect(decoded.ok && decoded.message.type === 'error' && decoded.message.text).toMatch(/^a \[31m b{93}$/);
  });
});

describe('addresses', () => {
  it.each([
    ['192.0.2.7:1', 'c00002070001'],
    ['[2001:db8::1]:7600', '20010db80000000000000000000000011db0'],
    ['[::1]:65535', '00000000000000000000000000000001ffff'],
    ['[2001:db8:0:0:1:0:0:1]:80', '20010db80000000000010000000000010050'],
  ])('%s is bytes and back', (text, bytes) => {
    expect(Buffer.from(packEndpoint(text) ?? []).toString('hex')).toBe(bytes);
    expect(packEndpoint(unpackEndpoint(Buffer.from(bytes, 'hex')) as string)).toEqual(packEndpoint(text));
  });

  it.each(['', 'x', '1.2.3.4', ':1', '1.2.3.4:0', '1.2.3.4:65536', '::1:80', '[::1]', '[]:1', '1.2.3.4:1e3'])(
    '%j is no endpoint',
    (text) => {
      expect([splitEndpoint(text), packEndpoint(text)]).toEqual([undefined, undefined]);
    },
  );
});
