/** `xorrery get TARGET`: finds an item (BEP 44), checks it, and writes its value as it is. */
import type { Id } from '@xorrery/core';
import { type ItemOwner, targetOfOwner } from '@xorrery/mainline';
import type { Command } from 'commander';
import { seedsOf } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import { itemTarget, jsonText } from '../item-text.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, time } from '../ui/text.ts';
import { addClientOptions, type ClientOptions, EXIT_HELP } from './common.ts';

interface GetOptions extends ClientOptions {
  readonly salt?: string;
}

const EXAMPLES = `
Examples:
  xorrery get e28910ea0adb94dd45ced75fbff3e135c01bc437
  xorrery get 77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548 \\
    --salt foobar --bootstrap 127.0.0.1:6881 --json

Nothing is written that is not proven: by its hash, or by its owner's signature.
In JSON a value that is no text is in base64, and "encoding" says so.
${EXIT_HELP}`;

export function addGet(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('get')
    .summary('find a value (BEP 44)')
    .description('Find a value, check it, and write it to stdout as it is.')
    .argument('<TARGET>', '40 hex digits of a target, or 64 of a public key', itemTarget)
    .option('--salt <text>', 'the salt it was put with')
    .addHelpText('after', EXAMPLES)
    .action(async (what: Id | ItemOwner, options: GetOptions) => exit(await get(what, options, io)));
  addClientOptions(command);
}

async function get(what: Id | ItemOwner, options: GetOptions, io: Io): Promise<number> {
  const { timeout, json = false, record, salt } = options;
  const seeds = seedsOf(options.bootstrap);
  const salted = salt === undefined ? {} : { salt };
  if (Buffer.byteLength(salt ?? '') > 64) throw new Failure(`--salt '${salt}': must be at most 64 bytes`);
  const wanted = typeof what === 'string' ? what : { ...what, ...salted };
  const target = typeof wanted === 'string' ? wanted : targetOfOwner(wanted);
  const screen = new LookupScreen(io, { title: `Looking for ${target}`, target, json, countsPeers: false });
  try {
    const outcome = await perform({
      ...{ seeds, timeout, record, io, json },
      begin: (node, operation) => node.get(wanted, { ...operation, ...salted }),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { value, item, seq, queried, responded, hops, elapsed: durationMs } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `asked ${queried}, answered ${responded}, ${reason} in ${time(durationMs)}`;
    const found = value !== undefined;
    screen.end(found ? `${count(value.length, 'byte')} found: ${ending}, ${count(hops, 'hop')}` : undefined);
    if (json) {
      const totals = { queried, responded, hops, durationMs, reason };
      const owned = item?.type === 'mutable' ? { seq, publicKey: item.publicKey, signatureValid: true } : {};
      const content = found ? { ...jsonText(value), ...owned } : { value: null };
      io.out.write(`${JSON.stringify({ target, found, ...content, ...totals })}\n`);
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
