// What is proven of living together, check by check. Each has a network of its own, in which our nodes are the only ones
// but for the clients themselves, and who looks comes only after whoever is to be found has told our node: what it finds
// it has from us. A check returns what it saw; it fails by throwing.
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  startAria2,
  startCrowd,
  startLibtorrent,
  startOurs,
  startTransmission,
  untilAnnounced,
  untilMet,
} from './clients.mjs';
import { items } from './items.mjs';
import { makeTorrent } from './torrent.mjs';

/** @typedef {import('./lab.mjs').Lab} Lab */
/** @typedef {import('./clients.mjs').Ours} Ours */
/** @typedef {import('./torrent.mjs').Torrent} Torrent */
/** @typedef {{ name: string, about: string, run: (lab: Lab) => Promise<string> }} Check */

/** Transmission searches only when it knows nine nodes. */
const CROWD = 9;
/** ms between two looks at a file. */
const LOOK = 200;

/** libtorrent finds its way in by our node alone; how it is told of it makes two cases. @param {Lab} lab @param {4 | 6} family */
const libtorrentJoins = async (lab, family) => {
  const ours = await startOurs(lab, { family });
  const others = await startCrowd(lab, ours, 3);
  const [told, member] = await Promise.all([
    startLibtorrent(lab, ours, { isMember: false }),
    startLibtorrent(lab, ours),
  ]);
  await Promise.all([untilMet(ours, told.address), untilMet(ours, member.address)]);
  await Promise.all([untilKnown(told.log, others), untilKnown(member.log, [ours.id, ...others])]);
  const { nodes } = await told.log.wait((it) => it.event === 'table' && it.nodes >= others.length, 'it had a table');
  return `as a bootstrap node: ${nodes} nodes learnt from us; as a node: us too; both in our table`;
};

/** Waits until all these are in the table of a libtorrent. @param {import('./lines.mjs').Lines} log @param {string[]} ids */
const untilKnown = async (log, ids) => {
  for (let asked = 1; ; asked++) {
    log.tell({ do: 'list' });
    await log.wait(() => log.seen.filter((it) => it.event === 'live').length >= asked, 'it had told its table');
    const { nodes } = /** @type {{ nodes: string[] }} */ (log.seen.findLast((it) => it.event === 'live'));
    if (ids.every((id) => nodes.includes(id))) return;
    await pause(LOOK);
  }
};

/** Nine more nodes beside ours, and a torrent that ours is near to. Transmission uses IPv6 where its address is global. @param {Lab} lab @param {string} name @param {4 | 6} [family] */
const town = async (lab, name, family = 4) => {
  const ours = await startOurs(lab, { family, isGlobal: family === 6 });
  await startCrowd(lab, ours, CROWD);
  // At an address that the world could reach, others tell our node what it is, and it takes an id that fits it (BEP 42).
  const { id } = ours.isGlobal ? await ours.log.wait((it) => it.event === 'renamed', 'it had its own id') : ours;
  return { ours, torrent: makeTorrent(lab.folder, name, id) };
};

/** Transmission comes in by our node alone, and says how many nodes it knows when it begins to announce. @param {Lab} lab @param {4 | 6} family */
const transmissionJoins = async (lab, family) => {
  const { ours, torrent } = await town(lab, `joins-ipv${family}.bin`, family);
  const transmission = await startTransmission(lab, ours, torrent, torrent.folder);
  await untilMet(ours, transmission.address);
  await untilAnnounced(ours, torrent.infoHash, transmission.address);
  const [, known = '0'] =
    new RegExp(`IPv${family} DHT announce \\(\\w+, (\\d+) nodes\\)`).exec(transmission.log()) ?? [];
  if (Number(known) < 1 + CROWD) throw new Error(`${known} nodes in its table`);
  return `${known} nodes in its table, learnt from us; it in ours, and its announcement`;
};

/** A libtorrent that has the torrent, and has told our node. @param {Lab} lab @param {Ours} ours @param {Torrent} torrent */
const seededByLibtorrent = async (lab, ours, torrent) => {
  const seeder = await startLibtorrent(lab, ours);
  await untilMet(ours, seeder.address);
  seeder.log.tell({ do: 'torrent', file: torrent.file, folder: torrent.folder });
  await seeder.log.wait((it) => it.event === 'torrent' && it.seeding, 'it was seeding');
  await untilAnnounced(ours, torrent.infoHash, seeder.address);
};

/** Waits for the file and compares it, byte by byte. @param {Torrent} torrent @param {string} folder */
const untilFetched = async ({ name, data }, folder) => {
  const file = join(folder, name);
  while (!existsSync(file)) await pause(LOOK);
  if (!readFileSync(file).equals(data)) throw new Error('other bytes came than were sent');
  return `${data.length} bytes, the same`;
};

/** A new folder for downloads. @param {Lab} lab @param {string} name */
const newFolder = (lab, name) => {
  const folder = join(lab.folder, name);
  mkdirSync(folder);
  return folder;
};

/** @param {Lab} lab @param {4 | 6} family */
const libtorrentToTransmission = async (lab, family) => {
  const { ours, torrent } = await town(lab, `to-transmission-ipv${family}.bin`, family);
  await seededByLibtorrent(lab, ours, torrent);
  const folder = newFolder(lab, `transmission-ipv${family}`);
  await startTransmission(lab, ours, torrent, folder);
  return untilFetched(torrent, folder);
};

/** Fetched by a libtorrent that comes new. @param {Lab} lab @param {Ours} ours @param {Torrent} torrent */
const fetchedByLibtorrent = async (lab, ours, torrent) => {
  const folder = newFolder(lab, torrent.name.replace('.bin', ''));
  const finder = await startLibtorrent(lab, ours);
  await untilMet(ours, finder.address);
  finder.log.tell({ do: 'torrent', file: torrent.file, folder });
  await finder.log.wait((it) => it.event === 'torrent' && it.seeding, 'it had the torrent');
  return untilFetched(torrent, folder);
};

/** @param {Lab} lab */
const transmissionToLibtorrent = async (lab) => {
  const { ours, torrent } = await town(lab, 'to-libtorrent.bin');
  const transmission = await startTransmission(lab, ours, torrent, torrent.folder);
  await untilAnnounced(ours, torrent.infoHash, transmission.address);
  return fetchedByLibtorrent(lab, ours, torrent);
};

/** @param {Lab} lab */
const libtorrentToAria2 = async (lab) => {
  const ours = await startOurs(lab);
  const torrent = makeTorrent(lab.folder, 'to-aria2.bin', ours.id);
  await seededByLibtorrent(lab, ours, torrent);
  const folder = newFolder(lab, 'aria2');
  const aria2 = await startAria2(lab, ours, torrent, folder);
  const [code] = await once(aria2.child, 'close');
  if (code !== 0) throw new Error(`aria2c ended with exit code ${code}`);
  await untilMet(ours, aria2.address);
  return untilFetched(torrent, folder);
};

/** @param {Lab} lab */
const downloadOverIpv6 = async (lab) => {
  const ours = await startOurs(lab, { family: 6 });
  const torrent = makeTorrent(lab.folder, 'ipv6.bin', ours.id);
  await seededByLibtorrent(lab, ours, torrent);
  return fetchedByLibtorrent(lab, ours, torrent);
};

/** @type {readonly Check[]} */
export const CHECKS = [
  { name: 'libtorrent-joins', about: 'libtorrent joins through us', run: (lab) => libtorrentJoins(lab, 4) },
  { name: 'libtorrent-joins-ipv6', about: 'the same over IPv6', run: (lab) => libtorrentJoins(lab, 6) },
  { name: 'transmission-joins', about: 'Transmission joins through us', run: (lab) => transmissionJoins(lab, 4) },
  { name: 'transmission-joins-ipv6', about: 'the same over IPv6', run: (lab) => transmissionJoins(lab, 6) },
  {
    name: 'libtorrent-to-transmission',
    about: 'finds, and downloads from it',
    run: (lab) => libtorrentToTransmission(lab, 4),
  },
  {
    name: 'libtorrent-to-transmission-ipv6',
    about: 'the same over IPv6',
    run: (lab) => libtorrentToTransmission(lab, 6),
  },
  { name: 'transmission-to-libtorrent', about: 'finds, and downloads from it', run: transmissionToLibtorrent },
  { name: 'libtorrent-to-aria2', about: 'finds, and downloads from it', run: libtorrentToAria2 },
  { name: 'libtorrent-ipv6', about: 'two libtorrents, over IPv6', run: downloadOverIpv6 },
  ...items,
];
