/** The command against another team's node: `bittorrent-dht` of npm, over UDP on loopback. */
import { once } from 'node:events';
import DHT from 'bittorrent-dht';
import { afterEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { endProcesses, startNode, xorrery } from './processes.ts';

const { infoHash } = fixtures.sintel.parsedTorrent;
const magnet = `magnet:?xt=urn:btih:${infoHash}&dn=Sintel`;
const theirs: DHT[] = [];

afterEach(async () => {
  endProcesses();
  await Promise.all(theirs.splice(0).map((dht) => new Promise<void>((resolve) => dht.destroy(resolve))));
});

/** A node of theirs that joins through `bootstrap`; its endpoint. */
const start = async (bootstrap: false | readonly string[]): Promise<{ dht: DHT; endpoint: string }> => {
  const dht = new DHT({ bootstrap });
  theirs.push(dht);
  await new Promise<void>((resolve) => dht.listen(0, '127.0.0.1', resolve));
  const { port } = dht.address();
  if (dht.ready !== true) await once(dht, 'ready');
  return { dht, endpoint: `127.0.0.1:${port}` };
};

const announce = (dht: DHT, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    dht.announce(Buffer.from(infoHash, 'hex'), port, (error, nodes) => {
      if (error === null) resolve(nodes);
      else reject(error);
    });
  });

describe('with bittorrent-dht', () => {
  it('[T40] lookup finds through our node what a bittorrent-dht node announced', async () => {
    const ours = await startNode('--bootstrap', 'none');
    const { dht } = await start([ours.endpoint]);
    await announce(dht, 4567);
    const { code, out } = await xorrery('lookup', magnet, '--bootstrap', ours.endpoint, '--json');
    expect(JSON.parse(out)).toMatchObject({ target: infoHash, peers: [{ host: '127.0.0.1', port: 4567 }] });
    expect(code).toBe(0);
  });

  it('[T40] lookup finds it through a bittorrent-dht node as well, without a node of ours', async () => {
    const first = await start(false);
    const second = await start([first.endpoint]);
    await announce(second.dht, 4568);
    const { code, out } = await xorrery('lookup', magnet, '--bootstrap', first.endpoint, '--json');
    expect(JSON.parse(out).peers).toEqual([{ host: '127.0.0.1', port: 4568 }]);
    expect(code).toBe(0);
  });

  it('announce stores at bittorrent-dht nodes, and one of them finds the peer', async () => {
    const first = await start(false);
    const second = await start([first.endpoint]);
    const { code, out } = await xorrery('announce', magnet, '--port', '4569', '-b', first.endpoint, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).stored).toBeGreaterThan(0);
    const found = once(second.dht, 'peer');
    second.dht.lookup(Buffer.from(infoHash, 'hex'), () => {});
    expect((await found)[0]).toMatchObject({ host: '127.0.0.1', port: 4569 });
  });
});
