// The attackers of forged-puts.ci.test.ts, in a thread of their own. Each has an address in a network of its own. Most ask
// the victim for a token as anybody does, and on `go` put what nobody signed; others put without a token, and one host
// asks for peers. Tells the parent `ready`, and on `stop` how much was sent.
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import bencode from 'bencode';

const { port, host, each, forged, tokenless, requests } = workerData;
/** ms between two bursts of packets. */
const TICK = 10;
/** ms after which a token is asked for again. */
const PATIENCE = 500;

let drawn = 1;
const below = (/** @type {number} */ bound) => {
  drawn = (Math.imul(drawn, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((drawn / 4_294_967_296) * bound);
};
const chance = (/** @type {number} */ count) => Buffer.from(Array.from({ length: count }, () => below(256)));

const query = (/** @type {string} */ q, /** @type {object} */ a) =>
  Buffer.from(bencode.encode({ a, q, t: Buffer.from('xx'), y: 'q' }));

const opened = async (/** @type {string} */ address) => {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
};

/** One of whom its network's neighbours know nothing, with a key of its own. */
const attacker = async (/** @type {number} */ n) => ({
  socket: await opened(`127.${100 + (n >> 8)}.${n & 255}.1`),
  id: chance(20),
  k: chance(32),
  token: chance(8),
});

/** The same once it has a token for the target of its key. */
const armed = async (/** @type {number} */ n) => {
  const unarmed = await attacker(n);
  const { socket, id, k } = unarmed;
  const target = createHash('sha1').update(k).digest();
  for (;;) {
    socket.send(query('get', { id, target }), port, host);
    const told = await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
    const token = told && bencode.decode(told[0]).r?.token;
    if (token) return { ...unarmed, token: Buffer.from(token) };
  }
};

const hosts = forged / each;
const forgers = [];
const guessers = [];
for (let n = 0; n < hosts; n++) forgers.push(await armed(n));
for (let n = 0; n < tokenless / each; n++) guessers.push(await attacker(hosts + n));
const asker = await opened('127.99.1.1');
parentPort?.postMessage({ type: 'ready' });

const sent = { forged: 0, tokenless: 0, requests: 0 };
/** In turn, so that each stays within what it may ask. */
const put = (/** @type {Awaited<ReturnType<typeof attacker>>[]} */ from, /** @type {number} */ seq) => {
  const { socket, id, k, token } = from[seq % from.length];
  const a = { id, k, sig: chance(64), seq, token, v: Buffer.from(`value ${seq}`) };
  socket.send(query('put', a), port, host);
};
const ask = () => asker.send(query('get_peers', { id: chance(20), info_hash: chance(20) }), port, host);

let start = 0;
const flood = () => {
  const seconds = (performance.now() - start) / 1_000;
  for (; sent.forged < seconds * forged; sent.forged++) put(forgers, sent.forged);
  for (; sent.tokenless < seconds * tokenless; sent.tokenless++) put(guessers, sent.tokenless);
  for (; sent.requests < seconds * requests; sent.requests++) ask();
};
/** @type {NodeJS.Timeout | undefined} */
let flooding;
parentPort?.on('message', (word) => {
  if (word === 'go') {
    start = performance.now();
    flooding = setInterval(flood, TICK);
    return;
  }
  clearInterval(flooding);
  for (const { socket } of [...forgers, ...guessers, { socket: asker }]) socket.close();
  parentPort?.postMessage({ type: 'sent', sent });
  parentPort?.close();
});
