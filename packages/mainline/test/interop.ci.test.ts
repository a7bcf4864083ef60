/** Two of us over UDP: a node of ours and one of the npm package `bittorrent-dht`, with infohashes of real torrents. */
import { afterEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import type { MainlineNode } from '../src/node.ts';
import { parseTarget } from '../src/target.ts';
import { HOST, type Member, ours, theirs, within } from './interop-nodes.ts';

const members: Member[] = [];
afterEach(() => Promise.all(members.splice(0).map((member) => member.close())));
const kept = <M extends Member>(member: M): M => {
  members.push(member);
  return member;
};

/** Waits until an id is in our table. */
const meets = async (node: MainlineNode, id: string): Promise<void> => {
  const events = node.events();
  if (node.contacts.some((contact) => contact.id === id)) return events.close();
  for await (const streamed of events) {
    if (streamed.type === 'event' && streamed.event.type === 'contact-added' && streamed.event.contact.id === id)
      return;
  }
  throw new Error(`closed before it met ${id}`);
};

describe('beside bittorrent-dht', () => {
  it('[X13] it joins through us: its table gets us, and ours gets it', async () => {
    const us = kept(await ours([]));
    const them = kept(await theirs([us.endpoint]));
    expect(them.table()).toEqual([us.id]);
    await within('our table to get it', meets(us.node, them.id));
    expect(us.table()).toEqual([them.id]);
  });

  it('[X13][D12] we join through it: the outcome is `joined`, our table gets it, and its table gets us', async () => {
    const them = kept(await theirs([]));
    const us = kept(await ours([them.endpoint]));
    expect(await us.node.joined()).toMatchObject({ outcome: 'joined', contacts: 1 });
    expect(us.table()).toEqual([them.id]);
    expect(them.table()).toEqual([us.id]);
  });

  it('[X13][J72] each answers the ping of the other', async () => {
    const them = kept(await theirs([]));
    const us = kept(await ours([]));
    const report = await within('its pong', us.node.ping(them.endpoint));
    expect(report.closest).toEqual([{ id: them.id, endpoint: them.endpoint }]);
    const us2 = kept(await ours([]));
    const met = new Promise((resolve) => them.dht.once('node', resolve));
    them.dht.addNode({ host: HOST, port: Number(us2.endpoint.split(':')[1]) });
    expect(await within('our pong', met)).toMatchObject({ id: Buffer.from(us2.id, 'hex') });
  });

  it.each(['leaves', 'alice'] as const)('[X13] it announces the torrent %s and we find its peer', async (name) => {
    const { id } = await parseTarget(fixtures[name].torrentPath);
    expect(id).toBe(fixtures[name].parsedTorrent.infoHash);
    const us = kept(await ours([]));
    const them = kept(await theirs([us.endpoint]));
    await within('our table to get it', meets(us.node, them.id));
    // A third party holds the announce: neither the finder nor the announcer.
    const between = kept(await theirs([us.endpoint]));
    await within('our table to get the third', meets(us.node, between.id));
    expect(await them.announce(id, 51_413)).toBeGreaterThan(0);
    expect(await us.lookup(id)).toEqual([`${HOST}:51413`]);
    expect(await between.lookup(id)).toEqual([`${HOST}:51413`]);
  });

  it.each(['numbers', 'sintel'] as const)('[X13] we announce the torrent %s and it finds our peer', async (name) => {
    const { id } = await parseTarget(fixtures[name].torrentPath);
    const them = kept(await theirs([]));
    const us = kept(await ours([them.endpoint]));
    expect(await us.announce(id, 51_413)).toBe(1);
    expect(await them.lookup(id)).toEqual([`${HOST}:51413`]);
    const newcomer = kept(await theirs([them.endpoint]));
    expect(await newcomer.lookup(id)).toEqual([`${HOST}:51413`]);
  });

  it('[X13][J72] we announce without a port, and it takes the port our packets come from', async () => {
    const { id } = await parseTarget(fixtures.folder.magnetURI);
    const them = kept(await theirs([]));
    const us = kept(await ours([them.endpoint]));
    expect(await within('our announce', us.node.announce(id))).toMatchObject({ stored: [{ id: them.id }] });
    expect(await them.lookup(id)).toEqual([us.endpoint]);
  });

  it('[X13][J72] it announces without a port, and we take the port its packets come from', async () => {
    const { id } = await parseTarget(fixtures.bunny.magnetURI);
    const us = kept(await ours([]));
    const them = kept(await theirs([us.endpoint]));
    // Its port 0 means `implied_port` 1 (and, as its own quirk, `port` 0 beside it).
    expect(await them.announce(id, 0)).toBe(1);
    const finder = kept(await ours([us.endpoint]));
    expect(await finder.lookup(id)).toEqual([them.endpoint]);
  });
});
