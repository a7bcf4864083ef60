/** `xorrery kv get KEY`: finds a value, and writes its bytes. */
import type { Id } from '@xorrery/core';
import type { Command } from 'commander';
import { nodeId } from '../args.ts';
import { exitCodeOf, KV, performWith, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import { jsonText } from '../item-text.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, time } from '../ui/text.ts';
import { addClientOptions, type ClientOptions, someSeeds } from './common.ts';

const EXAMPLES = `
Examples:
  xorrery kv get aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d -b 127.0.0.1:7600
  xorrery kv get 00112233445566778899aabbccddeeff00112233 -b [::1]:7600 --json

A value whose SHA-1 is the key is checked; of any other the latest is taken.
In JSON a value that is no text is in base64, and "encoding" says so.
Exit codes: 0 found, 1 not found, 2 bad usage or input, 130 ended by Ctrl-C.`;

export function addKvGet(group: Command, io: Io, exit: (code: number) => void): void {
  const command = group
    .command('get')
    .summary('find a value')
    .description('Find the value under a key, and write it to stdout as it is.')
    .argument('<KEY>', '40 hex digits', nodeId)
    .addHelpText('after', EXAMPLES)
    .action(async (key: Id, options: ClientOptions) => exit(await get(key, options, io)));
  addClientOptions(command);
}

async function get(key: Id, { bootstrap, timeout, json = false, record }: ClientOptions, io: Io): Promise<number> {
  const seeds = someSeeds(bootstrap);
  const screen = new LookupScreen(io, { title: `Looking for ${key}`, target: key, json, countsPeers: false });
  try {
    const outcome = await performWith(KV, {
      seeds,
      timeout,
      record,
      io,
      json,
      begin: (node, operation) => node.get(key, operation),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { value, seq, immutable, queried, responded, hops, elapsed: durationMs } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `asked ${queried}, answered ${responded}, ${reason} in ${time(durationMs)}`;
    const found = value !== undefined;
    screen.end(found ? `${count(value.length, 'byte')} found: ${ending}, ${count(hops, 'hop')}` : undefined);
    if (json) {
      const totals = { queried, responded, hops, durationMs, reason };
      const content = found ? { ...jsonText(value), seq, immutable } : { value: null };
      io.out.write(`${JSON.stringify({ key, target: key, found, ...content, ...totals })}\n`);
    } else if (found) {
      io.out.write(value);
      if (io.out.isTTY === true) io.out.write('\n');
    }
    const exitCode = exitCodeOf(found, cut);
    if (found) return exitCode;
    throw new Failure(whyNothing(outcome, responded, seeds) ?? `not found: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
