/** Options that several commands share. */
import { type Command, Option } from 'commander';
import { bootstrap, duration, seedsOf } from '../args.ts';
import { EXIT, Failure } from '../failure.ts';
import { addRecordOption } from '../recording.ts';

/** What every short-lived command is told. */
export interface ClientOptions {
  readonly bootstrap?: readonly string[];
  readonly timeout: number;
  /** The file a trace goes to. */
  readonly record?: string;
  readonly json?: boolean;
}

const TIMEOUT = 120_000;

/** Whom to join through, how long it may take, and who reads the result. */
export function addClientOptions(command: Command): void {
  command.option(
    '-b, --bootstrap <endpoint>',
    "join through host:port or [v6]:port; repeats; 'none' starts alone",
    bootstrap,
  );
  addEndingOptions(command);
}

/** How long it may take, and who reads the result. */
export function addEndingOptions(command: Command): void {
  command
    .addOption(
      new Option('-t, --timeout <duration>', 'end after this at the latest').argParser(duration).default(TIMEOUT, '2m'),
    )
    .option('--json', 'print one JSON document');
  addRecordOption(command);
}

/** Whom to join through in a network that has no public nodes. Throws `Failure` when there is nobody. */
export function someSeeds(given: readonly string[] | undefined): readonly string[] {
  const seeds = seedsOf(given, []);
  if (seeds.length > 0) return seeds;
  throw new Failure('nobody to ask: say whom to join through with --bootstrap', EXIT.NOTHING);
}

export const TARGET_HELP: string = "40 hex digits, a magnet URI ('magnet:?xt=urn:btih:...') or a .torrent file";

export const EXIT_HELP = `
Exit codes: 0 found, 1 nothing found, 2 bad usage or input, 130 ended by Ctrl-C.
Without --bootstrap the public Mainline nodes are asked.`;
