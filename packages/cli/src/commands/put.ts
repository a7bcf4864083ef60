/** `xorrery put VALUE`: stores an item (BEP 44) at the nodes closest to its target, once, and prints the target. */
import { bencodedValue, MAX_VALUE, type MutableOptions, publicKeyOf, targetOf, targetOfOwner } from '@xorrery/mainline';
import type { Command } from 'commander';
import { seedsOf, wholeNumber } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import { readSeed } from '../item-text.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, nodeJson, time } from '../ui/text.ts';
import { readValue, VALUE_HELP } from '../value.ts';
import { addClientOptions, type ClientOptions } from './common.ts';

interface PutOptions extends ClientOptions {
  readonly mutable?: boolean;
  readonly key?: string;
  readonly salt?: string;
  readonly seq?: number;
  readonly cas?: number;
}

/** Bytes of text whose bencode is of the longest that is allowed: four are its length and a colon. */
const LONGEST = MAX_VALUE - 4;

const EXAMPLES = `
Examples:
  xorrery put 'hello'
  xorrery put @note.txt --bootstrap 127.0.0.1:6881 --json
  date | xorrery put - --mutable --key me.key --salt clock

A value of at most ${LONGEST} bytes is found under its hash, and nothing can take its
place; with --mutable it is found under the public key, and the highest --seq
counts. Without --seq it is one more than what is found. Nodes keep it for two
hours.
Exit codes: 0 stored, 1 stored nowhere, 2 bad usage or input, 130 Ctrl-C.
Without --bootstrap the public Mainline nodes are asked.`;

export function addPut(program: Command, io: Io, exit: (code: number) => void): void {
  const number = wholeNumber(0, 999_999_999_999_999);
  const command = program
    .command('put')
    .summary('store a value (BEP 44)')
    .description('Store a value at the nodes closest to its target, and print the target.')
    .argument('<VALUE>', VALUE_HELP)
    .option('-m, --mutable', 'one that its owner can replace; needs --key')
    .option('-k, --key <file>', "the owner's seed, 32 bytes in hex; made if absent")
    .option('--salt <text>', 'tells values of one owner apart, at most 64 bytes')
    .option('--seq <number>', 'its version; nodes keep the highest', number)
    .option('--cas <number>', 'only where the version held is this one', number)
    .addHelpText('after', EXAMPLES)
    .action(async (value: string, options: PutOptions) => exit(await put(value, options, io)));
  addClientOptions(command);
}

/** Whose it is, from the options that say so. The file of the key comes last, for it may be made. */
async function ownerOf({ mutable, key, salt, seq, cas }: PutOptions): Promise<MutableOptions | undefined> {
  if (mutable !== true) {
    const [stray] = Object.entries({ key, salt, seq, cas }).find(([, value]) => value !== undefined) ?? [];
    if (stray !== undefined) throw new Failure(`--${stray} needs --mutable`);
    return undefined;
  }
  if (key === undefined) throw new Failure('--mutable needs --key <file>');
  if (Buffer.byteLength(salt ?? '') > 64) throw new Failure(`--salt '${salt}': must be at most 64 bytes`);
  const parts = Object.entries({ salt, seq, cas }).filter(([, value]) => value !== undefined);
  return { seed: await readSeed(key), ...Object.fromEntries(parts) };
}

async function put(text: string, options: PutOptions, io: Io): Promise<number> {
  const { timeout, json = false, record } = options;
  const seeds = seedsOf(options.bootstrap);
  const value = await readValue(text, LONGEST);
  const mutable = await ownerOf(options);
  const title = `Storing ${count(value.length, 'byte')}`;
  const target =
    mutable === undefined
      ? targetOf({ type: 'immutable', value: bencodedValue(value) })
      : targetOfOwner({ publicKey: publicKeyOf(mutable.seed), ...(mutable.salt && { salt: mutable.salt }) });
  // Without a number of its own it is looked for first, and that is the lookup to watch.
  const prefix = mutable !== undefined && mutable.seq === undefined ? '' : 'find:';
  const screen = new LookupScreen(io, { title: `${title} under ${target}`, target, json, prefix, countsPeers: false });
  try {
    const outcome = await perform({
      ...{ seeds, timeout, record, io, json },
      begin: (node, operation) => node.put(value, { ...operation, every: 'off', ...(mutable && { mutable }) }),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { stored, failed, lookup, seq, publicKey } = report;
    const reason = reasonOf(report.reason, cut);
    const refused = failed.flatMap(({ contact, refusal }) => (refusal ? [{ ...nodeJson(contact), ...refusal }] : []));
    const why = refused[0] === undefined ? '' : ` (${refused[0].text})`;
    const ending = `refused or unanswered ${failed.length}${why}, ${reason} in ${time(report.elapsed)}`;
    screen.end(stored.length > 0 ? `stored at ${count(stored.length, 'node')}: ${ending}` : undefined);
    if (json) {
      const { requests: queried, answered: responded } = lookup.counts;
      const owned = seq === undefined ? {} : { seq, publicKey };
      const totals = { queried, responded, failed: failed.length, durationMs: report.elapsed, reason };
      const nodes = stored.map(nodeJson);
      io.out.write(`${JSON.stringify({ target, stored: stored.length, ...owned, nodes, refused, ...totals })}\n`);
    } else if (stored.length > 0) io.out.write(`${target}\n`);
    const exitCode = exitCodeOf(stored.length > 0, cut);
    if (stored.length > 0) return exitCode;
    throw new Failure(whyNothing(outcome, lookup.counts.answered, seeds) ?? `stored nowhere: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
