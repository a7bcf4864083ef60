/**
 * The same core in a page: a golden simulation runs in Chromium, to the same hash. The built files are served as they
 * are, with an import map in place of a bundler; whatever they needed from a host would be missing there.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const IMPORTS = {
  '@xorrery/core': '/packages/core/dist/index.js',
  '@xorrery/trace': '/packages/trace/dist/index.js',
  '@xorrery/simulator': '/packages/simulator/dist/index.js',
  'pure-rand/generator/xoroshiro128plus': '/node_modules/pure-rand/lib/esm/generator/xoroshiro128plus.js',
  '@noble/hashes/': '/node_modules/@noble/hashes/',
};

const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;

/** Runs in the page: replays a trace, and says what came of it. */
const REPLAY = `
  const { genericProtocol, SimulationReplay } = await import('@xorrery/simulator');
  const { loadTrace } = await import('@xorrery/trace');
  const { sha256 } = await import('@noble/hashes/sha2.js');
  const { bytesToHex } = await import('@noble/hashes/utils.js');
  const hash = sha256.create();
  const port = { update: (bytes) => hash.update(bytes), hex: () => bytesToHex(hash.clone().digest()) };
  const trace = await loadTrace([text]);
  const run = new SimulationReplay(trace.header, genericProtocol, port);
  for (const entry of trace.entries) run.take(entry);
  return run.report(trace.truncated);
`;

/** Where Chromium is. As root with apt it is installed first, as on a bare machine. */
const chromiumPath = (): string => {
  const find = (): string => execFileSync('sh', ['-c', 'command -v chromium || true'], { encoding: 'utf8' }).trim();
  if (find() === '' && process.getuid?.() === 0) {
    execFileSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq chromium'], { stdio: 'ignore' });
  }
  return find();
};

let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(PAGE);
      return;
    }
    try {
      const type = extname(path) === '.js' ? 'text/javascript' : 'application/octet-stream';
      response.setHeader('content-type', type).end(readFileSync(join(root, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

describe('a page in Chromium', () => {
  it('[X26][G01] replays golden simulations to the same hash', { timeout: 300_000 }, async () => {
    const executablePath = chromiumPath();
    expect(executablePath, 'Chromium is needed: apt-get install chromium').not.toBe('');
    const browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(origin);
      for (const name of ['full-loss', 'joined-churn', 'besieged']) {
        const text = readFileSync(new URL(`golden/${name}.ndjson`, import.meta.url), 'utf8');
        const report = await page.evaluate(`(async (text) => {${REPLAY}})(${JSON.stringify(text)})`);
        expect(report).toMatchObject({ identical: true, truncated: false });
      }
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
