/** Why a directory cannot keep a node's state. Nothing in it was changed when one of these is thrown. */

/**
 * - `not-a-directory`, `missing`: the path is something else, or the directory it is to be made in is not there.
 * - `permission`, `read-only`: nothing can be written there. `full`: there is no room, or no quota, left.
 * - `in-use`: another node, here or in another process, keeps its state there.
 * - `version`: a later version of this program has written it.
 * - `failed`: anything else the system says.
 */
export type StateErrorCode =
  | 'not-a-directory'
  | 'missing'
  | 'permission'
  | 'read-only'
  | 'full'
  | 'in-use'
  | 'version'
  | 'failed';

/** The state cannot be kept in this directory. The message is one line that names it. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;
  readonly directory: string;

  constructor(code: StateErrorCode, directory: string, why: string, cause?: unknown) {
    super(`cannot keep state in '${directory}': ${why}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.directory = directory;
  }
}

const BY_SYSTEM: Readonly<Record<string, readonly [StateErrorCode, string]>> = {
  ENOTDIR: ['not-a-directory', 'it is not a directory'],
  EEXIST: ['not-a-directory', 'it is not a directory'],
  ENOENT: ['missing', 'the directory it is to be made in does not exist'],
  EACCES: ['permission', 'permission denied'],
  EPERM: ['permission', 'permission denied'],
  EROFS: ['read-only', 'the file system is read-only'],
  ENOSPC: ['full', 'the disk is full'],
  EDQUOT: ['full', 'the quota is used up'],
  EMFILE: ['failed', 'too many files are open'],
  ENFILE: ['failed', 'too many files are open'],
};

/** What the system's file functions threw. */
export function fromSystem(directory: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [kind, why] = BY_SYSTEM[code] ?? (['failed', code === '' ? message : code] as const);
  return new StateError(kind, directory, why, error);
}

/** LevelDB tells what the system said in words only. */
const BY_WORDS: readonly (readonly [RegExp, StateErrorCode, string])[] = [
  [/no space left/i, 'full', 'the disk is full'],
  [/quota exceeded/i, 'full', 'the quota is used up'],
  [/read-only file system/i, 'read-only', 'the file system is read-only'],
  [/permission denied|operation not permitted/i, 'permission', 'permission denied'],
  [/too many open files/i, 'failed', 'too many files are open'],
];

/** What LevelDB threw, where that says something about the directory or the disk; `undefined`: its files are damaged. */
export function fromLevel(directory: string, error: unknown): StateError | undefined {
  const told = ((error as Error).cause ?? error) as { readonly code?: string; readonly message?: string };
  if (told.code === 'LEVEL_LOCKED') return new StateError('in-use', directory, 'another node uses it', error);
  const words = String(told.message);
  for (const [pattern, kind, why] of BY_WORDS)
    if (pattern.test(words)) return new StateError(kind, directory, why, error);
  if (told.code === 'LEVEL_CORRUPTION' || told.code === 'LEVEL_IO_ERROR') return undefined;
  return new StateError('failed', directory, words, error);
}
