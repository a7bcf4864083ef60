import type { Contact } from '@xorrery/core';
import bencode from 'bencode';
import { describe, expect, it } from 'vitest';
import { type Decoded, decode, MAX_NODES, MAX_TID, MAX_TOKEN } from '../src/krpc-decode.ts';
import { encode, MAX_SENT } from '../src/krpc-encode.ts';
import { MAX_PEERS, MAX_TEXT } from '../src/krpc-parts.ts';
import type { KrpcIn, KrpcOut } from '../src/messages.ts';
import vectors from './fixtures/vectors.json' with { type: 'json' };
import { byLibrary, compactOf, EPOCH, idOf, latin1, tokensOf } from './krpc-samples.ts';

const FROM = '192.0.2.7:6881';
const ALICE = idOf('abcdefghij0123456789');
const BOB = idOf('mnopqrstuvwxyz123456');
const OURS = 'XO\x00\x01';
const tokens = tokensOf(1);

const read = (packet: Buffer | string): Decoded =>
  decode(typeof packet === 'string' ? latin1(packet) : packet, FROM, tokens, EPOCH);
const pack = (value: unknown): Buffer => Buffer.from(bencode.encode(value));
const message = (packet: Buffer | string): KrpcIn => {
  const decoded = read(packet);
  if (!decoded.ok) throw new Error(decoded.malformed.cause);
  return decoded.message;
};
const refusal = (packet: Buffer | string) => {
  const decoded = read(packet);
  if (decoded.ok) throw new Error(`read as ${decoded.message.type}`);
  return decoded.malformed;
};
const owed = (code: number, text: string, cause = 'bad-query') => ({ cause, answer: { tid: '6161', code, text } });

/** The bytes of BEP 5 with our `v`, and the `ip` of BEP 42 in replies, put where the sorted keys want them. */
const withOurs = (bencoded: string): Buffer => {
  const ip = `2:ip6:${compactOf(FROM).toString('latin1')}`;
  return latin1(bencoded.replace(/1:y1:(.)e$/, `1:v4:${OURS}1:y1:$1e`).replace(/^d1:r/, `d${ip}1:r`));
};

/** A message of ours as it arrives: a reply tells its receiver as whom it was seen. */
const seen = (message: KrpcOut): KrpcIn =>
  (message.type === 'reply' ? { ...message, reply: { ...message.reply, seenAs: FROM } } : message) as KrpcIn;

const sent: Readonly<Record<string, KrpcOut>> = {
  error_generic: { type: 'error', tid: '6161', code: 201, text: 'A Generic Error Ocurred' },
  ping_query: { type: 'request', tid: '6161', sender: ALICE, readOnly: false, request: { method: 'ping' } },
  ping_response: { type: 'reply', tid: '6161', sender: BOB, reply: {} },
  find_node_query: {
    type: 'request',
    tid: '6161',
    sender: ALICE,
    readOnly: false,
    request: { method: 'find_node', target: BOB },
  },
  get_peers_query: {
    type: 'request',
    tid: '6161',
    sender: ALICE,
    readOnly: false,
    request: { method: 'get_peers', infoHash: BOB },
  },
  announce_peer_response: { type: 'reply', tid: '6161', sender: BOB, reply: {} },
};

describe('the messages of BEP 5', () => {
  const known = vectors.bep5_messages.filter(({ name }) => name in sent);

  it.each(known)('[J72][J73] $name is written as there, with our v', ({ name, bencoded }) => {
    expect(encode(sent[name] as KrpcOut, FROM, tokens).toString('latin1')).toBe(withOurs(bencoded).toString('latin1'));
  });

  it.each(known)('[J72] $name is read, with and without v', ({ name, bencoded }) => {
    expect(message(bencoded)).toEqual(sent[name]);
    expect(message(withOurs(bencoded))).toEqual(seen(sent[name] as KrpcOut));
  });

  const bencoded = (name: string): string =>
    vectors.bep5_messages.find((vector) => vector.name === name)?.bencoded ?? '';

  it('[J73] find_node_response holds a partial node, which is ignored', () => {
    expect(message(bencoded('find_node_response'))).toEqual({
      type: 'reply',
      tid: '6161',
      sender: idOf('0123456789abcdefghij'),
      reply: { nodes: [] },
    });
  });

  it('[J72] get_peers_response holds peers and a token', () => {
    const token = latin1('aoeusnth').toString('hex');
    const peers = [{ key: '97.120.106.101:11893' }, { key: '105.100.104.116:28269' }];
    expect(message(bencoded('get_peers_response_values'))).toMatchObject({ sender: ALICE, reply: { token, peers } });
    expect(message(bencoded('get_peers_response_nodes'))).toMatchObject({ reply: { token, nodes: [] } });
  });

  it('[J72] announce_peer_query implies its port; its token is judged', () => {
    expect(message(bencoded('announce_peer_query'))).toMatchObject({
      request: { method: 'announce_peer', infoHash: BOB, port: 0, impliedPort: true, token: 'bad' },
    });
  });
});

describe('the messages of other BEPs', () => {
  const example = (name: string): string => {
    const found = vectors.message_examples.find((one) => one.name.startsWith(name));
    return found?.bencoded ?? found?.bencoded_latin1 ?? '';
  };

  it('a read-only node says ro (BEP 43), which is written and read', () => {
    const packet = example('ping query from read-only node');
    const reader: KrpcOut = { ...(sent.ping_query as KrpcOut & { type: 'request' }), readOnly: true };
    expect(message(packet)).toEqual(reader);
    expect(encode(reader, FROM, tokens)).toEqual(withOurs(packet));
    expect(message(packet.replace('2:roi1e', '2:roi0e'))).toEqual(sent.ping_query);
    expect(message(packet.replace('2:roi1e', '2:ro1:1'))).toEqual(sent.ping_query);
  });

  it.each([['find_node want both', 'find_node']])('keys we do not know are ignored: %s', (name, method) => {
    expect(message(example(name))).toMatchObject({ request: { method } });
  });

  it('a reply may tell our address (BEP 42)', () => {
    expect(message(example('response with ip'))).toMatchObject({ type: 'reply', sender: BOB });
  });

  it('[J72] a method we do not have is unknown', () => {
    const packet = example('get query').replace('1:q3:get', '1:q4:vote');
    expect(refusal(packet)).toEqual(owed(204, 'method unknown', 'unknown-method'));
  });

  it('a ping without a transaction id is nobody to answer', () => {
    expect(refusal(example('minimal ping'))).toEqual({ cause: 'no-transaction-id' });
  });
});

describe('a bad query', () => {
  const find = {
    t: 'aa',
    y: 'q',
    q: 'find_node',
    a: { id: latin1('abcdefghij0123456789'), target: latin1('m'.repeat(20)) },
  };
  const announce = {
    ...find,
    q: 'announce_peer',
    a: { id: find.a.id, info_hash: find.a.target, port: 6881, token: latin1('aoeusnth') },
  };

  it.each([
    ["missing 'q' key", { ...find, q: undefined }],
    ["'q' must be a string", { ...find, q: 7 }],
    ["missing 'a' key", { ...find, a: undefined }],
    ["'a' must be a dictionary", { ...find, a: ['id'] }],
    ["'a' must be a dictionary", { ...find, a: 'id' }],
    ["missing 'id' key", { ...find, a: { target: find.a.target } }],
    ["'id' must be 20 bytes", { ...find, a: { ...find.a, id: 'short' } }],
    ["'id' must be 20 bytes", { ...find, a: { ...find.a, id: 20 } }],
    ["missing 'target' key", { ...find, a: { id: find.a.id } }],
    ["'target' must be 20 bytes", { ...find, a: { ...find.a, target: latin1('m'.repeat(21)) } }],
    ["'target' must be 20 bytes", { ...find, a: { ...find.a, target: ['m'] } }],
    ["missing 'info_hash' key", { ...find, q: 'get_peers' }],
    ["'info_hash' must be 20 bytes", { ...find, q: 'get_peers', a: { ...find.a, info_hash: '' } }],
    ["missing 'info_hash' key", { ...announce, a: { ...announce.a, info_hash: undefined } }],
    ["missing 'port' key", { ...announce, a: { ...announce.a, port: undefined } }],
    ["missing 'port' key", { ...announce, a: { ...announce.a, port: undefined, implied_port: 0 } }],
    ["'port' must be 1 to 65535", { ...announce, a: { ...announce.a, port: 0 } }],
    ["'port' must be 1 to 65535", { ...announce, a: { ...announce.a, port: 65536 } }],
    ["'port' must be 1 to 65535", { ...announce, a: { ...announce.a, port: -1 } }],
    ["'port' must be 1 to 65535", { ...announce, a: { ...announce.a, port: '6881' } }],
    ["'implied_port' must be an integer", { ...announce, a: { ...announce.a, implied_port: 'yes' } }],
    ["missing 'token' key", { ...announce, a: { ...announce.a, token: undefined } }],
    ["'token' must be a string", { ...announce, a: { ...announce.a, token: 8 } }],
  ])('[J72] is owed 203: %s', (text, query) => expect(refusal(pack(query))).toEqual(owed(203, text)));

  it('[J72] of an unknown method is owed 204, whatever its arguments', () => {
    for (const q of ['', 'pin', 'pings', 'PING', 'find', 'vote', '\xff']) {
      expect(refusal(pack({ t: 'aa', y: 'q', q: latin1(q) }))).toEqual(owed(204, 'method unknown', 'unknown-method'));
    }
  });

  it('[J72] that implies its port needs none, and a port it gives besides is not looked at', () => {
    for (const port of [undefined, 0, 6881, 'x']) {
      const packet = pack({ ...announce, a: { ...announce.a, implied_port: 1, port } });
      expect(message(packet)).toMatchObject({ request: { port: 0, impliedPort: true } });
    }
  });
});

describe('a token at our door', () => {
  const shown = (from: string, epoch: number, now: number) => {
    const token = tokens.mint(from, { infoHash: BOB, epoch });
    const request = { method: 'announce_peer', infoHash: BOB, port: 6881, impliedPort: false, token } as const;
    const packet = encode({ type: 'request', tid: '6161', sender: ALICE, readOnly: false, request }, FROM, tokens);
    return decode(packet, FROM, tokens, now);
  };

  it.each([
    ['current', FROM, EPOCH],
    ['current', '192.0.2.7:1', EPOCH],
    ['previous', FROM, EPOCH + 1],
    ['bad', FROM, EPOCH + 2],
    ['bad', '192.0.2.8:6881', EPOCH],
  ])('[J72][X14] is %s when it was minted for %s, seen in epoch %i', (verdict, from, now) => {
    expect(shown(from, EPOCH, now)).toMatchObject({ message: { request: { token: verdict } } });
  });
});

describe('a packet that is no message', () => {
  it.each([
    ['not-bencode', ''],
    ['not-bencode', 'hello'],
    ['not-bencode', 'le'],
    ['not-bencode', 'i1e'],
    ['not-bencode', 'd'],
    ['not-bencode', 'l-3:'],
    ['not-bencode', '9999999999:a'],
    ['not-bencode', 'l'.repeat(60_000)],
    ['not-bencode', `d1:a${'l'.repeat(30_000)}${'e'.repeat(30_000)}1:t2:aa1:y1:qe`],
    ['not-bencode', 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qee'],
    ['not-bencode', 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe\n'],
    ['no-transaction-id', 'de'],
    ['no-transaction-id', 'd1:ti7e1:y1:qe'],
    ['no-transaction-id', 'd1:t0:1:y1:qe'],
    ['no-transaction-id', `d1:t33:${'a'.repeat(33)}1:y1:qe`],
    ['unknown-type', 'd1:t2:aae'],
    ['unknown-type', 'd1:t2:aa1:yi1ee'],
    ['unknown-type', 'd1:t2:aa1:y1:xe'],
    ['unknown-type', 'd1:t2:aa1:y2:qqe'],
    ['unknown-type', 'd1:t2:aa1:y0:e'],
    ['bad-reply', 'd1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:r2:id1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:rde1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:rd2:id19:abcdefghij012345678e1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:rd2:id20:abcdefghij01234567895:nodesi1ee1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:rd2:id20:abcdefghij01234567896:nodes6lee1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:rd2:id20:abcdefghij01234567896:values6:axje.ue1:t2:aa1:y1:re'],
    ['bad-reply', 'd1:rd2:id20:abcdefghij01234567895:tokeni1ee1:t2:aa1:y1:re'],
    ['bad-error', 'd1:t2:aa1:y1:ee'],
    ['bad-error', 'd1:ele1:t2:aa1:y1:ee'],
    ['bad-error', 'd1:e3:2011:t2:aa1:y1:ee'],
    ['bad-error', 'd1:el3:201e1:t2:aa1:y1:ee'],
  ])('[J73] is data and is not answered: %s, %s', (cause, packet) => expect(refusal(packet)).toEqual({ cause }));

  it('[J73] in any shortened form of a good one', () => {
    for (const { bencoded } of vectors.bep5_messages) {
      for (let end = 0; end < bencoded.length; end++)
        expect(refusal(bencoded.slice(0, end))).toEqual({ cause: 'not-bencode' });
    }
  });
});

describe('a reply', () => {
  const contact = (i: number, endpoint: string): Contact => ({ id: idOf(String(i).padStart(20, '0')), endpoint });
  const from4 = (count: number) => Array.from({ length: count }, (_, i) => contact(i, `192.0.2.${i & 255}:${i + 1}`));
  const from6 = (count: number) =>
    Array.from({ length: count }, (_, i) => contact(i, `[2001:db8::${(i + 1).toString(16)}]:${i + 1}`));
  const blob = (nodes: readonly Contact[]) =>
    Buffer.concat(nodes.map(({ id, endpoint }) => Buffer.concat([Buffer.from(id, 'hex'), compactOf(endpoint)])));
  const replied = (r: object): KrpcIn => message(pack({ t: 'aa', y: 'r', r: { id: Buffer.from(ALICE, 'hex'), ...r } }));
  const back = (reply: (KrpcOut & { type: 'reply' })['reply'], to = FROM) => {
    const packet = encode({ type: 'reply', tid: '6161', sender: ALICE, reply }, to, tokens);
    const got = message(packet);
    if (got.type !== 'reply') throw new Error(got.type);
    return { bytes: packet.length, ...got.reply };
  };

  it('[F29] with 20 contacts in each family is read whole', () => {
    expect(replied({ nodes: blob(from4(20)), nodes6: blob(from6(20)) })).toMatchObject({
      reply: { nodes: [...from4(20), ...from6(20)] },
    });
  });

  it('may mix peers of both families; what is neither, or has port 0, is left out', () => {
    const values = [
      compactOf('192.0.2.1:1'),
      'short',
      7,
      ['x'],
      Buffer.alloc(6),
      compactOf('[2001:db8::1]:2'),
      Buffer.alloc(18),
    ];
    expect(replied({ values })).toMatchObject({
      reply: { peers: [{ key: '192.0.2.1:1' }, { key: '[2001:db8::1]:2' }] },
    });
  });

  it(`counts ${MAX_NODES} nodes and ${MAX_PEERS} peers and ignores the rest`, () => {
    const got = replied({
      nodes: blob(from4(MAX_NODES - 5)),
      nodes6: blob(from6(30)),
      values: Array.from({ length: 1000 }, (_, i) => compactOf(`192.0.2.1:${i + 1}`)),
    });
    expect(got).toMatchObject({ reply: { nodes: [...from4(MAX_NODES - 5), ...from6(5)] } });
    expect(got.type === 'reply' && got.reply.peers?.length).toBe(MAX_PEERS);
  });

  it(`gives a token of 1 to ${MAX_TOKEN} bytes, or else none`, () => {
    expect(replied({ token: Buffer.alloc(MAX_TOKEN, 1) })).toMatchObject({ reply: { token: '01'.repeat(MAX_TOKEN) } });
    expect(replied({ token: Buffer.alloc(MAX_TOKEN + 1, 1) })).toMatchObject({ reply: {} });
    expect(replied({ token: '' })).toMatchObject({ reply: {} });
  });

  it('names its keys in any order', () => {
    expect(message('d1:y1:r1:t2:aa1:rd5:token1:x2:id20:abcdefghij0123456789ee')).toMatchObject({
      sender: ALICE,
      reply: { token: '78' },
    });
  });

  it('goes out with contacts and peers of the family it is sent to', () => {
    const nodes = [...from4(3), ...from6(2)];
    const peers = nodes.map(({ endpoint }) => ({ key: endpoint }));
    expect(back({ nodes, peers })).toMatchObject({ nodes: from4(3), peers: peers.slice(0, 3) });
    expect(back({ nodes, peers }, '[2001:db8::9]:1')).toMatchObject({ nodes: from6(2), peers: peers.slice(3) });
    expect(back({ nodes: from6(2), peers: [] })).toMatchObject({ nodes: [], peers: [] });
  });

  it(`stays within ${MAX_SENT} bytes: nodes first, then the peers that fit`, () => {
    const nodes = from4(8);
    const peers = Array.from({ length: 500 }, (_, i) => ({ key: `192.0.2.1:${i + 1}` }));
    const token = { infoHash: BOB, epoch: EPOCH };
    const got = back({ nodes, peers, token });
    expect(got.bytes).toBeLessThanOrEqual(MAX_SENT);
    expect(got.bytes).toBeGreaterThan(MAX_SENT - 8);
    expect(got).toMatchObject({ nodes, token: tokens.mint(FROM, token), peers: peers.slice(0, got.peers?.length) });
    const full = back({ nodes: from4(200), peers, token });
    expect(full.bytes).toBeLessThanOrEqual(MAX_SENT);
    expect(full.nodes).toEqual(from4(full.nodes?.length ?? 0));
    expect(full.nodes?.length).toBeGreaterThan(33);
  });

  it('leaves out contacts that have no compact form', () => {
    expect(back({ nodes: [contact(1, '[fe80::1%eth0]:1'), contact(2, 'localhost:2'), ...from4(1)] })).toMatchObject({
      nodes: from4(1),
    });
    expect(back({ nodes: [contact(1, '[fe80::1%eth0]:1')] }, '[::1]:1')).toMatchObject({ nodes: [] });
  });

  it('is the same bytes as the library makes', () => {
    const reply: KrpcOut = {
      type: 'reply',
      tid: '6161',
      sender: ALICE,
      reply: { nodes: from4(8), peers: [{ key: FROM }], token: { infoHash: BOB, epoch: EPOCH } },
    };
    expect(encode(reply, FROM, tokens)).toEqual(byLibrary(reply, FROM, tokens));
  });
});

describe('an error', () => {
  const error = (e: unknown[]): KrpcIn => message(pack({ t: 'aa', y: 'e', e }));

  it('may have any code and no text', () => {
    expect(error([-7])).toEqual({ type: 'error', tid: '6161', code: -7, text: '' });
    expect(error([201, ['text']])).toMatchObject({ code: 201, text: '' });
    expect(error([201, 'text', 'more'])).toMatchObject({ text: 'text' });
  });

  it('has a text fit for a terminal', () => {
    expect(error([201, 'red\u001b[31m\r\nline\u202Eback\u2028'])).toMatchObject({ text: 'red [31m  line back ' });
    expect(error([201, Buffer.from([0x61, 0xff, 0x62])])).toMatchObject({ text: 'a\ufffdb' });
    expect(error([201, 'x'.repeat(5000)])).toMatchObject({ text: 'x'.repeat(MAX_TEXT) });
    expect(error([201, '🪐'.repeat(5000)])).toMatchObject({ text: '🪐'.repeat(MAX_TEXT) });
  });

  it('is sent with at most 200 bytes of text, whole characters', () => {
    for (const text of ['é'.repeat(150), `a${'é'.repeat(150)}`, '🪐'.repeat(60), `abc${'🪐'.repeat(60)}`]) {
      const got = message(encode({ type: 'error', tid: '6161', code: 202, text }, FROM, tokens));
      expect(got.type === 'error' && text.startsWith(got.text)).toBe(true);
    }
  });

  it.each(Object.keys(vectors.bep5_errors).map(Number))('[J72] of code %i goes there and back', (code) => {
    const told: KrpcOut = { type: 'error', tid: '6161', code, text: "missing 'target' key" };
    expect(message(encode(told, FROM, tokens))).toEqual(told);
  });
});

it('[J73] a transaction id of 1 to 32 bytes is echoed as it came', () => {
  for (let length = 1; length <= MAX_TID; length++) {
    const t = Buffer.alloc(length, 0xfe);
    expect(message(pack({ t, y: 'q', q: 'ping', a: { id: Buffer.from(ALICE, 'hex') } }))).toMatchObject({
      tid: t.toString('hex'),
    });
    expect(refusal(pack({ t, y: 'q', q: 'ping' }))).toMatchObject({ answer: { tid: t.toString('hex') } });
  }
});
