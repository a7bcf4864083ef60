/** The codec of what BEP 33, 44 and 51 add: their examples, their errors, and what it leaves out. */
import bencode from 'bencode';
import { describe, expect, it } from 'vitest';
import { targetOf } from '../src/item.ts';
import { type Decoded, decode } from '../src/krpc-decode.ts';
import { encode, MAX_ITEM_SENT } from '../src/krpc-encode.ts';
import type { KrpcIn, KrpcOut, OutRequest } from '../src/messages.ts';
import items from './fixtures/items.json' with { type: 'json' };
import vectors from './fixtures/vectors.json' with { type: 'json' };
import { compactOf, EPOCH, idOf, latin1, tokensOf } from './krpc-samples.ts';

const FROM = '192.0.2.7:6881';
const ALICE = idOf('abcdefghij0123456789');
const BOB = idOf('mnopqrstuvwxyz123456');
const tokens = tokensOf(1);

const read = (packet: Buffer | string): Decoded =>
  decode(typeof packet === 'string' ? latin1(packet) : packet, FROM, tokens, EPOCH);
const pack = (value: unknown): Buffer => Buffer.from(bencode.encode(value));
const message = (packet: Buffer | string): KrpcIn => {
  const decoded = read(packet);
  if (!decoded.ok) throw new Error(decoded.malformed.cause);
  return decoded.message;
};

const example = (bep: number, name: string): string => {
  const found = vectors.message_examples.find((one) => one.bep === bep && one.name.startsWith(name));
  if (found?.bencoded === undefined) throw new Error(`no example '${name}'`);
  return found.bencoded;
};
const withOurs = (bencoded: string): string =>
  bencoded
    .replace(/1:y1:(.)e$/, '1:v4:XO\x00\x011:y1:$1e')
    .replace(/^d1:r/, `d2:ip6:${compactOf(FROM).toString('latin1')}1:r`);
const asking = (request: OutRequest): KrpcOut => ({
  type: 'request',
  tid: '6161',
  sender: ALICE,
  readOnly: false,
  request,
});

const bytes = (digits: string): Buffer => Buffer.from(digits, 'hex');
const vector = items.bep44[1] as (typeof items.bep44)[number];
const signed = {
  ...{ id: latin1('abcdefghij0123456789'), k: bytes(vector.public_key), sig: bytes(vector.signature) },
  ...{ salt: latin1(vector.salt), seq: vector.seq, token: latin1('aoeusnth'), v: 'Hello World!' },
};
const put = (changes: Readonly<Record<string, unknown>>): Decoded => {
  const a = Object.fromEntries(Object.entries({ ...signed, ...changes }).filter(([, value]) => value !== undefined));
  return read(pack({ t: 'aa', y: 'q', q: 'put', a }));
};
const owed = (code: number, text: string) => ({
  ok: false,
  malformed: { cause: 'bad-query', answer: { tid: '6161', code, text } },
});

describe('the messages of BEP 33, 44 and 51', () => {
  const known: readonly (readonly [number, string, OutRequest])[] = [
    [33, 'get_peers scrape+noseed', { method: 'get_peers', infoHash: BOB, noseed: true, scrape: true }],
    [51, 'sample_infohashes query', { method: 'sample_infohashes', target: BOB }],
    [44, 'get query', { method: 'get', target: BOB, seq: 4 }],
  ];

  it.each(known)('[J72] BEP %i: %s is written as there, with our v, and read', (bep, name, request) => {
    const packet = example(bep, name);
    expect(encode(asking(request), FROM, tokens).toString('latin1')).toBe(withOurs(packet));
    expect(message(packet)).toEqual(asking(request));
  });

  it('[J72] BEP 33: announce_peer with seed is written as there, with our v, and read', () => {
    const packet = example(33, 'announce_peer seed');
    const announce = { method: 'announce_peer', infoHash: BOB, port: 6881, impliedPort: false, seed: true } as const;
    const token = latin1('aoeusnth').toString('hex');
    expect(encode(asking({ ...announce, token }), FROM, tokens).toString('latin1')).toBe(withOurs(packet));
    expect(message(packet)).toMatchObject({ request: { ...announce, token: 'bad' } });
  });

  it('[J72] BEP 51: a reply has samples, num and interval, also where it has no sample', () => {
    const packet = example(51, 'sample_infohashes response');
    const reply = { nodes: [], interval: 10, num: 2, samples: [ALICE] };
    const told: KrpcOut = { type: 'reply', tid: '6161', sender: BOB, reply };
    expect(encode(told, FROM, tokens).toString('latin1')).toBe(withOurs(packet));
    expect(message(packet)).toEqual(told);
    const none: KrpcOut = { ...told, reply: { ...reply, num: 0, samples: [] } };
    expect(message(encode(none, FROM, tokens))).toMatchObject(none);
    expect(items.bep51_rules[0]).toBe('interval range 0..21600 s');
    expect(message(packet.replace('i10e', 'i99999e'))).toMatchObject({ reply: { interval: 21_600 } });
    expect(message(packet.replace('i10e', 'i-1e'))).toMatchObject({ reply: { interval: 0 } });
  });

  it('a flag is set by an integer other than 0; anything else is as good as not there', () => {
    const packet = example(33, 'get_peers scrape+noseed');
    const request = { method: 'get_peers', infoHash: BOB };
    expect(message(packet.replace('scrapei1e', 'scrapei0e'))).toMatchObject({ request: { ...request, noseed: true } });
    expect(message(packet.replace('scrapei1e', 'scrape1:1'))).not.toHaveProperty('request.scrape');
  });
});

describe('a put', () => {
  it.each(items.bep44)('[J72] of BEP 44, $name: the target is made of key and salt', (it) => {
    const decoded = put({ salt: it.salt === '' ? undefined : latin1(it.salt), sig: bytes(it.signature) });
    const value = latin1(it.value_bencoded).toString('hex');
    const salt = latin1(it.salt).toString('hex');
    const item = { value, publicKey: it.public_key, salt, seq: it.seq, signature: it.signature };
    expect(decoded).toMatchObject({ ok: true, message: { request: { item, target: it.target, token: 'bad' } } });
  });

  it('[J72] of an immutable item: the target is the hash of the bencoded value, length and all', () => {
    const known = items.bep44_extra.find((it) => it.name === 'immutable hash');
    const value = `20:${bytes(known?.value_hex as string).toString('latin1')}`;
    const none = { k: undefined, sig: undefined, salt: undefined, seq: undefined };
    const decoded = put({ ...none, v: bytes(known?.value_hex as string) });
    const item = { type: 'immutable', value: latin1(value).toString('hex') } as const;
    expect(decoded).toMatchObject({ ok: true, message: { request: { method: 'put', item, target: known?.target } } });
    expect(targetOf(item)).toBe(known?.target);
    const short = bytes(known?.value_hex as string).subarray(1);
    expect(put({ ...none, v: short })).not.toMatchObject({ message: { request: { target: known?.target } } });
  });

  it('keeps the bytes of its value as they came, whatever they are', () => {
    for (const value of ['i7e', 'le', 'd1:bi1e1:ai2ee', 'd1:k3:keye', '0:']) {
      const packet = `d1:ad2:id20:abcdefghij01234567895:token1:x1:v${value}e1:q3:put1:t2:aa1:y1:qe`;
      expect(message(packet)).toMatchObject({ request: { item: { value: latin1(value).toString('hex') } } });
    }
  });

  it.each([
    ['205', 'a value of more than 1,000 bytes of bencode', { v: 'x'.repeat(997) }, "'v' must be at most 1000 bytes"],
    ['207', 'a salt of more than 64 bytes', { salt: 's'.repeat(65) }, "'salt' must be at most 64 bytes"],
    ['206', 'a signature of another length', { sig: Buffer.alloc(63) }, "'sig' must be 64 bytes"],
    ['203', 'a key of another length', { k: Buffer.alloc(31) }, "'k' must be 32 bytes"],
    ['203', 'no value', { v: undefined }, "missing 'v' key"],
    ['203', 'no token', { token: undefined }, "missing 'token' key"],
    ['203', 'a key and no number', { seq: undefined }, "missing 'seq' key"],
    ['203', 'a key and no signature', { sig: undefined }, "missing 'sig' key"],
    ['203', 'a number below 0', { seq: -1 }, "'seq' must be an integer of 0 to 2^53 - 1"],
    ['203', 'a number that is none', { seq: '1' }, "'seq' must be an integer of 0 to 2^53 - 1"],
    ['203', 'a cas that is none', { cas: 'x' }, "'cas' must be an integer of 0 to 2^53 - 1"],
    ['203', 'a salt that is no string', { salt: 5 }, "'salt' must be a string"],
  ])('[J72] is error %s with %s', (code, _, changes, text) => {
    expect(put(changes)).toEqual(owed(Number(code), text));
  });

  it('[J72] may have a value of 1,000 bytes and a salt of 64', () => {
    expect(put({ v: 'x'.repeat(996), salt: 's'.repeat(64) })).toMatchObject({ ok: true });
  });

  it('[J70] has its token judged for the target, at the address it came from', () => {
    const token = (target: string): Buffer => bytes(tokens.mint(FROM, { infoHash: target as never, epoch: EPOCH }));
    const verdict = (shown: Buffer): unknown => {
      const decoded = put({ token: shown });
      return decoded.ok && decoded.message.type === 'request' && 'token' in decoded.message.request
        ? decoded.message.request.token
        : decoded;
    };
    expect([verdict(token(vector.target)), verdict(token(BOB))]).toEqual(['current', 'bad']);
  });
});

it.each(Object.entries(items.bep44_errors))('[J72] error %s of BEP 44, %s, goes there and back', (code, text) => {
  const told: KrpcOut = { type: 'error', tid: '6161', code: Number(code), text };
  expect(message(encode(told, FROM, tokens))).toEqual(told);
});

describe('a get', () => {
  it('[J72][S71] without a target, and find_node without one, is error 203 that names the key', () => {
    for (const q of ['get', 'find_node']) {
      const packet = pack({ t: '10', y: 'q', q, a: { id: latin1('abcdefghij0123456789') } });
      expect(read(packet)).toEqual({
        ok: false,
        malformed: { cause: 'bad-query', answer: { tid: '3130', code: 203, text: "missing 'target' key" } },
      });
    }
  });

  it('[J72] with a number that is none is error 203', () => {
    const packet = example(44, 'get query').replace('i4e', '1:4');
    expect(read(packet)).toEqual(owed(203, "'seq' must be an integer of 0 to 2^53 - 1"));
  });
});

describe('a reply with an item', () => {
  const replied = (r: Readonly<Record<string, unknown>>): Decoded =>
    read(pack({ t: 'aa', y: 'r', r: { id: latin1('mnopqrstuvwxyz123456'), ...r } }));
  const known = { k: signed.k, sig: signed.sig, seq: 1, v: 'Hello World!' };

  it('[J72] has value, key, number and signature', () => {
    const reply = {
      value: latin1(vector.value_bencoded).toString('hex'),
      ...{ publicKey: vector.public_key, seq: 1, signature: vector.signature },
    };
    expect(replied(known)).toMatchObject({ ok: true, message: { reply } });
  });

  it('leaves out what cannot be an item: a value too long, a key that is none', () => {
    for (const changes of [{ v: 'x'.repeat(997) }, { k: Buffer.alloc(31) }]) {
      const decoded = replied({ ...known, ...changes });
      expect(decoded).toMatchObject({ ok: true, message: { reply: { seq: 1 } } });
      expect(decoded).not.toHaveProperty('message.reply.value');
    }
    expect(replied({ ...known, sig: Buffer.alloc(1) })).not.toHaveProperty('message.reply.signature');
    expect(replied({ ...known, seq: -1 })).not.toHaveProperty('message.reply.seq');
  });

  it.each([{ k: 1 }, { sig: ['x'] }, { seq: 'x' }])('is none with a key of another type: %j', (changes) => {
    expect(replied({ ...known, ...changes })).toEqual({ ok: false, malformed: { cause: 'bad-reply' } });
  });

  it('[J73] of 1,000 bytes has room for some nodes, and stays in one frame', () => {
    const nodes = Array.from({ length: 8 }, (_, i) => ({ id: BOB, endpoint: `[2001:db8::${i + 1}]:6881` }));
    const value = latin1(`996:${'x'.repeat(996)}`).toString('hex');
    const reply = { value, publicKey: vector.public_key, seq: 2 ** 53 - 1, signature: vector.signature };
    const token = { infoHash: BOB, epoch: EPOCH };
    const packet = encode(
      { type: 'reply', tid: '6161', sender: ALICE, reply: { ...reply, nodes, token } },
      '[2001:db8::99]:1',
      tokens,
    );
    expect(packet.length).toBeLessThanOrEqual(MAX_ITEM_SENT);
    expect(message(packet)).toMatchObject({ reply: { ...reply, nodes: nodes.slice(0, 5) } });
  });

  it('has filters only of 256 bytes, and both', () => {
    const filter = Buffer.alloc(256, 7);
    const hex = filter.toString('hex');
    expect(replied({ BFsd: filter, BFpe: filter })).toMatchObject({
      message: { reply: { filters: { seeds: hex, peers: hex } } },
    });
    for (const r of [{ BFsd: filter }, { BFsd: filter, BFpe: Buffer.alloc(255) }, { BFsd: filter, BFpe: 5 }]) {
      expect(replied(r)).toMatchObject({ ok: true });
      expect(replied(r)).not.toHaveProperty('message.reply.filters');
    }
  });
});
