/**
 * The store: LevelDB in a directory. A batch is written whole or not at all, whenever the process is killed; with `sync`
 * it is on the disk when the promise resolves. A store whose files are damaged is set aside, and what can still be read
 * of it goes into a new one.
 *
 * It refuses to: be opened twice, be read by an older version of this program, or know what its entries mean.
 */
import { rename, rm } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { draftIn, forgetAsides, isDirectory, lastAside, nextAside, prepare, standing, storeIn } from './directory.ts';
import { type Change, readKey, readText, textOf } from './entry.ts';
import { fromLevel, fromSystem, StateError } from './errors.ts';

type Level = ClassicLevel<string, string>;

/** A damaged store that was set aside. */
export interface Damage {
  /** Where it is now. */
  readonly aside: string;
  /** Entries that could be read and are kept. */
  readonly recovered: number;
}

/** Not compressed: a flipped byte then costs an entry, and not all that was packed with it. */
const OPTIONS = { compression: false } as const;
const META = 'meta';
const FORMAT = 'xorrery-state';
const VERSION = 1;
/** Changes written at once; more go in several batches. */
const BATCH = 1_000;

export class Store {
  readonly directory: string;
  #level: Level | undefined;

  private constructor(directory: string, level: Level) {
    this.directory = directory;
    this.#level = level;
  }

  /** Opens it and reads all of it. Throws `StateError`. */
  static async open(
    directory: string,
  ): Promise<{ readonly store: Store; readonly entries: readonly Entry[]; readonly damage?: Damage }> {
    await prepare(directory);
    const store = storeIn(directory);
    let damaged: string | undefined;
    // A start that was cut short before the new store was in place is taken up again.
    if (!(await isDirectory(store))) damaged = await lastAside(directory);
    else if ((await standing(store)) === 'broken') damaged = await setAside(directory);
    if (damaged === undefined) {
      const opened = await openLevel(directory, store);
      if (opened !== undefined) {
        const { level, entries } = opened;
        return { store: new Store(directory, level), entries };
      }
      damaged = await setAside(directory);
    }
    const recovered = await recover(directory, damaged);
    const opened = await openLevel(directory, store);
    if (opened === undefined) throw new StateError('failed', directory, 'a new store cannot be read');
    const { level, entries } = opened;
    return { store: new Store(directory, level), entries, damage: { aside: damaged, recovered } };
  }

  /** Throws `StateError`; what was written before stays. After that, nothing can be written until it is reopened. */
  async write(changes: readonly Change[], sync: boolean): Promise<void> {
    try {
      if (this.#level === undefined) throw new StateError('failed', this.directory, 'it is closed');
      for (let i = 0; i < changes.length; i += BATCH) {
        await this.#level.batch(changes.slice(i, i + BATCH).map(operation), { sync });
      }
    } catch (error) {
      throw error instanceof StateError ? error : failureOf(this.directory, error);
    }
  }

  /** Closes it and opens it again: LevelDB writes nothing more once a write has failed. Throws `StateError`. */
  async reopen(): Promise<void> {
    await this.close();
    const level: Level = new ClassicLevel(storeIn(this.directory), OPTIONS);
    try {
      await level.open();
    } catch (error) {
      throw failureOf(this.directory, error);
    }
    this.#level = level;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const level = this.#level;
    this.#level = undefined;
    // What could not be written is known from the write itself.
    await level?.close().catch(() => {});
  }
}

/** One entry as it was found; `value` is missing when it is damaged. */
export interface Entry {
  readonly key: string;
  readonly value?: unknown;
}

type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

function operation({ key, value }: Change): Operation {
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value: textOf(key, value) };
}

function failureOf(directory: string, error: unknown): StateError {
  return fromLevel(directory, error) ?? new StateError('failed', directory, wordsOf(error), error);
}

function wordsOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

/** Opens a store and reads all of it; `undefined` when it is damaged. Throws `StateError`. */
async function openLevel(
  directory: string,
  location: string,
): Promise<{ readonly level: Level; readonly entries: readonly Entry[] } | undefined> {
  const level: Level = new ClassicLevel(location, OPTIONS);
  try {
    await level.open();
    const entries = await readAll(level);
    await checkVersion(directory, level);
    return { level, entries };
  } catch (error) {
    await level.close().catch(() => {});
    if (error instanceof StateError) throw error;
    const failure = fromLevel(directory, error);
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

async function readAll(level: Level): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const [key, text] of level.iterator()) {
    if (readKey(key) === undefined) continue;
    const value = readText(key, text);
    entries.push(value === undefined ? { key } : { key, value });
  }
  return entries;
}

/** Says which version this is where nothing does yet, and stops at a later one. */
async function checkVersion(directory: string, level: Level): Promise<void> {
  const text = await level.get(META);
  const meta = (text === undefined ? undefined : readText(META, text)) as
    | { readonly format?: unknown; readonly version?: unknown }
    | undefined;
  const { version = VERSION } = meta ?? {};
  if (version !== VERSION)
    throw new StateError(
      'version',
      directory,
      `it is of version ${String(version)}, and this program reads ${VERSION}`,
    );
  if (meta === undefined) await level.batch([operation({ key: META, value: { format: FORMAT, version: VERSION } })]);
}

async function setAside(directory: string): Promise<string> {
  const aside = await nextAside(directory);
  try {
    await rename(storeIn(directory), aside);
  } catch (error) {
    throw fromSystem(directory, error);
  }
  return aside;
}

/** Makes a new store of what can be read of a damaged one. Only when it is complete does it take its place. */
async function recover(directory: string, damaged: string): Promise<number> {
  const draft = draftIn(directory);
  try {
    await rm(draft, { recursive: true, force: true });
    const entries = await salvage(damaged);
    const level: Level = new ClassicLevel(draft, OPTIONS);
    await level.open();
    try {
      await level.batch(entries.map(operation), { sync: true });
    } finally {
      await level.close();
    }
    await rename(draft, storeIn(directory));
    await forgetAsides(directory);
    return entries.filter((it) => it.key !== META).length;
  } catch (error) {
    throw error instanceof StateError ? error : (fromLevel(directory, error) ?? fromSystem(directory, error));
  }
}

/** The sound entries of a damaged store, as many as LevelDB's own repair brings back. */
async function salvage(location: string): Promise<Change[]> {
  const found: Change[] = [];
  let level: Level | undefined;
  try {
    await ClassicLevel.repair(location);
    // It opens itself once it is made: not before it is repaired.
    level = new ClassicLevel(location, { ...OPTIONS, createIfMissing: false });
    await level.open();
    for await (const [key, text] of level.iterator()) {
      const value = readText(key, text);
      if (value !== undefined) found.push({ key, value });
    }
  } catch {
    // What was read before is kept.
  } finally {
    await level?.close().catch(() => {});
  }
  return found;
}
