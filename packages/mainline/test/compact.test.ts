import type { Contact } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointAt, familyOf, parse6, portIn, readNodes, textOf6, writeEndpoint } from '../src/compact.ts';
import vectors from './fixtures/vectors.json' with { type: 'json' };
import { canonical6, compactOf, endpoints, latin1, words6 } from './krpc-samples.ts';

const bytes6 = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(16);
  return parse6(text, bytes, 0) ? bytes : undefined;
};

const nodesOf = (data: Buffer, family: 4 | 6, limit = 100): Contact[] => {
  const into: Contact[] = [];
  readNodes(data, 0, data.length, family, into, limit);
  return into;
};

describe('compact endpoints', () => {
  it.each(vectors.bep5_compact)('[J73] the peer $bytes of BEP 5 is $ip:$port', ({ bytes, ip, port }) => {
    expect(endpointAt(latin1(bytes), 0, 4)).toBe(`${ip}:${port}`);
    const written = Buffer.alloc(6);
    expect(writeEndpoint(`${ip}:${port}`, written, 0)).toBe(true);
    expect(written).toEqual(latin1(bytes));
  });

  it('[J73] 6 or 18 bytes come back as they were', () => {
    fc.assert(
      fc.property(endpoints, (endpoint) => {
        const family = familyOf(endpoint);
        const data = new Uint8Array(20);
        expect(writeEndpoint(endpoint, data, 1)).toBe(true);
        expect(Buffer.from(data.subarray(1, family === 4 ? 7 : 19))).toEqual(compactOf(endpoint));
        expect(endpointAt(data, 1, family)).toBe(endpoint);
      }),
    );
  });

  it('[J73] port 0 is refused both ways', () => {
    expect(endpointAt(Buffer.from('c00002010000', 'hex'), 0, 4)).toBeUndefined();
    expect(endpointAt(Buffer.alloc(18), 0, 6)).toBeUndefined();
    expect(writeEndpoint('192.0.2.1:0', Buffer.alloc(18), 0)).toBe(false);
    expect(writeEndpoint('[2001:db8::1]:0', Buffer.alloc(18), 0)).toBe(false);
  });

  it('an IPv4 address dressed as IPv6 is refused both ways: one address, one text', () => {
    expect(endpointAt(Buffer.from('00000000000000000000ffffc00002011ae1', 'hex'), 0, 6)).toBeUndefined();
    expect(writeEndpoint('[::ffff:192.0.2.1]:6881', Buffer.alloc(18), 0)).toBe(false);
  });

  it.each([
    '',
    ':',
    'localhost:1',
    '1.2.3:4',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:08',
    '1.2.3.4:1x',
    '1.2.3.4.5:6',
    '256.2.3.4:5',
    '01.2.3.4:5',
    '1..3.4:5',
    '-1.2.3.4:5',
    '1.2.3.4 :5',
    '[]:1',
    '[::1]',
    '[::1]:',
    '[::1]1',
    '[1::2::3]:4',
    '[12345::]:1',
    '[fe80::1%eth0]:1',
    '[1:2:3:4:5:6:7:8:9]:1',
    '[1:2:3:4:5:6:7]:1',
    '[:1:2:3:4:5:6:7]:1',
    '[1:2:3:4:5:6:7:]:1',
    '[::1.2.3]:1',
    '[1:2:3:4:5:6:7:1.2.3.4]:1',
  ])("is not written: '%s'", (text) => expect(writeEndpoint(text, Buffer.alloc(18), 0)).toBe(false));

  it('ports are 1 to 65535, written in one way', () => {
    expect([portIn('1', 0), portIn('65535', 0), portIn('a:80', 2)]).toEqual([1, 65535, 80]);
    for (const bad of ['', '0', '01', '65536', '99999', '100000', ' 1', '1 ', '+1', '1e3'])
      expect(portIn(bad, 0)).toBe(-1);
  });
});

describe('the text of an IPv6 address', () => {
  it('is the canonical one', () => {
    fc.assert(
      fc.property(words6, (words) => {
        const data = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
        expect(`[${textOf6(data, 0)}]`).toBe(canonical6(words));
      }),
    );
  });

  it.each([
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('of %s is %s', (text, canonical) => {
    const data = bytes6(text);
    expect(data).toBeDefined();
    expect(textOf6(data as Uint8Array, 0)).toBe(canonical);
  });

  it.each(['', ':', ':::', '1', '1:', ':1', '1::2::3', 'g::', '1.2.3.4', '::1.2.3.4.5', '::1.2.3.4:1', '::%1'])(
    "is none: '%s'",
    (text) => expect(bytes6(text)).toBeUndefined(),
  );
});

describe('compact nodes', () => {
  const entry = (id: string, endpoint: string): Buffer => Buffer.concat([latin1(id), compactOf(endpoint)]);
  const first = entry('abcdefghij0123456789', '192.0.2.7:6881');
  const second = entry('mnopqrstuvwxyz123456', '198.51.100.1:1');

  it('[J73] are 26 bytes each, or 38', () => {
    expect(nodesOf(Buffer.concat([first, second]), 4).map(({ endpoint }) => endpoint)).toEqual([
      '192.0.2.7:6881',
      '198.51.100.1:1',
    ]);
    expect(nodesOf(entry('abcdefghij0123456789', '[2001:db8::1]:6881'), 6)).toEqual([
      { id: latin1('abcdefghij0123456789').toString('hex'), endpoint: '[2001:db8::1]:6881' },
    ]);
  });

  it('[J73] a trailing partial entry is ignored', () => {
    for (let extra = 0; extra < 26; extra++) {
      expect(nodesOf(Buffer.concat([first, second.subarray(0, extra)]), 4)).toHaveLength(1);
    }
    expect(nodesOf(latin1('def456...'), 4)).toEqual([]);
  });

  it('[J73] a node with port 0 is left out and its neighbours are not', () => {
    const silent = Buffer.concat([latin1('00000000000000000000'), Buffer.from('c000020700' + '00', 'hex')]);
    expect(nodesOf(Buffer.concat([first, silent, second]), 4)).toHaveLength(2);
  });

  it('are read up to the limit', () => expect(nodesOf(Buffer.concat([first, second, first]), 4, 2)).toHaveLength(2));
});
