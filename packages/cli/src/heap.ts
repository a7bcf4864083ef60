/**
 * Room for large simulations: a process cannot raise its own heap's limit, so it starts itself again with a higher one
 * and is that process's shadow: same terminal, same signals, same exit code.
 */
import { spawn } from 'node:child_process';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

const MIB = 1_048_576;
/** Set in the second process, so that there is never a third. */
const MARK = 'XORRERY_HEAP';
/** MiB for what dies young: simulations make much of it, and the default makes them collect it several times as often. */
const YOUNG = 128;
/** MiB from which on that is worth a start more: with 10,000 nodes it saves a fifth of the time. */
const LARGE = 600;

/**
 * Starts this command again with a heap of `bytes`, where this one's is smaller, or made for less; its exit code.
 * `undefined`: there is room enough here, go on.
 */
export function withHeap(bytes: number): Promise<number> | undefined {
  const wanted = Math.min(Math.ceil(bytes / MIB), Math.floor((0.9 * totalmem()) / MIB));
  const most = getHeapStatistics().heap_size_limit / MIB;
  if (process.env[MARK] !== undefined || (most >= wanted && wanted < LARGE)) return undefined;
  const [script = '', ...args] = process.argv.slice(1);
  const limits = [`--max-old-space-size=${Math.max(wanted, Math.floor(most))}`, `--max-semi-space-size=${YOUNG}`];
  const child = spawn(process.execPath, [...process.execArgv, ...limits, script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  // A Ctrl-C on a terminal reaches both; the child answers it, and this one waits.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
