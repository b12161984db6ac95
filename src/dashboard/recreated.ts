/** Cgroups that took the place of another of the same path: marked for a while, and found again by who follows them. */
import type { Workload } from '../inventory/workload.ts';

export interface Recreations {
  push(workloads: readonly Workload[], now: number): void;
  /** Inodes of those re-created in the last minute. */
  recent(): ReadonlySet<number>;
}

const SHOWN_MS = 60_000;

export function createRecreations(): Recreations {
  let known: readonly Workload[] = [];
  let knownAt = 0;
  let inodes = new Map<string, number>();
  /** By path, gone not long ago. */
  const gone = new Map<string, { inode: number; at: number }>();
  const since = new Map<number, number>();

  function compare(workloads: readonly Workload[], now: number): void {
    const next = new Map(workloads.map(({ path, inode }) => [path, inode]));
    for (const [path, inode] of inodes) if (next.get(path) !== inode) gone.set(path, { inode, at: knownAt });
    for (const [path, { at }] of gone) if (now - at >= SHOWN_MS) gone.delete(path);
    for (const [path, inode] of next) {
      const before = inodes.get(path) === inode ? inode : gone.get(path)?.inode;
      if (before !== undefined && before !== inode) since.set(inode, now);
    }
    inodes = next;
  }

  return {
    push: (workloads, now) => {
      if (workloads !== known) compare(workloads, now);
      known = workloads;
      knownAt = now;
      for (const [inode, at] of since) if (now - at >= SHOWN_MS) since.delete(inode);
    },
    recent: () => new Set(since.keys()),
  };
}
