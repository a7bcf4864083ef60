/** Ids bound to addresses (BEP 42), and the address in every answer, by the published vectors. */
import type { Id } from '@xorrery/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyOf } from '../src/compact.ts';
import { decode } from '../src/krpc-decode.ts';
import { encode } from '../src/krpc-encode.ts';
import { crc32c, idFits, idFor } from '../src/secure-id.ts';
import vectors from './fixtures/vectors.json' with { type: 'json' };
import { EPOCH, endpoints, ids, tokensOf } from './krpc-samples.ts';

const at = (ip: string): string => `${ip}:6881`;

describe('ids that follow from an address', () => {
  it.each(vectors.crc32c)('[X13] CRC-32C of $input_hex', ({ input_hex, crc32c_hex }) => {
    expect(crc32c(Buffer.from(input_hex, 'hex')).toString(16).padStart(8, '0')).toBe(crc32c_hex);
  });

  it.each(vectors.bep42)(
    '[X13] $example_node_id is one at $ip (BEP 42)',
    ({ ip, rand, prefix21_hex, example_node_id }) => {
      expect(idFits(example_node_id as Id, at(ip))).toBe(true);
      const made = idFor(at(ip), example_node_id as Id);
      expect(made).toBe(example_node_id);
      expect(Number.parseInt(made.slice(-2), 16)).toBe(rand);
      expect(Number.parseInt(made.slice(0, 6), 16) >>> 3).toBe(Number.parseInt(prefix21_hex, 16) >>> 3);
    },
  );

  it('[X13] at another address, or with another of the 21 bits, it is none', () => {
    const [{ ip, example_node_id }] = vectors.bep42 as [(typeof vectors.bep42)[number]];
    expect(idFits(example_node_id as Id, at('124.31.75.22'))).toBe(false);
    const flipped = (bit: number): Id => {
      const bytes = Buffer.from(example_node_id, 'hex');
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (0x80 >> (bit & 7));
      return bytes.toString('hex') as Id;
    };
    for (let bit = 0; bit < 21; bit++) expect(idFits(flipped(bit), at(ip))).toBe(false);
    for (let bit = 21; bit < 150; bit++) expect(idFits(flipped(bit), at(ip))).toBe(true);
  });

  it.each(vectors.bep42_exempt_ranges)('[X13] any id fits in %s', (range) => {
    const endpoint = at(range.slice(0, range.indexOf('/')));
    expect(idFits('00'.repeat(20) as Id, endpoint)).toBe(true);
    expect(idFor(endpoint, 'ab'.repeat(20) as Id)).toBe('ab'.repeat(20));
  });

  it('[X13] whatever the address and the random bits, the id made fits and keeps its free bits', () => {
    fc.assert(
      fc.property(endpoints, ids, (endpoint, random) => {
        const id = idFor(endpoint, random);
        expect(idFits(id, endpoint)).toBe(true);
        expect(id.slice(6)).toBe(random.slice(6));
        expect(idFor(endpoint, id)).toBe(id);
      }),
    );
  });
});

describe('the address in an answer', () => {
  const tokens = tokensOf(1);

  it('[X13] is that of whoever is answered, in every reply (BEP 42)', () => {
    fc.assert(
      fc.property(endpoints, ids, (to, sender) => {
        const packet = encode({ type: 'reply', tid: '6161', sender, reply: {} }, to, tokens);
        expect(decode(packet, at('192.0.2.7'), tokens, EPOCH)).toEqual({
          ok: true,
          message: { type: 'reply', tid: '6161', sender, reply: { seenAs: to } },
        });
      }),
    );
  });

  it.each(['1:i', 'i7e', '5:axje.', '6:axje\0\0', 'le'])(
    '[U03] that is none (%j) is left aside, and the answer stands',
    (ip) => {
      const packet = Buffer.from(`d2:ip${ip}1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re`, 'latin1');
      const decoded = decode(packet, at('192.0.2.7'), tokens, EPOCH);
      expect(decoded).toMatchObject({ ok: true, message: { type: 'reply' } });
      expect(decoded).not.toHaveProperty('message.reply.seenAs');
    },
  );
});

describe('want (BEP 32)', () => {
  const tokens = tokensOf(1);
  const sender = 'ab'.repeat(20) as Id;
  const target = 'cd'.repeat(20) as Id;
  const ask = { type: 'request', tid: '6161', sender, readOnly: false } as const;
  const read = (packet: Buffer): unknown => {
    const decoded = decode(packet, at('192.0.2.7'), tokens, EPOCH);
    return decoded.ok && decoded.message.type === 'request' ? decoded.message.request : decoded;
  };

  it.each([
    { method: 'find_node', target } as const,
    { method: 'get_peers', infoHash: target } as const,
    { method: 'sample_infohashes', target } as const,
  ])('[X13] $method asks for both families where the transport says so', (request) => {
    expect(read(encode({ ...ask, request }, at('192.0.2.1'), tokens, true))).toEqual({ ...request, want: [4, 6] });
    expect(read(encode({ ...ask, request }, at('192.0.2.1'), tokens))).toEqual(request);
  });

  it.each([{ method: 'ping' } as const])('[X13] $method does not', (request) => {
    expect(read(encode({ ...ask, request }, at('192.0.2.1'), tokens, true))).toEqual(request);
  });

  it.each([
    ['l2:n4e', [4]],
    ['l2:n6e', [6]],
    ['l2:n62:n42:n6e', [4, 6]],
    ['l2:n8i7ele2:n6e', [6]],
    ['le', []],
    [`l${'2:n9'.repeat(8)}2:n4e`, []],
  ])(
    '[X13] want %s is read as %j: unknown words are ignored, and no list is looked through for ever',
    (want, families) => {
      const packet = `d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:want${want}e1:q9:find_node1:t2:aa1:y1:qe`;
      expect(read(Buffer.from(packet, 'latin1'))).toMatchObject({ want: families });
    },
  );

  it('[X13] the published query with want reads as such', () => {
    const vector = vectors.message_examples.find(({ name }) => name.startsWith('find_node want both'));
    expect(read(Buffer.from(vector?.bencoded ?? '', 'latin1'))).toMatchObject({ method: 'find_node', want: [4, 6] });
  });

  it('[X13] a reply with 8 nodes of each family fits, and is read whole', () => {
    const contact = (endpoint: string, i: number) => ({ id: i.toString(16).padStart(40, '0') as Id, endpoint });
    const v4 = Array.from({ length: 8 }, (_, i) => contact(`192.0.2.${i}:6881`, i));
    const v6 = Array.from({ length: 8 }, (_, i) => contact(`[2001:db8::${i + 1}]:6881`, 100 + i));
    for (const to of [at('192.0.2.1'), '[2001:db8::9]:1']) {
      const [nodes, others] = familyOf(to) === 4 ? [v4, v6] : [v6, v4];
      const packet = encode({ type: 'reply', tid: '6161', sender, reply: { nodes, others } }, to, tokens);
      expect(packet.length).toBeLessThanOrEqual(1_024);
      const decoded = decode(packet, at('192.0.2.7'), tokens, EPOCH);
      expect(decoded).toMatchObject({ message: { reply: { nodes: [...v4, ...v6] } } });
    }
  });
});
