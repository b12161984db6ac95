/**
 * Finds the rows whose limits were just written, by any program: the kernel reports a write of an interface file as
 * IN_MODIFY to an inotify watch on its directory. The rows that were shown last are watched: to add and to remove a watch
 * costs much, and rows come and go as they change places. Without the addon there is no watch, and the sampler reads
 * limits in turn.
 */

import { join } from 'node:path';
import { loadNative } from '../kernel/native.ts';
import { CGROUP_FILES } from './files.ts';
import type { SnapshotRow } from './snapshot.ts';

export interface LimitWatch {
  /** Follows these rows, and of the others those that were followed last. */
  follow(rows: readonly SnapshotRow[]): void;
  /** Inodes written since the last call; `all` where the kernel dropped events. */
  take(): ReadonlySet<number> | 'all';
  close(): void;
}

const LIMIT_FILES: ReadonlySet<string> = new Set(
  CGROUP_FILES.filter(({ tier }) => tier === 'limit').map(({ file }) => file),
);

/** Rows that stay watched; each watch takes about a kilobyte in the kernel. */
const MOST_FOLLOWED = 1024;

const NOTHING: LimitWatch = { follow: () => {}, take: () => new Set(), close: () => {} };

export function openLimitWatch(mount: string): LimitWatch {
  const { native } = loadNative();
  if (!native) return NOTHING;
  /** By inode; those that were asked for last are last. */
  const watches = new Map<number, number>();
  const inodeOf = new Map<number, number>();
  let followed: readonly SnapshotRow[] = [];
  let written = new Set<number>();
  let overflowed = false;
  const inotify = native.createInotify(
    (watch, file) => {
      const inode = inodeOf.get(watch);
      if (inode !== undefined && LIMIT_FILES.has(file)) written.add(inode);
    },
    () => {
      overflowed = true;
    },
  );

  function add(path: string, inode: number): number | undefined {
    try {
      const watch = inotify.add(join(mount, path));
      inodeOf.set(watch, inode);
      // It may have been written before the watch was added.
      written.add(inode);
      return watch;
    } catch {
      // The cgroup is gone, or no watch is left: the sampler reads its limits in turn all the same.
      return undefined;
    }
  }

  function forget(inode: number, watch: number): void {
    watches.delete(inode);
    inodeOf.delete(watch);
    try {
      inotify.remove(watch);
    } catch {
      // The kernel removed the watch with the directory.
    }
  }

  return {
    follow: (rows) => {
      if (rows === followed) return;
      followed = rows;
      for (const { path, inode } of rows) {
        const known = watches.get(inode);
        watches.delete(inode);
        const watch = known ?? add(path, inode);
        if (watch !== undefined) watches.set(inode, watch);
      }
      for (const [inode, watch] of watches) {
        if (watches.size <= Math.max(MOST_FOLLOWED, rows.length)) break;
        forget(inode, watch);
      }
    },
    take: () => {
      const taken = overflowed ? 'all' : written;
      written = new Set();
      overflowed = false;
      return taken;
    },
    close: () => inotify.close(),
  };
}
