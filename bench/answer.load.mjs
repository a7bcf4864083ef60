// A child of answer.bench.mjs and stored.bench.mjs: the load. It keeps a window of queries open at a server, and plays the contacts
// in the server's table: each has a socket of its own and answers pings.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import bencode from 'bencode';
import { bytesFrom, serveParent } from './support.mjs';

const HOST = '127.0.0.1';
const WINDOW = 32;
/** ms without an answer after which the window counts as lost. */
const PATIENCE = 500;

const bytes = bytesFrom(0x6a09e667);
/** What a query of each method asks besides saying who asks. */
const ARGUMENTS = {
  find_node: (target) => ({ target }),
  get_peers: (target) => ({ info_hash: target }),
  ping: () => ({}),
};
const query = (sender, method, target) =>
  Buffer.from(
    bencode.encode({ a: { id: sender, ...ARGUMENTS[method](target) }, q: method, t: Buffer.from('aaaa'), y: 'q' }),
  );

const opened = async () => {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
};

const contacts = async (ids) => {
  const made = [];
  for (const hex of ids) {
    const id = Buffer.from(hex, 'hex');
    const socket = await opened();
    socket.on('message', (packet, { port }) => {
      const { y, q, t } = bencode.decode(packet);
      if (Buffer.from(y).toString() !== 'q' || Buffer.from(q).toString() !== 'ping') return;
      socket.send(Buffer.from(bencode.encode({ r: { id }, t, y: 'r' })), port, HOST);
    });
    made.push({ id: hex, port: socket.address().port, socket });
  }
  return made;
};

const byServer = new Map();

serveParent({
  /** Plays the contacts with these ids from now on. The method `stored` asks for the peers of these torrents, if any. */
  async contacts({ name, ids, infoHashes = [] }) {
    const made = await contacts(ids);
    // The one who asks is in the server's table, where there is one: a stranger would be vetted, again and again.
    const asker = made[0] ?? { id: '77'.repeat(20), socket: await opened() };
    const sender = Buffer.from(asker.id, 'hex');
    const queries = Object.fromEntries(
      Object.keys(ARGUMENTS).map((method) => [
        method,
        Array.from({ length: 1_024 }, () => query(sender, method, Buffer.from(bytes(20)))),
      ]),
    );
    queries.stored = Array.from({ length: infoHashes.length && 1_024 }, (_, i) =>
      query(sender, 'get_peers', Buffer.from(infoHashes[i % infoHashes.length], 'hex')),
    );
    byServer.set(name, { socket: asker.socket, queries });
    return made.map(({ id, port }) => ({ id, port }));
  },
  /** Has `count` queries answered. */
  load({ name, port, count, method }) {
    const { socket, queries: byMethod } = byServer.get(name);
    const queries = byMethod[method];
    return new Promise((resolve, reject) => {
      let sent = 0;
      let answered = 0;
      let length = 0;
      let [seen, lost] = [0, 0];
      const send = () => socket.send(queries[sent++ & 1_023], port, HOST);
      const answer = (packet) => {
        length += packet.length;
        if (++answered === count) {
          clearInterval(watch);
          socket.off('message', answer);
          resolve({ answered, length: length / answered, lost });
        } else if (sent < count + lost) send();
      };
      const watch = setInterval(() => {
        if (answered === seen) {
          lost += sent - answered - lost;
          if (lost > count) reject(new Error(`no answer from ${name}`));
          for (let i = 0; i < WINDOW && sent < count + lost; i++) send();
        }
        seen = answered;
      }, PATIENCE);
      socket.on('message', answer);
      for (let i = 0; i < Math.min(WINDOW, count); i++) send();
    });
  },
});
