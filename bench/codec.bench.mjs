// The codec alone: a find_node query read and its reply of 8 nodes written, against the bencode libraries of npm doing
// the bytes-to-tree half of the same work, and against one copy of the bytes as a floor. The decision that rests on
// this table is docs/decisions/002-bencode.md.
import { decode, encode, keyedTokens } from '@xorrery/mainline';
import bencode from 'bencode';

const FROM = '192.0.2.7:6881';
const SETS = 256;

/** A generator with a fixed seed (xorshift32), so that each run sees the same packets. */
const bytesFrom = (seed) => {
  let x = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x & 255;
    });
};
const bytes = bytesFrom(0x9e3779b9);
const hex = (count) => Buffer.from(bytes(count)).toString('hex');
const endpoint = () => `${bytes(4).join('.')}:${1 + (new DataView(bytes(2).buffer).getUint16(0) % 65535)}`;

const tokens = keyedTokens({ bytes });
const nodes = () => Array.from({ length: 8 }, () => ({ id: hex(20), endpoint: Buffer.from(endpoint()).toString() }));
const request = (method, rest) => ({
  type: 'request',
  tid: hex(4),
  sender: hex(20),
  readOnly: false,
  request: { method, ...rest },
});
const many = (make) => Array.from({ length: SETS }, make);

const queries = many(() => request('find_node', { target: hex(20) }));
const replies = many(() => ({ type: 'reply', tid: hex(4), sender: hex(20), reply: { nodes: nodes() } }));
const tokenReplies = many(() => ({
  type: 'reply',
  tid: hex(4),
  sender: hex(20),
  reply: { nodes: nodes(), token: { infoHash: hex(20), epoch: 1 } },
}));
const packed = (messages) => messages.map((message) => encode(message, FROM, tokens));
const [queryBytes, replyBytes] = [packed(queries), packed(replies)];
const replyTrees = replyBytes.map((packet) => bencode.decode(packet));

/** Microseconds for one call of each row, the best of `rounds`; rows take turns, so that a slow moment hits all. */
const measure = (rows, rounds, calls) => {
  const best = rows.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    rows.forEach(([, work], row) => {
      const start = process.hrtime.bigint();
      for (let i = 0; i < calls; i++) work(i % SETS);
      best[row] = Math.min(best[row], Number(process.hrtime.bigint() - start) / 1000 / calls);
    });
  }
  return best;
};

/** Prints the table. */
export const run = async ({ short }) => {
  const rows = [
    ['floor: copy the reply', (i) => Buffer.from(replyBytes[i])],
    ['read a query', (i) => decode(queryBytes[i], FROM, tokens, 1)],
    ['  bencode 4, to a tree only', (i) => bencode.decode(queryBytes[i])],
    ['write a reply of 8 nodes', (i) => encode(replies[i], FROM, tokens)],
    ['  bencode 4, from a packed tree', (i) => bencode.encode(replyTrees[i])],
    ['read a reply of 8 nodes', (i) => decode(replyBytes[i], FROM, tokens, 1)],
    ['  bencode 4, to a tree only', (i) => bencode.decode(replyBytes[i])],
    ['write a query', (i) => encode(queries[i], FROM, tokens)],
    ['write a reply with a token', (i) => encode(tokenReplies[i], FROM, tokens)],
    [
      'answer find_node: read and write',
      (i) => {
        decode(queryBytes[i], FROM, tokens, 1);
        encode(replies[i], FROM, tokens);
      },
    ],
    [
      '  bencode 4, trees only',
      (i) => {
        bencode.decode(queryBytes[i]);
        bencode.encode(replyTrees[i]);
      },
    ],
  ];
  const best = short ? measure(rows, 2, 2_000) : measure(rows, 15, 10_000);
  process.stdout.write(`${'us a call, best of rounds'.padEnd(36)}${'us'.padStart(8)}${'x floor'.padStart(10)}\n`);
  rows.forEach(([title], row) => {
    const name = String(title);
    const ratio = (best[row] / best[0]).toFixed(1);
    process.stdout.write(`${name.padEnd(36)}${best[row].toFixed(3).padStart(8)}${ratio.padStart(10)}\n`);
  });
};
