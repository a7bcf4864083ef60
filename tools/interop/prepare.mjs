// Whether this machine can run the checks, and what it lacks: installed where that is possible, said in a line where not.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The programs, and Debian's packages of them. */
const NEEDS = [
  { package: 'iproute2', has: () => runs('ip', ['-V']) },
  { package: 'python3-libtorrent', has: () => runs('/usr/bin/python3', ['-c', 'import libtorrent']) },
  { package: 'transmission-daemon', has: () => runs('transmission-daemon', ['--version']) },
  { package: 'aria2', has: () => runs('aria2c', ['--version']) },
];

/** @param {string} command @param {string[]} argv */
const runs = (command, argv) => spawnSync(command, argv, { stdio: 'ignore' }).status === 0;

/**
 * Why the checks cannot run here. `isFailure`: they should, for this is root; otherwise they are skipped.
 * @returns {{ why: string, isFailure: boolean } | undefined}
 */
export const prepare = () => {
  if (process.platform !== 'linux') return { why: 'network namespaces are a matter of Linux', isFailure: false };
  if (process.getuid?.() !== 0) return { why: 'only root may make network namespaces', isFailure: false };
  const missing = NEEDS.filter((it) => !it.has()).map((it) => it.package);
  if (missing.length === 0) return undefined;
  if (!existsSync('/usr/bin/apt-get')) {
    return { why: `missing, and there is no apt-get to install it: ${missing.join(', ')}`, isFailure: true };
  }
  process.stderr.write(`installing ${missing.join(', ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const argv = ['install', '-y', '-qq', '--no-install-recommends', ...missing];
    execFileSync('apt-get', argv, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    return { why: `cannot install ${missing.join(', ')}: ${/** @type {Error} */ (error).message}`, isFailure: true };
  }
  const still = NEEDS.filter((it) => !it.has()).map((it) => it.package);
  return still.length === 0 ? undefined : { why: `installed, but does not run: ${still.join(', ')}`, isFailure: true };
};
