// A node in 15 lines: three of them on this machine; one announces a peer, another finds it.
import { idFromHex } from '@xorrery/core';
import { createNode } from '@xorrery/mainline';

const infoHash = idFromHex('08ada5a7a6183aae1e09d831df6748d566095a10', 160);
const first = createNode({ host: '127.0.0.1', port: 0, bootstrap: [] });
const bootstrap = [await first.start()];
const seeder = createNode({ host: '127.0.0.1', port: 0, bootstrap });
const leecher = createNode({ host: '127.0.0.1', port: 0, bootstrap });
await Promise.all([seeder.start(), leecher.start()]);

await seeder.announce(infoHash, { port: 6881 });
for await (const peer of leecher.findPeers(infoHash)) console.log(`found ${peer.key}`);

await Promise.all([first, seeder, leecher].map((node) => node.close()));
