/**
 * Whose limits were just written, by whomever: inotify on the directories of the rows that are shown, since the kernel
 * reports a write of an interface file as IN_MODIFY. Without the addon nothing is told, and limits show with the slow tier.
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
      // The directory is gone, and its watch with it.
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
          // What was written before the watch was there.
          written.add(inode);
        } catch {
          // Gone, or out of watches: the slow tier still shows its limits.
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
