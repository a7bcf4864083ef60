/** `xorrery find-node ID`: the k nodes closest to an id, nearest first. */
import type { Id } from '@xorrery/core';
import type { Command } from 'commander';
import { nodeId, seedsOf } from '../args.ts';
import { exitCodeOf, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, nodeJson, time } from '../ui/text.ts';
import { addClientOptions, type ClientOptions, EXIT_HELP } from './common.ts';

const EXAMPLES = `
Examples:
  xorrery find-node ffffffffffffffffffffffffffffffffffffffff
  xorrery find-node ffffffffffffffffffffffffffffffffffffffff -b 127.0.0.1:6881
${EXIT_HELP}`;

export function addFindNode(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('find-node')
    .summary('find the nodes closest to an id')
    .description('Find the nodes whose ids are closest to an id, nearest first.')
    .argument('<ID>', '40 hex digits', nodeId)
    .addHelpText('after', EXAMPLES)
    .action(async (id: Id, options: ClientOptions) => exit(await findNode(id, options, io)));
  addClientOptions(command);
}

async function findNode(
  target: Id,
  { bootstrap, timeout, json = false, record }: ClientOptions,
  io: Io,
): Promise<number> {
  const seeds = seedsOf(bootstrap);
  const screen = new LookupScreen(io, { title: `Looking for the nodes closest to ${target}`, target, json });
  try {
    const outcome = await perform({
      seeds,
      timeout,
      record,
      io,
      json,
      begin: (node, operation) => node.findNode(target, operation),
      watch: (event, operation) => screen.take(event, operation),
    });
    const { report, cut } = outcome;
    const { counts, hops, closest } = report;
    const reason = reasonOf(report.reason, cut);
    const ending = `asked ${counts.requests}, answered ${counts.answered}, ${reason} in ${time(report.elapsed)}`;
    const found = closest.length > 0;
    screen.end(found ? `${count(closest.length, 'node')} found: ${ending}, ${count(hops, 'hop')}` : undefined);
    if (json) {
      const { requests: queried, answered: responded } = counts;
      const totals = {
        queried,
        responded,
        hops,
        durationMs: report.elapsed,
        totalMs: Math.round(outcome.elapsed),
        reason,
      };
      io.out.write(`${JSON.stringify({ target, closest: closest.map(nodeJson), ...totals })}\n`);
    } else for (const { id, endpoint } of closest) io.out.write(`${id}  ${endpoint}\n`);
    const exitCode = exitCodeOf(found, cut);
    if (found) return exitCode;
    throw new Failure(whyNothing(outcome, counts.answered, seeds) ?? `no nodes found: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}
