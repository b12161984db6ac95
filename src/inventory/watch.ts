/**
 * Hints that cgroups came or went, from chokidar. Each directory is watched by itself, a few at a time: letting chokidar
 * go down the tree on its own costs the same CPU but 80 MB more for 1,000 cgroups, all at once. It misses what is made
 * while it looks, and a directory removed and made again at once, which it then never hears again: the walk (./tree.ts)
 * finds these, and `mend` puts the watch back.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FSWatcher } from 'chokidar';
import { codeOf } from '../kernel/error-code.ts';
import { errorText } from '../text/error-text.ts';
import { createWatchBudget } from './watch-budget.ts';

export type WatchState =
  /** Not started, or not wanted. */
  | 'off'
  /** Putting the watches: changes may go unseen until it is done. */
  | 'starting'
  | 'watching'
  /** Events came faster than the budget allows; starts anew later. */
  | 'resting'
  /** Out of inotify watches or instances. */
  | 'failed';

export type HintKind = 'added' | 'removed';

export interface WatcherOptions {
  readonly mount: string;
  /** A directory came or went; without a path: something may have. */
  readonly onHint: (kind?: HintKind, path?: string) => void;
  /** What to watch at a start, beside the mount itself. */
  readonly paths: () => Iterable<string>;
  /** Number of entries of a directory, to charge for reading it. */
  readonly sizeOf: (path: string) => number;
  readonly clock?: () => number;
}

export interface Watcher {
  state(): WatchState;
  /** Why it failed. */
  reason(): string | undefined;
  /** Loads chokidar and puts the watches, which takes 1 ms of CPU each. */
  start(): void;
  /** Watches a new directory. */
  follow(path: string): void;
  /** Whether events of what comes and goes in it are heard, or will be soon. */
  follows(path: string): boolean;
  /** Puts the watch of a directory anew that may have missed an event, as where the directory took the place of another. */
  mend(path: string): void;
  close(): void;
}

/** The first screen comes before the watches. Walks find what comes and goes until these are put. */
const START_AFTER_MS = 300;
/** CPU that putting a watch takes: chokidar stats every interface file of the cgroup. */
const MS_A_WATCH = 1;
/** Watches put in one turn. */
const A_TURN = 5;
const BETWEEN_TURNS_MS = 20;
/** Interface files of a cgroup: what chokidar reads with each, beside its children. */
export const ENTRIES_A_CGROUP = 20;
/** Adding a path that vanished leaves chokidar a listener on its parent for good: past so many it starts anew. */
const VANISHED_MOST = 32;

/**
 * A directory with more is not watched: chokidar stats all of them at the start and again at each event, and the kernel's
 * count of descendants tells a Frame later that something came or went.
 */
const MOST_ENTRIES = 1_000;

const OUT_OF_WATCHES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

/** Units that are many and never have anything inside. */
const isHollow = (path: string): boolean => path.endsWith('.mount') || path.endsWith('.swap');

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createWatcher(options: WatcherOptions): Watcher {
  const { mount, onHint, paths, sizeOf, clock = () => performance.now() } = options;
  const budget = createWatchBudget(clock());
  let state: WatchState = 'off';
  let reason: string | undefined;
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  /** Whether all that was there at the start is in the queue. */
  let isReady = false;
  /** Paths that chokidar may hold a watch of. */
  let followed = new Set<string>();
  let queue = new Set<string>();
  let deaf = new Set<string>();
  let vanished = 0;

  const beneath = (full: string): string => full.slice(mount.length) || '/';

  function stop(next: WatchState): void {
    state = next;
    clearTimeout(timer);
    timer = undefined;
    const stopped = watcher;
    watcher = undefined;
    followed = new Set();
    queue = new Set();
    deaf = new Set();
    vanished = 0;
    isReady = false;
    void stopped?.close();
    // close() removes all listeners, and an error of a read that is still under way must not end the process.
    stopped?.on('error', () => {});
  }

  function rest(): void {
    const nextStartMs = followed.size * MS_A_WATCH;
    stop('resting');
    timer = setTimeout(start, budget.rest(nextStartMs, clock())).unref();
  }

  /** Replaces a chokidar that has gathered too many listeners of paths that are gone. */
  function renew(): void {
    const cost = followed.size * ENTRIES_A_CGROUP;
    stop('off');
    if (budget.spend(cost, clock())) start();
    else rest();
  }

  function charge(entries: number): void {
    if (!budget.spend(entries, clock())) rest();
  }

  function start(): void {
    if (isClosed || watcher !== undefined || state === 'starting') return;
    state = 'starting';
    clearTimeout(timer);
    timer = setTimeout(() => void import('chokidar').then(open).catch(fail), START_AFTER_MS).unref();
  }

  function open({ watch }: typeof import('chokidar')): void {
    if (isClosed) return;
    const opened = watch(mount, {
      depth: 0,
      ignored: (_, stats) => stats?.isFile() ?? false,
      ignoreInitial: true,
      atomic: false,
      followSymlinks: false,
    });
    watcher = opened;
    followed.add('/');
    opened.on('addDir', (full) => {
      follow(beneath(full));
      onHint('added', beneath(full));
    });
    opened.on('unlinkDir', (full) => {
      followed.delete(beneath(full));
      /** Read while it was made again: chokidar has just let go of the new one. */
      if (existsSync(full)) follow(beneath(full));
      onHint('removed', beneath(full));
    });
    opened.on('raw', (_event, _name, details) => {
      if (watcher === opened) charge(sizeOf(watchedPath(details)));
    });
    opened.on('error', fail);
    opened.on('ready', () => {
      isReady = true;
      for (const path of paths()) queue.add(path);
      clearTimeout(timer);
      putSome();
    });
  }

  const watchedPath = (details: unknown): string =>
    typeof details === 'object' &&
    details !== null &&
    'watchedPath' in details &&
    typeof details.watchedPath === 'string'
      ? beneath(details.watchedPath)
      : '/';

  function fail(error: unknown): void {
    const code = codeOf(error);
    reason = errorText(error);
    if (watcher === undefined || OUT_OF_WATCHES.has(code)) stop('failed');
    onHint();
  }

  function putSome(): void {
    timer = undefined;
    let put = 0;
    for (const path of queue) {
      if (put++ >= A_TURN || watcher === undefined) break;
      queue.delete(path);
      putWatch(watcher, path);
    }
    if (queue.size > 0) timer ??= setTimeout(putSome, BETWEEN_TURNS_MS);
    else if (isReady && state === 'starting') {
      state = 'watching';
      onHint();
    }
  }

  function putWatch(chokidar: FSWatcher, path: string): void {
    const isDeaf = deaf.delete(path);
    if (isHollow(path) || sizeOf(path) > MOST_ENTRIES || (followed.has(path) && !isDeaf)) return;
    const full = path === '/' ? mount : join(mount, path);
    if (!existsSync(full)) return;
    if (followed.has(path)) chokidar.unwatch(full);
    chokidar.add(full);
    followed.add(path);
    setImmediate(() => {
      if (watcher === chokidar && !existsSync(full) && ++vanished > VANISHED_MOST) renew();
    });
    /** What a start costs is bounded by how seldom it comes. */
    if (state === 'watching') charge(sizeOf(path));
  }

  function follow(path: string): void {
    if (watcher === undefined || followed.has(path)) return;
    queue.add(path);
    timer ??= setTimeout(putSome, 0);
  }

  return {
    state: () => state,
    reason: () => reason,
    start,
    follow,
    follows: (path) => followed.has(path) || queue.has(path),
    mend(path) {
      if (watcher === undefined) return;
      deaf.add(path);
      queue.add(path);
      timer ??= setTimeout(putSome, 0);
    },
    close() {
      isClosed = true;
      stop('off');
    },
  };
}
