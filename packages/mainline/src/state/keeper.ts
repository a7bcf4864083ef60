/**
 * Keeps a node's state in a directory while it runs, so that it goes on after a stop or a crash: what is our own is on the
 * disk before its promise resolves, all else within two seconds. One batch is written at a time; whoever asks meanwhile
 * waits for the next.
 *
 * When the disk fails it says so once, lets the node run, and tries again until it succeeds. It refuses to: look at a state
 * that has not begun, or hold up the end of a process.
 */
import type { Clock, StorageNews } from '@xorrery/coordinator';
import { type Id, makeNode, type NodeConfig, restoreNode } from '@xorrery/core';
import { mainline } from '../profile.ts';
import type { MainlineStoreConfig } from '../store.ts';
import type { StateError } from './errors.ts';
import { Journal, type MainlineState } from './journal.ts';
import { Findings, type Found, type Restored, snapshotFrom } from './restore.ts';
import { type Damage, Store } from './store.ts';

/** What a keeper has to tell. */
export type StateNews =
  /** The store was damaged: it was renamed, and what could be read of it is in a new one. */
  | ({ readonly status: 'set-aside' } & Damage)
  /** What happens cannot be written at present; the node runs on. */
  | { readonly status: 'not-saved'; readonly error: StateError }
  /** It can again, and everything is written. */
  | { readonly status: 'saved-again' };

/** ms between two looks at what has changed, and after a failure. */
const EVERY = 1_000;
const AFTER_FAILURE = 5_000;

const machine = makeNode(mainline);

interface Followed {
  readonly journal: Journal;
  readonly running: () => MainlineState;
}

export class Keeper {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #tell: (news: StateNews) => void;
  readonly #followed = new Map<string, Followed>();
  #store: Store | undefined;
  #found: ReadonlyMap<string, Found> = new Map();
  #restored: Restored = { contacts: 0, torrents: 0, peers: 0, items: 0, own: 0, damaged: 0 };
  #failure: StateError | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The batch that is being written, and the one that waits for it. */
  #writing: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(directory: string, clock: Clock, tell: (news: StateNews) => void) {
    this.#directory = directory;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** What the last `open` found. */
  get restored(): Restored {
    return this.#restored;
  }

  /** Opens the store and reads it. Throws `StateError`. Idempotent until closed. */
  async open(): Promise<void> {
    if (this.#store !== undefined) return;
    const wall = Math.floor(this.#clock.wall());
    const { store, read, damage } = await Store.open(this.#directory, () => new Findings(wall));
    this.#store = store;
    this.#failure = undefined;
    if (damage !== undefined) this.#tell({ status: 'set-aside', ...damage });
    const { found, useless, damaged } = read;
    this.#found = found;
    this.#restored = { ...totals(found), damaged };
    await store.write(
      useless.map((key) => ({ key })),
      false,
    );
    this.#later(EVERY);
  }

  /** Whether anybody is known at this address from a former run. */
  knows(address: string): boolean {
    return (this.#found.get(address)?.contacts.length ?? 0) > 0;
  }

  /**
   * The state that a node at this address begins with, its id on the disk; `id`: one it must have. From then on the state
   * that `running` yields is kept, once it has begun. Throws `StateError`, and `ConfigError` as `init` does.
   */
  async begin(
    address: string,
    config: NodeConfig<MainlineStoreConfig>,
    id: Id | undefined,
    running: () => MainlineState,
  ): Promise<MainlineState> {
    const now = this.#clock.now();
    const wall = this.#clock.wall();
    const found = this.#found.get(address);
    const self = id ?? found?.id ?? config.self;
    const state =
      found === undefined
        ? machine.init({ ...config, self })
        : restoreNode(mainline, config, snapshotFrom(found, self, wall), now, wall);
    const journal = new Journal(address, found?.contacts ?? [], found === undefined ? undefined : state, now);
    const plan = journal.plan(state, now, wall, true);
    await this.#store?.write(plan.changes, true);
    plan.done();
    this.#followed.set(address, { journal, running });
    return state;
  }

  /** Resolves when everything that has happened is written, and what is our own is on the disk. Rejects with `StateError`. */
  save(): Promise<void> {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      const written = this.#write();
      this.#writing = written.catch(() => {});
      return written;
    });
    return this.#next;
  }

  /** Writes what is left, as far as that is possible, and lets go of the directory. It can be opened again. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#store === undefined) return;
    await this.save().catch(() => {});
    const store = this.#store;
    this.#store = undefined;
    this.#followed.clear();
    await store.close();
  }

  async #write(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    try {
      if (this.#failure !== undefined) await store.reopen();
      const now = this.#clock.now();
      const wall = Math.floor(this.#clock.wall());
      for (const { journal, running } of this.#followed.values()) {
        const state = running();
        if (state.phase === 'fresh') continue;
        // All have begun: what was found is in their states, or is of addresses that are not ours this time.
        this.#found = new Map();
        const plan = journal.plan(state, now, wall);
        if (plan.changes.length > 0) await store.write(plan.changes, plan.isOwn);
        plan.done();
      }
      if (this.#failure !== undefined) this.#tell({ status: 'saved-again' });
      this.#failure = undefined;
    } catch (error) {
      if (this.#failure === undefined) this.#tell({ status: 'not-saved', error: error as StateError });
      this.#failure = error as StateError;
      throw error;
    }
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.save().then(
        () => this.#again(EVERY),
        () => this.#again(AFTER_FAILURE),
      );
    }, ms);
    this.#timer.unref();
  }

  #again(ms: number): void {
    if (this.#timer !== undefined) this.#later(ms);
  }
}

/** The same as it is told on a node's stream. */
export function tellOf(news: StateNews): StorageNews {
  const { status } = news;
  if (status === 'not-saved') return { type: 'storage', status, text: `${news.error.message}; trying again` };
  if (status === 'saved-again') return { type: 'storage', status, text: 'the state can be saved again' };
  const { aside, recovered } = news;
  const text = `the saved state was damaged: it is now '${aside}', and ${recovered} entries of it were recovered`;
  return { type: 'storage', status, text };
}

function totals(found: ReadonlyMap<string, Found>): Omit<Restored, 'damaged'> {
  const sum = (of: (it: Found) => number): number => [...found.values()].reduce((all, it) => all + of(it), 0);
  return {
    contacts: sum((it) => it.contacts.length),
    torrents: sum((it) => it.peers.size),
    peers: sum((it) => [...it.peers.values()].reduce((all, { endpoints }) => all + endpoints.length, 0)),
    items: sum((it) => it.items.length),
    own: sum((it) => it.own.length),
  };
}
