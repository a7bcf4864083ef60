/** `--record FILE`: what a node lives through goes to a file, from its first event to its last. */

import type { AnyProfile } from '@xorrery/trace';
import { type FileRecording, recordTo } from '@xorrery/trace/files';
import type { Command } from 'commander';
import { Failure, oneLine } from './failure.ts';
import type { Io } from './ui/terminal.ts';
import { count } from './ui/text.ts';

// biome-ignore lint/suspicious/noExplicitAny: of whatever protocol the node is
export type Recording = FileRecording<any, any, any>;

/** Every command that runs a node has it. */
export function addRecordOption(command: Command): void {
  command.option('--record <file>', 'write a trace, gzipped if it ends in .gz');
}

/** Begins to record, if that is wanted. Throws `Failure` when the file cannot be made. */
export function startRecording(path: string | undefined, profile: AnyProfile): Recording | undefined {
  if (path === undefined) return undefined;
  try {
    return recordTo(path, profile);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such directory' : code === 'EISDIR' ? 'it is a directory' : (code ?? message);
    throw new Failure(`--record '${path}': cannot write it: ${why}`);
  }
}

/** The file for the node at another address than the first: a trace is that of one node. */
export function recordAt(path: string | undefined, index: number): string | undefined {
  return index === 0 ? path : path?.replace(/(\.[^/\\]*)?$/, (extension) => `.at-${index + 1}${extension}`);
}

/** Ends it once the node is closed, and says where it is; what went wrong is said even to scripts. */
export async function endRecording(recording: Recording | undefined, io: Io, quiet: boolean): Promise<void> {
  if (recording === undefined) return;
  const { files, events, lost, error } = await recording.close();
  const gaps = lost === 0 ? '' : `, ${count(lost, 'event')} lost`;
  if (error !== undefined) io.err.write(`xorrery: --record: ${oneLine(error.message)}\n`);
  else if (!quiet || lost > 0) io.err.write(`trace of ${count(events, 'event')} in ${files.join(' ')}${gaps}\n`);
}

/** Several observers as one. */
export function both<Turn extends unknown[]>(
  one: (...turn: Turn) => void,
  other: ((...turn: Turn) => void) | undefined,
): (...turn: Turn) => void {
  if (other === undefined) return one;
  return (...turn) => {
    one(...turn);
    other(...turn);
  };
}
