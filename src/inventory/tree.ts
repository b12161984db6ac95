/**
 * The cgroup tree, kept true. A walk finds what is there, by inode; hints (./watch.ts) and the kernel's own count of
 * descendants tell when one is due.
 */

import { parentOf } from '../kernel/cgroup-path.ts';
import type { Walk } from './walk.ts';
import { createWatcher, ENTRIES_A_CGROUP, type HintKind, type WatchState } from './watch.ts';

export interface Cgroup {
  /** Beneath the mount: `/` or `/a/b`. */
  readonly path: string;
  readonly inode: number;
}

export interface TreeOptions {
  /** Directory where the hierarchy is mounted. */
  readonly mount: string;
  readonly walk: Walk;
  /** Follow the file system's events from the first sync on. Without, `hinted` is always true. */
  readonly watch: boolean;
  /** Called at each hint: a cgroup came or went; without a path: one may have. */
  readonly onHint?: (kind?: HintKind, path?: string) => void;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
}

export interface TreeChange {
  /** Parents before children. A directory that took the place of another is one removed and one added. */
  readonly added: readonly Cgroup[];
  readonly removed: readonly Cgroup[];
}

export interface Tree {
  /** Known cgroups, the root included, parents before children. */
  cgroups(): ReadonlyMap<string, Cgroup>;
  /** Walks, and tells what is new and what is gone since the last sync. Syncs run one after another. */
  sync(): Promise<TreeChange>;
  /** A walk is due: an event came since the last sync began, or nobody watches. */
  hinted(): boolean;
  /** Resolves at the first event after the last sync began, at once if there was one, or when closed. */
  changed(): Promise<void>;
  /** Whether the root's `nr_descendants` (cgroup.stat) agrees with what is known: then nothing is missing. */
  isComplete(nrDescendants: number): boolean;
  /** Cgroups that are left out because their paths are no UTF-8. */
  hidden(): number;
  /** Cgroups that came or went without an event that told so, while events were followed. */
  missed(): number;
  watching(): { readonly state: WatchState; readonly reason?: string };
  close(): void;
}

/** Hints kept between two syncs. More would say no more than these: that a walk is due. */
const HINTS_KEPT = 10_000;

/**
 * Where there are more cgroups, only those that have children are watched from the start: watches are what costs most at a
 * start. The first child of another one is found a Frame later, by the kernel's count of descendants.
 */
const MANY = 300;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openTree({ mount, walk, watch, onHint, clock }: TreeOptions): Tree {
  let known: ReadonlyMap<string, Cgroup> = new Map();
  let children: ReadonlyMap<string, number> = new Map();
  /** Cgroups whose paths no text can hold, and no command could name. */
  let hidden = 0;
  let isHinted = false;
  let isClosed = false;
  let missed = 0;
  let waiting: (() => void)[] = [];
  /** The last event of each path, of this interval and the one before: an event may come before its cause is walked over. */
  let hints = new Map<string, HintKind>();
  let olderHints = new Map<string, HintKind>();
  /** Changes that a walk found before any event told of them: an event may be a little late. */
  let untold = new Map<string, HintKind>();
  let tail: Promise<unknown> = Promise.resolve();

  const watcher = createWatcher({
    mount,
    paths: () => (known.size > MANY ? children.keys() : known.keys()),
    sizeOf: (path) => ENTRIES_A_CGROUP + (children.get(path) ?? 0),
    ...(clock && { clock }),
    onHint(kind, path) {
      if (kind !== undefined && path !== undefined) {
        if (untold.get(path) === kind) untold.delete(path);
        if (hints.size < HINTS_KEPT) hints.set(path, kind);
      }
      isHinted = true;
      wake();
      onHint?.(kind, path);
    },
  });

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  }

  async function syncOnce(): Promise<TreeChange> {
    isHinted = false;
    const walked = await walk(mount, '/').catch((error: unknown) => {
      isHinted = true;
      throw error;
    });
    const { paths, inodes } = walked;
    hidden = walked.hidden ?? 0;
    const before = known;
    const now = new Map<string, Cgroup>();
    const added: Cgroup[] = [];
    const removed: Cgroup[] = [];
    paths.forEach((path, index) => {
      const inode = inodes[index] ?? Number.NaN;
      const old = before.get(path);
      const cgroup = old?.inode === inode ? old : { path, inode };
      // The key is the text that the cgroup has: that of this walk would be kept beside it.
      now.set(cgroup.path, cgroup);
      if (cgroup !== old) added.push(cgroup);
    });
    for (const cgroup of before.values()) if (now.get(cgroup.path) !== cgroup) removed.push(cgroup);
    known = now;
    children = countChildren(paths);
    if (watcher.state() === 'watching') compareWithHints(added, removed);
    else untold.clear();
    for (const { path } of added) {
      watcher.follow(path);
      watcher.follow(parentOf(path));
    }
    olderHints = hints;
    hints = new Map();
    if (watch && known.size > 0 && watcher.state() === 'off' && !isClosed) watcher.start();
    return { added, removed };
  }

  /** Counts the changes of which no event has told by now, and puts the watches anew that missed them. */
  function compareWithHints(added: readonly Cgroup[], removed: readonly Cgroup[]): void {
    const deaf = new Set<string>();
    for (const path of untold.keys()) {
      missed++;
      deaf.add(parentOf(path)).add(path);
    }
    untold = new Map();
    const come = new Set(added.map(({ path }) => path));
    const gone = new Set(removed.map(({ path }) => path));
    for (const path of come) {
      // The watch of the old directory hears nothing of the new one, even if chokidar saw the change.
      if (gone.has(path)) deaf.add(path);
      if (!isTold(path, 'added', come)) untold.set(path, 'added');
    }
    for (const path of gone) if (!known.has(path) && !isTold(path, 'removed', gone)) untold.set(path, 'removed');
    for (const path of deaf) if (known.has(path)) watcher.mend(path);
  }

  /** An event need tell only of the top of a subtree that came or went: the walk finds the rest. */
  function isTold(path: string, kind: HintKind, all: ReadonlySet<string>): boolean {
    const parent = parentOf(path);
    if (path !== '/' && (all.has(parent) || !watcher.follows(parent))) return true;
    return hints.get(path) === kind || (!hints.has(path) && olderHints.get(path) === kind);
  }

  return {
    cgroups: () => known,
    sync() {
      const result = tail.then(syncOnce);
      tail = result.catch(() => {});
      return result;
    },
    hinted: () => isHinted || watcher.state() !== 'watching',
    changed: () => (isHinted || isClosed ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve))),
    isComplete: (nrDescendants) => nrDescendants === known.size - 1 + hidden,
    hidden: () => hidden,
    missed: () => missed,
    watching() {
      const reason = watcher.reason();
      return { state: watcher.state(), ...(reason !== undefined && { reason }) };
    },
    close() {
      isClosed = true;
      watcher.close();
      wake();
    },
  };
}

function countChildren(paths: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const parent = parentOf(path);
    counts.set(parent, (counts.get(parent) ?? 0) + 1);
  }
  return counts;
}
