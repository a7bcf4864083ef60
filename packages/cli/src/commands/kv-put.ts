/** `xorrery kv put [KEY] VALUE`: stores a value at the nodes closest to its key, once, and prints the key. */
import type { Id } from '@xorrery/core';
import { MAX_VALUE, recordOf } from '@xorrery/kv';
import { type Command, InvalidArgumentError } from 'commander';
import { nodeId } from '../args.ts';
import { exitCodeOf, KV, performWith, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, nodeJson, time } from '../ui/text.ts';
import { readValue, VALUE_HELP } from '../value.ts';
import { addClientOptions, type ClientOptions, someSeeds } from './common.ts';

const EXAMPLES = `
Examples:
  xorrery kv put hello --bootstrap 127.0.0.1:7600
  xorrery kv put @photo.jpg -b 127.0.0.1:7600 --json
  date | xorrery kv put 00112233445566778899aabbccddeeff00112233 - \\
    -b 127.0.0.1:7600

Under a key of your own a later put replaces an earlier one. Nodes keep a value
for a day. A value has at most ${MAX_VALUE} bytes.
Exit codes: 0 stored, 1 stored nowhere, 2 bad usage or input, 130 Ctrl-C.`;

export function addKvPut(group: Command, io: Io, exit: (code: number) => void): void {
  const command = group
    .command('put')
    .summary('store a value')
    .usage('[options] [KEY] <VALUE>')
    .description('Store a value at the nodes closest to its key, and print the key.')
    .argument('[KEY]', '40 hex digits; left out: the SHA-1 of the value')
    .argument('[VALUE]', VALUE_HELP)
    .addHelpText('after', EXAMPLES)
    .action(async (first: string | undefined, second: string | undefined, options: ClientOptions) => {
      if (first === undefined) throw new Failure("missing required argument 'VALUE'");
      const key = second === undefined ? undefined : keyOf(first);
      exit(await put(key, await readValue(second ?? first, MAX_VALUE), options, io));
    });
  addClientOptions(command);
}

/** KEY is an argument only when two are given, so it is read here and not by commander. */
function keyOf(text: string): Id {
  try {
    return nodeId(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new Failure(`KEY '${text}': ${error.message}`);
    throw error;
  }
}

async function put(
  given: Id | undefined,
  value: Uint8Array,
  { bootstrap, timeout, json = false, record }: ClientOptions,
  io: Io,
): Promise<number> {
  const seeds = someSeeds(bootstrap);
  const target = given ?? recordOf(value, 0).digest;
  const title = `Storing ${count(value.length, 'byte')} under ${target}`;
  const screen = new LookupScreen(io, { title, target, json, prefix: 'find:', countsPeers: false });
  try {
    const outcome = await performWith(KV, {
      seeds,
      timeout,
      record,
      io,
      json,
      begin: (node, operation) => node.put(given, value, { ...operation, every: 'off' }),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { key, seq, stored, failed, lookup } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `refused or unanswered ${failed.length}, ${reason} in ${time(report.elapsed)}`;
    screen.end(stored.length > 0 ? `stored at ${count(stored.length, 'node')}: ${ending}` : undefined);
    if (json) {
      const { requests: queried, answered: responded } = lookup.counts;
      const totals = { queried, responded, failed: failed.length, durationMs: report.elapsed, reason };
      const nodes = stored.map(nodeJson);
      io.out.write(`${JSON.stringify({ key, target: key, seq, stored: stored.length, nodes, ...totals })}\n`);
    } else if (stored.length > 0) io.out.write(`${key}\n`);
    const exitCode = exitCodeOf(stored.length > 0, cut);
    if (stored.length > 0) return exitCode;
    throw new Failure(whyNothing(outcome, lookup.counts.answered, seeds) ?? `stored nowhere: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
