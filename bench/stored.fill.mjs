// A child of stored.bench.mjs: it announces peers to a node, each torrent's all from one address under different ports.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import bencode from 'bencode';
import { bytesFrom, serveParent } from './support.mjs';

const HOST = '127.0.0.1';
const WINDOW = 32;
/** ms after which a request is made again. */
const PATIENCE = 1_000;

const id = Buffer.from(bytesFrom(0x510e527f)(20));
const socket = createSocket('udp4');
socket.bind(0, HOST);
await once(socket, 'listening');

/** By transaction: whoever waits for the reply. */
const open = new Map();
socket.on('message', (packet) => {
  const { t, r } = bencode.decode(packet);
  const key = Buffer.from(t).toString('hex');
  open.get(key)?.(r);
  open.delete(key);
});

let asked = 0;
const ask = async (port, method, more) => {
  for (;;) {
    const t = Buffer.alloc(4);
    t.writeUInt32BE(asked++);
    const answer = new Promise((resolve) => {
      open.set(t.toString('hex'), resolve);
      setTimeout(resolve, PATIENCE).unref();
    });
    socket.send(Buffer.from(bencode.encode({ a: { id, ...more }, q: method, ro: 1, t, y: 'q' })), port, HOST);
    const reply = await answer;
    if (reply !== undefined) return reply;
  }
};

const fillOne = async (port, infoHash, peers, first) => {
  const info_hash = Buffer.from(infoHash, 'hex');
  const { token } = await ask(port, 'get_peers', { info_hash });
  for (let n = 0; n < peers; n++) {
    await ask(port, 'announce_peer', { info_hash, port: 1 + ((first + n) % 65_535), token: Buffer.from(token) });
  }
};

serveParent({
  /** Announces so many peers of each torrent. */
  async fill({ port, infoHashes, peers }) {
    let next = 0;
    const worker = async () => {
      while (next < infoHashes.length) {
        const n = next++;
        await fillOne(port, infoHashes[n], peers, n * peers);
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, worker));
  },
});
