/**
 * The directory that `--state` names: made where it is missing, tried before anything is read, and where damaged files are
 * set aside. The store is a directory inside it, so that it can be renamed even where the directory is a mount point.
 */
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystem } from './errors.ts';

const STORE = 'mainline.level';
const ASIDE = `${STORE}.damaged-`;
/** Damaged stores that are kept for whoever wants to look into them; the oldest go. */
const KEPT_ASIDE = 3;
/** Bytes that must fit on the disk at the start: more than opening the store writes. */
const ROOM = 65_536;
const PROBE = '.probe';

export function storeIn(directory: string): string {
  return join(directory, STORE);
}

/** Where a store is made anew beside a damaged one. */
export function draftIn(directory: string): string {
  return join(directory, `${STORE}.new`);
}

/** A place for a damaged store that is not taken yet. */
export async function nextAside(directory: string): Promise<string> {
  const last = (await asides(directory)).at(-1);
  return join(directory, `${ASIDE}${last === undefined ? 1 : numberOf(last) + 1}`);
}

/** The damaged store that was set aside last. */
export async function lastAside(directory: string): Promise<string | undefined> {
  const last = (await asides(directory)).at(-1);
  return last === undefined ? undefined : join(directory, last);
}

/** Only the last few are kept. */
export async function forgetAsides(directory: string): Promise<void> {
  for (const name of (await asides(directory)).slice(0, -KEPT_ASIDE)) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Makes sure that it is a directory, and that something can be written there. Throws `StateError`. */
export async function prepare(directory: string): Promise<void> {
  const probe = join(directory, PROBE);
  try {
    await mkdir(directory).catch(async (error: NodeJS.ErrnoException) => {
      // On a read-only disk that is what is said of a directory that is there, too.
      if (!(await isDirectory(directory))) throw error;
    });
    const file = await open(probe, 'w');
    try {
      await file.writeFile(Buffer.alloc(ROOM));
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw fromSystem(directory, error);
  }
}

/** What is there of a store: `broken`: its files without the one that names the others, which LevelDB would take for none. */
export async function standing(store: string): Promise<'whole' | 'broken' | 'none'> {
  const names = await readdir(store).catch((): string[] => []);
  if (names.includes('CURRENT')) return 'whole';
  for (const name of names.filter((it) => /\.(ldb|sst|log)$/.test(it))) {
    if ((await stat(join(store, name))).size > 0) return 'broken';
  }
  return 'none';
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (it) => it.isDirectory(),
    () => false,
  );
}

/** From the oldest to the newest. */
async function asides(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((it) => it.startsWith(ASIDE) && numberOf(it) > 0);
  return names.sort((a, b) => numberOf(a) - numberOf(b));
}

function numberOf(name: string): number {
  return Number(name.slice(ASIDE.length)) || 0;
}
