/**
 * The command line as a whole: which commands there are, and how each way of ending becomes one line and one exit code.
 * What a command does is in `commands/`.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAnnounce } from './commands/announce.ts';
import { addDemo } from './commands/demo.ts';
import { addDiff } from './commands/diff.ts';
import { addExplain } from './commands/explain.ts';
import { addFindNode } from './commands/find-node.ts';
import { addGet } from './commands/get.ts';
import { addKv } from './commands/kv.ts';
import { addLookup } from './commands/lookup.ts';
import { addNode } from './commands/node.ts';
import { addPut } from './commands/put.ts';
import { addReplay } from './commands/replay.ts';
import { addSample } from './commands/sample.ts';
import { addScrape } from './commands/scrape.ts';
import { addShrink } from './commands/shrink.ts';
import { addSim } from './commands/sim.ts';
import { addSweep } from './commands/sweep.ts';
import { EXIT, explain, Failure } from './failure.ts';
import { addLaterCommands } from './later.ts';
import { type Io, widthOf } from './ui/terminal.ts';

const EXAMPLES = `
Examples:
  xorrery demo                   a network on this machine, in two seconds
  xorrery node --port 6881       a node in the public network
  xorrery lookup sintel.torrent  its peers, as they are found
  xorrery put 'hello'            a value that anybody can get
  xorrery kv node --port 7600    a node of a key-value store
  xorrery sim --nodes 5000       a network in virtual time
  xorrery replay night.ndjson    what was written by --record, run again
  xorrery COMMAND --help         more about a command

TARGET is 40 hex digits, a magnet URI or a .torrent file. Endpoints are
host:port or [v6]:port. Durations are 500ms, 30s, 15m, 2h.
Exit codes: 0 done, 1 ended without what was asked for, 2 bad usage or input,
3 a replay went another way, 130 ended by Ctrl-C.`;

/** Runs a command line to its end and returns the exit code. Nothing is thrown. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.DONE;
  try {
    const program = programFor(io, (code) => {
      exitCode = code;
    });
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    const { line, exitCode: code } = explain(error);
    if (line !== undefined) io.err.write(`xorrery: ${line}\n`);
    return code;
  }
}

function programFor(io: Io, exit: (code: number) => void): Command {
  const program = new Command('xorrery')
    .description('A Kademlia DHT that speaks BitTorrent Mainline.')
    .version(version(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => widthOf(io.out),
    })
    .addHelpText('after', EXAMPLES);
  const nodes = [addDemo, addNode, addLookup, addFindNode, addAnnounce, addPut, addGet, addScrape, addSample, addKv];
  const networks = [addSim, addSweep];
  const traces = [addReplay, addShrink, addExplain, addDiff];
  for (const add of [...nodes, ...networks, ...traces]) add(program, io, exit);
  for (const command of program.commands.flatMap(withoutGroups)) refuseExcess(command);
  addLaterCommands(program);
  return program;
}

/** The commands that do something: of a group, those in it. */
function withoutGroups(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands;
}

/** As commander does it, but with the argument's name. */
function refuseExcess(command: Command): void {
  command.allowExcessArguments().hook('preAction', () => {
    const unexpected = command.args[command.registeredArguments.length];
    if (unexpected !== undefined) throw new Failure(`unexpected argument '${unexpected}'`);
  });
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
