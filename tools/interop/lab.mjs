// A network of its own: one bridge, and hosts with addresses of their own on it, each a network namespace. Nothing in it
// reaches the machine's network, nor the other way about. Whatever is made here is gone after `close`: processes are ended
// by their ids, then the namespaces are deleted. Needs root and iproute2.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const PREFIX = 'xorrery-';
/** ms that processes have to end when told to, before they are killed. */
const GRACE = 3_000;

/** @typedef {{ space: string, v4: readonly string[], v6: readonly string[] }} Host */
/** @typedef {import('node:child_process').ChildProcessWithoutNullStreams} Child */

/** @param {string[]} args */
const ip = async (...args) => (await exec('ip', args)).stdout;

export class Lab {
  /** A folder for the files of clients. */
  folder = mkdtempSync(join(tmpdir(), 'xorrery-interop-'));
  #name = `${PREFIX}${process.pid}`;
  /** @type {Set<Child>} */
  #running = new Set();
  /** @type {string[]} */
  #spaces = [];
  #hosts = 0;
  #addresses = 0;
  #isClosed = false;

  /** Makes the bridge, after it has removed what a killed run left behind. */
  async open() {
    await removeLeftovers();
    await this.#add(this.#name);
    await ip('-n', this.#name, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', this.#name, 'link', 'set', 'bridge', 'up');
  }

  /**
   * A host with so many addresses of each family, in 10.77.0.0/16 and fd77::/64; or `isGlobal`, with such as the world could
   * reach for all it knows, each in a /64 of its own in 2001:db8::/32, and with a route to everywhere that leads nowhere.
   * @param {number} [addresses] @param {{ isGlobal?: boolean }} [options] @returns {Promise<Host>}
   */
  async host(addresses = 1, { isGlobal = false } = {}) {
    const space = `${this.#name}-${++this.#hosts}`;
    const end = `host${this.#hosts}`;
    const first = this.#addresses + 1;
    this.#addresses += addresses;
    const numbers = Array.from({ length: addresses }, (_, i) => first + i);
    const v4 = numbers.map((n) => `10.77.${Math.floor(n / 200)}.${(n % 200) + 1}`);
    const v6 = numbers.map((n) => (isGlobal ? `2001:db8:0:${n.toString(16)}::1` : `fd77::${n.toString(16)}`));
    await this.#add(space);
    await ip('-n', this.#name, 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    await ip('-n', this.#name, 'link', 'set', end, 'master', 'bridge', 'up');
    await ip('-n', space, 'link', 'set', 'lo', 'up');
    await ip('-n', space, 'link', 'set', 'eth0', 'up');
    for (const address of v4) await ip('-n', space, 'addr', 'add', `${address}/16`, 'dev', 'eth0');
    const net = isGlobal ? 32 : 64;
    for (const address of v6) await ip('-n', space, '-6', 'addr', 'add', `${address}/${net}`, 'dev', 'eth0', 'nodad');
    if (isGlobal) await ip('-n', space, '-6', 'route', 'add', 'default', 'dev', 'eth0');
    return { space, v4, v6 };
  }

  /** Starts a program on a host. It is ended with the lab at the latest. @param {Host} host @param {string[]} command @returns {Child} */
  start(host, command) {
    if (this.#isClosed) throw new Error('the lab is closed');
    // `ip` becomes the program, under the same process id.
    const child = spawn('ip', ['netns', 'exec', host.space, ...command], { stdio: 'pipe' });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    child.stdin.on('error', () => {});
    return child;
  }

  /** Ends a process, the hard way if need be. @param {Child} child */
  async end(child) {
    if (!this.#running.has(child)) return;
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await ended;
    clearTimeout(timer);
  }

  /** Ends every process and removes every namespace. Idempotent. */
  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#running].map((child) => this.end(child)));
    for (const space of this.#spaces.reverse()) await ip('netns', 'delete', space).catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @param {string} space */
  async #add(space) {
    await ip('netns', 'add', space);
    this.#spaces.push(space);
    // It was being made while the lab was closed.
    if (this.#isClosed) await ip('netns', 'delete', space);
  }
}

/** Namespaces of runs whose process is gone, and the processes in them. */
const removeLeftovers = async () => {
  for (const line of (await ip('netns', 'list')).split('\n')) {
    const space = line.split(' ')[0] ?? '';
    const [, owner] = /^xorrery-(\d+)(?:-\d+)?$/.exec(space) ?? [];
    if (owner === undefined || isAlive(Number(owner))) continue;
    for (const pid of (await ip('netns', 'pids', space)).split('\n')) {
      if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
    }
    await ip('netns', 'delete', space);
  }
};

/** @param {number} pid */
const isAlive = (pid) => {
  if (pid < 2) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
