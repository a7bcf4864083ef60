/** Runs the command as a process, the way a user does. Every process started here is ended by `endProcesses`. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/xorrery.js', import.meta.url));
/** ms after which a process that should have ended is killed; the test then fails for its exit code. */
const LIMIT = 45_000;

type Child = ChildProcessByStdio<null, Readable, Readable>;

const running = new Set<Child>();

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const start = (argv: readonly string[], env: Record<string, string> = {}): Child => {
  const child = spawn(process.execPath, [BIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
};

/** Runs a command to its end. */
export const xorrery = async (...argv: string[]): Promise<Ended> => {
  const child = start(argv);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out, err };
};

/** Runs a command to its end with this on its stdin; what it writes to stdout, as bytes. */
export const fed = async (input: string | Uint8Array, ...argv: string[]): Promise<Buffer> => {
  const child = execFile(process.execPath, [BIN, ...argv], { encoding: 'buffer', timeout: LIMIT });
  child.stdin?.end(input);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`exit code ${code}`);
  return Buffer.concat(chunks);
};

/** `xorrery node --json`, or with `kv` in front `xorrery kv node --json`, and its lines, which can be waited for. */
export class NodeProcess {
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown[]>;
  err = '';

  constructor(...argv: string[]) {
    const [group, rest] = argv[0] === 'kv' ? [['kv'], argv.slice(1)] : [[], argv];
    this.#child = start([...group, 'node', '--json', ...rest]);
    this.#ended = once(this.#child, 'close');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
  }

  /** The next line, as it is. */
  async next(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the node has ended: ${this.err}`);
    return JSON.parse(value) as Record<string, unknown>;
  }

  /** The next line with these fields. */
  async until(fields: Record<string, unknown>): Promise<Record<string, unknown>> {
    for (;;) {
      const line = await this.next();
      if (Object.entries(fields).every(([name, value]) => line[name] === value)) return line;
    }
  }

  /** Sends a signal and waits for the end. */
  async end(signal: 'SIGINT' | 'SIGTERM' = 'SIGTERM'): Promise<{ code: number | null; ms: number }> {
    const from = performance.now();
    this.#child.kill(signal);
    const [code] = (await this.#ended) as [number | null];
    return { code, ms: performance.now() - from };
  }
}

interface Started {
  readonly node: NodeProcess;
  readonly endpoint: string;
  readonly id: string;
}

/** A node on a free loopback port, its endpoint and its id. */
export const startNode = (...argv: string[]): Promise<Started> => started(new NodeProcess(...LOOPBACK, ...argv));

/** A node of the key-value store likewise. */
export const startKvNode = (...argv: string[]): Promise<Started> =>
  started(new NodeProcess('kv', ...LOOPBACK, ...argv));

const LOOPBACK = ['--host', '127.0.0.1', '--port', '0'];

const started = async (node: NodeProcess): Promise<Started> => {
  const { host, port, id } = await node.until({ event: 'ready' });
  return { node, endpoint: `${host}:${port}`, id: String(id) };
};

/** Ends what a test left running. */
export const endProcesses = (): void => {
  for (const child of running) child.kill('SIGKILL');
};
