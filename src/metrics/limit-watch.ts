/**
 * Finds the rows whose limits were just written, by any program: the kernel reports a write of an interface file as
 * IN_MODIFY to an inotify watch on its directory. Only rows that are shown are watched. Without the addon there is no
 * watch, and the sampler reads limits in turn.
 */

import { join } from 'node:path';
import { loadNative } from '../kernel/native.ts';
import { CGROUP_FILES } from './files.ts';
import type { SnapshotRow } from './snapshot.ts';

export interface LimitWatch {
  /** Follows these rows and no others. */
  follow(rows: readonly SnapshotRow[]): void;
  /** Inodes written since the last call; `all` where the kernel dropped events. */
  take(): ReadonlySet<number> | 'all';
  close(): void;
}

const LIMIT_FILES: ReadonlySet<string> = new Set(
  CGROUP_FILES.filter(({ tier }) => tier === 'limit').map(({ file }) => file),
);

const NOTHING: LimitWatch = { follow: () => {}, take: () => new Set(), close: () => {} };

export function openLimitWatch(mount: string): LimitWatch {
  const { native } = loadNative();
  if (!native) return NOTHING;
  const watches = new Map<number, number>();
  const inodeOf = new Map<number, number>();
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
      const wanted = new Set(rows.map(({ inode }) => inode));
      for (const [inode, watch] of watches) if (!wanted.has(inode)) forget(inode, watch);
      for (const { path, inode } of rows) {
        if (watches.has(inode)) continue;
        try {
          const watch = inotify.add(join(mount, path));
          watches.set(inode, watch);
          inodeOf.set(watch, inode);
          // It may have been written before the watch was added.
          written.add(inode);
        } catch {
          // The cgroup is gone, or no watch is left: the sampler reads its limits in turn all the same.
        }
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
