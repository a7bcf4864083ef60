/** One owner of many addresses: how addresses are grouped, and how many places a host or a network gets. */
import {
  type Contact,
  contactFailed,
  DEFAULT_BOOTSTRAP,
  emptyTable,
  type GroupCaps,
  type GroupOf,
  insertContact,
  ipGroupOf,
  type Table,
  type TableConfig,
  tableContacts,
} from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Solo } from './routing-support.ts';
import { id8 } from './support.ts';

const networkOf = (host: string): string => ipGroupOf(`${host}:6881`).network;
const isLocal = (host: string): boolean => ipGroupOf(`${host}:6881`).local;

describe('the group of an address', () => {
  it('[S62][U12] one IPv4 /24 is one network, the next is another', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, byte, byte, byte, byte, (a, b, c, d, other, e) => {
        expect(networkOf(`${a}.${b}.${c}.${d}`)).toBe(networkOf(`${a}.${b}.${c}.${e}`));
        expect(networkOf(`${a}.${b}.${c}.${d}`) === networkOf(`${a}.${b}.${other}.${d}`)).toBe(c === other);
        expect(ipGroupOf(`${a}.${b}.${c}.${d}:1`).host).toBe(`${a}.${b}.${c}.${d}`);
      }),
    );
    expect(networkOf('10.255.255.0')).toBe(networkOf('10.255.255.255'));
    expect(networkOf('11.0.0.0')).not.toBe(networkOf('10.255.255.255'));
  });

  it('[S62][U12] one IPv6 /64 is one network however it is written, the next is another', () => {
    const word = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), word, fc.nat(7), (words, other, at) => {
        const text = (it: readonly number[]): string => `[${it.map((n) => n.toString(16)).join(':')}]`;
        const changed = words.with(at, other);
        expect(networkOf(text(words)) === networkOf(text(changed))).toBe(at > 3 || words[at] === other);
        const padded = `[${words.map((n) => n.toString(16).padStart(4, '0').toUpperCase()).join(':')}]`;
        expect(networkOf(padded)).toBe(networkOf(text(words)));
      }),
    );
    for (const short of ['[2001:db8::]', '[2001:db8::1]', '[2001:0DB8:0::ffff:1:2]', '[2001:db8:0:0:1:2:3:4]']) {
      expect(networkOf(short), short).toBe('2001:db8:0:0');
    }
    expect(networkOf('[1:2:3:4::]')).not.toBe(networkOf('[1:2:3:5::]'));
  });

  it('[S62] the short forms of an IPv6 address fill up to eight words, and a host needs no port', () => {
    expect(['[::]', '[::1]', '[1::]', '[1:2:3:4:5:6:7::]', '[1::2:3]', '[]'].map(networkOf)).toEqual([
      '0:0:0:0',
      '0:0:0:0',
      '1:0:0:0',
      '1:2:3:4',
      '1:0:0:0',
      '0',
    ]);
    expect([ipGroupOf('192.0.2.7'), ipGroupOf('host')]).toEqual([
      { host: '192.0.2.7', network: '192.0.2', local: false },
      { host: 'host', network: 'host', local: false },
    ]);
    expect([isLocal('172'), isLocal('1720.16.0.1'), isLocal('9.9.16.9')]).toEqual([false, false, false]);
  });

  it('[R15] loopback, private, link-local and unique local ranges are local, and their neighbours are not', () => {
    const local = ['127.0.0.1', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.4.4'];
    for (const host of [...local, '169.254.1.1', '[::1]', '[fc00::1]', '[fdff::1]', '[fe80::1]', '[febf::1]']) {
      expect(isLocal(host), host).toBe(true);
    }
    const remote = ['126.0.0.1', '11.0.0.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '192.169.1.1', '169.253.1.1'];
    for (const host of [...remote, '8.8.8.8', '[::2]', '[2001:db8::1]', '[fec0::1]', '[fbff::1]', '[fe00::1]']) {
      expect(isLocal(host), host).toBe(false);
    }
  });

  it('[U03] whatever reads otherwise is a group of its own, and nothing throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void ipGroupOf(text)));
    for (const text of ['', ':', '[', '[]', '[]:', '[::', 'n4', '[zz::1]:1', '1.2.3.4']) ipGroupOf(text);
    expect(ipGroupOf('n4')).toEqual({ host: 'n4', network: 'n4', local: false });
  });
});

const caps = (changes: Partial<GroupCaps>): GroupCaps => ({
  hostInBucket: 99,
  hostInTable: 99,
  networkInBucket: 99,
  networkInTable: 99,
  ...changes,
});
const tableOf = (limits: GroupCaps | 'off', changes: Partial<TableConfig> = {}): Table =>
  emptyTable(id8(0), {
    bucketPolicy: 'fixed',
    bucketSizes: [8],
    replacements: 4,
    maxFailures: 2,
    caps: limits,
    ...changes,
  });
const at = (n: number, endpoint: string): Contact => ({ id: id8(n), endpoint });

/** The same host: x.1. Another host of the same network: x.2. Another network: y.1. */
const outcomes = (limits: GroupCaps | 'off', groupOf: GroupOf = ipGroupOf): string[] => {
  let table = tableOf(limits);
  const offer = (contact: Contact): string => {
    const [after, insertion] = insertContact(table, contact, 0, groupOf);
    table = after;
    return insertion.type === 'refused' ? insertion.reason : insertion.type;
  };
  return [
    offer(at(128, '9.9.9.1:1')),
    offer(at(129, '9.9.9.1:2')),
    offer(at(64, '9.9.9.1:3')),
    offer(at(130, '9.9.9.2:1')),
    offer(at(65, '9.9.9.2:2')),
    offer(at(131, '9.9.8.1:1')),
  ];
};

describe('caps', () => {
  it.each([
    ['hostInBucket', ['added', 'crowded', 'added', 'added', 'added', 'added']],
    ['hostInTable', ['added', 'crowded', 'crowded', 'added', 'crowded', 'added']],
    ['networkInBucket', ['added', 'crowded', 'added', 'crowded', 'crowded', 'added']],
    ['networkInTable', ['added', 'crowded', 'crowded', 'crowded', 'crowded', 'added']],
  ])('[U12][F07] %s of 1 lets one in', (name, expected) => {
    expect(outcomes(caps({ [name]: 1 }))).toEqual(expected);
    const all = Array(6).fill('added');
    expect(outcomes(caps({}))).toEqual(all);
    expect(outcomes('off')).toEqual(all);
    expect(outcomes(caps({ [name]: 1 }), () => undefined)).toEqual(all);
  });

  it.each(['hostInBucket', 'hostInTable', 'networkInBucket', 'networkInTable'])(
    '[Z14] a bad %s is a ConfigError that names it',
    (name) => {
      for (const bad of [0, 1.5, 'x', undefined]) {
        expect(() => tableOf(caps({ [name]: bad as never }))).toThrow(`table.caps.${name}`);
      }
    },
  );

  it.each(['fixed', 'split'] as const)(
    '[U12][S62] policy %s: never passed, whoever comes, fails or waits',
    (bucketPolicy) => {
      const limits = caps({ hostInBucket: 1, hostInTable: 2, networkInBucket: 2, networkInTable: 3 });
      const endpoint = fc
        .tuple(fc.nat(1), fc.nat(2), fc.nat(9))
        .map(([net, host, port]) => `9.9.${net}.${host}:${port}`);
      const move = fc.tuple(fc.integer({ min: 1, max: 255 }), endpoint, fc.constantFrom('offer', 'offer', 'fail'));
      fc.assert(
        fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
          let table = tableOf(limits, { bucketPolicy, bucketSizes: [3] });
          moves.forEach(([n, door, kind], now) => {
            table =
              kind === 'offer'
                ? insertContact(table, at(n, door), now, ipGroupOf)[0]
                : contactFailed(table, tableContacts(table)[n % 7]?.id ?? id8(n), now, ipGroupOf)[0];
            const tally = (members: readonly Contact[], of: 'host' | 'network'): number => {
              const counts = new Map<string, number>();
              for (const it of members) {
                const group = ipGroupOf(it.endpoint)[of];
                counts.set(group, (counts.get(group) ?? 0) + 1);
              }
              return Math.max(0, ...counts.values());
            };
            for (const { members } of table.buckets) {
              expect([tally(members, 'host'), tally(members, 'network')].map((it, i) => it <= i + 1)).toEqual([
                true,
                true,
              ]);
            }
            const all = tableContacts(table);
            expect(tally(all, 'host')).toBeLessThanOrEqual(2);
            expect(tally(all, 'network')).toBeLessThanOrEqual(3);
          });
        }),
      );
    },
  );

  it('[U12] a spare whose network has its share stays out; the next spare that fits steps in', () => {
    let table = tableOf(caps({ networkInTable: 1 }), { bucketSizes: [1] });
    for (const [n, door] of [
      [128, '9.9.1.1:1'],
      [129, '9.9.2.1:1'],
      [130, '9.9.3.1:1'],
      [64, '9.9.3.2:1'],
    ] as const) {
      table = insertContact(table, at(n, door), 0, ipGroupOf)[0];
    }
    expect(contactFailed(table, id8(128), 1, ipGroupOf)[1].added).toEqual(at(129, '9.9.2.1:1'));
  });

  it('[R15][U12] a node holds strangers to them, and local ones only without exemptLocal', () => {
    const members = (network: string, exemptLocal: boolean): number => {
      const table = tableOf(caps({ networkInTable: 2 })).config;
      const bootstrap = { ...DEFAULT_BOOTSTRAP, minContacts: 0 };
      const solo = new Solo(0, { table, exemptLocal, bootstrap }, { groupOf: ipGroupOf });
      solo.start();
      for (const n of [40, 80, 160, 240]) {
        const endpoint = `${network}.${n}:1`;
        solo.tell({ type: 'introduce', endpoint });
        solo.answer(endpoint, { as: id8(n) });
      }
      return solo.members.length;
    };
    expect([members('9.9.9', true), members('9.9.9', false)]).toEqual([2, 2]);
    expect([members('10.0.0', true), members('10.0.0', false)]).toEqual([4, 2]);
  });
});
