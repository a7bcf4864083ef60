// The representation of an id: hex digits (ours) against strings of bytes, Uint8Array, five 32-bit words and BigInt, on
// what the core and the wire do with ids. The decision that rests on this table is docs/decisions/001-id-representation.md.
import { compareDistance } from '@xorrery/core';
import { bytesFrom, digits, inTurns, memoryInUse, printTable, ratio } from './support.mjs';

const IDS = 1_024;
const bytes = bytesFrom(0x9e3779b9);

// Each representation has functions of its own, so that none is slowed down by what another passes to a shared one.
/** @type {Record<string, any>} */
const KINDS = {
  hex: {
    read: (packet, at) => packet.hexSlice(at, at + 20),
    write: (id, packet, at) => packet.hexWrite(id, at, 20),
    compare: compareDistance,
    key: (id) => id,
    toJson: (ids) => JSON.stringify(ids),
    fromJson: (text) => JSON.parse(text),
  },
  latin1: {
    read: (packet, at) => packet.latin1Slice(at, at + 20),
    write: (id, packet, at) => packet.latin1Write(id, at, 20),
    compare: (target, a, b) => {
      for (let i = 0; i < a.length; i++) {
        const x = a.charCodeAt(i);
        const y = b.charCodeAt(i);
        if (x !== y) {
          const t = target.charCodeAt(i);
          return (x ^ t) - (y ^ t);
        }
      }
      return 0;
    },
    key: (id) => id,
    toJson: (ids) => JSON.stringify(ids),
    fromJson: (text) => JSON.parse(text),
  },
  Uint8Array: {
    // A copy: a view would keep its whole packet alive.
    read: (packet, at) => Uint8Array.prototype.slice.call(packet, at, at + 20),
    write: (id, packet, at) => packet.set(id, at),
    compare: (target, a, b) => {
      for (let i = 0; i < a.length; i++) {
        if (a[i] !== b[i]) return (a[i] ^ target[i]) - (b[i] ^ target[i]);
      }
      return 0;
    },
    key: (id) => Buffer.prototype.latin1Slice.call(id, 0, 20),
    toJson: (ids) => JSON.stringify(ids.map((id) => Array.from(id))),
    fromJson: (text) => JSON.parse(text).map((id) => Uint8Array.from(id)),
  },
  words: {
    read: (packet, at) => [0, 4, 8, 12, 16].map((offset) => packet.readUInt32BE(at + offset)),
    write: (id, packet, at) => {
      for (let i = 0; i < 5; i++) packet.writeUInt32BE(id[i], at + 4 * i);
    },
    compare: (target, a, b) => {
      for (let i = 0; i < 5; i++) {
        if (a[i] !== b[i]) return ((a[i] ^ target[i]) >>> 0) - ((b[i] ^ target[i]) >>> 0);
      }
      return 0;
    },
    key: (id) => id.join(),
    toJson: (ids) => JSON.stringify(ids),
    fromJson: (text) => JSON.parse(text),
  },
  BigInt: {
    read: (packet, at) => BigInt(`0x${packet.hexSlice(at, at + 20)}`),
    write: (id, packet, at) => packet.hexWrite(id.toString(16).padStart(40, '0'), at, 20),
    compare: (target, a, b) => {
      const x = a ^ target;
      const y = b ^ target;
      return x < y ? -1 : x > y ? 1 : 0;
    },
    key: (id) => id,
    toJson: (ids) => JSON.stringify(ids.map((id) => id.toString(16))),
    fromJson: (text) => JSON.parse(text).map((id) => BigInt(`0x${id}`)),
  },
};

/** Packets of ids: `far` are uniform, `near` share their first 16 bits, as the candidates of a lookup come to do. */
const packetOf = (sharedBytes) => {
  const packet = Buffer.from(bytes(20 * IDS));
  for (let i = 1; i < IDS; i++) packet.copy(packet, 20 * i, 0, sharedBytes);
  return packet;
};
const far = packetOf(0);
const near = packetOf(2);

let sink = 0;

/** @returns {[string, () => number][]} */
const worksOf = (kind, repeat) => {
  const { read, write, compare, key, toJson, fromJson } = kind;
  const idsOf = (packet) => Array.from({ length: IDS }, (_, i) => read(packet, 20 * i));
  const farIds = idsOf(far);
  const nearIds = idsOf(near);
  /** @type {Map<any, any>} */
  const map = new Map(farIds.map((id, i) => [key(id), i]));
  const out = Buffer.alloc(20 * IDS);
  const times = (work) => () => {
    for (let round = 0; round < repeat; round++) work();
    return repeat * IDS;
  };
  const comparing = (ids) =>
    times(() => {
      const target = ids[0];
      let last = ids[IDS - 1];
      for (const id of ids) {
        if (compare(target, id, last) < 0) sink++;
        last = id;
      }
    });
  return [
    ['compare, uniform', comparing(farIds)],
    ['compare, 16 bits shared', comparing(nearIds)],
    [
      'find in a Map',
      times(() => {
        for (const id of farIds) sink += map.get(key(id));
      }),
    ],
    [
      'read from a packet',
      times(() => {
        for (let i = 0; i < IDS; i++) if (read(far, 20 * i) === undefined) sink++;
      }),
    ],
    [
      'read, then find in a Map',
      times(() => {
        for (let i = 0; i < IDS; i++) sink += map.get(key(read(far, 20 * i)));
      }),
    ],
    [
      'write to a packet',
      times(() => {
        for (let i = 0; i < IDS; i++) write(farIds[i], out, 20 * i);
      }),
    ],
    [
      'to JSON and back',
      times(() => {
        sink += fromJson(toJson(farIds)).length;
      }),
    ],
  ];
};

const memoryAnId = async ({ read }) => {
  const count = 100_000;
  const ids = new Array(count).fill(0);
  const before = await memoryInUse();
  for (let i = 0; i < count; i++) ids[i] = read(far, 20 * (i % IDS));
  const after = await memoryInUse();
  sink += ids.length;
  return (after - before) / count;
};

/** Prints the table. */
export const run = async ({ short }) => {
  const names = Object.keys(KINDS);
  /** @type {any[]} */
  const works = names.map((name) => worksOf(KINDS[name], short ? 5 : 50));
  /** @type {any[]} */
  const rows = [];
  let compared = 0;
  for (const [row, [name]] of works[0].entries()) {
    const times = inTurns(
      works.map((ofKind) => ofKind[row][1]),
      short ? 3 : 31,
    );
    if (row === 1) compared = times[0] / Math.min(...times);
    rows.push([name, ...times.map((time) => `${digits(time)} (${ratio(time, times[0])})`)]);
  }
  const memory = [];
  for (const name of names) memory.push(await memoryAnId(KINDS[name]));
  rows.push(['bytes of memory', ...memory.map((size) => `${digits(size)} (${ratio(size, memory[0])})`)]);
  const sizes = names.map((name) => {
    const { read, toJson } = KINDS[name];
    const ids = Array.from({ length: IDS }, (_, i) => read(far, 20 * i));
    return Buffer.byteLength(toJson(ids)) / IDS;
  });
  rows.push(['bytes of JSON', ...sizes.map((size) => `${digits(size)} (${ratio(size, sizes[0])})`)]);
  printTable(['ns an id, median (beside hex)', ...names], rows);
  if (sink === 0) throw new Error('nothing was done');
  return [`ids: hex compares in ${digits(compared)}x the time of the fastest representation`];
};
