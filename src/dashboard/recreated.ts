/** Cgroups that took the place of another of the same path: marked for a while, and found again by who follows them. */
import type { Workload } from '../inventory/workload.ts';

export interface Recreations {
  push(workloads: readonly Workload[], now: number): void;
  /** Inodes of those re-created in the last minute. */
  recent(): ReadonlySet<number>;
}

const SHOWN_MS = 60_000;

export function createRecreations(): Recreations {
  /** Path to inode, also of those gone not long ago. */
  let inodes = new Map<string, { inode: number; seen: number }>();
  const since = new Map<number, number>();
  return {
    push: (workloads, now) => {
      const next = new Map<string, { inode: number; seen: number }>();
      for (const { path, inode } of workloads) {
        const before = inodes.get(path);
        if (before && before.inode !== inode) since.set(inode, now);
        next.set(path, { inode, seen: now });
      }
      for (const [path, entry] of inodes) if (!next.has(path) && now - entry.seen < SHOWN_MS) next.set(path, entry);
      inodes = next;
      for (const [inode, at] of since) if (now - at >= SHOWN_MS) since.delete(inode);
    },
    recent: () => new Set(since.keys()),
  };
}
