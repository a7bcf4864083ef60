// The programs that live together here: our command line, and clients that nobody here wrote, each told to find peers by
// the DHT alone: no tracker, no local discovery, no peer exchange, no port mapping, no uTP.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lines } from './lines.mjs';

/** @typedef {import('./lab.mjs').Lab} Lab */
/** @typedef {import('./lab.mjs').Host} Host */
/** @typedef {import('./torrent.mjs').Torrent} Torrent */
/** @typedef {{ address: string, endpoint: string, id: string, isGlobal: boolean, host: Host, log: Lines }} Ours */

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const BIN = here('../../packages/cli/bin/xorrery.js');
const PORT = 6881;
/** Debian's own, for its modules are not those of other Pythons on this machine. */
const PYTHON = '/usr/bin/python3';

/** @param {string} address */
const endpointOf = (address) => (isIPv6(address) ? `[${address}]:${PORT}` : `${address}:${PORT}`);

/** `xorrery node`, that knows nobody, on a host of its own. `isGlobal`: it and all that come in by it. @param {Lab} lab @param {{ family?: 4 | 6, isGlobal?: boolean }} [options] @returns {Promise<Ours>} */
export const startOurs = async (lab, { family = 4, isGlobal = false } = {}) => {
  const host = await lab.host(1, { isGlobal });
  const address = /** @type {string} */ (family === 4 ? host.v4[0] : host.v6[0]);
  const argv = ['--host', address, '--port', String(PORT), '--bootstrap', 'none', '--json'];
  const log = new Lines('our node', lab.start(host, [process.execPath, BIN, 'node', ...argv]));
  const { id } = await log.wait((it) => it.event === 'ready', 'it was ready');
  return { address, endpoint: endpointOf(address), id, isGlobal, host, log };
};

/** So many more nodes of ours that join through `ours`, each at its own address; their ids. @param {Lab} lab @param {Ours} ours @param {number} count @returns {Promise<string[]>} */
export const startCrowd = async (lab, ours, count) => {
  const host = await lab.host(count, ours);
  const argv = [here('./crowd.mjs'), ours.endpoint, ...(isIPv6(ours.address) ? host.v6 : host.v4)];
  const log = new Lines('the crowd', lab.start(host, [process.execPath, ...argv]));
  return (await log.wait((it) => it.event === 'ready', 'it had joined')).ids;
};

/** A command of ours, run to its end on a host of its own, with `--json`. @param {Lab} lab @param {string[]} argv */
export const runOurs = async (lab, ...argv) => {
  const child = lab.start(await lab.host(), [process.execPath, BIN, ...argv, '--json']);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`xorrery ${argv[0]}: exit code ${code}: ${err.trim()}`);
  return JSON.parse(out);
};

/** Waits until our node has this address in its table. @param {Ours} ours @param {string} address */
export const untilMet = (ours, address) =>
  ours.log.wait((it) => it.event === 'contact-added' && it.host === address, `it had met ${address}`);

/** Waits until a peer at this address was announced to our node. @param {Ours} ours @param {string} infoHash @param {string} address */
export const untilAnnounced = (ours, infoHash, address) =>
  ours.log.wait(
    (it) => it.event === 'announced' && it.infoHash === infoHash && it.peer.host === address,
    `${address} had announced ${infoHash}`,
  );

/**
 * A libtorrent session. It comes in by our node: named as a bootstrap node, whom libtorrent asks but never enters in its
 * table, or with `isMember` as a node, whom it does.
 * @param {Lab} lab @param {Ours} ours @param {{ isMember?: boolean }} [options]
 */
export const startLibtorrent = async (lab, ours, { isMember = true } = {}) => {
  const host = await lab.host(1, ours);
  const address = /** @type {string} */ (isIPv6(ours.address) ? host.v6[0] : host.v4[0]);
  const config = { listen: endpointOf(address), ...(!isMember && { bootstrap: ours.endpoint }) };
  const command = [PYTHON, here('./libtorrent_client.py'), JSON.stringify(config)];
  const log = new Lines('libtorrent', lab.start(host, command));
  if (isMember) log.tell({ do: 'add-node', host: ours.address, port: PORT });
  return { address, log };
};

/** Transmission, that comes in by our node and takes up the torrent: what is in `folder`, or is to come there. @param {Lab} lab @param {Ours} ours @param {Torrent} torrent @param {string} folder */
export const startTransmission = async (lab, ours, torrent, folder) => {
  const host = await lab.host(1, ours);
  const [v4 = '', v6 = ''] = [host.v4[0], host.v6[0]];
  const config = mkdtempSync(join(lab.folder, 'transmission-'));
  writeFileSync(join(config, 'dht.bootstrap'), `${ours.address} ${PORT}\n`);
  const watched = join(config, 'watched');
  mkdirSync(watched);
  writeFileSync(join(watched, `${torrent.name}.torrent`), torrent.bytes);
  const settings = {
    'bind-address-ipv4': v4,
    'bind-address-ipv6': v6,
    'dht-enabled': true,
    'download-dir': folder,
    'lpd-enabled': false,
    'message-level': 3,
    'peer-port': 51_413,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-enabled': false,
    'utp-enabled': false,
    'watch-dir': watched,
    'watch-dir-enabled': true,
  };
  writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
  const child = lab.start(host, ['transmission-daemon', '--foreground', '--config-dir', config]);
  let log = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  return { address: isIPv6(ours.address) ? v6 : v4, log: () => log };
};

/** aria2 fetches the torrent into `folder`, knowing our node alone, and ends. @param {Lab} lab @param {Ours} ours @param {Torrent} torrent @param {string} folder */
export const startAria2 = async (lab, ours, torrent, folder) => {
  const host = await lab.host();
  const options = {
    'dht-entry-point': ours.endpoint,
    'dht-file-path': join(folder, 'dht.dat'),
    'dht-listen-port': PORT,
    'listen-port': 6882,
    dir: folder,
    'enable-dht': true,
    'enable-dht6': false,
    'bt-enable-lpd': false,
    'enable-peer-exchange': false,
    'seed-time': 0,
    'no-conf': true,
  };
  const argv = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = lab.start(host, ['aria2c', ...argv, torrent.file]);
  child.stdout.resume();
  child.stderr.resume();
  return { address: /** @type {string} */ (host.v4[0]), child };
};
