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
import { type Change, readText, textOf } from './entry.ts';
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
/** Changes written, or entries read, at once; more go in several batches. */
const BATCH = 1_000;

export class Store {
  readonly directory: string;
  #level: Level | undefined;

  private constructor(directory: string, level: Level) {
    this.directory = directory;
    this.#level = level;
  }

  /**
   * Opens it and gives each entry to a reader. Where that fails midway the store is set aside, and another reader gets
   * what could be recovered. Throws `StateError`.
   */
  static async open<R extends Reader>(
    directory: string,
    begin: () => R,
  ): Promise<{ readonly store: Store; readonly read: R; readonly damage?: Damage }> {
    await prepare(directory);
    const store = storeIn(directory);
    let damaged: string | undefined;
    // A start that was cut short before the new store was in place is taken up again.
    if (!(await isDirectory(store))) damaged = await lastAside(directory);
    else if ((await standing(store)) === 'broken') damaged = await setAside(directory);
    if (damaged === undefined) {
      const opened = await openLevel(directory, store, begin());
      if (opened !== undefined) return { store: new Store(directory, opened.level), read: opened.reader };
      damaged = await setAside(directory);
    }
    const recovered = await recover(directory, damaged);
    const opened = await openLevel(directory, store, begin());
    if (opened === undefined) throw new StateError('failed', directory, 'a new store cannot be read');
    return {
      store: new Store(directory, opened.level),
      read: opened.reader,
      damage: { aside: damaged, recovered },
    };
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

/** Takes in what is found, one entry at a time; `value` is `undefined` when it is damaged. */
export interface Reader {
  take(key: string, value: unknown): void;
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
async function openLevel<R extends Reader>(
  directory: string,
  location: string,
  reader: R,
): Promise<{ readonly level: Level; readonly reader: R } | undefined> {
  const level: Level = new ClassicLevel(location, OPTIONS);
  try {
    await level.open();
    await checkVersion(directory, level);
    await forEach(level, (key, text) => reader.take(key, readText(key, text)));
    return { level, reader };
  } catch (error) {
    await level.close().catch(() => {});
    if (error instanceof StateError) throw error;
    const failure = fromLevel(directory, error);
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

/** Many at a time: one by one takes several times as long. */
async function forEach(level: Level, take: (key: string, text: string) => void): Promise<void> {
  const iterator = level.iterator();
  try {
    for (;;) {
      const found = await iterator.nextv(BATCH);
      if (found.length === 0) return;
      for (const [key, text] of found) take(key, text);
    }
  } finally {
    await iterator.close();
  }
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
    await forEach(level, (key, text) => {
      const value = readText(key, text);
      if (value !== undefined) found.push({ key, value });
    });
  } catch {
    // What was read before is kept.
  } finally {
    await level?.close().catch(() => {});
  }
  return found;
}
